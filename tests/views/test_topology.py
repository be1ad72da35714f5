"""The map's layout: everything has its place, nothing lies on anything else, at any size."""

from itertools import combinations

import pytest

import nsimlib as ns
from nsimlib.errors import NsimError
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Namespace, Pod, Workload
from nsimlib.views.topology import End, Kind, Topology, topology


def cluster_of(pods: int, namespaces: int) -> Cluster:
    """A cluster of single pods, spread unevenly."""
    spaces = [Namespace(f"team-{n:02}", {}) for n in range(namespaces)]
    made = (Pod(spaces[n % (1 + n % namespaces)], f"pod-{n}", {}) for n in range(pods))
    return Cluster(namespaces={space.name: space for space in spaces}, pods=tuple(made))


CLUSTERS = {
    "nothing": Cluster(),
    "one pod": cluster_of(1, 1),
    "5 pods": cluster_of(5, 2),
    "60 pods": cluster_of(60, 20),
    "150 pods": cluster_of(150, 4),
    "300 pods": cluster_of(300, 12),
    "300 pods in one namespace": cluster_of(300, 1),
    "the lesson": ns.scenario("isolation-is-a-switch"),
    "the shop": ns.scenario("shop"),
}
every = pytest.mark.parametrize("cluster", CLUSTERS.values(), ids=CLUSTERS)


def overlap(one: End, other: End) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


@every
def test_every_workload_service_and_place_is_on_it_once(cluster: Cluster) -> None:
    found = topology(cluster)
    kinds = [end.kind for end in found.ends]
    assert kinds.count(Kind.WORKLOAD) == len(cluster.workloads)
    assert kinds.count(Kind.SERVICE) == sum(bool(each.ports) for each in cluster.services)
    assert kinds.count(Kind.PLACE) == len(cluster.places) + 1
    assert len({end.name for end in found.ends}) == len(found.ends)


@every
def test_nothing_lies_on_anything_else(cluster: Cluster) -> None:
    assert not [
        (one.name, other.name)
        for one, other in combinations(topology(cluster).ends, 2)
        if overlap(one, other)
    ]


def inside(found: Topology, end: End) -> bool:
    return (
        end.x >= 0
        and end.y >= 0
        and end.x + end.width <= found.width
        and end.y + end.height <= found.height
    )


@every
def test_everything_is_inside_the_picture_and_its_namespace(cluster: Cluster) -> None:
    found = topology(cluster)
    cards = {card.label: card for card in found.cards}
    for end in found.ends:
        assert inside(found, end)
        card = cards["world" if end.kind is Kind.PLACE else end.name.split("/")[0]]
        assert card.x <= end.x
        assert end.x + end.width <= card.x + card.width
        assert card.y <= end.y
        assert end.y + end.height <= card.y + card.height


@every
def test_every_end_can_be_asked_about(cluster: Cluster) -> None:
    for end in topology(cluster).ends:
        port = next(
            (str(s.ports[0].port) for s in cluster.services if s.name in end.name), "80/TCP"
        )
        source = "203.0.113.10" if end.kind is Kind.PLACE else "192.0.2.10"
        ns.why(cluster, f"{source} -> {end.name}:{port}")


def test_300_pods_are_no_higher_than_a_screen() -> None:
    assert topology(CLUSTERS["300 pods"]).height < 1000


def test_a_large_cluster_is_drawn_by_some_of_its_namespaces() -> None:
    large = cluster_of(1000, 10)
    with pytest.raises(NsimError, match="a few of the 10 namespaces: 1000 tiles"):
        topology(large)
    found = topology(large, ["team-01"])
    drawn = [end.name for end in found.ends if end.kind is Kind.WORKLOAD]
    assert drawn
    assert {name.split("/")[0] for name in drawn} == {"team-01"}
    with pytest.raises(ns.UnknownName, match="did you mean team-01"):
        topology(large, ["team-1"])


def test_names_that_begin_alike_stay_apart() -> None:
    space = Namespace("a", {})
    names = ["payment-service-api", "payment-service-db"]
    pods = tuple(Pod(space, name, {}) for name in names)
    found = topology(Cluster(namespaces={"a": space}, pods=pods))
    assert len({end.label for end in found.ends}) == len(found.ends)


def test_two_workloads_of_one_name_are_told_apart_by_kind() -> None:
    space = Namespace("a", {})
    pods = tuple(
        Pod(space, f"{kind}-0", {}, workload=Workload("a", kind, "web"))
        for kind in ("Deployment", "StatefulSet")
    )
    found = topology(Cluster(namespaces={"a": space}, pods=pods))
    names = [end.name for end in found.ends if end.kind is Kind.WORKLOAD]
    assert names == ["a/deployment/web", "a/statefulset/web"]
