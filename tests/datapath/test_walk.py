"""Packets through rules: where they turn, where they are decided, and that the engine agrees."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

import nsimlib as ns
from nsimlib.cni.profile import load_profile
from nsimlib.datapath.calico_settings import Denial, Settings
from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.entry import datapath
from nsimlib.datapath.packet import Packet, State
from nsimlib.datapath.parsing import parse, parse_sets
from nsimlib.datapath.walk import Walk
from nsimlib.datapath.walking import Fate, Passage, pass_through
from nsimlib.errors import UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import evaluate
from nsimlib.model.addresses import Family, parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.ports import Port, Protocol
from tests import strategies as make

ALLOWED, DENIED, UNDETERMINED = Outcome
CALICO = load_profile("calico")
SHOP = ns.scenario("shop")

# Any rules


def passage(rules: str, chains: str = "", sets: str = "", **about: Any) -> Passage:
    """The way of a packet from 10.0.0.1 to 10.0.0.2:80/TCP through FORWARD and other chains."""
    declared = "".join(f":{name} - [0:0]\n" for name in chains.split())
    text = f"*filter\n:FORWARD DROP [0:0]\n{declared}{rules.strip()}\nCOMMIT\n"
    ends = parse_address("10.0.0.1"), parse_address("10.0.0.2")
    packet = replace(Packet(*ends, Port(80)), **about)
    return pass_through(parse(text), parse_sets(sets), packet, "FORWARD")


@pytest.mark.parametrize(
    ("rules", "visited"),
    [
        ("-A FORWARD -j a\n-A FORWARD -j ACCEPT\n-A a -p udp -j DROP", "F1 a1 F2"),
        ("-A FORWARD -j a\n-A FORWARD -j ACCEPT\n-A a -j RETURN\n-A a -j DROP", "F1 a1 F2"),
        ("-A FORWARD -j a\n-A FORWARD -j ACCEPT\n-A a -g b\n-A a -j DROP", "F1 a1 F2"),
        ("-A FORWARD -j a\n-A FORWARD -j ACCEPT\n-A a -j b\n-A a -j DROP", "F1 a1 a2"),
        ("-A FORWARD -g a\n-A FORWARD -j ACCEPT", "F1 F0"),
        ("-A FORWARD -j RETURN\n-A FORWARD -j ACCEPT", "F1 F0"),
        ("-A FORWARD -j LOG\n-A FORWARD\n-A FORWARD -j ACCEPT", "F1 F2 F3"),
    ],
)
def test_jump_goto_and_return(rules: str, visited: str) -> None:
    steps = passage(rules, "a b").steps
    assert [f"{step.line.chain[0]}{step.line.number}" for step in steps] == visited.split()


@pytest.mark.parametrize(
    ("rules", "mark"),
    [
        ("-A FORWARD -j MARK --set-xmark 0x10000/0x10000", 0x10004),
        ("-A FORWARD -j MARK --set-xmark 0x0/0x4", 0x0),
        ("-A FORWARD -j MARK --set-xmark 0x80000/0x180004", 0x80000),
    ],
)
def test_marks_change_under_their_mask(rules: str, mark: int) -> None:
    first, *_ = passage(rules, mark=0x4).steps
    assert (first.before, first.after) == (0x4, mark)


@pytest.mark.parametrize(
    ("rules", "chains", "stopped"),
    [
        ("-A FORWARD -m time --utc -j DROP", "", "'-m time --utc'"),
        ("-A FORWARD -m set --match-set a dst -j DROP", "", "'-m set --match-set a dst'"),
        ("-A FORWARD -p tcp -m tcp --sport 80 -j DROP", "", "'-m tcp --sport 80'"),
        ("-A FORWARD -j TEE --gateway 10.0.0.9", "", "'-j TEE --gateway 10.0.0.9'"),
        ("-A FORWARD -j a\n-A a -j a", "a", "circle"),
    ],
)
def test_what_is_not_known_stops_the_walk_and_is_named(
    rules: str, chains: str, stopped: str
) -> None:
    found = passage(rules, chains)
    assert found.fate is Fate.UNKNOWN
    assert stopped in found.stopped


def test_a_condition_that_fails_outweighs_one_that_is_not_known() -> None:
    found = passage("-A FORWARD -p udp -m time --utc -j ACCEPT")
    assert found.fate is Fate.DROP
    assert str(found.steps[0].unmet) == "-p udp"


@pytest.mark.parametrize(
    ("condition", "about", "met"),
    [
        ("-s 10.0.0.0/31", {}, True),
        ("! -d 10.0.0.2/32", {}, False),
        ("-i cali+", {"coming_in": "cali123"}, True),
        ("! -o lo", {"going_out": "eth0"}, True),
        ("-p 6", {}, True),
        ("-m conntrack --ctstate RELATED,ESTABLISHED", {"state": State.RELATED}, True),
        ("-m conntrack ! --ctstate DNAT", {"translated": True}, False),
        ("-m state --state NEW", {"state": State.ESTABLISHED}, False),
        ("-m mark ! --mark 0x0/0x30000", {"mark": 0x20000}, True),
        ("-m multiport --dports 1:79,81", {}, False),
        ("-m multiport --ports 80", {"source_port": 40000}, True),
        ("-p tcp -m tcp --dport 80:90", {}, True),
        ("-p udp -m udp --dport 80", {}, False),
        ("-m icmp --icmp-type 8", {"port": Port(8, Protocol.ICMP)}, True),
        ("-m icmp ! --icmp-type 8", {"port": Port(3, Protocol.ICMP)}, True),
        ("-m icmp --icmp-type 8/0", {"port": Port(8, Protocol.ICMP)}, None),
        ("-p udp -m multiport --dports 80", {"port": Port(8, Protocol.ICMP)}, False),
        ("-m addrtype --dst-type LOCAL", {"local": frozenset({parse_address("10.0.0.2")})}, True),
        ("-m set --match-set nets dst", {}, True),
        ("-m set --match-set nets src", {}, False),
        ("-m set --match-set pairs dst,dst", {}, True),
        ("-m set ! --match-set pairs dst,dst", {"port": Port(81)}, True),
        ("-m set --match-set pairs dst,dst", {"port": Port(80, Protocol.UDP)}, False),
        ("-m set --match-set ips dst", {}, True),
        ("-m set --match-set lists dst", {}, True),
        ("-m set --match-set macs src", {}, None),
    ],
)
def test_conditions(condition: str, about: dict[str, Any], met: bool | None) -> None:
    sets = """create nets hash:net family inet
