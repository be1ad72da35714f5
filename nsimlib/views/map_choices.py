"""What the map's menus and switches offer, and which tile an end of a connection belongs to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nsimlib.errors import UnknownName
from nsimlib.evaluation.ends import parties
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import parse_end
from nsimlib.model.objects import External, Party, Pod, selects
from nsimlib.model.policy import Policy
from nsimlib.views.catalogue import say
from nsimlib.views.choices import outside, place_end, workload_names
from nsimlib.views.topology import End, Kind, Topology

__all__ = ["PolicyBox", "destinations", "end_at", "policy_boxes", "ports_of", "sources"]

#: the group in a menu, what is shown, and the notation of a connection
Choice = tuple[str, str, str]


def destinations(cluster: Cluster, found: Topology) -> list[Choice]:
    """Return all ends of the map, as a menu has them: by namespace, the world at the end."""
    return [_choice(cluster, end) for end in found.ends]


def sources(cluster: Cluster, found: Topology) -> list[Choice]:
    """Return those that can open a connection: a Service answers and does not ask."""
    return [_choice(cluster, end) for end in found.ends if end.kind is not Kind.SERVICE]


def _choice(cluster: Cluster, end: End) -> Choice:
    if end.kind is Kind.PLACE:
        named = {place_end(place): place.name for place in cluster.places}
        shown = (
            f"{named[end.name]} ({end.name})" if end.name in named else f"{end.label} ({end.name})"
        )
        return say("map.world"), shown, end.name
    namespace, _, name = end.name.partition("/")
    shown = say("map.end-service", name=name.removeprefix("service/"))
    return namespace, shown if end.kind is Kind.SERVICE else name, end.name


def end_at(cluster: Cluster, found: Topology, name: str) -> End:
    """Return the tile of an end: its own, a Service's, a pod's workload's, or an address's place.

    Raises
    ------
    UnknownName
        If it is not on the map.
    """
    if end := found.end(name):
        return end
    for service in cluster.services:
        names = (service.key, *map(str, service.cluster_ips))
        own = f"{service.namespace}/service/{service.name}"
        if name in names and (end := found.end(own)):
            return end
    for party in parties(cluster, parse_end(name)):
        if end := found.end(_tile(cluster, party)):
            return end
    raise UnknownName("end on the map", name, (end.name for end in found.ends))


def _tile(cluster: Cluster, party: Party) -> str:
    if isinstance(party, Pod):
        return workload_names(cluster)[party.owner]
    if isinstance(party, External):
        places = [place_end(place) for place in cluster.places_of(party.address)]
        return next(filter(None, [*places, *outside(cluster)]), "")
    return ""


def ports_of(cluster: Cluster, end: str) -> list[str]:
    """Return the ports that an end declares; none for the world outside."""
    for service in cluster.services:
        if end == f"{service.namespace}/service/{service.name}":
            return [str(each.port) for each in service.ports]
    pods = {name: cluster.workloads[each] for each, name in workload_names(cluster).items()}
    declared = (each.port for pod in pods.get(end, ()) for each in pod.ports)
    return list(dict.fromkeys(map(str, declared)))


@dataclass(frozen=True, slots=True)
class PolicyBox:
    """A switch: the policies it stands for, by key, and the workloads that they are for."""

    name: str
    keys: frozenset[str]
    selects: tuple[str, ...]


def policy_boxes(cluster: Cluster, policies: Mapping[str, Policy | str]) -> tuple[PolicyBox, ...]:
    """Return a switch for each of the policies that are added to a cluster."""
    return tuple(_box(cluster, name, policy) for name, policy in policies.items())


def _box(cluster: Cluster, name: str, policy: Policy | str) -> PolicyBox:
    others = set(map(id, cluster.policies))
    added = [each for each in cluster.with_policies(policy).policies if id(each) not in others]
    keys = frozenset(each.key for each in added)
    return PolicyBox(name, keys, tuple(dict.fromkeys(_selected(cluster, added))))


def _selected(cluster: Cluster, policies: list[Policy]) -> Iterator[str]:
    for workload, name in workload_names(cluster).items():
        pods = cluster.workloads[workload]
        if any(selects(p.subject, pod, p.namespace) for p in policies for pod in pods):
            yield name
