"""What rules of Calico name by ipset: selectors, named ports, Services (F2.28)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import chain

from nsimlib.datapath.calico_names import set_name, unique_id
from nsimlib.datapath.calico_selectors import canonical
from nsimlib.datapath.ipsets import Entry, IPSet
from nsimlib.model.addresses import Family, IPBlock
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod, Service, selects
from nsimlib.model.peers import AnyOf, BlockPeer, PodPeer, ServicePeer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import Protocol
from nsimlib.model.resolution import resolved
from nsimlib.model.selectors import LabelSelector, Operator, Requirement, asks_for_implied

__all__ = ["Endpoints", "NamedPorts", "Selected", "ServiceEnds", "SetOf"]

OPTIONS = "maxelem 1048576"
NETS, PAIRS = "hash:net", "hash:ip,port"


@lru_cache(maxsize=1 << 14)
def _selector_id(peer: PodPeer, namespace: str | None) -> str:
    return unique_id("s", canonical(peer, namespace))


@dataclass(frozen=True)
class Endpoints:
    """The pods of a cluster that sets may hold, found by label.

    Those on the host's network are no endpoints of Calico's (F2.35).
    """

    cluster: Cluster

    @cached_property
    def pods(self) -> tuple[Pod, ...]:
        """All of them."""
        return tuple(pod for pod in self.cluster.pods if not pod.host_network)

    @cached_property
    def _by_label(self) -> dict[tuple[str, str], list[Pod]]:
        found = defaultdict[tuple[str, str], list[Pod]](list)
        for pod in self.pods:
            for label in pod.labels.items():
                found[label].append(pod)
        return found

    @cached_property
    def _by_namespace(self) -> dict[str | None, list[Pod]]:
        found = defaultdict[str | None, list[Pod]](list)
        for pod in self.pods:
            found[pod.namespace.name].append(pod)
        return found

    def candidates(self, peer: PodPeer, namespace: str | None) -> Iterable[Pod]:
        """Return pods among which are all that a peer may select: those with a label it asks for.

        There can be as many sets as policies; to try every pod on each takes minutes.
        """
        asked: tuple[Requirement, ...] = ()
        if isinstance(peer.pods, LabelSelector) and not asks_for_implied(peer.pods):
            asked = peer.pods.requirements
        for requirement in asked:
            if requirement.operator is Operator.IN:
                labels = ((requirement.key, value) for value in requirement.values)
                return chain.from_iterable(self._by_label.get(label, ()) for label in labels)
        return self.pods if peer.namespaces else self._by_namespace.get(namespace, ())


@dataclass(frozen=True, slots=True)
class Selected:
    """Everything that a selector selects, in a policy of a namespace or of none."""

    peer: PodPeer
    namespace: str | None
    type = NETS

    @property
    def id(self) -> str:
        """The id by which the set is named."""
        return _selector_id(self.peer, self.namespace)

    def pods(self, among: "Endpoints") -> Iterator[Pod]:
        """The pods in it."""
        for pod in among.candidates(self.peer, self.namespace):
            if selects(self.peer, pod, self.namespace):
                yield pod

    def members(self, among: "Endpoints", family: Family) -> Iterator[str]:
        """Addresses of pods, and blocks of network sets."""
        for pod in self.pods(among):
            yield from (str(each) for each in pod.addresses if each.family is family)
        for block in _blocks_of_sets(self.peer, self.namespace, among.cluster):
            yield from _nets(block, family)


@dataclass(frozen=True, slots=True)
class NamedPorts:
    """The address and port of every pod that calls a port so; among those selected, or all."""

    name: str
    protocol: Protocol
    among: Selected | None = None
    type = PAIRS

    @property
    def id(self) -> str:
        """The id by which the set is named."""
        selected = self.among.id if self.among else unique_id("s", "all()")
        return unique_id("n", f"{selected},{self.protocol.value.lower()},{self.name}")

    def members(self, among: "Endpoints", family: Family) -> Iterator[str]:
        """Pairs of address and port."""
        for pod in among.pods if self.among is None else self.among.pods(among):
            for port in pod.named_ports(self.name):
                if port.protocol is self.protocol:
                    of = f"{port.protocol.value.lower()}:{port.number}"
                    yield from (f"{a},{of}" for a in pod.addresses if a.family is family)


@dataclass(frozen=True, slots=True)
class ServiceEnds:
    """Who is behind a Service by its endpoints: with the ports, or the addresses alone (F2.4)."""

    peer: ServicePeer

    @property
    def type(self) -> str:
        """The type of the set."""
        return PAIRS if self.peer.with_ports else NETS

    @property
    def id(self) -> str:
        """The id by which the set is named."""
        kind = "svc" if self.peer.with_ports else "svcnoport"
        return unique_id(kind, f"{self.peer.namespace}/{self.peer.name}")

    def members(self, among: "Endpoints", family: Family) -> Iterator[str]:
        """Addresses, or pairs of address and port."""
        meant = (each for each in among.cluster.services if self._is_meant(each))
        for _, address, port in (one for each in meant for one in each.endpoints or ()):
            if address.family is family:
                of = f",{port.protocol.value.lower()}:{port.number}"
                yield f"{address}{of if self.peer.with_ports else ''}"

    def _is_meant(self, service: Service) -> bool:
        return (service.namespace, service.name) == (self.peer.namespace, self.peer.name)


Content = Selected | NamedPorts | ServiceEnds


@dataclass(frozen=True, slots=True)
class SetOf:
    """A set that a rule refers to."""

    content: Content

    def name(self, family: Family) -> str:
        """The name that the kernel knows it by."""
        return set_name(self.content.id, family)

    def filled(self, among: "Endpoints", family: Family) -> IPSet:
        """Return it with its members, in order."""
        members = dict.fromkeys(self.content.members(among, family))
        entries = tuple(map(Entry, sorted(members)))
        return IPSet(self.name(family), self.content.type, family, OPTIONS, entries)


def _blocks_of_sets(peer: PodPeer, namespace: str | None, cluster: Cluster) -> Iterable[IPBlock]:
    """The blocks that a peer means besides pods: the model says which, for all dialects alike."""
    if not (peer.with_sets or peer.with_global_sets):
        return ()
    rule = Rule(Direction.EGRESS, peers=(peer,))
    asking = Policy("", namespace, "", PodPeer(), frozenset(), frozenset(), (rule,))
    (found,) = resolved((asking,), cluster.services, cluster.network_sets)
    (meant,) = found.rules[0].peers or (None,)
    parts = meant.parts if isinstance(meant, AnyOf) else ()
    return tuple(part.block for part in parts if isinstance(part, BlockPeer))


def _nets(block: IPBlock, family: Family) -> Iterator[str]:
    for piece in block.ranges:
        if piece.family is not family:
            continue
        for cidr in piece.cidrs:
            address, _, length = cidr.partition("/")
            if length == "0":
                # The kernel keeps no block of all addresses in such a set, so it gets both halves.
                half = replace(piece, last=piece.last >> 1)
                yield from (*half.cidrs, *replace(piece, first=half.last + 1).cidrs)
            else:
                yield address if int(length) == family.bits else cidr
