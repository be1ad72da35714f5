"""The policy map of a pod under Cilium, and that a look-up in it says what the engine says."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nsimlib as ns
from nsimlib.cni.profile import load_profile
from nsimlib.datapath.cilium_map import MatchType, PolicyMap, policy_map, prefixes
from nsimlib.datapath.entry import datapath
from nsimlib.datapath.lookups import MapDatapath
from nsimlib.datapath.packet import State
from nsimlib.errors import UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import evaluate
from nsimlib.model.addresses import parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.domains import PatternDialect
from nsimlib.model.objects import Pod
from nsimlib.model.peers import DomainPeer, Entity, EntityPeer, NodePeer, Peer, UnknownPeer
from nsimlib.model.policy import Action, Layer7, Policy, Rule
from nsimlib.model.ports import Port
from nsimlib.model.selectors import EVERYTHING
from tests import strategies as make
from tests.builders import EGRESS, INGRESS, block, policy, rule

CILIUM = load_profile("cilium")


@given(st.tuples(st.integers(1, 65535), st.integers(1, 65535)).map(sorted))
def test_prefixes_hold_every_port_of_a_range_once(ends: list[int]) -> None:
    first, last = ends
    found = list(prefixes(first, last))
    assert sum(1 << (16 - bits) for _, bits in found) == last - first + 1
    assert all(value % (1 << (16 - bits)) == 0 for value, bits in found)
    assert [value for value, _ in found] == sorted(value for value, _ in found)


def cluster(*policies: Policy) -> Cluster:
    return replace(ns.scenario("shop"), policies=policies)


def of_web(*policies: Policy) -> PolicyMap:
    return policy_map(cluster(*policies), "shop/web")


def test_ranges_become_prefixes() -> None:
    """F3.38."""
    found = of_web(policy("shop/p", rule(ports="7078-7087/TCP")))
    assert [str(key) for key in found.keys] == [
        "Allow Egress 0 7078/TCP (15 bits)",
        "Allow Egress 0 7080/TCP (13 bits)",
    ]


def test_blocks_never_mean_pods() -> None:
    """F3.14."""
    found = of_web(policy("shop/p", rule(block("0.0.0.0/0"))))
    numbers = {key.identity for key in found.keys}
    names = {each.name for each in found.identities if each.number in numbers}
    assert names == {"world-ipv4"}


def test_pods_with_the_same_labels_share_an_identity() -> None:
    identities = of_web().identities
    web = [pod for pod in identities.cluster.pods if pod.owner.name == "web"]
    assert len(web) > 1
    assert len({identities.of(pod).number for pod in web}) == 1
    held = {cidr for cidr, found in identities.ipcache if found == identities.of(web[0])}
    assert held == {f"{address}/32" for pod in web for address in pod.addresses}


@pytest.mark.parametrize(
    ("rules", "match_type"),
    [
        ((rule(),), MatchType.ALL),
        ((rule(ports="any/TCP"),), MatchType.PROTO_ONLY),
        ((rule(ports="443/TCP"),), MatchType.L4_ONLY),
        ((rule(block("203.0.113.0/24")),), MatchType.L3_ONLY),
        ((rule(block("203.0.113.0/24"), ports="any/TCP"),), MatchType.L3_PROTO),
        ((rule(block("203.0.113.0/24"), ports="443/TCP"),), MatchType.L3_L4),
        ((rule(block("198.51.100.0/24")),), MatchType.NONE),
        # The longer prefix before the identity, and the identity at equal length.
        (
            (rule(block("203.0.113.0/24")), rule(ports="443/TCP")),
            MatchType.L4_ONLY,
        ),
        ((rule(block("203.0.113.0/24")), rule()), MatchType.L3_ONLY),
    ],
)
def test_what_decides(rules: tuple[Rule, ...], match_type: MatchType) -> None:
    """F3.39, F3.40."""
    found = of_web(policy("shop/p", *rules))
    outside = found.identities.cluster.external(parse_address("203.0.113.7"))
    lookup = found.lookup(EGRESS, outside, Port(443))
    assert lookup.match_type is match_type
    assert (lookup.outcome is Outcome.ALLOWED) == (match_type is not MatchType.NONE)


@given(make.asked(make.guarded(), make.pod_connections), st.data())
@settings(max_examples=50)
def test_look_up_and_verdict_agree(asked: tuple[Cluster, Connection], data: st.DataObject) -> None:
    """At both ends, also where some rules deny; a port's name may part pods of one identity."""
    given_cluster, connection = asked
    denied = data.draw(st.sets(st.integers(0, 5)))
    policies = tuple(_denying(each, denied) for each in given_cluster.policies)
    found = replace(given_cluster, policies=policies)
    named = [port for each in policies for r in each.rules for port in r.all_ports]
    if any(isinstance(port.port, str) for port in named):
        return
    for case in evaluate(found, connection, CILIUM).cases:
        for end in case.directions:
            if end.exemption is None and end.doubt is None and isinstance(end.subject, Pod):
                of = policy_map(found, f"{end.subject.namespace}/pod/{end.subject.name}")
                lookup = of.lookup(end.direction, end.peer, case.path.port)
                assert lookup.outcome is end.outcome


