"""From the ends that a connection names to the ways it can go in this cluster."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from nsimlib.cni.profile import Profile
from nsimlib.cni.reading import as_read
from nsimlib.errors import UnknownName
from nsimlib.evaluation.verdict import Path
from nsimlib.model.addresses import Address, Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection, DomainName, End, NodeName, ObjectName
from nsimlib.model.objects import Party, Pod, Service
from nsimlib.model.ports import Port

__all__ = ["address_pairs", "backends", "parties", "party_at", "paths", "populated"]

#: how kubectl abbreviates the kinds
SHORT_KINDS = {
    "po": "pod",
    "svc": "service",
    "deploy": "deployment",
    "rs": "replicaset",
    "sts": "statefulset",
    "ds": "daemonset",
    "cj": "cronjob",
    "vm": "virtualmachine",
}


def paths(cluster: Cluster, connection: Connection) -> Iterator[Path]:
    """Yield every way the connection can go: each pod, each endpoint, each shared family.

    Raises
    ------
    UnknownName
        If the cluster has no such end; the nearest names are listed.
    """
    sources = parties(cluster, connection.source)
    service = _service(cluster, connection.destination)
    for source in sources:
        if service is not None:
            yield from _through_service(cluster, source, service, connection)
        else:
            for destination in parties(cluster, connection.destination):
                yield from _by_family(source, destination, connection.port)


def populated(cluster: Cluster, profile: Profile) -> Cluster:
    """Return the cluster as it is judged: policies resolved, and read as their enforcer reads them.

    All pods are in it that the profile counts; some count finished ones. It is made once for all
    profiles that read and count alike.
    """
    cluster = cluster.resolved
    key = tuple(profile[question].value for question in ("named_ports", "finished_pods"))
    if key not in cluster.derived:
        cluster.derived[key] = _populated(cluster, profile)
    return cluster.derived[key]


def _populated(cluster: Cluster, profile: Profile) -> Cluster:
    if (read := as_read(cluster.policies, profile)) is not cluster.policies:
        cluster = replace(cluster, policies=read)
    if not cluster.finished or profile["finished_pods"].value != "pod":
        return cluster
    return replace(cluster, pods=(*cluster.pods, *cluster.finished), finished=())


def parties(cluster: Cluster, end: End) -> tuple[Party, ...]:
    """Return who answers to an end that is no Service; a workload stands for its pods."""
    match end:
        case ObjectName():
            return _pods(cluster, end)
        case NodeName():
            return (cluster.node(end.name),)
        case DomainName():
            return tuple(party_at(cluster, address) for address in cluster.domain(end.name))
        case _:
            return (party_at(cluster, end),)


def party_at(cluster: Cluster, address: Address) -> Party:
    """Return the pod or node that has the address, else the address as something outside."""
    found = cluster.pods_by_address.get(address) or cluster.nodes_by_address.get(address)
    return found or cluster.external(address)


def _pods(cluster: Cluster, end: ObjectName) -> tuple[Party, ...]:
    kind = SHORT_KINDS.get(end.kind, end.kind)
    in_namespace = cluster.pods_by_namespace.get(end.namespace, ())
    by_name = [pod for pod in in_namespace if pod.name == end.name and not pod.from_template]
    if kind in ("", "pod") and by_name:
        return tuple(by_name)
    of_workload = [
        pod
        for pod in in_namespace
        if pod.owner.name == end.name and kind in ("", pod.owner.kind.lower())
    ]
    if of_workload:
        return tuple(of_workload)
    known = {pod.key for pod in cluster.pods} | {str(w) for w in cluster.workloads}
    known |= {service.key for service in cluster.services}
    raise UnknownName("pod, workload or Service", str(end), known)


def _service(cluster: Cluster, end: End) -> Service | None:
    if isinstance(end, Address):
        return cluster.services_by_address.get(end)
    if not isinstance(end, ObjectName):
        return None
    kind = SHORT_KINDS.get(end.kind, end.kind)
    if kind not in ("", "service") or (kind == "" and _is_pod_or_workload(cluster, end)):
        return None
    for service in cluster.services:
        if (service.namespace, service.name) == (end.namespace, end.name):
            return service
    if kind == "service":
        raise UnknownName(
            "Service", f"{end.namespace}/{end.name}", (s.key for s in cluster.services)
        )
    return None


def _is_pod_or_workload(cluster: Cluster, end: ObjectName) -> bool:
    return any(
        end.name in (pod.name, pod.owner.name)
        for pod in cluster.pods_by_namespace.get(end.namespace, ())
    )


def _through_service(
    cluster: Cluster, source: Party, service: Service, connection: Connection
) -> Iterator[Path]:
    asked = connection.destination
    for address in (asked,) if isinstance(asked, Address) else service.cluster_ips or (None,):
        for party, port in backends(cluster, service, connection.port):
            families = None if address is None else (address.family,)
            for path in _by_family(source, party, port, families):
                yield Path(
                    source=path.source,
                    destination=path.destination,
                    port=path.port,
                    source_address=path.source_address,
                    destination_address=path.destination_address,
                    service=service,
                    service_address=address,
                    service_port=connection.port,
                )


def backends(cluster: Cluster, service: Service, port: Port) -> tuple[tuple[Party, Port], ...]:
    """Return where a Service sends a connection to its port: the party and the port there.

    EndpointSlices say so when the input has them; else the selector and the target port do. Where
    it is headless, nothing is sent on: the client connects to that very port of a pod.

    Raises
    ------
    UnknownName
        If the Service does not have the port.
    """
    if service.headless:
        return tuple((party, port) for party in _behind(cluster, service))
    asked = service.port_for(port)
    if asked is None:
        known = (str(each.port) for each in service.ports)
        raise UnknownName(f"port of Service {service.key}", str(port), known)
    if service.endpoints is not None:
        return tuple(
            (party_at(cluster, address), target)
            for name, address, target in service.endpoints
            if name == asked.name
        )
    pods = (pod for pod in cluster.pods if service.selects(pod))
    return tuple(chain.from_iterable(_targets(pod, asked.target, port) for pod in pods))


def _behind(cluster: Cluster, service: Service) -> tuple[Party, ...]:
    if service.endpoints is None:
        return tuple(pod for pod in cluster.pods if service.selects(pod))
    addresses = dict.fromkeys(address for _, address, _ in service.endpoints)
    return tuple(party_at(cluster, address) for address in addresses)


def _targets(pod: Pod, target: int | str, port: Port) -> Iterable[tuple[Party, Port]]:
    if isinstance(target, int):
        return ((pod, Port(target, port.protocol)),)
    named = (p for p in pod.named_ports(target) if p.protocol is port.protocol)
    return tuple((pod, found) for found in named)[:1]


def _by_family(
    source: Party, destination: Party, port: Port, families: tuple[Family, ...] | None = None
) -> Iterator[Path]:
    for ours, theirs in address_pairs(source, destination):
        known = theirs or ours
        if families is None or known is None or known.family in families:
            yield Path(source, destination, port, ours, theirs)


def address_pairs(
    source: Party, destination: Party
) -> tuple[tuple[Address | None, Address | None], ...]:
    """Return the addresses of both ends, once for each family they can use.

    An address is None where none is known. Ends that share no family could not connect; policy is
    asked all the same, about each address of the destination and the first of the source.
    """
    ours = {address.family: address for address in reversed(source.addresses)}
    theirs = {address.family: address for address in reversed(destination.addresses)}
    if shared := sorted(ours.keys() & theirs.keys()):
        return tuple((ours[family], theirs[family]) for family in shared)
    first = ours[min(ours)] if ours else None
    if theirs:
        return tuple((first, theirs[family]) for family in sorted(theirs))
    return tuple((ours[family], None) for family in sorted(ours)) or ((None, None),)
