"""What a cluster's own resolvers know, and whom they ask about the rest."""

from nsimlib.dns.caches import MessageCache, Routed, Settings
from nsimlib.dns.records import RecordType, Source
from nsimlib.dns.resolvconf import CLUSTER_DOMAIN
from nsimlib.dns.zones import RecordSet, Zone, Zones
from nsimlib.model.addresses import Address, Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Service

__all__ = ["cluster_zone", "core_dns", "inventory_zone", "node_cache"]

#: TTL of the names of Services (F5.17)
SERVICE_TTL = 30
TYPES = {Family.IPV4: RecordType.A, Family.IPV6: RecordType.AAAA}


def cluster_zone(cluster: Cluster) -> Zone:
    """Return the names of Services, as CoreDNS's `kubernetes` plugin has them.

    A headless Service has the addresses of its pods:

    >>> import nsimlib as ns
    >>> zone = cluster_zone(ns.scenario("shop"))
    >>> Zones((zone,)).answer("cache.shop.svc.cluster.local").addresses[0] in (
    ...     address for pod in ns.scenario("shop").pods for address in pod.addresses
    ... )
    True
    """
    sets = (
        each
        for service in cluster.services
        for each in _record_sets(
            f"{service.name}.{service.namespace}.svc.{CLUSTER_DOMAIN}",
            service.cluster_ips or _behind(cluster, service),
            SERVICE_TTL,
        )
    )
    return Zone(CLUSTER_DOMAIN, tuple(sets), SERVICE_TTL)


def inventory_zone(cluster: Cluster) -> Zone:
    """Return the names that the places of a cluster have, which say nothing of a TTL, as a zone."""
    names: dict[str, dict[Address, None]] = {}
    for place in cluster.places:
        for name, addresses in place.names.items():
            names.setdefault(name, {}).update(dict.fromkeys(addresses))
    sets = (each for name, found in names.items() for each in _record_sets(name, tuple(found), 0))
    return Zone("", tuple(sets))


def core_dns(cluster: Cluster, upstream: Source) -> Source:
    """Return CoreDNS as Kubernetes sets it up: its zone, its cache, and `forward` (F5.17)."""
    sources = {CLUSTER_DOMAIN: Zones((cluster_zone(cluster),)), "": upstream}
    return MessageCache(Routed(sources), "CoreDNS")


def node_cache(core_dns: Source, upstream: Source) -> Source:
    """Return a node's cache, which asks CoreDNS about the cluster alone (F5.6).

    About all else it asks the upstream itself. That the cluster lacks a name is kept for 5 s only.
    """
    own = MessageCache(core_dns, "node-cache", Settings(max_negative_ttl=5))
    return Routed({CLUSTER_DOMAIN: own, "": MessageCache(upstream, "node-cache")})


def _record_sets(name: str, addresses: tuple[Address, ...], ttl: float) -> tuple[RecordSet, ...]:
    by_type = {kind: tuple(a for a in addresses if a.family is f) for f, kind in TYPES.items()}
    return tuple(RecordSet(name, kind, ttl, each) for kind, each in by_type.items() if each)


def _behind(cluster: Cluster, service: Service) -> tuple[Address, ...]:
    if service.endpoints is not None:
        return tuple(dict.fromkeys(address for _, address, _ in service.endpoints))
    pods = (pod for pod in cluster.pods if service.selects(pod))
    return tuple(address for pod in pods for address in pod.addresses)
