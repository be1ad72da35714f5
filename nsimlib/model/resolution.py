"""Peers that stand for others → what they stand for in one cluster.

A `ServicePeer` means whoever is behind a Service, a pod peer `with_sets` the addresses of network
sets too, and `kube-apiserver` whoever answers for it. A worked example: a rule allows
`role == 'db'`, and the network set `rds` has that label and 10.0.1.0/24. Resolved, the rule's peer
is any of: pods with the label, the block 10.0.1.0/24 via NetworkSet rds. Both evaluators judge
resolved policies; a policy keeps its name and its lines.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from nsimlib.model.addresses import Address, IPBlock
from nsimlib.model.objects import NAME_LABEL, NetworkSet, Service, visible_labels
from nsimlib.model.peers import (
    AllOf,
    AnyOf,
    BlockPeer,
    Entity,
    EntityPeer,
    Not,
    Peer,
    PodPeer,
    ServicePeer,
    UnknownPeer,
    parts_of,
)
from nsimlib.model.policy import Policy, Rule
from nsimlib.model.ports import PolicyPort, Port
from nsimlib.model.selectors import LabelSelector

__all__ = ["resolved", "stands_alone"]

API_SERVER = ("default", "kubernetes")


def resolved(
    policies: tuple[Policy, ...],
    services: tuple[Service, ...],
    network_sets: tuple[NetworkSet, ...],
) -> tuple[Policy, ...]:
    """Return the policies with every peer in its place."""
    return tuple(Resolution(each, services, network_sets).policy() for each in policies)


def stands_alone(policy: Policy) -> bool:
    """Return whether a policy means the same in every cluster."""
    return not any(_stands_for_others(peer) for rule in policy.rules for peer in rule.all_peers)


def _stands_for_others(peer: Peer) -> bool:
    match peer:
        case PodPeer():
            return peer.with_sets or peer.with_global_sets
        case EntityPeer():
            return peer.entity is Entity.KUBE_APISERVER
        case _:
            return isinstance(peer, ServicePeer)


@dataclass(frozen=True)
class Resolution:
    """One policy, and the objects that its peers may stand for."""

    of: Policy
    services: tuple[Service, ...]
    network_sets: tuple[NetworkSet, ...]

    def policy(self) -> Policy:
        """Return the policy with every peer in its place; one without such peers is itself."""
        if stands_alone(self.of):
            return self.of
        return replace(self.of, rules=tuple(chain.from_iterable(map(self._rules, self.of.rules))))

    def _rules(self, rule: Rule) -> Iterator[Rule]:
        """A rule that names a Service with its ports becomes one rule for each of its ports."""
        named = (part for peer in rule.peers or () for part in parts_of(peer))
        service = next((p for p in named if isinstance(p, ServicePeer) and p.with_ports), None)
        if service is None:
            yield self._alone(rule)
            return
        doors: list[tuple[tuple[PolicyPort, ...] | None, Peer]] = [
            ((port,), behind)
            for each in self._services(service)
            for port, behind in _doors(each, service)
            if _is_of_rule(port, rule)
        ]
        for ports, behind in doors or [(rule.ports, self._nobody(service))]:
            peers = tuple(_swapped(peer, service, behind) for peer in rule.peers or ())
            yield self._alone(replace(rule, ports=ports, peers=peers))

    def _alone(self, rule: Rule) -> Rule:
        peers = None if rule.peers is None else tuple(map(self._peer, rule.peers))
        subject = None if rule.subject is None else tuple(map(self._peer, rule.subject))
        return replace(rule, peers=peers, subject=subject)

    def _peer(self, peer: Peer) -> Peer:
        match peer:
            case AllOf() | AnyOf():
                return replace(peer, parts=tuple(map(self._peer, peer.parts)))
            case Not():
                return replace(peer, part=self._peer(peer.part))
            case PodPeer() if peer.with_sets or peer.with_global_sets:
                return self._with_sets(peer)
            case ServicePeer():
                behind = tuple(self._behind(peer))
                return AnyOf(behind, peer.path) if behind else self._nobody(peer)
            case EntityPeer(entity=Entity.KUBE_APISERVER):
                return self._api_server(peer)
            case _:
                return peer

    def _with_sets(self, peer: PodPeer) -> Peer:
        blocks = tuple(
            BlockPeer(block, peer.path, via=str(each), meets_all=True)
            for each in self.network_sets
            if self._selects(peer, each)
            for block in each.blocks
        )
        pods = replace(peer, with_sets=False, with_global_sets=False)
        return AnyOf((pods, *blocks), peer.path) if blocks else pods

    def _selects(self, peer: PodPeer, each: NetworkSet) -> bool:
        if each.namespace is None:
            is_meant = peer.with_global_sets
        elif peer.namespaces is None:
            is_meant = peer.with_sets and each.namespace.name == self.of.namespace
        else:
            is_meant = peer.with_sets and peer.namespaces.matches(each.namespace.labels)
        return is_meant and (
            peer.pods is None or peer.pods.matches(visible_labels(each, peer.pods))
        )

    def _services(self, peer: ServicePeer) -> Iterator[Service]:
        for service in self.services:
            is_there = peer.namespace in (None, service.namespace)
            is_named = peer.labels is None and service.name == peer.name
            if is_there and (is_named or (peer.labels and peer.labels.matches(service.labels))):
                yield service

    def _behind(self, peer: ServicePeer) -> Iterator[Peer]:
        """Backends by the selector of a Service, or the addresses of one that has none (F3.9)."""
        for service in self._services(peer):
            if service.selector:
                yield _backends(service, peer)
            else:
                addresses = (address for _, address, _ in service.endpoints or ())
                via = f"Service {service.key}"
                for block in dict.fromkeys(map(_single, addresses)):
                    yield BlockPeer(block, peer.path, via=via)

    def _api_server(self, peer: EntityPeer) -> Peer:
        meant = ServicePeer(*API_SERVER, path=peer.path)
        addresses = [a for each in self._services(meant) for _, a, _ in each.endpoints or ()]
        if not addresses:
            what = "the input has no endpoints of Service default/kubernetes"
            return UnknownPeer(f"it is kube-apiserver: {what}", peer.path, ("F3.8",))
        return AnyOf(tuple(_singles(addresses, meant)), peer.path)

    def _nobody(self, peer: ServicePeer) -> Peer:
        named = peer.name or f"with {peer.labels}"
        return AnyOf((), f"{peer.path} (no endpoints behind Service {named})")


def _doors(service: Service, peer: ServicePeer) -> Iterator[tuple[PolicyPort, Peer]]:
    """The ports of those behind a Service, each with who has it.

    Where the input has no EndpointSlices, the selector and the target ports say the same.
    """
    if service.endpoints is None and service.selector:
        for declared in service.ports:
            entry = PolicyPort(declared.port.protocol, declared.target, path=peer.path)
            yield entry, _backends(service, peer)
    found: dict[Port, list[Address]] = {}
    for _, address, port in service.endpoints or ():
        found.setdefault(port, []).append(address)
    for port, addresses in sorted(found.items(), key=lambda each: str(each[0])):
        entry = PolicyPort(port.protocol, port.number, path=peer.path)
        yield entry, AnyOf(tuple(_singles(addresses, peer)), peer.path)


def _is_of_rule(port: PolicyPort, rule: Rule) -> bool:
    """Whether a port is of a protocol that the rule means."""
    asked = rule.ports or ()
    return rule.ports is None or any(each.protocol is port.protocol for each in asked)


def _backends(service: Service, peer: ServicePeer) -> PodPeer:
    namespace = LabelSelector.of({NAME_LABEL: service.namespace})
    return PodPeer(namespace, LabelSelector.of(service.selector), peer.path)


def _swapped(peer: Peer, old: Peer, new: Peer) -> Peer:
    """The peer with another in the place of one that it is, or is joined from."""
    if peer == old:
        return new
    if isinstance(peer, AllOf | AnyOf):
        return replace(peer, parts=tuple(_swapped(part, old, new) for part in peer.parts))
    return peer


def _singles(addresses: Iterable[Address], peer: ServicePeer) -> Iterator[BlockPeer]:
    named = f"Service {peer.namespace}/{peer.name}"
    for block in dict.fromkeys(map(_single, addresses)):
        yield BlockPeer(block, peer.path, via=named, meets_all=True)


def _single(address: Address) -> IPBlock:
    return IPBlock(address.cidr)