def _denying(each: Policy, denied: set[int]) -> Policy:
    rules = (
        replace(r, action=Action.DENY) if number in denied else r
        for number, r in enumerate(each.rules)
    )
    return replace(each, rules=tuple(rules))


def test_a_denial_wins_over_a_longer_prefix() -> None:
    """F3.3."""
    deny = rule(direction=INGRESS, ports="any/TCP", action=Action.DENY)
    allow = rule(direction=INGRESS, ports="80/TCP")
    found = of_web(policy("shop/p", deny, allow, directions=(INGRESS,)))
    assert [str(key) for key in found.keys] == ["Deny Ingress 0 TCP"]


# All maps of a pod, and a walk past both ends


def cilium(*policies: Policy) -> MapDatapath:
    return datapath("cilium", cluster(*policies), "shop/web")


def test_a_denial_holds_where_nothing_else_is_denied() -> None:
    """F3.2: `enableDefaultDeny` is off."""
    deny = rule(block("203.0.113.0/24"), action=Action.DENY)
    found = cilium(policy("shop/p", deny, kind="CiliumNetworkPolicy", isolates=False))
    assert found.walk("shop/web -> 203.0.113.7:443").outcome is Outcome.DENIED
    assert found.walk("shop/web -> 198.51.100.7:443").outcome is Outcome.ALLOWED


def test_a_walk_tells_what_was_asked_in_which_order() -> None:
    """F8.3, F3.39, F3.44."""
    allow, deny = rule(block("203.0.113.0/24")), rule(ports="443/TCP", action=Action.DENY)
    found = cilium(policy("shop/p", allow, deny, kind="CiliumNetworkPolicy"))
    walk = found.walk("shop/web -> 203.0.113.7:443")
    first = f"{1 << 24 | 1}"
    assert [visit.text for visit in walk.steps] == [
        f"ipcache: 203.0.113.7 is {first}, 203.0.113.0-203.0.113.255",
        f"look-up for {first}: Allow Egress {first} ANY",
        "look-up for 0: Deny Egress 0 443/TCP",
        "L4_ONLY, a denial wins: dropped, 181 (Policy denied by denylist)",
    ]
    assert [origin.path for origin in walk.origins] == ["spec.egress[1]"]
    assert str(found.walk("shop/web -> 198.51.100.1:80").steps[-1]).endswith("133 (Policy denied)")


def test_a_service_is_translated_before_policy() -> None:
    """F3.17."""
    walk = cilium(policy("shop/p", rule(block("10.96.0.10/32")))).walk(
        "shop/web -> 10.96.0.10:53/UDP"
    )
    assert "(in place of 10.96.0.10, F3.17)" in walk.steps[0].text
    assert walk.outcome is Outcome.DENIED


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (State.NEW, Outcome.DENIED),
        (State.ESTABLISHED, Outcome.DENIED),
        (State.RELATED, Outcome.ALLOWED),
    ],
)
def test_open_connections_are_looked_up_with_every_packet(state: State, outcome: Outcome) -> None:
    """F3.41."""
    found = cilium(policy("shop/p"))
    assert found.walk("shop/web -> 203.0.113.7:443", state=state).outcome is outcome
    assert found.walk("reply of shop/web -> 203.0.113.7:443").outcome is Outcome.ALLOWED


def test_the_local_host_reaches_its_pods() -> None:
    """F3.20."""
    found = cilium(policy("shop/p", directions=(INGRESS,)))
    web = "shop/pod/web-7c9d5f8b64-h2xkq"
    assert found.walk(f"node/worker-1 -> {web}:80").outcome is Outcome.ALLOWED
    assert found.walk(f"node/worker-2 -> {web}:80").outcome is Outcome.DENIED


