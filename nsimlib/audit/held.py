"""What of the cluster a block of addresses holds: its pods, its nodes, its Services, its places."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

from nsimlib.audit.context import Context
from nsimlib.model.addresses import Address, AddressRange, IPBlock
from nsimlib.model.objects import Node, Place, Pod, Service

__all__ = ["Held", "Holdings", "destinations"]

T = TypeVar("T")


class Sorted(Generic[T]):
    """Owners of addresses, to be asked by range."""

    def __init__(self, known: Mapping[Address, T]) -> None:
        self.addresses = sorted(known)
        self.owners = [known[each] for each in self.addresses]

    def within(self, ranges: Iterable[AddressRange]) -> list[tuple[Address, T]]:
        """Return the owners of addresses in ranges, in the order of the addresses."""
        found: list[tuple[Address, T]] = []
        for each in ranges:
            first = bisect_left(self.addresses, each.start)
            last = bisect_right(self.addresses, each.end)
            found += zip(self.addresses[first:last], self.owners[first:last], strict=True)
        return found


class Held(NamedTuple):
    """What of the cluster is in a block, each with its address."""

    pods: list[tuple[Address, Pod]]
    nodes: list[tuple[Address, Node]]
    services: list[tuple[Address, Service]]


class Holdings:
    """The addresses of a cluster in order; made once, and asked for each block."""

    def __init__(self, context: Context) -> None:
        cluster = context.cluster
        self.pods, self.nodes = Sorted(cluster.pods_by_address), Sorted(cluster.nodes_by_address)
        self.services = Sorted(cluster.services_by_address)

    def of(self, block: IPBlock) -> Held:
        """Return what of the cluster a block holds."""
        ranges = block.ranges
        return Held(
            self.pods.within(ranges), self.nodes.within(ranges), self.services.within(ranges)
        )


def destinations(context: Context) -> list[tuple[Place, AddressRange]]:
    """Places with their ranges, without those that hold others: a network is no destination."""
    known = [(place, cidr) for place in context.cluster.places for cidr in place.cidrs]
    return [
        (place, cidr)
        for place, cidr in known
        if not any(cidr.covers(other) and cidr != other for _, other in known)
    ]
