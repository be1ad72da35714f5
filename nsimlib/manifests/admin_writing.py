"""Admin policies → the `spec` that reads back as them."""

from collections.abc import Callable
from itertools import groupby
from typing import Any

from nsimlib.model.peers import BlockPeer, DomainPeer, NodePeer, Peer, PodPeer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort
from nsimlib.model.selectors import EVERYTHING

__all__ = ["admin_spec"]

Manifest = dict[str, Any]
WriteSelector = Callable[[object], Manifest]


def admin_spec(policy: Policy, selector: WriteSelector) -> Manifest:
    """Return the `spec` of an admin or baseline policy; `selector` writes a label selector."""
    spec: Manifest = {"subject": _pods(policy.subject, selector)}
    if policy.kind == "AdminNetworkPolicy":
        spec["priority"] = int(policy.order)
    for direction in Direction:
        if rules := policy.rules_for(direction):
            spec[direction.word] = [_rule(rule, selector) for rule in rules]
    return spec


def _rule(rule: Rule, selector: WriteSelector) -> Manifest:
    side = "to" if rule.direction is Direction.EGRESS else "from"
    together = groupby(rule.peers or (), key=lambda peer: peer.path.partition(".")[0])
    written: Manifest = {"action": rule.action.value}
    if rule.name:
        written["name"] = rule.name
    written[side] = [_peer(list(peers), selector) for _, peers in together]
    if rule.ports:
        written["ports"] = [_port(port) for port in rule.ports]
    return written


def _peer(peers: list[Peer], selector: WriteSelector) -> Manifest:
    """One entry, which may have been read as several: one for each network, each domain name."""
    match peers[0]:
        case PodPeer() as pods:
            return _pods(pods, selector)
        case NodePeer(nodes=nodes):
            return {"nodes": selector(nodes)}
        case BlockPeer():
            return {"networks": [p.block.cidr for p in peers if isinstance(p, BlockPeer)]}
        case DomainPeer():
            return {"domainNames": [p.pattern for p in peers if isinstance(p, DomainPeer)]}
        case other:
            raise TypeError(f"no admin policy says {other}")


def _pods(pods: PodPeer, selector: WriteSelector) -> Manifest:
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
