"""Admin policies → the `spec` that reads back as them."""

from collections.abc import Callable
from itertools import groupby
from typing import Any

from nsimlib.model.peers import BlockPeer, DomainPeer, NodePeer, Peer, PodPeer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort
from nsimlib.model.selectors import EVERYTHING

__all__ = ["WriteSelector", "admin_peers", "admin_spec", "subject_spec"]

Manifest = dict[str, Any]
WriteSelector = Callable[[object], Manifest]


def admin_spec(policy: Policy, selector: WriteSelector) -> Manifest:
    """Return the `spec` of an admin or baseline policy; `selector` writes a label selector.

    Raises
    ------
    TypeError
        If a rule failed closed: no manifest says what it says.
    """
    spec: Manifest = {"subject": subject_spec(policy.subject, selector)}
    if policy.kind == "AdminNetworkPolicy":
        spec["priority"] = int(policy.order)
    for direction in Direction:
        if rules := policy.rules_for(direction):
            spec[direction.word] = [_rule(rule, selector) for rule in rules]
    return spec


def _rule(rule: Rule, selector: WriteSelector) -> Manifest:
    if not rule.peers:
        raise TypeError(f"no admin policy says any or no peer: {rule.path}")
    side = "to" if rule.direction is Direction.EGRESS else "from"
    written: Manifest = {"action": rule.action.value}
    if rule.name:
        written["name"] = rule.name
    written[side] = admin_peers(rule.peers, selector)
    if rule.ports:
        written["ports"] = [_port(port) for port in rule.ports]
    return written


def admin_peers(peers: tuple[Peer, ...], selector: WriteSelector) -> list[Manifest]:
    """Return the entries of `to` or `from` that read back as these peers."""
    together = groupby(peers, key=lambda peer: peer.path.partition(".")[0])
    return [_peer(list(some), selector) for _, some in together]


def _peer(peers: list[Peer], selector: WriteSelector) -> Manifest:
    """One entry, which may have been read as several: one for each network, each domain name."""
    match peers[0]:
        case PodPeer() as pods:
            return subject_spec(pods, selector)
        case NodePeer(nodes=nodes):
            return {"nodes": selector(nodes)}
        case BlockPeer():
            return {"networks": [p.block.cidr for p in peers if isinstance(p, BlockPeer)]}
        case DomainPeer():
            return {"domainNames": [p.pattern for p in peers if isinstance(p, DomainPeer)]}
        case other:
            raise TypeError(f"no admin policy says {other}")


def subject_spec(pods: PodPeer, selector: WriteSelector) -> Manifest:
    """Return pods as a subject, or as a peer, says them."""
    if pods.pods == EVERYTHING:
        return {"namespaces": selector(pods.namespaces)}
    chosen = {"namespaceSelector": pods.namespaces, "podSelector": pods.pods}
    return {"pods": {name: selector(each) for name, each in chosen.items()}}


def _port(port: PolicyPort) -> Manifest:
    if isinstance(port.port, str):
        return {"namedPort": port.port}
    protocol = port.protocol.value if port.protocol else "TCP"
    if port.end_port is None:
        return {"portNumber": {"protocol": protocol, "port": port.port}}
    return {"portRange": {"protocol": protocol, "start": port.port, "end": port.end_port}}
