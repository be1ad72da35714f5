"""The policy map of a pod under Cilium, and that a look-up in it says what the engine says."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nsimlib as ns
from nsimlib.cni.profile import load_profile
from nsimlib.datapath.cilium_map import MatchType, PolicyMap, policy_map, prefixes
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import evaluate
from nsimlib.model.addresses import parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Action, Policy, Rule
from nsimlib.model.ports import Port
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
    assert names == {"0.0.0.0-255.255.255.255"}


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
