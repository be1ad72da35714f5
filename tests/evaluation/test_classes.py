"""Which pods are one class, and where the world outside is cut."""

from dataclasses import replace

import pytest

from nsimlib.evaluation.classes import outside, pod_classes
from nsimlib.model.addresses import Family, parse_address
from nsimlib.model.objects import Place, Pod
from nsimlib.model.peers import DomainPeer, Entity, EntityPeer
from nsimlib.model.policy import Direction, Policy
from tests.builders import EGRESS, INGRESS, block, cluster, pod, pods, policy, rule

ONE = pod("shop/one", "10.0.0.1", app="web", run="1", ports="http=80 =9", node="worker-1")
PLAIN = policy("shop/p", rule(pods(app="web")))


HTTP, BY_RUN = policy("shop/p", rule(ports="http")), policy("shop/p", run="1")
HERE = policy("shop/p", rule(EntityPeer(Entity.HOST)))


def within(cidr: str, *except_: str) -> Policy:
    return policy("shop/p", rule(block(cidr, *except_)))


def changed(**fields: object) -> Pod:
    """The same pod, but for these fields."""
    return replace(ONE, name="other", **fields)  # type: ignore[arg-type]


def at(*addresses: str) -> Pod:
    return changed(addresses=tuple(map(parse_address, addresses)))


HTTP_81 = pod("shop/x", ports="http=81").ports


class TestPodClasses:
    @pytest.mark.parametrize(
        ("other", "said", "apart"),
        [
            (changed(), PLAIN, False),
            (changed(namespace=pod("data/x").namespace), PLAIN, True),
            # labels that some selector asks for, of a peer or of the policy itself
            (changed(labels={"app": "db", "run": "1"}), PLAIN, True),
            (changed(labels={"app": "web", "run": "2"}), PLAIN, False),
            (changed(labels={"app": "web", "run": "2"}), BY_RUN, True),
            # ports that some rule names
            (changed(ports=HTTP_81), PLAIN, False),
            (changed(ports=HTTP_81), HTTP, True),
            (changed(ports=ONE.ports[:1]), HTTP, False),
            # addresses that some block tells apart, and families
            (at("10.0.0.9"), PLAIN, False),
            (at("10.0.0.9"), within("10.0.0.0/24"), False),
            (at("10.0.0.9"), within("10.0.0.0/29"), True),
            (at("10.0.0.9"), within("10.0.0.0/8", "10.0.0.8/29"), True),
            (at("fd00::1"), PLAIN, True),
            (at("10.0.0.1", "fd00::1"), PLAIN, True),
            (at(), PLAIN, True),
            # nodes, where some rule depends on them
            (changed(node="worker-2"), PLAIN, False),
            (changed(node="worker-2"), HERE, True),
            (changed(host_network=True), PLAIN, True),
        ],
    )
    def test_tell_apart_what_rules_tell_apart(self, other: Pod, said: Policy, apart: bool) -> None:
        found = pod_classes(cluster(ONE, other), [said])
        assert (len(found) == 2) is apart

    def test_pods_on_the_host_network_are_told_apart_by_node(self) -> None:
        here, there = (replace(changed(node=name), host_network=True) for name in ("a", "b"))
        assert len(pod_classes(cluster(here, there), [PLAIN])) == 2


class TestOutside:
    RULES = policy(
        "shop/p",
        rule(block("10.0.0.0/8", "10.0.0.0/9")),
        rule(block("::/1"), direction=INGRESS),
        rule(DomainPeer("db.example.com"), direction=INGRESS),
        directions=Direction,
    )
    WORLD = replace(
        cluster(ONE),
        places=(
            Place("db", names={"db.example.com": (parse_address("203.0.113.7"),)}),
            Place("other", names={"example.com": (parse_address("203.0.113.9"),)}),
        ),
    )

    @pytest.mark.parametrize(
        ("direction", "family", "wanted"),
        [
            # each direction by its own rules, exceptions among them
            (EGRESS, Family.IPV6, ["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]),
            (
                EGRESS,
                Family.IPV4,
                ["0.0.0.0-10.127.255.255", "10.128.0.0-10.255.255.255", "11.0.0.0-255.255.255.255"],
            ),
            # the addresses that a named domain has
            (
                INGRESS,
                Family.IPV4,
                ["0.0.0.0-203.0.113.6", "203.0.113.7", "203.0.113.8-255.255.255.255"],
            ),
        ],
    )
    def test_is_cut_where_rules_cut_it(
        self, direction: Direction, family: Family, wanted: list[str]
    ) -> None:
        pieces = outside(self.WORLD, [self.RULES], [direction], [family])
        assert [str(piece) for piece in pieces] == wanted
