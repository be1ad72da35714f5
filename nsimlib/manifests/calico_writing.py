"""Calico's policies, tiers and network sets → manifests that read back as them.

The conditions that a rule was read into say where they came from by what they are: pods are
selectors, blocks are nets, and what stays unknown keeps the values that were written. Accounts come
back as what they are to Calico, conditions on a pod's labels.
"""

from collections.abc import Iterable, Iterator
from math import isinf
from typing import Any, Final

from nsimlib.manifests.calico import DEFAULT_TIER
from nsimlib.model.expressions import Expression
from nsimlib.model.objects import NetworkSet
from nsimlib.model.peers import (
    AllOf,
    AnyOf,
    BlockPeer,
    Not,
    Peer,
    PodPeer,
    ServicePeer,
    UnknownPeer,
)
from nsimlib.model.policy import Direction, Layer7, Policy, Rule, Tier
from nsimlib.model.ports import PolicyPort
from nsimlib.model.selectors import EVERYTHING

__all__ = ["calico_spec", "set_spec", "tier_spec"]

Manifest = dict[str, Any]
DELETE: Final = {"stagedAction": "Delete"}
PREFIX = "path beginning with "


def calico_spec(policy: Policy) -> Manifest:
    """Return the `spec` of a policy of Calico's.

    Raises
    ------
    TypeError
        If it says what no such policy can.
    """
    spec: Manifest = {} if policy.tier == DEFAULT_TIER else {"tier": policy.tier}
    if not policy.directions:
        return spec | DELETE
    if not isinf(policy.order):
        spec["order"] = policy.order
    spec |= _selectors(policy.subject)
    if not policy.directions_defaulted:
        spec["types"] = sorted(direction.value for direction in policy.directions)
    for direction in Direction:
        if rules := policy.rules_for(direction):
            spec[direction.word] = list(map(_rule, rules))
    return spec


def tier_spec(tier: Tier) -> Manifest:
    """Return the `spec` of a tier."""
    order = {} if isinf(tier.order) else {"order": tier.order}
    return {**order, "defaultAction": tier.default.value}


def set_spec(found: NetworkSet) -> Manifest:
    """Return the `spec` of a network set."""
    return {"nets": [net for block in found.blocks for net in _nets(block.cidr, block.except_)]}


def _nets(cidr: str, exceptions: tuple[str, ...]) -> Iterator[str]:
    if exceptions:
        raise TypeError(f"no network set leaves out {', '.join(exceptions)} of {cidr}")
    yield cidr


def _text(selector: object) -> str:
    if not isinstance(selector, Expression):
        raise TypeError(f"no policy of Calico says {selector}")
    return str(selector)


def _selectors(pods: PodPeer) -> Manifest:
    written = {} if pods.pods is None else {"selector": _text(pods.pods)}
    if pods.namespaces is not None and pods.namespaces != EVERYTHING:
        written["namespaceSelector"] = _text(pods.namespaces)
    return written


def _rule(rule: Rule) -> Manifest:
    outward = rule.direction is Direction.EGRESS
    own, other = ("source", "destination") if outward else ("destination", "source")
    written: Manifest = {"action": rule.action.value}
    for port in rule.ports or ():
        _add(written, _port(port, ("protocol", "icmp", "ports")))
    for port in rule.except_ports:
        _add(written, _port(port, ("notProtocol", "notICMP", "notPorts")))
    for side, peers in ((own, rule.subject), (other, rule.peers)):
        for condition in _conditions(peers):
            _add(written, _condition(condition, side))
    if rule.layer7 is not None:
        written["http"] = _http(rule.layer7)
    return written


def _add(written: Manifest, more: Manifest) -> None:
    """Put more into a rule: mappings into one another, lists behind one another."""
    for key, value in more.items():
        if isinstance(value, dict):
            _add(written.setdefault(key, {}), value)
        elif isinstance(value, list):
            written.setdefault(key, []).extend(value)
        else:
            written[key] = value


def _port(port: PolicyPort, fields: tuple[str, str, str]) -> Manifest:
    of_protocol, of_icmp, of_ports = fields
    if port.protocol is None:
        return {of_protocol: int(port.other) if port.other.isdecimal() else port.other}
    name = port.protocol.value
    if port.port is None:
        return {of_protocol: name}
    if not port.protocol.has_ports:
        return {"protocol": name, of_icmp: {"type": port.port}}
    number = port.port if port.end_port is None else f"{port.port}:{port.end_port}"
    return {"protocol": name, "destination": {of_ports: [number]}}


def _conditions(peers: tuple[Peer, ...] | None) -> Iterator[Peer]:
    """What all has to hold; alternatives that are alone in a rule are taken one by one."""
    for peer in peers or ():
        for part in peer.parts if isinstance(peer, AllOf) else (peer,):
            yield from part.parts if isinstance(part, AnyOf) else (part,)


def _condition(condition: Peer, side: str) -> Manifest:
    match condition:
        case BlockPeer(path="ipVersion"):
            return {"ipVersion": condition.block.range.family.version}
        case UnknownPeer():
            return _unknown(condition)
        case _:
            return {side: _of_end(condition)}


def _of_end(condition: Peer) -> Manifest:
    match condition:
        case PodPeer():
            return _selectors(condition)
        case BlockPeer():
            return {"nets": [condition.block.cidr]}
        case ServicePeer():
            return {"services": {"name": condition.name, "namespace": condition.namespace}}
        case Not(part=PodPeer() as pods):
            return {"notSelector": _text(pods.pods)}
        case Not(part=part):
            return {"notNets": [each.block.cidr for each in _blocks(part)]}
        case _:
            raise TypeError(f"no policy of Calico says {condition}")


def _blocks(peer: Peer) -> Iterable[BlockPeer]:
    parts = peer.parts if isinstance(peer, AnyOf) else (peer,)
    return [part for part in parts if isinstance(part, BlockPeer)]


def _unknown(condition: UnknownPeer) -> Manifest:
    """What the condition was about, under the field that its path names."""
    side, _, field = condition.path.partition(".")
    if not field:
        kind, code = map(int, condition.written)
        return {side: {"type": kind, "code": code}}
    return {side: {field: list(condition.written)}}


def _http(layer7: Layer7) -> Manifest:
    methods = [said.removeprefix("method ") for said in layer7.http if said.startswith("method ")]
    paths = [
        {"prefix": said.removeprefix(PREFIX)}
        if said.startswith(PREFIX)
        else {"exact": said.removeprefix("path ")}
        for said in layer7.http
        if not said.startswith("method ")
    ]
    return {key: value for key, value in (("methods", methods), ("paths", paths)) if value}
