"""What a menu offers: the ends and ports that a cluster has, as (shown, value)."""

from collections import Counter

from nsimlib.model.addresses import Family, parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Place, Workload
from nsimlib.model.ports import Port, Protocol

__all__ = ["end_choices", "outside", "place_end", "port_choices", "workload_names"]

#: addresses reserved for documentation: one that nobody has stands for the world outside
OUTSIDE = ("203.0.113.10", "198.51.100.10", "192.0.2.10")
USUAL = (Port(53, Protocol.UDP), Port(53, Protocol.TCP), Port(443, Protocol.TCP))


def end_choices(cluster: Cluster, *, services: bool = True) -> list[tuple[str, str]]:
    """Return the ends of a connection that the cluster knows, workloads first.

    A Service can be asked for but asks for nothing: sources come without `services`.
    """
    workloads = [(str(workload), str(workload)) for workload in cluster.workloads]
    offered = cluster.services if services else ()
    named = [(f"Service {each.key}", f"{each.namespace}/service/{each.name}") for each in offered]
    nodes = [(str(node), str(node)) for node in cluster.nodes]
    ends = ((place.name, place_end(place)) for place in cluster.places)
    places = [(f"{name} ({end})", end) for name, end in ends if end]
    return [*workloads, *named, *nodes, *places, *((f"outside ({x})", x) for x in outside(cluster))]


def place_end(place: Place) -> str:
    """Return a domain name of the place, else its first address; empty if it has neither."""
    if place.names:
        return sorted(place.names)[0]
    starts = [cidr.start for cidr in place.cidrs[:1]]
    ends = (f"[{start}]" if start.family is Family.IPV6 else str(start) for start in starts)
    return next(ends, "")


def outside(cluster: Cluster) -> list[str]:
    """Return an address that belongs to no place of the cluster, if one can be had."""
    return [text for text in OUTSIDE if not cluster.places_of(parse_address(text))][:1]


def workload_names(cluster: Cluster) -> dict[Workload, str]:
    """Return how connections name each workload: with its kind where two are called the same."""
    called = Counter(map(str, cluster.workloads))
    return {
        each: str(each)
        if called[str(each)] == 1
        else f"{each.namespace}/{each.kind.lower()}/{each.name}"
        for each in cluster.workloads
    }


def port_choices(cluster: Cluster) -> list[str]:
    """Return the ports that containers and Services declare, and those that everybody uses."""
    declared = {port.port for pod in cluster.pods for port in pod.ports}
    offered = {port.port for service in cluster.services for port in service.ports}
    return [str(port) for port in sorted(declared | offered | set(USUAL), key=_order)]


def _order(port: Port) -> tuple[int, str]:
    return port.number, port.protocol.value
