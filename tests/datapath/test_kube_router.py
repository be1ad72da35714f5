"""kube-router's chains and sets: their names, what they allow, and where the engine parts."""

from pathlib import Path

import pytest
from hypothesis import given, settings

from nsimlib.cni.profile import load_profile
from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.entry import datapath
from nsimlib.datapath.packet import State
from nsimlib.datapath.parsing import parse, parse_sets
from nsimlib.datapath.walking import Fate
from nsimlib.errors import UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import applies, evaluate
from nsimlib.evaluation.verdict import Path as Way
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction, Policy, Rule
from tests import strategies as make
from tests.builders import EGRESS, INGRESS, block, cluster, node, pod, pods, policy, rule
from tests.datapath.test_kernel import COMMANDS, bare, in_namespace, restored, tables, unshare

__all__ = ["unshare"]

KUBE_ROUTER = load_profile("kube-router")
SHAPES = (("v4",), ("v4", "v6"), ("v6", "v4"), ("v6",))
ALLOWED, DENIED, UNDETERMINED = Outcome
WEB = pod("shop/web", "10.0.0.1", "fd00::1", node="one", app="web")
API = pod("shop/api", "10.0.0.3", "fd00::3", node="one", app="api", ports="http=8080/TCP")
DB = pod("data/db", "10.0.0.2", "fd00::2", node="two", app="db", team="a", ports="http=81/TCP")
NODES = node("one", "10.9.0.1", "fd09::1"), node("two", "10.9.0.2", "fd09::2")


def router(*policies: Policy) -> Datapath:
    there = cluster(WEB, API, DB, policies=policies, nodes=NODES)
    return datapath("kube-router", there, "shop/web")


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("-A INPUT", "kube-router netpol - 4IA2OSFRMVNDXBVV"),
        ("-A FORWARD", "kube-router netpol - TEMCG2JMHZYE7H7T"),
        ("-A OUTPUT", "kube-router netpol - VEAAIY32XVBHCSCY"),
        ("-A KUBE-ROUTER-INPUT -p tcp", "LR7XO7NXDBGQJD2M"),
        ("-A KUBE-ROUTER-INPUT -p udp", "76UCBPIZNGJNWNUZ"),
    ],
)
def test_rules_carry_the_hashes_that_they_have_on_real_nodes(line: str, known: str) -> None:
    (found,) = [each for each in router().save().splitlines() if each.startswith(f"{line} ")]
    assert known in found


def test_a_pod_without_policies_runs_through_the_chain_that_allows_all() -> None:
    walk = router().walk("shop/web -> data/db:80")
    assert walk.outcome is ALLOWED
    assert [hop.node for hop in walk.hops] == ["one", "two"]
    assert "KUBE-NWPLCY-DEFAULT" in {step.line.chain for step in walk.steps}


def test_what_is_denied_is_logged_and_refused() -> None:
    """F4.13."""
    walk = router(policy("shop/p")).walk("shop/web -> data/db:80")
    assert walk.fate is Fate.REJECT
    assert [str(step.line.rule.target) for step in walk.steps[-2:]] == [
        "-j NFLOG --nflog-group 100",
        "-j REJECT --reject-with icmp-port-unreachable",
    ]


def test_pings_pass_whatever_policies_say() -> None:
    """F4.12."""
    found = router(policy("shop/p"))
    pings = ("8/ICMP", "3/ICMP", "11/ICMP", "13/ICMP")
    outcomes = [found.walk(f"shop/web -> 203.0.113.7:{ping}").outcome for ping in pings]
    assert outcomes == [ALLOWED, ALLOWED, ALLOWED, DENIED]


def test_the_first_packet_and_those_that_follow() -> None:
    """F4.12: what is open stays open, and what belongs to no connection is dropped."""
    found = router()
    fates = {state: found.walk("shop/web -> data/db:80", state=state).fate for state in State}
    assert fates.pop(State.INVALID) is Fate.DROP
    assert set(fates.values()) == {Fate.ACCEPT}


def test_the_node_reaches_its_pods() -> None:
    """F4.12."""
    found = router(policy("shop/p", directions=(INGRESS,)))
    assert found.walk("node/one -> shop/web:80").outcome is ALLOWED
    assert found.walk("node/two -> shop/web:80").outcome is DENIED


def test_exceptions_do_not_match() -> None:
    """F4.14."""
    found = router(policy("shop/p", rule(block("0.0.0.0/0", "10.0.0.0/8"))))
    (blocks,) = [each for each in found.sets() if each.type == "hash:net"]
    assert [str(entry) for entry in blocks.entries] == [
        "0.0.0.0/1 timeout 0",
        "128.0.0.0/1 timeout 0",
        "10.0.0.0/8 timeout 0 nomatch",
    ]
    assert found.walk("shop/web -> 203.0.113.7:443").outcome is ALLOWED
    assert found.walk("shop/web -> data/db:443").outcome is DENIED


