"""Rules of the model → clauses: what one rule of Felix can say.

A clause has one protocol, and for each end blocks of which one has to hold the address, blocks of
which none may, and sets that have to or may not. A NetworkPolicy's rule becomes one clause for each
protocol and peer (F2.8). A worked example::

    to: [{podSelector: ...}, {ipBlock: ...}], ports: [53/UDP, 53/TCP, 443/TCP]

is four clauses: TCP 53 and 443 to the pods, and to the block; UDP 53 to the pods, and to the block.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from nsimlib.datapath.calico_ports import ANY_PORT, PortGroup, port_groups
from nsimlib.datapath.calico_sets import NamedPorts, Selected, ServiceEnds, SetOf
from nsimlib.model.addresses import parse_cidr
from nsimlib.model.peers import AllOf, AnyOf, BlockPeer, Not, Peer, PodPeer, ServicePeer
from nsimlib.model.policy import Action, Direction, Policy, Rule

__all__ = ["Clause", "End", "clauses", "unsaid"]

#: kinds whose rules are Calico's own, and stay as they are written
OWN_KINDS = ("NetworkPolicy.projectcalico.org", "GlobalNetworkPolicy")


@dataclass(frozen=True, slots=True)
class End:
    """What a clause asks of one end; `nets` None means any address."""

    nets: tuple[str, ...] | None = None
    not_nets: tuple[str, ...] = ()
    sets: tuple[SetOf, ...] = ()
    not_sets: tuple[SetOf, ...] = ()

    @property
    def only_selector(self) -> Selected | None:
        """The one selector that has to match, if there is one."""
        found = [each.content for each in self.sets if isinstance(each.content, Selected)]
        return found[0] if len(found) == 1 else None


ANYONE = End()


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule of Felix, before it is cut to what a line can say; `excepted` are taken out."""

    action: Action
    ports: PortGroup = ANY_PORT
    source: End = ANYONE
    destination: End = ANYONE
    excepted: tuple[PortGroup, ...] = field(default=())

    def named_ports(self, group: PortGroup) -> tuple[SetOf, ...]:
        """The sets for the ports of a group that are named; they hold whom the clause is about."""
        if group.protocol is None:
            return ()
        among = self.destination.only_selector
        return tuple(SetOf(NamedPorts(name, group.protocol, among)) for name in group.named)


def unsaid(rule: Rule) -> Peer | None:
    """Return the first condition that Felix has no rule for, such as a domain name (F2.12)."""
    for peer in rule.all_peers:
        is_by_label = isinstance(peer, ServicePeer) and peer.labels is not None
        if is_by_label or not isinstance(peer, PodPeer | BlockPeer | ServicePeer):
            return peer
    return None


def clauses(policy: Policy, rule: Rule) -> Iterator[Clause]:
    """Yield the clauses of a rule, in the order in which Felix renders them."""
    is_own = policy.kind in OWN_KINDS
    others = tuple(_alternatives(rule.peers, policy, together=is_own))
    own = tuple(_alternatives(rule.subject, policy, together=is_own))
    excepted = port_groups(rule.except_ports, simplify=False)
    groups = port_groups(rule.ports, simplify=not is_own)
    for group, other, self_end in product(groups, others, own):
        source, destination = self_end, other
        if rule.direction is Direction.INGRESS:
            source, destination = other, self_end
        yield Clause(rule.action, group, source, destination, excepted)


def _alternatives(
    peers: tuple[Peer, ...] | None, policy: Policy, *, together: bool
) -> Iterator[End]:
    """The ends that a list of peers means; Calico's own rules name all their blocks together."""
    if peers is None:
        yield ANYONE
    elif together:
        yield from _ends(AnyOf(peers), policy, wanted=True)
    else:
        for peer in peers:
            yield from _ends(peer, policy, wanted=True)


def _ends(peer: Peer, policy: Policy, *, wanted: bool) -> Iterator[End]:
    """The ends of which one has to match; a join that is negated is the other join of negations."""
    match peer:
        case Not():
            yield from _ends(peer.part, policy, wanted=not wanted)
        case AllOf() | AnyOf() if isinstance(peer, AnyOf) is wanted:
            yield from _any_of(peer.parts, policy, wanted=wanted)
        case AllOf() | AnyOf():
            parts = (tuple(_ends(part, policy, wanted=wanted)) for part in peer.parts)
            joined = map(_all_of, product(*parts))
            yield from (end for end in joined if end is not None)
        case BlockPeer():
            yield _block(peer, wanted=wanted)
        case PodPeer():
            yield _set(SetOf(Selected(peer, policy.namespace)), wanted=wanted)
        case ServicePeer():
            yield _set(SetOf(ServiceEnds(peer)), wanted=wanted)
        case _:
            raise TypeError(f"no rule can be made of {peer}")


def _any_of(parts: tuple[Peer, ...], policy: Policy, *, wanted: bool) -> Iterator[End]:
    plain = [part for part in parts if isinstance(part, BlockPeer) and not part.block.except_]
    if wanted and len(plain) > 1:
        yield End(nets=tuple(dict.fromkeys(part.block.range.cidrs[0] for part in plain)))
        parts = tuple(part for part in parts if part not in plain)
    for part in parts:
        yield from _ends(part, policy, wanted=wanted)


def _block(peer: BlockPeer, *, wanted: bool) -> End:
    block = peer.block
    if wanted:
        taken_out = dict.fromkeys(parse_cidr(cidr).cidrs[0] for cidr in block.except_)
        return End(nets=block.range.cidrs, not_nets=tuple(taken_out))
    return End(not_nets=tuple(cidr for piece in block.ranges for cidr in piece.cidrs))


def _set(found: SetOf, *, wanted: bool) -> End:
    return End(sets=(found,)) if wanted else End(not_sets=(found,))


def _all_of(ends: tuple[End, ...]) -> End | None:
    """One end that asks all of it, None if no address can meet it."""
    nets: tuple[str, ...] | None = None
    for end in ends:
        nets = end.nets if nets is None else nets if end.nets is None else _common(nets, end.nets)
    if nets == ():
        return None
    return End(
        nets,
        tuple(dict.fromkeys(net for end in ends for net in end.not_nets)),
        tuple(dict.fromkeys(each for end in ends for each in end.sets)),
        tuple(dict.fromkeys(each for end in ends for each in end.not_sets)),
    )


def _common(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    """The blocks that lie in both lists: of two that share an address one holds the other."""
    pairs = ((parse_cidr(a), parse_cidr(b)) for a, b in product(left, right))
    smaller = (b if a.covers(b) else a for a, b in pairs if a.overlaps(b))
    return tuple(dict.fromkeys(piece.cidrs[0] for piece in smaller))
