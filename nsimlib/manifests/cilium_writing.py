"""Cilium's policies → manifests that read back as them.

The paths say where everything stood: which of the object's rules, which section of it, which field.
What stays unknown keeps the values that were written.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from nsimlib.manifests.admin_writing import WriteSelector
from nsimlib.manifests.cilium_ports import SERVER
from nsimlib.manifests.cilium_selectors import NAMESPACE_KEY, NAMESPACE_LABELS, RESERVED
from nsimlib.model.domains import PatternDialect
from nsimlib.model.objects import NAME_LABEL
from nsimlib.model.peers import (
    AllOf,
    AnyOf,
    BlockPeer,
    DomainPeer,
    EntityPeer,
    NodePeer,
    Peer,
    PodPeer,
    ServicePeer,
    UnknownPeer,
    parts_of,
)
from nsimlib.model.policy import Direction, Layer7, Policy, Rule
from nsimlib.model.ports import PolicyPort, Protocol
from nsimlib.model.selectors import LabelSelector, Requirement

__all__ = ["cilium_body"]

Manifest = dict[str, Any]
SAID: Final = re.compile(r'(\w+) ("(?:[^"\\]|\\.)*")')
NAMES: Final = {PatternDialect.EXACT: "matchName", PatternDialect.CILIUM: "matchPattern"}
FAMILIES: Final = {Protocol.ICMP: "IPv4", Protocol.ICMPV6: "IPv6"}


def cilium_body(policies: Iterable[Policy], selector: WriteSelector) -> Manifest:
    """Return the `spec` and `specs` of the object that holds these policies.

    Raises
    ------
    TypeError
        If one of them says what no policy of Cilium's can.
    """
    body: Manifest = {}
    for policy in policies:
        spec = _spec(policy, selector)
        if policy.rules[0].path.startswith("spec."):
            body["spec"] = spec
        else:
            body.setdefault("specs", []).append(spec)
    return body


def _spec(policy: Policy, selector: WriteSelector) -> Manifest:
    spec: Manifest = {"endpointSelector": _subject(policy, selector)}
    kept = {d.word: False for d in Direction if d in policy.directions - policy.isolates}
    if kept:
        spec["enableDefaultDeny"] = kept
    for _, parts in groupby(policy.rules, key=_place):
        rules = list(parts)
        section = _place(rules[0]).rpartition(".")[2].partition("[")[0]
        spec.setdefault(section, []).append(_rule(rules, selector))
    return spec


def _place(rule: Rule) -> str:
    """Where the rule of the API stands that a rule comes from."""
    return rule.path.partition(".toPorts")[0]


def _subject(policy: Policy, selector: WriteSelector) -> Manifest:
    subject = policy.subject
    asked = getattr(subject.namespaces, "requirements", ())
    if policy.namespace is not None:
        # The first condition is that of every namespaced policy, and nobody writes it.
        asked = asked[1:]
    # With `k8s:` before it, Cilium would put the policy's own namespace in the place of another.
    return _selector(PodPeer(LabelSelector(asked), subject.pods), selector, source="any:")


def _rule(rules: list[Rule], selector: WriteSelector) -> Manifest:
    first = rules[0]
    written: Manifest = {}
    if first.peers == ():
        side = "to" if first.direction is Direction.EGRESS else "from"
        written[f"{side}Endpoints"] = []
    for path, same in groupby(first.peers or (), key=lambda peer: peer.path):
        entries = [_peer(peer, selector) for peer in same]
        merged = entries[0] if len(entries) == 1 else {k: v for e in entries for k, v in e.items()}
        written.setdefault(path.partition("[")[0], []).append(merged)
    for rule in rules:
        for key, entries in _traffic(rule):
            written.setdefault(key, []).extend(entries)
    return written


# Peers


def _peer(peer: Peer, selector: WriteSelector) -> Any:
    match _field(peer):
        case "Endpoints":
            return _endpoint(peer, selector)
        case "Nodes":
            (nodes,) = (part for part in parts_of(peer) if isinstance(part, NodePeer))
            return selector(nodes.nodes)
        case "Entities":
            return _entity(peer)
        case _:
            return _beyond(peer, selector)


def _field(peer: Peer) -> str:
    """The field that a peer stood in, without the side."""
    return peer.path.partition("[")[0].removeprefix("to").removeprefix("from")


def _beyond(peer: Peer, selector: WriteSelector) -> Any:
    """What means ends by their addresses, or by what gives addresses."""
    match peer:
        case BlockPeer(block=block) if _field(peer) == "CIDR":
            return block.cidr
        case BlockPeer(block=block):
            return {"cidr": block.cidr} | ({"except": list(block.except_)} if block.except_ else {})
        case ServicePeer():
            return _service(peer, selector)
        case DomainPeer():
            return {NAMES[peer.dialect]: peer.pattern}
        case AnyOf(parts=()):
            return {}
        case _:
            return json.loads(_unknown(peer))


def _endpoint(peer: Peer, selector: WriteSelector) -> Any:
    match peer:
        case PodPeer():
            return _selector(peer, selector)
        case UnknownPeer() | AllOf(parts=(PodPeer(), *_)):
            return json.loads(_unknown(peer))
        case _:
            return {"matchLabels": {f"{RESERVED}{_entity(peer)}": ""}}


def _entity(peer: Peer) -> str:
    return peer.entity.value if isinstance(peer, EntityPeer) else _unknown(peer)


def _unknown(peer: Peer) -> str:
    """What was written of a peer that stays open."""
    for part in parts_of(peer):
        if isinstance(part, UnknownPeer):
            return part.written[0]
    raise TypeError(f"no policy of Cilium says {peer}")


def _service(peer: ServicePeer, selector: WriteSelector) -> Manifest:
    place = {"namespace": peer.namespace} if peer.namespace else {}
    if peer.labels is None:
        return {"k8sService": {"serviceName": peer.name, **place}}
    return {"k8sServiceSelector": {"selector": selector(peer.labels), **place}}


def _selector(pods: PodPeer, selector: WriteSelector, source: str = "k8s:") -> Manifest:
    """One selector for the labels of namespaces and pods, told apart by their keys (F3.7)."""
    asked = getattr(pods.namespaces, "requirements", ())
    above = selector(LabelSelector(tuple(_of_namespace(each, source) for each in asked)))
    below = selector(pods.pods)
    labels = {**above.get("matchLabels", {}), **below.get("matchLabels", {})}
    more = [*above.get("matchExpressions", ()), *below.get("matchExpressions", ())]
    both = {"matchLabels": labels, "matchExpressions": more}
    return {key: value for key, value in both.items() if value}


def _of_namespace(asked: Requirement, source: str) -> Requirement:
    key = NAMESPACE_KEY if asked.key == NAME_LABEL else f"{NAMESPACE_LABELS}{asked.key}"
    return Requirement(f"{source}{key}", asked.operator, asked.values)


# Ports


def _traffic(rule: Rule) -> Iterator[tuple[str, list[Manifest]]]:
    if rule.ports is None:
        return
    if any(port.path.startswith("icmps") for port in rule.ports):
        yield "icmps", [{"fields": list(map(_icmp, each))} for each in _entries(rule.ports)]
        return
    written = [{"ports": list(map(_port, each))} for each in _entries(rule.ports)]
    yield "toPorts", [entry | _layer7(rule.layer7) for entry in written]


def _entries(ports: tuple[PolicyPort, ...]) -> list[list[PolicyPort]]:
    """The ports by the entry that they stood in; those without any stay, if another follows."""
    placed: list[list[PolicyPort]] = []
    for port in ports:
        number = int(port.path.rpartition(".")[0].partition("[")[2].rstrip("]") or 0)
        placed += [[] for _ in range(number + 1 - len(placed))]
        placed[number].append(port)
    return placed or [[]]


def _icmp(port: PolicyPort) -> Manifest:
    if port.protocol not in FAMILIES:
        raise TypeError(f"icmps do not say {port}")
    return {"family": FAMILIES[port.protocol], "type": port.port}


def _port(port: PolicyPort) -> Manifest:
    if port.other:
        return {"port": "0", "protocol": port.other}
    last = {} if port.end_port is None else {"endPort": port.end_port}
    protocol = port.protocol.value if port.protocol else "ANY"
    return {"port": str(port.port or 0), **last, "protocol": protocol}


def _layer7(layer7: Layer7 | None) -> Manifest:
    if layer7 is None:
        return {}
    servers = [json.loads(said[len(SERVER) :]) for said in layer7.http if said.startswith(SERVER)]
    requests = [_request(each) for each in layer7.http if not each.startswith(SERVER)]
    rules: Manifest = {"http": requests} if requests else {}
    if layer7.dns:
        together = groupby(layer7.dns, key=lambda name: name.path)
        rules["dns"] = [{NAMES[n.dialect]: n.pattern for n in names} for _, names in together]
    written: Manifest = {"rules": rules} if rules else {}
    return written | ({"serverNames": servers} if servers else {})


def _request(said: str) -> Manifest:
    parts = [(part, json.loads(value)) for part, value in SAID.findall(said)]
    headers = [value for part, value in parts if part == "header"]
    request = {part: value for part, value in parts if part != "header"}
    return request | ({"headers": headers} if headers else {})