def test_a_port_s_name_is_a_set_of_pods_for_each_number() -> None:
    """F4.14."""
    found = router(policy("shop/p", rule(pods({}, app="api"), pods({}, app="db"), ports="http")))
    written = [str(line) for line in found.rules if " --dport " in str(line)]
    assert [line.split("--dport ")[1].split()[0] for line in written] == [*["8080"] * 2, "81", "81"]
    assert found.walk("shop/web -> shop/api:8080").outcome is ALLOWED
    assert found.walk("shop/web -> data/db:8080").outcome is DENIED


BOTH = policy("shop/p", rule(pods(), direction=INGRESS), directions=(EGRESS, INGRESS))


def test_a_policy_for_both_directions_mixes_them_between_its_own_pods() -> None:
    """Read in the code: its one chain cannot tell what is let in from what is let out."""
    asked = "shop/web -> shop/api:80"
    found = router(BOTH)
    assert found.walk(asked).outcome is ALLOWED
    assert evaluate(found.cluster, Connection.parse(asked), KUBE_ROUTER).outcome is DENIED
    assert found.walk("shop/web -> data/db:80").outcome is DENIED
    assert [why for _, why in found.left_out()] == [
        "between its own pods, what its ingress allows it allows in both directions"
    ]


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (rule(block("10.0.0.0/8", "10.1.0.0/16"), block("10.1.2.0/24")), "share one set"),
        (rule(block("::/0")), "2000::/3 and fd00::/8"),
        (rule(block("10.0.0.0/8"), ports="http"), "not looked up on whom a block means"),
        (rule(ports="http"), "in the policy's own namespace alone"),
    ],
)
def test_what_does_something_else_is_said(entry: Rule, why: str) -> None:
    ((_, said),) = router(policy("shop/p", entry)).left_out()
    assert why in said


# The law


def agree(to: Cluster, connection: Connection) -> None:
    """Every way that the profile settles ends as the engine says, or the difference is named."""
    found = datapath("kube-router", to, to.pods[0].key)
    try:
        walks = found.walks(connection)
    except UnknownName:
        # Ends without an address of one family, or a Service without such a port.
        return
    said = {why for _, why in found.left_out() if not why.startswith("between")}
    judged = {case.path: case.outcome for case in evaluate(to, connection, KUBE_ROUTER).cases}
    for walk in walks:
        if judged.get(walk.path, UNDETERMINED) not in (walk.outcome, UNDETERMINED):
            assert said or (walk.outcome is ALLOWED and is_between_its_own(to, walk.path))


def is_between_its_own(to: Cluster, way: Way) -> bool:
    """Whether a policy for both directions is for both ends."""
    ends = [end for end in (way.source, way.destination) if isinstance(end, Pod)]
    return len(ends) == 2 and any(
        applies(each, end, INGRESS) and applies(each, other, EGRESS)
        for each in to.policies
        if set(each.directions) == set(Direction)
        for end, other in (ends, ends[::-1])
    )


@settings(max_examples=50)
@given(make.asked(make.guarded(SHAPES)))
def test_walk_and_verdict_agree(asked: tuple[Cluster, Connection]) -> None:
    agree(*asked)


@settings(max_examples=50)
@given(make.asked(make.guarded(SHAPES), make.service_connections))
def test_walk_and_verdict_agree_on_services(asked: tuple[Cluster, Connection]) -> None:
    agree(*asked)


# The kernel

KERNEL = policy(
    "shop/p",
    rule(block("0.0.0.0/0", "10.0.0.0/8", "10.1.2.3/32"), pods({"team": "a"}), ports="http 80-90"),
    rule(block("::/0", "fd00::/64"), ports="any/UDP 443/SCTP"),
    rule(pods(app="web"), direction=INGRESS),
    rule(direction=INGRESS, ports="9102/TCP"),
    directions=(EGRESS, INGRESS),
)


@pytest.mark.parametrize("family", Family, ids=lambda family: family.name)
@pytest.mark.parametrize("policies", [(), (KERNEL, policy("shop/q"))], ids=["none", "some"])
def test_iptables_and_ipset_take_it_and_print_it_again(
    unshare: str, policies: tuple[Policy, ...], family: Family, tmp_path: Path
) -> None:
    found = router(*policies)
    show = f"{COMMANDS[family]}-save"
    commands = (*restored(found, family, tmp_path), show, "echo ====", "ipset save")
    rules, _, sets = in_namespace(unshare, commands, tmp_path).partition("====\n")
    assert tables(parse(rules, family)) == tables(found.ruleset(family))
    assert bare(parse_sets(sets)) == bare(found.sets(family))
