"""Who answers names in the cluster, and which of them a pod may ask.

`dns.layout` needs a Service kube-dns; a review of ten lines of YAML has none. Here the servers are
the pods behind a DNS Service, or those that carry the labels of one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nsimlib.audit.standins import DNS_LABELS, is_dns
from nsimlib.dns.layout import NODE_CACHE, NODE_CACHE_LABEL
from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.reachability import Reachability
from nsimlib.model.addresses import Address
from nsimlib.model.objects import NAME_LABEL, Pod, Service
from nsimlib.model.ports import Port, PortSet, Protocol

__all__ = ["Resolvers", "resolvers_of"]

#: what a pod may open to another or to an address
Opens = Callable[[Pod, Pod | Address], Ports]
NAMES = ("kube-dns", "coredns", "dns-default", "rke2-coredns-rke2-coredns")


@dataclass(frozen=True, slots=True)
class Resolvers:
    """The DNS servers of a cluster: one pod of each class, the Service before them, the node cache.

    `ports` are those on which the pods listen: the Service's target ports. `addresses` are those at
    which a rule may name the servers besides their pods.
    """

    pods: tuple[Pod, ...]
    service: Service | None
    #: where questions end on their own node (F5.5); empty without NodeLocal DNSCache
    node_addresses: tuple[Address, ...]
    addresses: tuple[Address, ...]
    ports: dict[Protocol, int]

    def asked(self, opens: Opens, pod: Pod) -> dict[Protocol, bool]:
        """Return by which protocols a pod may, or might, ask some server."""
        return {protocol: any(self._may(opens, pod, protocol)) for protocol in self.ports}

    def _may(self, opens: Opens, pod: Pod, protocol: Protocol) -> Iterator[bool]:
        number = Port(self.ports[protocol], protocol)
        yield from (_some(opens(pod, server), number) for server in self.pods)
        yield from (_some(opens(pod, each), Port(53, protocol)) for each in self.addresses)

    @property
    def peers(self) -> list[Mapping[str, Any]]:
        """The peers by which a NetworkPolicy names them (F5.4, F5.5)."""
        found: list[Mapping[str, Any]] = []
        for pod in self.pods[:1]:
            labels = dict(label for label in pod.labels.items() if label in DNS_LABELS)
            place = {"matchLabels": {NAME_LABEL: pod.namespace.name}}
            found.append({"namespaceSelector": place, "podSelector": {"matchLabels": labels}})
        return [*found, *({"ipBlock": {"cidr": each.cidr}} for each in self.node_addresses)]

    def rule(self) -> dict[str, Any]:
        """Return the egress rule of a NetworkPolicy that lets pods ask them."""
        ports = [{"protocol": each.value, "port": self.ports[each]} for each in self.ports]
        return {"to": self.peers, "ports": ports}


def resolvers_of(reach: Reachability) -> Resolvers:
    """Return the DNS servers of a cluster."""
    cluster = reach.cluster
    service = next((each for each in cluster.services if each.name in NAMES), None)
    pods = [p for p in cluster.pods if (service and service.selects(p)) or is_dns(p)]
    own = service.cluster_ips if service else ()
    caching = any(p.host_network and NODE_CACHE_LABEL in p.labels.items() for p in cluster.pods)
    on_node = (NODE_CACHE, *own) if caching else ()
    rewritten = reach.profile["service_translation"].value == "before"
    return Resolvers(
        tuple({reach.universe.class_of[pod]: pod for pod in reversed(pods)}.values()),
        service,
        on_node,
        on_node if rewritten else (*own, *on_node),
        {protocol: _target(service, pods, protocol) for protocol in (Protocol.UDP, Protocol.TCP)},
    )


def _target(service: Service | None, pods: list[Pod], protocol: Protocol) -> int:
    """The port that the pods listen on for what the Service takes on 53."""
    port = service.port_for(Port(53, protocol)) if service else None
    if port is None or isinstance(port.target, int):
        return port.target if port and isinstance(port.target, int) else 53
    named = (p for pod in pods for p in pod.named_ports(port.target) if p.protocol is protocol)
    return next((found.number for found in named), 53)


def _some(ports: Ports, wanted: Port) -> bool:
    return bool((ports.allowed | ports.open) & PortSet.single(wanted))
