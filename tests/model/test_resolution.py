"""What Services, network sets and kube-apiserver stand for in one cluster."""

from dataclasses import replace

import pytest

from nsimlib.model.addresses import IPBlock, parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import NAME_LABEL, Namespace, NetworkSet, Service, ServicePort
from nsimlib.model.peers import (
    AllOf,
    AnyOf,
    BlockPeer,
    Entity,
    EntityPeer,
    Not,
    Peer,
    PodPeer,
    ServicePeer,
    UnknownPeer,
    parts_of,
)
from nsimlib.model.policy import Rule
from nsimlib.model.ports import Port
from nsimlib.model.selectors import EVERYTHING, LabelSelector, Selector
from tests.builders import block, pods, policy, rule

SHOP, DATA = (Namespace(name, {NAME_LABEL: name}) for name in ("shop", "data"))
DB = LabelSelector.of(role="db")
SETS = (
    NetworkSet(SHOP, "rds", {"role": "db"}, (IPBlock("10.0.1.0/24"), IPBlock("10.0.2.0/24"))),
    NetworkSet(DATA, "rds", {"role": "db"}, (IPBlock("10.1.1.0/24"),)),
    NetworkSet(None, "partners", {"role": "db"}, (IPBlock("203.0.113.0/24"),)),
)
ENDPOINTS = tuple(
    ("https", parse_address(address), Port(6443)) for address in ("10.9.0.1", "10.9.0.2")
)
SERVICES = (
    Service("default", "kubernetes", endpoints=ENDPOINTS),
    Service("data", "db", (), (ServicePort("", Port(5432), 5432),), {"app": "db"}),
)
CLUSTER = Cluster({"shop": SHOP, "data": DATA}, network_sets=SETS, services=SERVICES)


def resolved(*peers: Peer) -> tuple[Rule, ...]:
    return CLUSTER.with_policies(policy("shop/p", rule(*peers))).resolved.policies[0].rules


def blocks(*peers: Peer) -> list[str]:
    """The blocks of the first peer of what these peers become."""
    first = (resolved(*peers)[0].peers or ())[0]
    return [str(part.block) for part in parts_of(first) if isinstance(part, BlockPeer)]


@pytest.mark.parametrize(
    ("namespaces", "with_sets", "with_global_sets", "found"),
    [
        (None, False, False, []),
        # the policy's own namespace, as a namespaced Calico policy has it
        (None, True, False, ["10.0.1.0/24", "10.0.2.0/24"]),
        (LabelSelector.of({NAME_LABEL: "data"}), True, False, ["10.1.1.0/24"]),
        (EVERYTHING, True, True, ["10.0.1.0/24", "10.0.2.0/24", "10.1.1.0/24", "203.0.113.0/24"]),
    ],
)
def test_selectors_find_network_sets(
    namespaces: Selector | None, with_sets: bool, with_global_sets: bool, found: list[str]
) -> None:
    peer = PodPeer(namespaces, DB, "", with_sets, with_global_sets)
    assert blocks(peer) == found
    assert blocks(Not(peer)) == found


def test_a_set_with_other_labels_is_not_meant() -> None:
    peer = PodPeer(EVERYTHING, LabelSelector.of(role="web"), "", True, True)
    alone = replace(peer, path="to[0]", with_sets=False, with_global_sets=False)
    assert resolved(peer)[0].peers == (alone,)


def test_a_service_is_its_backends() -> None:
    """One with a selector means the pods it selects; one without, its addresses (F3.9)."""
    (found,) = resolved(ServicePeer("data", "db"))[0].peers or ()
    path = "to[0]"
    in_data = LabelSelector.of({NAME_LABEL: "data"})
    assert found == AnyOf((PodPeer(in_data, LabelSelector.of(app="db"), path),), path)
    assert blocks(ServicePeer("default", "kubernetes")) == ["10.9.0.1/32", "10.9.0.2/32"]


def test_a_service_with_its_ports_is_a_rule_for_each_port() -> None:
    """Calico takes the ports of the endpoints along with their addresses (F2.4)."""
    (only,) = resolved(ServicePeer("default", "kubernetes", with_ports=True))
    assert [str(port) for port in only.ports or ()] == ["6443/TCP"]
    assert blocks(ServicePeer("default", "kubernetes", with_ports=True)) == [
        "10.9.0.1/32",
        "10.9.0.2/32",
    ]


def test_without_endpoints_its_selector_and_its_target_ports_say_the_same() -> None:
    (only,) = resolved(ServicePeer("data", "db", with_ports=True))
    in_data = LabelSelector.of({NAME_LABEL: "data"})
    assert [str(port) for port in only.ports or ()] == ["5432/TCP"]
    assert only.peers == (PodPeer(in_data, LabelSelector.of(app="db"), "to[0]"),)


def test_its_ports_are_those_of_the_protocol_that_the_rule_means() -> None:
    of_udp = rule(ServicePeer("data", "db", with_ports=True), ports="any/UDP")
    cluster = CLUSTER.with_policies(policy("shop/p", of_udp))
    (only,) = cluster.resolved.policies[0].rules
    assert [parts_of(peer) for peer in only.peers or ()] == [()]


def test_what_is_asked_besides_stays() -> None:
    asked = AllOf((ServicePeer("default", "kubernetes", with_ports=True), UnknownPeer("who")))
    (only,) = resolved(asked)
    assert [type(part).__name__ for part in parts_of((only.peers or ())[0])] == [
        "BlockPeer",
        "BlockPeer",
        "UnknownPeer",
    ]


@pytest.mark.parametrize("with_ports", [True, False])
def test_a_service_that_is_not_there_means_nobody(with_ports: bool) -> None:
    (only,) = resolved(ServicePeer("data", "gone", with_ports=with_ports))
    assert [parts_of(peer) for peer in only.peers or ()] == [()]


def test_the_api_server_is_known_by_its_endpoints() -> None:
    peer = EntityPeer(Entity.KUBE_APISERVER)
    assert blocks(peer) == ["10.9.0.1/32", "10.9.0.2/32"]
    without = replace(CLUSTER, services=()).with_policies(policy("shop/p", rule(peer)))
    (found,) = without.resolved.policies[0].rules[0].peers or ()
    assert isinstance(found, UnknownPeer)


def test_a_cluster_whose_policies_stand_alone_is_itself() -> None:
    alone = CLUSTER.with_policies(policy("shop/p", rule(pods(app="web"), block("10.0.0.0/8"))))
    assert alone.resolved is alone
