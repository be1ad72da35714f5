"""Weave Net's rules and sets: their names, what they allow, and that the engine agrees."""

from pathlib import Path

import pytest
from hypothesis import given, settings

from nsimlib.cni.profile import load_profile
from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.entry import datapath
from nsimlib.datapath.packet import State
from nsimlib.datapath.parsing import parse, parse_sets
from nsimlib.datapath.weave_sets import set_name
from nsimlib.errors import UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import evaluate
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Policy, Rule
from nsimlib.model.selectors import LabelSelector
from tests import strategies as make
from tests.builders import EGRESS, INGRESS, block, cluster, node, pod, pods, policy, rule
from tests.datapath.test_kernel import bare, in_namespace, restored, tables, unshare

__all__ = ["unshare"]

WEAVE = load_profile("weave")
SHAPES = (("v4",), ("v4", "v6"), ("v6", "v4"))
WEB = pod("shop/web", "10.0.0.1", node="one", app="web")
DB = pod("data/db", "10.0.0.2", node="two", app="db", team="a")
ONE, TWO = node("one", "10.9.0.1"), node("two", "10.9.0.2")


def weave(*policies: Policy) -> Datapath:
    return datapath("weave", cluster(WEB, DB, policies=policies, nodes=(ONE, TWO)), "shop/web")


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("default", "weave-;rGqyMIl1HN^cfDki~Z$3]6!N"),
        ("kube-system", "weave-P.B|!ZhkAr5q=XZ?3}tMBA+0"),
        ("kube-public", "weave-Rzff}h:=]JaaJl/G;(XJpGjZ["),
    ],
)
def test_sets_have_the_names_that_they_have_on_real_nodes(namespace: str, name: str) -> None:
    assert set_name(f"ingress-default-allow:{namespace}") == name


def lines(found: Datapath, chain: str) -> list[str]:
    """The rules of a chain, without its name and without comments."""
    plain = found.ruleset().without_comments("").lines
    return [str(line).removeprefix(f"-A {chain} ") for line in plain if line.chain == chain]


def test_an_entry_is_a_rule_for_each_peer_and_port() -> None:
    """F4.7."""
    allow = rule(pods(app="web"), pods({}), direction=INGRESS, ports="80/TCP 53/UDP")
    found = lines(weave(policy("shop/p", allow, directions=(INGRESS,))), "WEAVE-NPC-INGRESS")
    assert [line.split(" -m set")[0] for line in found] == ["-p tcp", "-p udp"] * 2
    assert [line.split(" dst ")[1] for line in found] == [
        "-m tcp --dport 80 -j ACCEPT",
        "-m udp --dport 53 -j ACCEPT",
    ] * 2


def test_egress_is_marked_and_turns_back() -> None:
    """F4.8: for the rules of ingress may still deny it."""
    found = weave(policy("shop/p", rule(block("10.0.0.0/8", "10.1.0.0/16"))))
    written = lines(found, "WEAVE-NPC-EGRESS-CUSTOM")
    assert [line.split()[-1] for line in written] == ["WEAVE-NPC-EGRESS-ACCEPT", "RETURN"]
    assert all("-d 10.0.0.0/8 -m set ! --match-set" in line for line in written)
    assert [each.entries[0].value for each in found.sets() if each.type == "hash:net"] == [
        "10.1.0.0/16"
    ]


def test_egress_is_not_looked_at_without_a_policy_for_it() -> None:
    """F4.8."""
    found = weave(policy("shop/p", directions=(INGRESS,)))
    assert lines(found, "WEAVE-NPC-EGRESS") == []
    assert lines(weave(policy("shop/p")), "WEAVE-NPC-EGRESS")[-1].endswith("-j DROP")


def test_selected_namespaces_are_a_set_of_sets() -> None:
    """F4.6."""
    peer = PodPeer(LabelSelector.of(team="a"))
    found = weave(policy("shop/p", rule(peer)))
    (outer,) = [each for each in found.sets() if each.type == "list:set"]
    inner = next(each for each in found.sets() if each.name == outer.entries[0].value)
    assert (inner.name, *inner.values) == (set_name("data:"), "10.0.0.2")
    assert found.walk("shop/web -> data/db:80").outcome is Outcome.ALLOWED


