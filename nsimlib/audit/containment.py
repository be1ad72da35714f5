"""Whether what one rule allows, others allow as well: by what they say, whatever pods there are.

Selectors and blocks are compared as sets, so the answer holds for the pods of tomorrow too. It errs
on one side alone: of two selectors that cannot be compared, neither holds the other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from nsimlib.audit.near import NearPeers
from nsimlib.evaluation.allports import union_of
from nsimlib.evaluation.naming import merged
from nsimlib.model.objects import NAME_LABEL
from nsimlib.model.peers import BlockPeer, Peer, PodPeer
from nsimlib.model.policy import Action, Rule
from nsimlib.model.ports import TRANSPORTS, PolicyPort, PortSet
from nsimlib.model.selectors import LabelSelector, Operator, Requirement, Selector, selects_all

__all__ = ["holds", "holds_peer", "is_plain", "is_wider", "narrows"]

IN, NOT_IN = Operator.IN, Operator.NOT_IN
EXISTS, DOES_NOT_EXIST = Operator.EXISTS, Operator.DOES_NOT_EXIST


def is_plain(rule: Rule) -> bool:
    """Whether a rule only allows, and says nothing but peers and ports."""
    return (
        rule.action is Action.ALLOW
        and rule.layer7 is None
        and rule.subject is None
        and not rule.except_ports
    )


def holds(others: Sequence[Rule], rule: Rule, namespace: str | None) -> bool:
    """Whether rules together allow all that one of the same namespace and direction does.

    >>> import nsimlib as ns
    >>> rule = ns.scenario("shop").policy("shop/web-egress").rules[0]
    >>> holds([rule], rule, "shop"), holds([], rule, "shop")
    (True, False)
    """
    return all(_holds_peers(having, rule, namespace) for having in _having_each_port(others, rule))


def _having_each_port(others: Sequence[Rule], rule: Rule) -> Iterator[list[Rule]]:
    """For each part of a rule's ports, the others that mean all of that part."""
    if rule.ports is None:
        # All ports are more than those of every transport: other protocols have none.
        yield [each for each in others if each.ports is None]
        return
    meant = {id(each): _numbers(each) for each in others}
    pieces = [part for port in rule.ports if (part := port.numbers())]
    for cut in meant.values():
        pieces = [part for piece in pieces for part in (piece & cut, piece - cut) if part]
    for piece in pieces:
        yield [e for e in others if e.ports is None or meant[id(e)] & piece == piece]
    for port in rule.ports:
        if isinstance(port.port, str):
            yield [e for e in others if e.ports is None or _has_named(e.ports, port)]


def _numbers(rule: Rule) -> PortSet:
    return union_of(port.numbers() for port in rule.ports or ())


def _has_named(ports: Iterable[PolicyPort], wanted: PolicyPort) -> bool:
    """Whether ports have one by the same name, or all of its protocol."""
    protocols = TRANSPORTS if wanted.protocol is None else (wanted.protocol,)
    every = PolicyPort(wanted.protocol).numbers() if protocols[0].has_ports else None
    same = any(replace(port, path="") == replace(wanted, path="") for port in ports)
    return same or (every is not None and union_of(p.numbers() for p in ports) & every == every)


def _holds_peers(others: list[Rule], rule: Rule, namespace: str | None) -> bool:
    if any(each.peers is None for each in others):
        return True
    if rule.peers is None:
        return False
    known = [peer for each in others for peer in each.peers or ()]
    near = NearPeers(enumerate(known), namespace)
    return all(
        holds_peer([known[number] for number in set(near.of(peer))], peer, namespace)
        for peer in rule.peers
    )


def holds_peer(others: Sequence[Peer], peer: Peer, namespace: str | None) -> bool:
    """Whether each end that a peer of a namespace matches, some of the others matches as well."""
    match peer:
        case PodPeer(with_sets=False, with_global_sets=False):
            pods = (each for each in others if isinstance(each, PodPeer))
            return any(is_wider(each, peer, namespace, namespace) for each in pods)
        case BlockPeer():
            blocks = (each for each in others if isinstance(each, BlockPeer))
            alike = (each.block for each in blocks if each.meets_all == peer.meets_all)
            whole = merged(piece for block in alike for piece in block.ranges)
            return all(any(w.covers(piece) for w in whole) for piece in peer.block.ranges)
        case _:
            return any(replace(each, path="") == replace(peer, path="") for each in others)


def is_wider(
    wide: PodPeer, peer: PodPeer, wide_namespace: str | None, namespace: str | None
) -> bool:
    """Whether a peer of one namespace selects all pods that another of another does."""
    pods = wide.pods is None or narrows(peer.pods, wide.pods)
    return pods and narrows(_spaces(peer, namespace), _spaces(wide, wide_namespace))


def _spaces(peer: PodPeer, namespace: str | None) -> Selector:
    own = LabelSelector.of({NAME_LABEL: namespace or ""})
    return own if peer.namespaces is None else peer.namespaces


def narrows(selector: Selector | None, wide: Selector) -> bool:
    """Whether a selector, None for everything, selects nothing that a wider one does not.

    >>> narrows(LabelSelector.of(app="web", tier="front"), LabelSelector.of(app="web"))
    True
    >>> narrows(LabelSelector.of(app="web"), LabelSelector((Requirement("app", Operator.EXISTS),)))
    True
    """
    if selects_all(wide) or selector == wide:
        return True
    if not (isinstance(selector, LabelSelector) and isinstance(wide, LabelSelector)):
        return False
    return all(_follows(selector, each) for each in wide.requirements)


def _follows(selector: LabelSelector, wanted: Requirement) -> bool:
    """Whether whoever meets a selector meets a requirement."""
    mine = [each for each in selector.requirements if each.key == wanted.key]
    absent = any(each.operator is DOES_NOT_EXIST for each in mine)
    excluded = {value for each in mine if each.operator is NOT_IN for value in each.values}
    chosen = [set(each.values) for each in mine if each.operator is IN]
    left = set.intersection(*chosen) - excluded if chosen else None
    match wanted.operator:
        case Operator.IN:
            return left is not None and left <= set(wanted.values)
        case Operator.NOT_IN:
            ruled_out = left is not None and not left & set(wanted.values)
            return absent or ruled_out or set(wanted.values) <= excluded
        case Operator.EXISTS:
            return left is not None or any(each.operator is EXISTS for each in mine)
        case Operator.DOES_NOT_EXIST:
            return absent
