"""What differs between two clusters is exactly what differs pair by pair."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations, product, zip_longest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsimlib.cni.profile import Profile
from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.comparison import NOTHING, Changed, Comparison
from nsimlib.evaluation.pairs import Pairs
from nsimlib.model.addresses import Address, AddressRange
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Party, Pod
from tests import strategies as make
from tests.builders import INGRESS, cluster, pod, pods, policy, rule

pytestmark = pytest.mark.laws

#: a pod by its key, or an address
End = str | Address
Found = dict[tuple[End, End], tuple[Ports, Ports]]


@st.composite
def with_other_policies(draw: st.DrawFn) -> tuple[Cluster, Cluster]:
    """Two clusters of the same pods; the second has some policies less, some more, some edited."""
    before, others = draw(make.tiered()), draw(make.tiered()).policies
    few = st.sets(st.integers(0, 5), max_size=2)
    gone, added = draw(few), draw(few)
    kept = (policy for n, policy in enumerate(before.policies) if n not in gone)
    after = replace(before, policies=tuple(kept))
    return before, after.with_policies(*(p for n, p in enumerate(others) if n in added))


@st.composite
def with_other_pods(draw: st.DrawFn) -> tuple[Cluster, Cluster]:
    """Two clusters with pods of the same names and workloads, of which not all are the same."""
    before, after = draw(with_other_policies())
    others, spaces = draw(make.clusters()), draw(make.namespaces())
    pods = (
        replace(
            draw(st.sampled_from((pod, other or pod))),
            name=pod.name,
            namespace=spaces[pod.namespace.name],
            workload=pod.workload,
        )
        for pod, other in zip_longest(before.pods, others.pods)
        if pod is not None
    )
    return before, replace(after, pods=tuple(pods), namespaces=spaces)


def told(found: Comparison, clusters: tuple[Cluster, Cluster]) -> Found:
    return spelled_out(found.changed(), outside(*clusters), own_nodes(*clusters))


def outside(*clusters: Cluster) -> list[Address]:
    """Addresses on both sides of every edge, of families in use, that no pod and no node has."""
    taken = {a for each in clusters for a in (*each.pods_by_address, *each.nodes_by_address)}
    families = {family for each in clusters for family in Pairs(each, make.SPEC).universe.families}
    return [a for a in make.EDGES if a not in taken and a.family in families]


def everybody(cluster: Cluster, addresses: Iterable[Address]) -> dict[End, Party]:
    found: dict[End, Party] = {pod.key: pod for pod in cluster.pods}
    return found | {address: cluster.external(address) for address in addresses}


def pair_by_pair(before: Cluster, after: Cluster, profile: Profile) -> Found:
    """The ports before and after of every two pods, and of every pod and address outside."""
    sides = [Pairs(cluster, profile) for cluster in (before, after)]
    parties = [everybody(pairs.cluster, outside(before, after)) for pairs in sides]
    names = [*{**parties[0], **parties[1]}]
    found: Found = {}
    for source, destination in permutations(names, 2):
        if isinstance(source, Address) and isinstance(destination, Address):
            continue
        ports = [
            pairs.between(ends[source], ends[destination])
            if source in ends and destination in ends
            else NOTHING
            for pairs, ends in zip(sides, parties, strict=True)
        ]
        if ports[0] != ports[1]:
            found[source, destination] = ports[0], ports[1]
    return found


def spelled_out(
    changed: Iterable[Changed], addresses: list[Address], apart: set[frozenset[str]]
) -> Found:
    """The same, pair by pair; a pair on its own node counts where it is named by itself."""
    found: Found = {}
    for sources, destinations, before, after, same_node in changed:
        for source, destination in product(sources, destinations):
            for pair in product(names(source, addresses), names(destination, addresses)):
                if pair[0] != pair[1] and (frozenset(pair) in apart) is same_node:
                    assert pair not in found, "a pair is told twice"
                    found[pair] = before, after
    return found


def own_nodes(*clusters: Cluster) -> set[frozenset[str]]:
    """Pairs of which one is on the network of the other's node, in one of the clusters."""
    return {
        frozenset((one.key, other.key))
        for each in clusters
        for one, other in permutations(each.pods, 2)
        if one.host_network and one.node is not None and one.node == other.node
    }


def names(end: Pod | AddressRange, addresses: list[Address]) -> list[End]:
    return [end.key] if isinstance(end, Pod) else [a for a in addresses if a in end]


@settings(max_examples=300)
@given(with_other_policies(), make.profiles())
def test_other_policies_change_what_they_change_pair_by_pair(
    clusters: tuple[Cluster, Cluster], profile: Profile
) -> None:
    found = Comparison(*clusters, profile)

    assert found.only_policies
    assert told(found, clusters) == pair_by_pair(*clusters, profile)


@settings(max_examples=200)
@given(with_other_pods(), make.profiles())
def test_other_pods_change_what_they_change_pair_by_pair(
    clusters: tuple[Cluster, Cluster], profile: Profile
) -> None:
    found = Comparison(*clusters, profile)

    assert told(found, clusters) == pair_by_pair(*clusters, profile)


def test_destinations_with_the_ingress_they_had_are_looked_at_too() -> None:
    api = policy(
        "shop/api", rule(pods(app="web"), direction=INGRESS), directions=[INGRESS], app="api"
    )
    shop = cluster(pod("shop/web", app="web"), pod("shop/api", app="api"), policies=[api])
    found = Comparison(shop, shop.with_policies(policy("shop/web", app="web")), make.SPEC).changed()

    assert ("shop/web", "shop/api") in spelled_out(found, [], set())
