"""What a change is meant to do, written as connections and patterns of connections."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain

from nsimlib.errors import ConnectionSyntaxError, UnknownName
from nsimlib.evaluation.naming import End, SomePods
from nsimlib.model.addresses import AddressRange, Family, parse_address, parse_cidr
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import ARROW
from nsimlib.model.ports import ALL_PORTS, PortSet

__all__ = ["Intent", "Side"]

ANY = "*"


@dataclass(frozen=True)
class Side:
    """The ends that one side of a pattern means: workloads by pattern, or addresses outside."""

    workloads: str
    ranges: tuple[AddressRange, ...]

    def holds(self, end: End) -> bool:
        """Return whether the side means the whole of an end."""
        if isinstance(end, AddressRange):
            return any(each.covers(end) for each in self.ranges)
        workload = end.workload if isinstance(end, SomePods) else end
        by_kind = f"{workload.namespace}/{workload.kind.lower()}/{workload.name}"
        return any(fnmatchcase(name, self.workloads) for name in (str(workload), by_kind))


@dataclass(frozen=True)
class Intent:
    """Connections that are meant to change, written as a pattern.

    `shop/web -> kube-system/coredns:53/UDP`, as a connection is written. Workloads may have `*` in
    them, `shop/*`; outside are an address, a CIDR, or the name of a place or domain of the
    inventory. `*` alone is any end or any port, and `8000-8999/TCP` a range of ports.
    """

    text: str
    source: Side
    destination: Side
    ports: PortSet

    @classmethod
    def parse(cls, text: str, *clusters: Cluster) -> "Intent":
        """Return what the pattern means in these clusters.

        Raises
        ------
        ConnectionSyntaxError, UnknownName
            If it cannot be read, or means nothing in any of the clusters.
        """
        source, arrow, rest = text.partition(ARROW)
        destination, colon, port = rest.rpartition(":")
        if not arrow or not colon:
            raise ConnectionSyntaxError(text, len(text), "source -> destination:port/PROTOCOL")
        try:
            ports = ALL_PORTS if port == ANY else PortSet.of(port)
        except ValueError:
            at = len(text) - len(port)
            raise ConnectionSyntaxError(text, at, "a port such as 53/UDP, or *") from None
        return cls(text, _side(source, clusters), _side(destination, clusters), ports)

    def holds(self, source: End, destination: End) -> bool:
        """Return whether the pattern means the connections from one end to another."""
        return self.source.holds(source) and self.destination.holds(destination)


def _side(text: str, clusters: Sequence[Cluster]) -> Side:
    if text == ANY:
        return Side(ANY, tuple(family.everything for family in Family))
    side = Side(text, tuple(_ranges(text.strip("[]"), clusters)))
    workloads = chain.from_iterable(cluster.workloads for cluster in clusters)
    if not side.ranges and not any(map(side.holds, workloads)):
        known = {str(workload) for cluster in clusters for workload in cluster.workloads}
        known |= {place.name for cluster in clusters for place in cluster.places}
        raise UnknownName("workload, place or address", text, known)
    return side


def _ranges(text: str, clusters: Iterable[Cluster]) -> Iterator[AddressRange]:
    """Yield what a CIDR, an address, or the name of a place or domain means."""
    try:
        if "/" in text:
            yield parse_cidr(text)
        else:
            yield parse_address(text).range
    except ValueError:
        for place in chain.from_iterable(cluster.places for cluster in clusters):
            yield from place.cidrs if place.name == text else ()
            yield from (address.range for address in place.names.get(text.lower(), ()))
