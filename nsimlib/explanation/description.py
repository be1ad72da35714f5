"""A policy in the sentences of `kubectl describe networkpolicy`, so that both read the same.

The words follow kubernetes/kubectl:pkg/describe/describe.go (describeNetworkPolicySpec).
"""

from collections.abc import Iterator

from nsimlib.explanation.reasons import Reason
from nsimlib.model.peers import (
    AllOf,
    AnyOf,
    BlockPeer,
    DomainPeer,
    EntityPeer,
    NodePeer,
    Not,
    Peer,
    PodPeer,
    ServicePeer,
    UnknownPeer,
)
from nsimlib.model.policy import Action, Direction, Policy, Rule, Source
from nsimlib.model.ports import PolicyPort
from nsimlib.model.selectors import LabelSelector, Selector

__all__ = ["describe"]

#: kinds whose rules have no order, so that what isolates nobody may still allow and deny
UNORDERED = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
DENIED_PORT = "To Port: <any>"
ANY_PORT = "To Port: <any> (traffic allowed to all ports)"


def describe(policy: Policy) -> Reason:
    """Return what a policy says, as a tree of `kubectl describe`'s sentences.

    A direction that is left out is told apart from an empty one, which isolates (F1.16):

    >>> import nsimlib as ns
    >>> shop = ns.scenario("shop")
    >>> [sentence.text for sentence in describe(shop.policy("data/default-deny")).children][1]
    'Allowing ingress traffic: <none> (Selected pods are isolated for ingress connectivity)'
    """
    selector = policy.subject.pods
    scope = "(Allowing the specific traffic to all pods in this namespace)"
    subject = (
        f"PodSelector: {_labels(selector) if selector and selector.keys else f'<none> {scope}'}"
    )
    if policy.subject.namespaces is not None:
        subject = _pods(policy.subject)
    types = ", ".join(
        d.value for d in (Direction.INGRESS, Direction.EGRESS) if d in policy.directions
    )
    default = "F2.5" if policy.tier else "F1.10"
    children = (
        Reason(subject),
        *(_direction(policy, direction) for direction in (Direction.INGRESS, Direction.EGRESS)),
        Reason(f"Policy Types: {types}", facts=(default,) if policy.directions_defaulted else ()),
    )
    return Reason(f"{policy.kind} {policy.key}", children=children, source=policy.source)


def _direction(policy: Policy, direction: Direction) -> Reason:
    word = direction.word
    if direction not in policy.directions:
        return Reason(f"Not affecting {word} traffic")
    rules = policy.rules_for(direction)
    if not rules:
        isolated = f"<none> (Selected pods are isolated for {word} connectivity)"
        return Reason(f"Allowing {word} traffic: {isolated}", facts=("F1.16",))
    children = tuple(_rule(policy, rule) for rule in rules)
    if direction in policy.isolates:
        return Reason(f"Allowing {word} traffic:", children=children)
    if policy.kind in UNORDERED:
        free = f"(Selected pods are not isolated for {word} connectivity)"
        return Reason(f"Judging {word} traffic {free}:", children=children)
    return Reason(f"Judging {word} traffic, the first match decides:", children=children)


def _rule(policy: Policy, rule: Rule) -> Reason:
    lines = (*_ports(rule), *_peers(rule), *_own(rule))
    source = Source(policy.source.file, rule.line)
    is_plain = policy.isolates and rule.action is Action.ALLOW
    action = "" if is_plain else f" ({rule.action.value})"
    return Reason(rule.path + action, children=tuple(map(Reason, lines)), source=source)


def _ports(rule: Rule) -> Iterator[str]:
    if not rule.ports:
        yield DENIED_PORT if rule.action is Action.DENY else ANY_PORT
    for port in rule.ports or ():
        yield f"To Port: {_port(port)}"
    for port in rule.except_ports:
        yield f"Except Port: {_port(port)}"


def _port(port: PolicyPort) -> str:
    if port.other:
        return str(port)
    number = "<any>" if port.port is None else str(port.port)
    last = "" if port.end_port is None else f"-{port.end_port}"
    return f"{number}{last}/{port.protocol.value if port.protocol else '<any>'}"


def _peers(rule: Rule) -> Iterator[str]:
    to = "To" if rule.direction is Direction.EGRESS else "From"
    end = "destination" if rule.direction is Direction.EGRESS else "source"
    if rule.peers is None:
        yield f"{to}: <any> (traffic not restricted by {end})"
    elif not rule.peers:
        yield f"{to}: <none>"
    for peer in rule.peers or ():
        yield f"{to}: {_peer(peer)}"


def _own(rule: Rule) -> Iterator[str]:
    """What it asks of the policy's own end besides."""
    side = "From" if rule.direction is Direction.EGRESS else "To"
    for peer in rule.subject or ():
        yield f"{side}: {_peer(peer)}"


def _peer(peer: Peer) -> str:
    match peer:
        case AllOf():
            return " and ".join(map(_peer, peer.parts))
        case AnyOf():
            return " or ".join(map(_peer, peer.parts)) or "<none>"
        case Not():
            return f"not ({_peer(peer.part)})"
        case _:
            return _alone(peer)


def _alone(peer: Peer) -> str:
    match peer:
        case PodPeer():
            return _pods(peer)
        case BlockPeer():
            return (
                f"IPBlock CIDR: {peer.block.cidr} Except: {', '.join(peer.block.except_)}".rstrip()
            )
        case DomainPeer():
            return f"Domain: {peer.pattern}"
        case EntityPeer():
            return f"Entity: {peer.entity.value}"
        case NodePeer():
            return f"NodeSelector: {_labels(peer.nodes)}"
        case ServicePeer():
            return f"Service: {peer.name or peer.labels}"
        case UnknownPeer():
            return f"Not known: {peer.what}"
        case _:
            raise TypeError(f"{peer} does not stand alone")


def _pods(peer: PodPeer) -> str:
    named = (("NamespaceSelector", peer.namespaces), ("PodSelector", peer.pods))
    said = " ".join(f"{name}: {_labels(each)}" for name, each in named if each is not None)
    return said or "PodSelector: <none>"


def _labels(selector: Selector) -> str:
    if isinstance(selector, LabelSelector) and not selector.requirements:
        return "<none>"
    return str(selector)
