"""What there is to be reached, host by host, and how much of it a pod reaches on some ports.

A block is a number of addresses; what it opens is whoever has one of them. Hosts are pods, nodes,
and what has a name or a single address outside, by the name of its place.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import why
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection, End, NodeName, parse_end, parse_port
from nsimlib.model.tables import Table, Tabled

__all__ = ["Host", "HostReach", "host_reach", "hosts"]

PODS, NODES = "pods", "nodes"
#: of a kind, so many names stand in a table
SHOWN = 4


class Host(NamedTuple):
    """Something with an address; `end` is what stands for it in a connection."""

    kind: str
    name: str
    end: End


@dataclass(frozen=True, repr=False)
class HostReach(Tabled):
    """How connections from a pod to every host end, on each of the ports."""

    source: str
    ports: tuple[str, ...]
    #: a host, and its outcome on each port
    found: tuple[tuple[Host, tuple[Outcome, ...]], ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of hosts, in their order."""
        return tuple(dict.fromkeys(host.kind for host, _ in self.found))

    def of(self, kind: str) -> tuple[Host, ...]:
        """Return the hosts of a kind."""
        return tuple(host for host, _ in self.found if host.kind == kind)

    def reached(self, port: str = "", kind: str = "") -> tuple[Host, ...]:
        """Return the hosts that may be reached on a port, else on the first; of a kind, or all."""
        place = self.ports.index(port) if port else 0
        return tuple(
            host
            for host, outcomes in self.found
            if outcomes[place] is Outcome.ALLOWED and kind in ("", host.kind)
        )

    def to_table(self) -> Table:
        """Return a row for each kind: how many of it on each port, and which on the first."""
        rows = tuple((kind, *self._cells(kind)) for kind in self.kinds)
        columns = ("hosts", *(f"on {port}" for port in self.ports), f"reached on {self.ports[0]}")
        return Table(f"What {self.source} reaches", columns, rows)

    def _cells(self, kind: str) -> Iterator[str]:
        there = len(self.of(kind))
        yield from (f"{len(self.reached(port, kind))} of {there}" for port in self.ports)
        yield _names(self.reached(kind=kind))


def _names(found: tuple[Host, ...]) -> str:
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(host.name for host in found[:SHOWN]) + more


def hosts(cluster: Cluster) -> tuple[Host, ...]:
    """Return the hosts of a cluster and of the world outside; a name is cut at its first dot.

    Services are none: they are other names for pods.
    """
    return tuple(_hosts(cluster))


def host_reach(
    cluster: Cluster, source: str, ports: Iterable[str], *, cni: str = "spec"
) -> HostReach:
    """Return which hosts a pod reaches.

    Parameters
    ----------
    source
        The pod or workload, `namespace/name`; it is no host of its own.
    ports
        One or more, such as `5432/TCP`.
    cni
        The profile that policies are judged by.

    Raises
    ------
    ConnectionSyntaxError, UnknownName
        If a port cannot be read, or there is no such source or profile.

    Examples
    --------
    The block of the VPC, and a port: four more databases, and with Calico the nodes (E20, E21).

    >>> import nsimlib as ns
    >>> policy = ns.policy_files("static-cidr")["whole-vpc"]
    >>> cluster = ns.scenario("static-cidr").with_policies(policy)
    >>> found = host_reach(cluster, "shop/api", ["5432/TCP"], cni="calico")
    >>> len(found.reached(kind="other-databases")), len(found.reached(kind="nodes"))
    (4, 3)
    """
    asked, start = {port: parse_port(port) for port in ports}, parse_end(source)
    found = tuple(
        (
            host,
            tuple(
                why(cluster, Connection(start, host.end, port), cni=cni).outcome
                for port in asked.values()
            ),
        )
        for host in hosts(cluster)
        if host.end != start
    )
    return HostReach(source, tuple(asked), found)


def _hosts(cluster: Cluster) -> Iterator[Host]:
    for place in cluster.places:
        for name, addresses in place.names.items():
            yield from (Host(place.name, name.partition(".")[0], each) for each in addresses)
        named = {each for addresses in place.names.values() for each in addresses}
        alone = {each.start for each in place.cidrs if each.first == each.last} - named
        yield from (Host(place.name, place.name, each) for each in sorted(alone))
    yield from (Host(NODES, node.name, NodeName(node.name)) for node in cluster.nodes)
    yield from (Host(PODS, pod.key, parse_end(pod.key)) for pod in cluster.pods)