def test_policies_that_say_the_same_share_a_rule() -> None:
    same = [policy(f"shop/{name}", rule(block("0.0.0.0/0"))) for name in ("p", "q")]
    assert len(lines(weave(*same), "WEAVE-NPC-EGRESS-CUSTOM")) == 2


def test_a_walk_tells_which_entries_let_it_through() -> None:
    out, into = rule(pods({"team": "a"})), rule(block("10.0.0.0/8"), direction=INGRESS)
    found = weave(policy("shop/p", out), policy("data/q", into, directions=(INGRESS,)))
    origins = found.walk("shop/web -> data/db:80").origins
    assert [str(origin) for origin in origins] == [
        "shop/p spec.egress[0]",
        "data/q spec.ingress[0]",
    ]


def test_the_own_node_is_exempt_and_others_are_not() -> None:
    """F4.9."""
    found = weave(policy("shop/p"))
    assert found.walk("shop/web -> node/one:1/TCP").outcome is Outcome.ALLOWED
    assert found.walk("shop/web -> node/two:1/TCP").outcome is Outcome.DENIED


def test_what_is_open_stays_open() -> None:
    """F4.10."""
    found = weave(policy("shop/p"))
    states = {state: found.walk("shop/web -> data/db:80", state=state).outcome for state in State}
    assert states[State.ESTABLISHED] is states[State.RELATED] is Outcome.ALLOWED
    assert states[State.NEW] is states[State.INVALID] is Outcome.DENIED


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (rule(ports="http/TCP"), "refuse the whole policy"),
        (rule(ports="80-90/TCP"), "ports[0] is its first port alone (F4.10)"),
        (rule(block("::/0")), "rules are for IPv4 alone"),
    ],
)
def test_what_is_not_rendered_is_said(entry: Rule, why: str) -> None:
    ((_, said),) = weave(policy("shop/p", entry)).left_out()
    assert why in said


def test_there_are_no_rules_for_ipv6() -> None:
    found = weave(policy("shop/p"))
    assert (found.ruleset(Family.IPV6).lines, found.sets(Family.IPV6)) == ((), ())
    assert [why for _, why in found.left_out(Family.IPV6)] == ["there are no rules for IPv6"]


# The law


def agree(to: Cluster, connection: Connection) -> None:
    """Every way that the profile settles ends as the engine says."""
    try:
        walks = datapath("weave", to, to.pods[0].key).walks(connection)
    except UnknownName:
        # Ends without an address of one family, or a Service without such a port.
        return
    outcomes = {walk.path: walk.outcome for walk in walks}
    for case in evaluate(to, connection, WEAVE).cases:
        if case.outcome is not Outcome.UNDETERMINED:
            assert outcomes[case.path] is case.outcome


@settings(max_examples=50)
@given(make.asked(make.guarded(SHAPES)))
def test_walk_and_verdict_agree(asked: tuple[Cluster, Connection]) -> None:
    agree(*asked)


@settings(max_examples=50)
@given(make.asked(make.guarded(SHAPES), make.service_connections))
def test_walk_and_verdict_agree_on_services(asked: tuple[Cluster, Connection]) -> None:
    agree(*asked)


# The kernel

KERNEL = [
    policy(
        "shop/p",
        rule(block("0.0.0.0/0", "10.0.0.0/8", "10.1.2.3/32"), pods({"team": "a"}), ports="80/TCP"),
        rule(PodPeer(LabelSelector.of(team="a")), ports="any/UDP 443/SCTP"),
        rule(pods(app="web"), direction=INGRESS),
        rule(direction=INGRESS, ports="9102/TCP"),
        directions=(EGRESS, INGRESS),
    )
]


@pytest.mark.parametrize("policies", [[], KERNEL], ids=["none", "some"])
def test_iptables_and_ipset_take_it_and_print_it_again(
    unshare: str, policies: list[Policy], tmp_path: Path
) -> None:
    found = weave(*policies)
    commands = (*restored(found, Family.IPV4, tmp_path), "iptables-save", "echo ====", "ipset save")
    rules, _, sets = in_namespace(unshare, commands, tmp_path).partition("====\n")
    assert tables(parse(rules)) == tables(found.ruleset())
    assert bare(parse_sets(sets)) == bare(found.sets())
