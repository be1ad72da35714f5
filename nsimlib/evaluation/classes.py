"""Pods that no policy can tell apart, and the pieces of the outside world that none can cut.

Two pods of one namespace are of one class when they agree on every label key that some selector
asks for, on the ports that some rule names, on being on their node's network (and then on the
node), and on the blocks that cover their addresses. What is computed for one holds for all, except
between a pod and its own node, which is judged pod by pod.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from nsimlib.model.addresses import AddressRange, Family, cut
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import ContainerPort, Pod
from nsimlib.model.peers import BlockPeer, DomainPeer, EntityPeer, Peer, PodPeer
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.ports import Protocol
from nsimlib.model.selectors import IMPLIED

__all__ = ["PodClass", "label_keys", "names_nodes", "outside", "pod_classes", "port_names"]

BOTH = tuple(Direction)


@dataclass(frozen=True, slots=True)
class PodClass:
    """Pods that policy treats alike; `pod` speaks for all `members`."""

    members: tuple[Pod, ...]

    @property
    def pod(self) -> Pod:
        """The member that is evaluated for all."""
        return self.members[0]


def pod_classes(cluster: Cluster, policies: Iterable[Policy]) -> tuple[PodClass, ...]:
    """Return the cluster's pods in classes that these policies cannot split."""
    policies = tuple(policies)
    keys = sorted(label_keys(policies))
    by_account = any(key.startswith(IMPLIED) for key in keys)
    names = {name for name, _ in port_names(policies)}
    edges = _edges(_blocks(policies, BOTH))
    by_node = names_nodes(policies)
    # Replicas of a dump share their labels and ports, and so what is asked of these.
    labels: dict[int, tuple[str | None, ...]] = {}
    ports: dict[int, tuple[ContainerPort, ...]] = {}
    found: dict[object, list[Pod]] = {}
    for pod in sorted(cluster.pods, key=lambda pod: pod.namespace.name):
        if id(pod.labels) not in labels:
            labels[id(pod.labels)] = tuple(map(pod.labels.get, keys))
        if id(pod.ports) not in ports:
            ports[id(pod.ports)] = tuple(port for port in pod.ports if port.name in names)
        key = (
            pod.namespace.name,
            labels[id(pod.labels)],
            ports[id(pod.ports)],
            pod.host_network,
            tuple((a.family, bisect_right(edges[a.family], a.value)) for a in pod.addresses),
            pod.node if pod.host_network or by_node else None,
            pod.account if by_account else None,
        )
        found.setdefault(key, []).append(pod)
    return tuple(PodClass(tuple(members)) for members in found.values())


def _edges(blocks: Iterable[AddressRange]) -> Mapping[Family, list[int]]:
    edges: dict[Family, set[int]] = {family: set() for family in Family}
    for block in blocks:
        edges[block.family].update((block.first, block.last + 1))
    return {family: sorted(found) for family, found in edges.items()}


def outside(
    cluster: Cluster,
    policies: Iterable[Policy],
    directions: Iterable[Direction],
    families: Iterable[Family],
) -> tuple[AddressRange, ...]:
    """Return all addresses of the families, cut wherever a rule of these directions cuts them."""
    policies, directions = tuple(policies), tuple(directions)
    cuts = _blocks(policies, directions) | _named(cluster, policies, directions)
    return tuple(piece for family in families for piece in cut(family.everything, cuts))


def port_names(policies: Iterable[Policy]) -> set[tuple[str, Protocol | None]]:
    """Return the port names that rules use, with the protocol they ask for."""
    return {
        (port.port, port.protocol)
        for policy in policies
        for rule in policy.rules
        for port in rule.all_ports
        if isinstance(port.port, str)
    }


def names_nodes(policies: Iterable[Policy]) -> bool:
    """Return whether some rule depends on the node of its subject."""
    return any(isinstance(peer, EntityPeer) for policy in policies for peer in _peers(policy, BOTH))


def label_keys(policies: Iterable[Policy]) -> set[str]:
    """Return the pod label keys that some selector asks for."""
    keys: set[str] = set()
    for policy in policies:
        for peer in (policy.subject, *_peers(policy, BOTH)):
            if isinstance(peer, PodPeer) and peer.pods is not None:
                keys |= peer.pods.keys
    return keys


def _blocks(policies: Iterable[Policy], directions: tuple[Direction, ...]) -> set[AddressRange]:
    """What is left of every block that a rule names, its exceptions taken out."""
    blocks: set[AddressRange] = set()
    for policy in policies:
        for peer in _peers(policy, directions):
            if isinstance(peer, BlockPeer):
                blocks.update(peer.block.ranges)
    return blocks


def _named(
    cluster: Cluster, policies: Iterable[Policy], directions: tuple[Direction, ...]
) -> set[AddressRange]:
    """The single addresses that the inventory gives to domain names which some rule names."""
    patterns = [
        peer
        for policy in policies
        for peer in _peers(policy, directions)
        if isinstance(peer, DomainPeer)
    ]
    return {
        address.range
        for place in cluster.places
        for name, addresses in place.names.items()
        if any(pattern.names(name) for pattern in patterns)
        for address in addresses
    }


def _peers(policy: Policy, directions: tuple[Direction, ...]) -> Iterator[Peer]:
    for rule in policy.rules:
        if rule.direction in directions:
            yield from rule.all_peers
