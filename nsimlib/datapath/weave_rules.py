"""The rules of policies under Weave Net: one for each peer and port, whichever node it is.

A worked example, for the ingress of pods `app=db` from pods `app=web` on port 5432::

    -A WEAVE-NPC-INGRESS -p tcp -m set --match-set weave-<web> src
        -m set --match-set weave-<db> dst -m tcp --dport 5432 -m comment --comment "..." -j ACCEPT

What allows egress only marks a packet and turns back, for the rules of ingress may still deny it.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.matches import Comment, InSet, Match, Net, PortSpan, Proto
from nsimlib.datapath.ruleset import Origin, Rule, Target
from nsimlib.datapath.weave_sets import (
    excepted,
    namespaces_by_label,
    pods_by_label,
    selector_text,
)
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.peers import BlockPeer, Peer, PodPeer
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.policy import Rule as PolicyRule
from nsimlib.model.ports import PolicyPort, Protocol

__all__ = ["ACCEPT", "CHAINS", "EGRESS_ACCEPT", "RETURN", "PolicyRules", "left_out", "policy_rules"]

T = TypeVar("T")
ACCEPT = Target("ACCEPT")
RETURN = Target("RETURN")
#: the chain that marks what egress lets through
EGRESS_ACCEPT = "WEAVE-NPC-EGRESS-ACCEPT"
CHAINS = {Direction.EGRESS: "WEAVE-NPC-EGRESS-CUSTOM", Direction.INGRESS: "WEAVE-NPC-INGRESS"}
TARGETS = {Direction.EGRESS: (Target(EGRESS_ACCEPT), RETURN), Direction.INGRESS: (ACCEPT,)}


class End(NamedTuple):
    """One end of a rule: its conditions, the words for it in the rule's comment, its sets."""

    matches: tuple[Match, ...] = ()
    note: str = "anywhere"
    sets: tuple[IPSet, ...] = ()


class PolicyRules(NamedTuple):
    """What one entry of a policy becomes for one peer and port, and the sets it names."""

    rules: tuple[Rule, ...]
    sets: tuple[IPSet, ...]


def policy_rules(policy: Policy, direction: Direction, cluster: Cluster) -> Iterator[PolicyRules]:
    """Yield the rules of a policy in one direction, entry by entry."""
    own, other = ("src", "dst") if direction is Direction.EGRESS else ("dst", "src")
    subject = _pods(policy.subject, policy.namespace or "", own, cluster)
    for rule in policy.rules_for(direction):
        origin = Origin(policy, direction, rule)
        for peer in _any(rule.peers):
            there = End() if peer is None else _end(peer, policy.namespace or "", other, cluster)
            if there is None:
                continue
            ends = (subject, there) if own == "src" else (there, subject)
            for port in _any(rule.ports):
                yield PolicyRules(tuple(_rules(ends, port, origin)), (*ends[0].sets, *ends[1].sets))


def _any(entries: tuple[T, ...] | None) -> tuple[T | None, ...]:
    return (None,) if entries is None else entries


def _rules(ends: tuple[End, End], port: PolicyPort | None, origin: Origin) -> Iterator[Rule]:
    source, destination = ends
    note = f"{source.note} -> {destination.note} ({origin.direction.word})"
    protocol = () if port is None else (Proto((port.protocol or Protocol.TCP).value.lower()),)
    matches = (*protocol, *source.matches, *destination.matches, *_port(port), Comment(note))
    for target in TARGETS[origin.direction]:
        yield Rule(matches, target, origin=origin)


def _port(port: PolicyPort | None) -> Iterator[Match]:
    """The port; of a range the first, for `endPort` is not read (F4.10)."""
    if port is not None and isinstance(port.port, int):
        protocol = (port.protocol or Protocol.TCP).value.lower()
        yield PortSpan(protocol, "dst", (port.port, port.port))


def _end(peer: Peer, namespace: str, side: str, cluster: Cluster) -> End | None:
    """The end that a peer means, None for a block of the other family."""
    match peer:
        case BlockPeer():
            return _block(peer, namespace, side)
        case PodPeer(pods=None):
            found = namespaces_by_label(peer, cluster)
            note = f"namespaces: selector: {selector_text(peer.namespaces)}"
            return End((InSet(found[-1].name, (side,)),), note, found)
        case PodPeer():
            return _pods(peer, namespace, side, cluster)
        case _:
            raise TypeError(f"a NetworkPolicy cannot say {peer}")


def _pods(peer: PodPeer, namespace: str, side: str, cluster: Cluster) -> End:
    found = pods_by_label(peer, namespace, cluster)
    text = selector_text(peer.pods)
    if peer.namespaces is None:
        note = f"pods: namespace: {namespace}, selector: {text}"
    else:
        note = f"namespaces: selector: {selector_text(peer.namespaces)}{text}"
    return End((InSet(found.name, (side,)),), note, (found,))


def _block(peer: BlockPeer, namespace: str, side: str) -> End | None:
    block = peer.block
    if block.range.family is not Family.IPV4:
        return None
    # The kernel does not print the block of all addresses.
    everything = block.range == Family.IPV4.everything
    inside = () if everything else (Net(side, block.range.cidrs[0]),)
    if not block.except_:
        return End(inside, f"cidr: {block.cidr}")
    taken_out = excepted(block, namespace)
    note = f"cidr: {block.cidr} except [{' '.join(sorted(block.except_))}]"
    return End((*inside, InSet(taken_out.name, (side,), negated=True)), note, (taken_out,))


def left_out(rule: PolicyRule) -> Iterator[str]:
    """Yield what of an entry Weave Net does not render, in words."""
    for port in rule.ports or ():
        if port.end_port is not None:
            yield f"endPort is not read: {port.path or port} is its first port alone (F4.10)"
    for peer in rule.peers or ():
        if isinstance(peer, BlockPeer) and peer.block.range.family is not Family.IPV4:
            yield f"{peer.block} is IPv6, and rules are for IPv4 alone"