add nets 10.0.0.0/24
add nets 10.0.0.0/31 nomatch
create pairs hash:ip,port family inet
add pairs 10.0.0.2,tcp:80
create ips hash:ip family inet
add ips 10.0.0.2
create lists list:set size 8
add lists ips
create macs hash:mac
"""
    found = passage(f"-A FORWARD {condition} -j ACCEPT", sets=sets, **about)
    assert found.steps[0].met is met


# A pod's connections


def of(pod: str, settings: Settings | None = None) -> Datapath:
    return datapath("calico", SHOP, pod, settings=settings or Settings())


def walk(connection: str, **about: State) -> Walk:
    return of("shop/web").walk(connection, **about)


def test_a_packet_to_another_node_meets_the_rules_of_both() -> None:
    prometheus = next(pod for pod in SHOP.pods if pod.owner.name == "prometheus")
    away = next(pod for pod in SHOP.pods if pod.node not in (None, prometheus.node))
    found = walk(f"{prometheus.key} -> {away.key}:9102/TCP", state=State.ESTABLISHED)
    assert [(hop.node, hop.hook) for hop in found.hops] == [
        (prometheus.node, "FORWARD"),
        (away.node, "FORWARD"),
    ]


def test_the_first_packet_and_those_that_follow() -> None:
    """F2.18: what is open stays open, and errors about it come through, whatever the policy."""
    denied = "shop/web -> 198.51.100.1:25/TCP"
    outcomes = {state: walk(denied, state=state).outcome for state in State}
    assert outcomes == {
        State.NEW: DENIED,
        State.ESTABLISHED: ALLOWED,
        State.RELATED: ALLOWED,
        State.INVALID: DENIED,
    }
    invalid = walk(denied, state=State.INVALID).deciding
    assert invalid is not None
    assert "--ctstate INVALID" in str(invalid.line)


def test_answers_need_no_rule() -> None:
    """F1.14."""
    assert walk("reply of shop/web -> 198.51.100.1:25/TCP").outcome is ALLOWED


def test_a_service_is_translated_before_any_rule() -> None:
    """F2.19."""
    found = walk("shop/web -> 10.96.0.10:53/UDP")
    assert found.translation.startswith("10.96.0.10:53/UDP -> 10.244.")
    assert str(found.hops[0].packet.destination).startswith("10.244.")


def test_two_pods_on_one_node_meet_both_their_chains_in_one_passage() -> None:
    """F2.23: the mark of the first is cleared before the second is asked."""
    cluster = replace(SHOP, pods=tuple(replace(pod, node="worker-1") for pod in SHOP.pods))
    found = datapath("calico", cluster, "shop/web").walk("shop/debug -> shop/cache:6379/TCP")
    chains = dict.fromkeys(step.line.chain[:8] for step in found.steps)
    assert list(chains).index("cali-fw-") < list(chains).index("cali-tw-")
    assert len(found.hops) == 1


def test_a_pod_to_its_own_node_meets_its_egress_policy() -> None:
    """F2.16."""
    found = walk("shop/pod/web-7c9d5f8b64-h2xkq -> node/worker-1:9100/TCP")
    assert [hop.hook for hop in found.hops] == ["INPUT"]
    assert found.outcome is DENIED
    free = walk("monitoring/prometheus -> node/worker-1:9100/TCP")
    assert free.outcome is evaluate(SHOP, free_connection(), CALICO).outcome


def free_connection() -> Connection:
    return Connection.parse("monitoring/prometheus -> node/worker-1:9100/TCP")


def test_a_node_reaches_its_pods() -> None:
    """F1.24."""
    found = walk("node/worker-1 -> shop/pod/web-7c9d5f8b64-h2xkq:1/TCP")
    assert ([hop.hook for hop in found.hops], found.outcome) == (["OUTPUT"], ALLOWED)


def test_a_pod_reaches_its_own_address_inside_itself() -> None:
    web = "shop/pod/web-7c9d5f8b64-h2xkq"
    found = walk(f"{web} -> {web}:1/TCP")
    assert (found.hops, found.outcome, found.deciding) == ((), ALLOWED, None)


def test_a_tunnel_from_a_pod_is_dropped_though_the_engine_knows_of_none() -> None:
    """F2.20 is no policy's: the one place where rules and verdict part by design."""
    connection = "shop/debug -> 203.0.113.7:4789/UDP"
    found = of("shop/debug").walk(connection)
    assert (found.outcome, found.besides_policy) == (DENIED, "F2.20")
    assert evaluate(SHOP, Connection.parse(connection), CALICO).outcome is ALLOWED
    assert of("shop/debug", Settings(allow_vxlan=True)).walk(connection).outcome is ALLOWED


