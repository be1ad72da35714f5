"""One connection that shows a change, in the notation that `why` understands."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from itertools import chain, count

from nsimlib.evaluation.comparison import Changed, real_pairs
from nsimlib.model.addresses import Address, AddressRange, Family, parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod, Workload
from nsimlib.model.ports import Port, PortSet

__all__ = ["Witnesses"]

#: addresses reserved for documentation, which nobody has: shown where any address would do
SHOWN = tuple(map(parse_address, ("203.0.113.10", "198.51.100.10", "192.0.2.10", "2001:db8::10")))
USUAL = tuple(PortSet.of(port) for port in ("443/TCP", "80/TCP", "53/UDP"))


class Witnesses:
    """Finds connections to ask about; of two clusters, the one that is asked first comes first."""

    def __init__(self, *clusters: Cluster) -> None:
        self.clusters = clusters

    def of(self, changed: Changed, ports: PortSet) -> str:
        """Return a connection that changed, on one of these ports."""
        alone = changed.sources[0], changed.destinations[0]
        source, destination = alone if changed.same_node else next(real_pairs(changed))
        exact = _needs_pods(source, destination)
        ours = self._text(source, changed.sources, exact)
        theirs = self._text(destination, changed.destinations, exact)
        return f"{ours} -> {theirs}:{_port(destination, ports)}"

    def _text(
        self, end: Pod | AddressRange, others: Sequence[Pod | AddressRange], exact: bool
    ) -> str:
        if isinstance(end, AddressRange):
            address = self._address([each for each in others if isinstance(each, AddressRange)])
            return f"[{address}]" if address.family is Family.IPV6 else str(address)
        owner = end.owner
        all_of_them = sum(isinstance(each, Pod) and each.owner == owner for each in others)
        is_whole = all_of_them == self._sizes[owner] and not exact
        if is_whole or end.from_template or owner.kind == "Pod":
            is_clear = len(self._called[owner.namespace, owner.name]) == 1
            return (
                str(owner) if is_clear else f"{owner.namespace}/{owner.kind.lower()}/{owner.name}"
            )
        return f"{end.namespace}/pod/{end.name}"

    @cached_property
    def _sizes(self) -> dict[Workload, int]:
        clusters = reversed(self.clusters)
        return {w: len(pods) for each in clusters for w, pods in each.workloads.items()}

    @cached_property
    def _called(self) -> dict[tuple[str, str], set[Workload]]:
        """Which workloads a name may mean: those called so, and those with a pod called so."""
        found: dict[tuple[str, str], set[Workload]] = defaultdict(set)
        for pod in chain.from_iterable(cluster.pods for cluster in self.clusters):
            for name in (pod.name, pod.owner.name):
                found[pod.namespace.name, name].add(pod.owner)
        return found

    def _address(self, ranges: Sequence[AddressRange]) -> Address:
        """Return an address of the ranges that nobody in the cluster has, one with a name best."""
        places = chain.from_iterable(cluster.places for cluster in self.clusters)
        named = chain.from_iterable(a for place in places for a in place.names.values())
        first = min(ranges)
        following = (Address(first.family, v) for v in count(min(first.first + 1, first.last)))
        known = (a for a in chain(named, SHOWN) if any(a in each for each in ranges))
        found = next(address for address in chain(known, following) if address not in self._taken)
        return found if any(found in each for each in ranges) else first.start

    @cached_property
    def _taken(self) -> set[Address]:
        return {
            address
            for each in self.clusters
            for held in (each.pods_by_address, each.nodes_by_address, each.services_by_address)
            for address in held
        }


def _needs_pods(source: Pod | AddressRange, destination: Pod | AddressRange) -> bool:
    """Whether names of workloads would also mean pairs that are judged by themselves."""
    ends = [end for end in (source, destination) if isinstance(end, Pod)]
    return len({end.owner for end in ends}) < len(ends) or any(end.host_network for end in ends)


def _port(destination: Pod | AddressRange, ports: PortSet) -> Port:
    declared = destination.ports if isinstance(destination, Pod) else ()
    wanted = [*(PortSet.single(each.port) for each in declared), *USUAL]
    chosen = next((port for port in wanted if port & ports), ports)
    protocol, (first, _) = next(iter(chosen & ports))
    return Port(first, protocol)
