"""Services in findings: a port that shows something, and whom a rule should name instead."""

from typing import Any

from nsimlib.audit.context import Context
from nsimlib.audit.patches import Patch, steps
from nsimlib.model.addresses import Address
from nsimlib.model.objects import NAME_LABEL, Service
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Policy, Rule
from nsimlib.model.ports import Port, PortSet

__all__ = ["instead_of", "shown_port"]


def shown_port(of: Rule, service: Service) -> Port | None:
    """Return a port of a Service, one that a rule names if there is such."""
    ports = [each.port for each in service.ports]
    named = (port for port in ports if of.ports and any(port in e.numbers() for e in of.ports))
    return next(named, ports[0] if ports else None)


def instead_of(
    context: Context, policy: Policy, of: Rule, peer: BlockPeer, service: Service
) -> Patch | None:
    """Return a patch with what is behind a Service in the place of its address.

    None unless the block is the only peer of a NetworkPolicy's rule: other peers keep the ports.
    """
    peers = _behind(context, policy, service)
    if policy.kind != "NetworkPolicy" or len(of.peers or ()) > 1 or not peers:
        return None
    *above, position = (*steps(of.path), *steps(peer.path))
    patch = Patch("Name what is behind the Service.").put(policy, (*above, position), peers[0])
    for more, each in enumerate(peers[1:], int(position) + 1):
        patch = patch.insert(policy, (*above, more), each)
    for number, port in enumerate(of.ports or ()):
        target = _target(context, service, port.numbers()) if port.end_port is None else None
        if target is not None and target != port.port:
            patch = patch.put(policy, (*steps(of.path), "ports", number, "port"), target)
    return patch


def _outside(context: Context, service: Service) -> list[tuple[str, Address, Port]]:
    """Endpoints of a Service that are no pods, such as those of the API server."""
    known = context.cluster.pods_by_address
    return [each for each in service.endpoints or () if each[1] not in known]


def _behind(context: Context, policy: Policy, service: Service) -> list[dict[str, Any]]:
    if service.selector:
        peer: dict[str, Any] = {"podSelector": {"matchLabels": dict(service.selector)}}
        if service.namespace != policy.namespace:
            place = {"matchLabels": {NAME_LABEL: service.namespace}}
            peer = {"namespaceSelector": place, **peer}
        return [peer]
    addresses = dict.fromkeys(address for _, address, _ in _outside(context, service))
    return [{"ipBlock": {"cidr": address.cidr}} for address in addresses]


def _target(context: Context, service: Service, meant: PortSet) -> int | str | None:
    found = next((each for each in service.ports if each.port in meant), None)
    if found is None:
        return None
    ends = (port.number for name, _, port in _outside(context, service) if name == found.name)
    return found.target if service.selector else next(ends, found.target)
