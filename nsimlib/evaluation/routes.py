"""Paths through a cluster, connection by connection, and what no path gets round."""

from itertools import pairwise
from typing import NamedTuple

from nsimlib.errors import UnknownName
from nsimlib.evaluation.bits import bits
from nsimlib.evaluation.ends import parties
from nsimlib.evaluation.hops import Hops, Level, back_to_start, levels
from nsimlib.model.connection import parse_end
from nsimlib.model.graph import dominators
from nsimlib.model.objects import Node, Party, Pod
from nsimlib.model.policy import Direction
from nsimlib.model.ports import Port, PortSet, Protocol

__all__ = ["Hop", "choke_points", "hop_between", "path", "pod_named"]

EGRESS = Direction.EGRESS
#: shown where all ports are allowed and nothing says which is used
USUAL = Port(443, Protocol.TCP)


class Hop(NamedTuple):
    """One connection of a path: on `port`, as one of the `ports` that are allowed."""

    source: str
    destination: str
    port: Port
    ports: PortSet

    @property
    def connection(self) -> str:
        """The connection in the notation that `why` takes.

        >>> Hop("shop/web", "2001:db8::7", USUAL, PortSet.single(USUAL)).connection
        'shop/web -> [2001:db8::7]:443/TCP'
        """
        end = f"[{self.destination}]" if self.destination.count(":") > 1 else self.destination
        return f"{self.source} -> {end}:{self.port}"


def path(hops: Hops, source: str, destination: str) -> tuple[Hop, ...]:
    """Return the connections of a shortest path between two ends; none if there is no path.

    The destination may be an address outside: the path then ends there.
    """
    start = pod_named(hops, source)
    wanted, end = _end(hops, destination)
    number = hops.cohort_of(start)
    past: list[Level] = []
    for level in () if start is end else levels(bits([number]), hops.steps):
        past.append(level)
        if wanted in level.reached:
            passed = [number, *back_to_start(past, wanted), wanted]
            *before, last = pairwise(passed)
            hopped = [hop_between(hops, *pair, start) for pair in before]
            return (*hopped, hop_between(hops, *last, start, end))
    return ()


def _end(hops: Hops, name: str) -> tuple[int, Party]:
    """The number of a destination, and who it is."""
    there = parties(hops.pairs.cluster, parse_end(name))[0]
    if isinstance(there, Pod):
        return hops.cohort_of(there), there
    if isinstance(there, Node):
        raise UnknownName("pod, workload or address outside", name, ())
    piece = hops.pairs.universe.piece_at(EGRESS, there.address) - len(hops.pairs.universe.faces)
    return hops.numbers(EGRESS).start + piece, there


def choke_points(hops: Hops, source: str, destination: str) -> tuple[tuple[str, ...], ...]:
    """Return what every path from source to destination passes, in order.

    Each is a group of pods that are treated alike: a path passes one of them, whichever. A shortest
    path of several hops may have none, as there are others around each of its pods.

    >>> import nsimlib as ns
    >>> reach = ns.reachability(ns.scenario("shop"))
    >>> [hop.destination for hop in reach.path("data/batch", "shop/cache")][1:]
    ['monitoring/prometheus-0', 'shop/cache-0']
    >>> reach.choke_points("data/batch", "shop/cache")
    ()
    """
    start = pod_named(hops, source)
    wanted, _ = _end(hops, destination)
    ours, everything = hops.cohort_of(start), range(hops.numbers(EGRESS).stop)
    # The pod gets a number of its own: a path may well pass the others of its cohort.
    own = [(everything.stop, ~n) for n, step in enumerate(hops.steps) if ours in step.sources]
    passed = dominators([*own, *hops.edges(bits(everything))], everything.stop, wanted)
    return tuple(tuple(pod.key for pod in hops.cohorts[n]) for n in passed if n >= 0)


def hop_between(hops: Hops, source: int, number: int, start: Pod, end: Party | None = None) -> Hop:
    """Return a connection between two cohorts; the one that has the start speaks through it."""
    cohort = hops.cohorts[source]
    ours = start if start in cohort else cohort[0]
    if end is None and number < len(hops.cohorts):
        end = next(pod for pod in hops.cohorts[number] if pod not in (start, ours))
    theirs = end or hops.pairs.cluster.external(hops.range_of(number).start)
    ports = hops.pairs.between(ours, theirs).allowed & hops.wanted
    return Hop(str(ours), str(theirs), _port(ports, theirs), ports)


def _port(ports: PortSet, end: Party) -> Port:
    """The port to show: one that the pod declares, else a usual one, else the first."""
    declared = [each.port for each in end.ports] if isinstance(end, Pod) else []
    protocol, (first, _) = next(iter(ports))
    known = (port for port in (*declared, USUAL) if port in ports)
    return next(known, Port(first, protocol))


def pod_named(hops: Hops, name: str) -> Pod:
    """Return the pod of a name, or the first of the workload of that name."""
    cluster = hops.pairs.cluster
    found = parties(cluster, parse_end(name))[0]
    if not isinstance(found, Pod):
        raise UnknownName("pod or workload", name, (pod.key for pod in cluster.pods))
    return found
