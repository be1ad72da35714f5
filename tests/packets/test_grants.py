"""Policies to disjoint ranges with ports, without any kernel."""

from dataclasses import replace

import pytest

from nsimlib.errors import LabError
from nsimlib.model.addresses import Family
from nsimlib.model.peers import DomainPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.packets.grants import refuse_what_is_not_understood, rights
from tests.builders import EGRESS, INGRESS, block, cluster, pod, pods, policy, rule

WEB = pod("shop/web", "10.0.0.1", "fd00::1", ports="http=8080/TCP", app="web")
DB = pod("shop/db", "10.0.0.2", ports="http=80/TCP http=80/UDP sql=5432/TCP", app="db")
HOST = pod("shop/agent", "10.9.0.1", host_network=True, app="db", node="worker-1")


def granted(*rules: Rule, direction: Direction = EGRESS) -> list[str] | None:
    made = cluster(WEB, DB, HOST, policies=[policy("shop/p", *rules, directions=[direction])])
    found = rights(made, WEB, direction)
    return None if found is None else [f"{each.range} {each.ports}" for each in found.grants]


EVERYONE = [f"{Family.IPV4.everything} None", f"{Family.IPV6.everything} None"]
ROWS = [
    # F1.9, F1.11: no rule allows nothing, an empty rule everything
    ((), EGRESS, []),
    ((rule(),), EGRESS, EVERYONE),
    ((rule(nobody=True),), EGRESS, []),
    ((rule(ports=""),), EGRESS, []),
    # overlapping blocks are cut, neighbours that are alike are joined
    (
        (rule(block("10.0.0.0/30"), ports="80/TCP"), rule(block("10.0.0.2/31"), ports="81/TCP")),
        EGRESS,
        ["10.0.0.0-10.0.0.1 80/TCP", "10.0.0.2-10.0.0.3 80-81/TCP"],
    ),
    (
        (rule(block("10.0.0.0/31"), block("10.0.0.2/31"), ports="53/UDP"),),
        EGRESS,
        ["10.0.0.0-10.0.0.3 53/UDP"],
    ),
    # what one block excepts another may allow (F1.19)
    (
        (rule(block("10.0.0.0/30", "10.0.0.1/32")), rule(block("10.0.0.1/32"), ports="1/TCP")),
        EGRESS,
        ["10.0.0.0 None", "10.0.0.1 1/TCP", "10.0.0.2-10.0.0.3 None"],
    ),
    # selectors pick pods, but none on its node's network (F1.27)
    ((rule(pods(app="db"), ports="any/TCP"),), EGRESS, ["10.0.0.2 all TCP"]),
    # a name is looked up in each destination, by its protocol, and nowhere outside (F1.8)
    (
        (rule(block("10.0.0.0/8"), ports="http/TCP"),),
        EGRESS,
        ["10.0.0.1 8080/TCP", "10.0.0.2 80/TCP"],
    ),
    ((rule(block("10.0.0.0/8"), ports="http/UDP"),), EGRESS, ["10.0.0.2 80/UDP"]),
    (
        (rule(ports="sql/TCP 1/TCP"),),
        EGRESS,
        [
            "0.0.0.0-10.0.0.1 1/TCP",
            "10.0.0.2 1/TCP, 5432/TCP",
            "10.0.0.3-255.255.255.255 1/TCP",
            f"{Family.IPV6.everything} 1/TCP",
        ],
    ),
    # ... which for ingress is the pod itself
    (
        (rule(block("10.0.0.0/8"), ports="http/TCP", direction=INGRESS),),
        INGRESS,
        ["10.0.0.0-10.255.255.255 8080/TCP"],
    ),
    # a policy for the other direction isolates in that alone
    ((rule(),), INGRESS, []),
]


@pytest.mark.parametrize(("rules", "direction", "expected"), ROWS)
def test_rules_become_disjoint_ranges(
    rules: tuple[Rule, ...], direction: Direction, expected: list[str]
) -> None:
    assert granted(*rules, direction=direction) == expected


def test_who_is_not_isolated_has_no_grants() -> None:
    made = cluster(WEB, policies=[policy("shop/p", rule(), app="db")])
    assert rights(made, WEB, EGRESS) is None


def test_a_staged_policy_grants_and_isolates_nothing() -> None:
    staged = replace(policy("shop/p"), staged=True)
    assert rights(cluster(WEB, policies=[staged]), WEB, EGRESS) is None


REFUSED = [
    (policy("admin", kind="AdminNetworkPolicy"), "admin is a AdminNetworkPolicy"),
    (policy("shop/p", rule(DomainPeer("example.com"))), "a DomainPeer (shop/p spec.egress[0])"),
    (policy("shop/p", rule(action=Action.DENY)), "action Deny"),
    (policy("shop/p", replace(rule(), subject=())), "more than ports and peers"),
    (policy("shop/p", rule(replace(pods(app="db"), with_sets=True))), "a PodPeer"),
]


@pytest.mark.parametrize(("refused", "said"), REFUSED)
def test_what_the_engine_cannot_say_is_refused(refused: Policy, said: str) -> None:
    with pytest.raises(LabError) as caught:
        refuse_what_is_not_understood([refused])
    assert said in str(caught.value)