RDS = "orders.abc123def456.us-east-1.rds.amazonaws.com"
NAMED = DomainPeer(RDS, dialect=PatternDialect.EXACT)


@pytest.mark.parametrize(
    ("dns", "learned", "outcome"),
    [
        (None, "no address learned", Outcome.DENIED),
        (Layer7((DomainPeer("*", dialect=PatternDialect.CILIUM),)), "10.20.21.17", Outcome.ALLOWED),
    ],
)
def test_addresses_of_names_are_learned_from_the_proxy(
    dns: Layer7 | None, learned: str, outcome: Outcome
) -> None:
    """F3.21."""
    asking = replace(rule(ports="53/UDP"), layer7=dns)
    found = cilium(policy("shop/p", rule(NAMED), asking, kind="CiliumNetworkPolicy"))
    assert found.save().splitlines()[-1] == f"# {RDS}: {learned}"
    assert found.walk("shop/web -> 10.20.21.17:5432").outcome is outcome


def test_the_text_says_which_entry_of_which_policy() -> None:
    text = datapath("cilium", ns.scenario("shop"), "shop/web").save()
    (line,) = [line for line in text.splitlines() if " 8080/TCP " in line]
    assert line.split()[:5] == ["Allow", "Egress", "257", "8080/TCP", "no"]
    assert line.endswith("# shop/web-egress spec.egress[2] (shop/policies.yaml:23)")


@pytest.mark.parametrize(
    ("peer", "why"),
    [
        (UnknownPeer("in a group of AWS's"), "whom it means is not known: in a group of AWS's"),
        (NodePeer(EVERYTHING), "all other nodes are one identity here, whatever their labels"),
    ],
)
def test_what_the_map_cannot_say_is_named(peer: Peer, why: str) -> None:
    found = cilium(policy("shop/p", rule(peer), kind="CiliumNetworkPolicy"))
    assert [said for _, said in found.left_out()] == [why]


OTHERS: tuple[Peer, ...] = (
    *(EntityPeer(each) for each in Entity if each is not Entity.KUBE_APISERVER),
    DomainPeer(make.DOMAIN, dialect=PatternDialect.EXACT),
)
PEERS = st.one_of(make.PEERS, st.sampled_from(OTHERS))


@st.composite
def own_policies(draw: st.DrawFn) -> Cluster:
    """A cluster with Cilium's own policies: some rules deny, some let names be learned."""
    policies = []
    for number in range(draw(st.integers(1, 3))):
        each = _denying(draw(make.network_policies(f"p-{number}", PEERS)), draw(SOME))
        isolates = draw(st.sampled_from((each.directions, frozenset())))
        seen = Layer7((DomainPeer("*", dialect=PatternDialect.CILIUM),))
        rules = tuple(replace(r, layer7=draw(st.sampled_from((None, seen)))) for r in each.rules)
        own = replace(each, kind="CiliumNetworkPolicy", isolates=isolates, rules=rules)
        policies.append(draw(st.sampled_from((each, own))))
    return replace(draw(make.clusters(SHAPES)), policies=tuple(policies))


SOME = st.sets(st.integers(0, 2))
SHAPES = (("v4",), ("v4", "v6"), ("v6", "v4"), ("v6",))


def agree(to: Cluster, connection: Connection) -> None:
    """Every way that the profile settles ends as the engine says."""
    ports = [port for each in to.policies for r in each.rules for port in r.all_ports]
    if any(isinstance(port.port, str) for port in ports):
        # Pods of one identity may call different ports so; the map has those of one of them.
        return
    found = datapath("cilium", to, to.pods[0].key)
    try:
        outcomes = {walk.path: walk.outcome for walk in found.walks(connection)}
    except UnknownName:
        return
    for case in evaluate(to, connection, CILIUM).cases:
        if case.outcome is not Outcome.UNDETERMINED:
            assert outcomes[case.path] is case.outcome


@settings(max_examples=50)
@given(make.asked(own_policies()))
def test_walk_and_verdict_agree(asked: tuple[Cluster, Connection]) -> None:
    agree(*asked)


@settings(max_examples=50)
@given(make.asked(own_policies(), make.service_connections))
def test_walk_and_verdict_agree_on_services(asked: tuple[Cluster, Connection]) -> None:
    agree(*asked)