def test_neighbour_discovery_comes_before_policy() -> None:
    """F2.38."""
    pod = next(pod for pod in SHOP.pods if len(pod.addresses) > 1)
    text = datapath("calico", SHOP, pod.key).save(Family.IPV6, hashes=False)
    before = [line for line in text.splitlines() if line.startswith("-A cali-wl-to-host")]
    assert [line.split()[-3] for line in before if "icmpv6-type" in line] == [
        "130", "131", "132", "133", "135", "136"
    ]  # fmt: skip
    assert before[-2] == "-A cali-wl-to-host -j cali-from-wl-dispatch"


def test_rejecting_denies_too() -> None:
    found = of("shop/web", Settings(denial=Denial.REJECT)).walk("shop/web -> 198.51.100.1:25/TCP")
    assert (found.fate, found.outcome) == (Fate.REJECT, DENIED)


def test_a_walk_tells_which_entries_of_policies_mattered() -> None:
    found = walk("shop/web -> 203.0.113.7:443/TCP")
    assert found.outcome is ALLOWED
    assert [f"{origin.policy.key} {origin.path}" for origin in found.origins] == [
        "shop/web-egress spec.egress[1]"
    ]


def test_a_walk_shows_what_it_looked_at() -> None:
    shown = repr(walk("shop/web -> 10.96.0.10:53/UDP"))
    assert shown.startswith("nat PREROUTING: 10.96.0.10:53/UDP -> 10.244.")
    assert "node worker-1, FORWARD\n+ -A FORWARD" in shown
    assert shown.endswith("DROP")


@pytest.mark.parametrize(
    ("cni", "pod", "nearest"),
    [("calcio", "shop/web", "calico"), ("calico", "shop/wep", "shop/web")],
)
def test_unknown_names_are_told_with_the_nearest(cni: str, pod: str, nearest: str) -> None:
    with pytest.raises(UnknownName, match=nearest):
        datapath(cni, SHOP, pod)


def test_flannel_has_no_rules_and_lets_everything_through() -> None:
    """F4.1."""
    found = datapath("flannel", SHOP, "shop/web")
    assert (found.rules, found.sets()) == ((), ())
    assert found.walk("shop/web -> 198.51.100.1:25/TCP").outcome is ALLOWED
    assert {why for _, why in found.left_out()} == {"Flannel enforces nothing (F4.1)"}


# Laws: rules and verdict agree

SHAPES = (("v4",), ("v4", "v6"), ("v6", "v4"), ("v6",))
guarded = make.guarded(SHAPES)
#: each example writes the rules of a node or two
few = settings(max_examples=50)


def agree(cluster: Cluster, connection: Connection) -> None:
    """Every way that the connection can go ends as the engine says; without rules left out."""
    try:
        found = datapath("calico", cluster, cluster.pods[0].key).walks(connection)
    except UnknownName:
        # Ends without an address of one family, or a Service without such a port.
        return
    assert {walk.besides_policy for walk in found} <= {None}
    verdict = evaluate(cluster, connection, CALICO)
    assert {walk.outcome for walk in found} == {case.outcome for case in verdict.cases}


@few
@given(make.asked(guarded))
def test_walk_and_verdict_agree(asked: tuple[Cluster, Connection]) -> None:
    agree(*asked)


@few
@given(make.asked(guarded, make.service_connections))
def test_walk_and_verdict_agree_on_services(asked: tuple[Cluster, Connection]) -> None:
    agree(*asked)


@few
@given(make.asked(make.calico_clusters()))
def test_walk_and_verdict_agree_on_calico_s_own_policies(
    asked: tuple[Cluster, Connection],
) -> None:
    """Or Felix leaves a rule out, and the datapath says so."""
    cluster, connection = asked
    pods = [pod.key for pod in cluster.pods]
    found = [datapath("calico", cluster, pod).left_out(f) for pod in pods for f in Family]
    if not any(found):
        agree(cluster, connection)
