"""One clause → the lines that Felix writes for it (F2.28, F2.29).

A line has one block of addresses for each end, and 15 ports at most. What does not fit is asked
before, in lines that set a bit of the mark, and the line itself then asks for the bit. A worked
example, `10.0.0.0/8 except 10.1.0.0/16`::

    -j MARK --set-xmark 0x80000/0x180000                        assume that it fits
    -d 10.1.0.0/16 -j MARK --set-xmark 0x0/0x80000              it does not, if it is in here
    -d 10.0.0.0/8 -m mark --mark 0x80000/0x80000 -j MARK --set-xmark 0x10000/0x10000
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from nsimlib.datapath.calico_clauses import Clause, End
from nsimlib.datapath.calico_ports import ANY_PORT, PortGroup, blocks_of, protocol_name
from nsimlib.datapath.calico_settings import ACCEPT, BLOCK, BLOCKS, DROP, PASS, Settings
from nsimlib.datapath.calico_spelling import Draft
from nsimlib.datapath.matches import IcmpType, InSet, Mark, Match, Multiport, Net, Proto
from nsimlib.datapath.ruleset import Target
from nsimlib.model.addresses import Family, parse_cidr
from nsimlib.model.policy import Action
from nsimlib.model.ports import Protocol

__all__ = ["RETURN", "deny", "is_dropped", "is_set", "lines_of", "set_mark"]

RETURN = Target("RETURN")
BITS = {Action.ALLOW: ACCEPT, Action.DENY: DROP, Action.PASS: PASS}
#: ICMP and the family that has it
ICMP = {Protocol.ICMP: Family.IPV4, Protocol.ICMPV6: Family.IPV6}
Lists = tuple[tuple[str, ...], ...]


def set_mark(value: int, mask: int) -> Target:
    """Return the target that gives the bits under a mask a value."""
    return Target("MARK", f"--set-xmark {value:#x}/{mask:#x}")


def is_set(bit: int) -> Mark:
    """Return the condition that a bit is set."""
    return Mark(bit, bit)


def deny(settings: Settings, family: Family) -> Target:
    """Return the target for what is denied; REJECT answers as iptables does by default (F2.13)."""
    name = settings.denial.value
    icmp = "icmp" if family is Family.IPV4 else "icmp6"
    return Target(name, f"--reject-with {icmp}-port-unreachable" if name == "REJECT" else "")


def lines_of(clause: Clause, family: Family, settings: Settings) -> Iterator[Draft]:
    """Yield the lines of a clause for one family, none if it cannot match there."""
    cut = _of_family(clause, family)
    if cut is None:
        return
    asked = _Blocks(family)
    rest = asked.reduced(cut)
    yield from asked.drafts
    matches = tuple(_matches(rest, family))
    if asked.drafts:
        matches = (*matches, is_set(BLOCKS))
    yield from _acting(clause.action, matches, settings, family)


def _acting(
    action: Action, matches: tuple[Match, ...], settings: Settings, family: Family
) -> Iterator[Draft]:
    if action is Action.LOG:
        prefix = f'--log-prefix "{settings.log_prefix}: " --log-level 5'
        yield Draft(matches, Target("LOG", prefix))
        return
    bit = BITS[action]
    yield Draft(matches, set_mark(bit, bit))
    target = deny(settings, family) if action is Action.DENY else RETURN
    yield Draft((is_set(bit),), target)


def _of_family(clause: Clause, family: Family) -> Clause | None:
    """The clause with the blocks of one family, None where it says nothing about that family.

    Felix leaves a rule out whose blocks are all of the other family, be they wanted or not.
    """
    protocol = clause.ports.protocol
    if protocol in ICMP and ICMP[protocol] is not family:
        return None
    source, destination = _cut(clause.source, family), _cut(clause.destination, family)
    if source is None or destination is None:
        return None
    return replace(clause, source=source, destination=destination)


def _cut(end: End, family: Family) -> End | None:
    nets = None if end.nets is None else _nets_of(end.nets, family)
    if nets == () or _is_dropped(end, family):
        return None
    return replace(end, nets=nets, not_nets=_nets_of(end.not_nets, family))


def _is_dropped(end: End, family: Family) -> bool:
    not_nets = _nets_of(end.not_nets, family)
    return bool(end.not_nets) and (not not_nets or family.everything.cidrs[0] in not_nets)


def is_dropped(clause: Clause, family: Family) -> bool:
    """Return whether Felix leaves a clause out for what it takes out, though it could match.

    A rule for all addresses but 10.0.0.0/8 means every IPv6 address as well; Felix writes no such
    rule for IPv6.
    """
    return any(_is_dropped(end, family) for end in (clause.source, clause.destination))


def _nets_of(cidrs: tuple[str, ...], family: Family) -> tuple[str, ...]:
    return tuple(cidr for cidr in cidrs if parse_cidr(cidr).family is family)


@dataclass
class _Blocks:
    """The lines that come before, and whether one of them has decided anything yet."""

    family: Family
    drafts: list[Draft] = field(default_factory=list)
    decided: bool = False

    def reduced(self, clause: Clause) -> Clause:
        """The clause without what these lines ask; they come in Felix's order."""
        ports = self._ports(clause)
        source = self._wanted(clause.source, "src")
        destination = self._wanted(clause.destination, "dst")
        return replace(
            clause,
            ports=ports,
            source=self._unwanted(source, "src"),
            destination=self._unwanted(destination, "dst"),
        )

    def _ports(self, clause: Clause) -> PortGroup:
        blocks = blocks_of(clause.ports.spans)
        named = clause.named_ports(clause.ports)
        if len(blocks) + len(named) < 2:
            return clause.ports
        protocol = Proto(protocol_name(clause.ports))
        numbered = ((protocol, Multiport("dst", block)) for block in blocks)
        by_name = ((InSet(each.name(self.family), ("dst", "dst")),) for each in named)
        self._ask((*numbered, *by_name))
        return replace(clause.ports, spans=(), named=())

    def _wanted(self, end: End, side: str) -> End:
        if end.nets is None or len(end.nets) < 2:
            return end
        self._ask(tuple((Net(side, cidr),) for cidr in end.nets))
        return replace(end, nets=None)

    def _unwanted(self, end: End, side: str) -> End:
        if len(end.nets or ()) + len(end.not_nets) < 2:
            return end
        self._begin(BLOCKS)
        self.drafts += (Draft((Net(side, cidr),), set_mark(0, BLOCKS)) for cidr in end.not_nets)
        return replace(end, not_nets=())

    def _ask(self, alternatives: Iterable[tuple[Match, ...]]) -> None:
        """Lines of which one has to match; the first block writes its result where all end up."""
        self._begin(0)
        bit = BLOCK if self.decided else BLOCKS
        self.drafts += (Draft(matches, set_mark(bit, bit)) for matches in alternatives)
        if self.decided:
            self.drafts.append(Draft((Mark(0, BLOCK),), set_mark(0, BLOCKS)))
        self.decided = True

    def _begin(self, value: int) -> None:
        if not self.drafts:
            self.drafts.append(Draft((), set_mark(value, BLOCKS | BLOCK)))


def _matches(clause: Clause, family: Family) -> Iterator[Match]:
    """What is left for the line itself: in Felix's order, what has to be, then what may not."""
    if name := protocol_name(clause.ports):
        yield Proto(name)
    by_name = clause.named_ports(clause.ports)
    # A set of named ports holds only those selected, so the selector needs no asking.
    covered = clause.destination.only_selector if by_name and not clause.ports.spans else None
    for end, side in ((clause.source, "src"), (clause.destination, "dst")):
        yield from (Net(side, cidr) for cidr in end.nets or ())
        for each in end.sets:
            if each.content is not covered:
                pair = (side, side) if each.content.type == "hash:ip,port" else (side,)
                yield InSet(each.name(family), pair)
    yield from (Multiport("dst", block) for block in blocks_of(clause.ports.spans))
    yield from (InSet(each.name(family), ("dst", "dst")) for each in by_name)
    if clause.ports.icmp is not None and clause.ports.protocol is not None:
        yield IcmpType(clause.ports.protocol, clause.ports.icmp)
    for end, side in ((clause.source, "src"), (clause.destination, "dst")):
        yield from (Net(side, cidr, negated=True) for cidr in end.not_nets)
        yield from (InSet(each.name(family), (side,), negated=True) for each in end.not_sets)
    yield from _excepted(clause, family)


def _excepted(clause: Clause, family: Family) -> Iterator[Match]:
    """Protocols, ports and types that are taken out; a rule names one protocol of them at most."""
    for group in clause.excepted:
        if group.icmp is not None and group.protocol is not None:
            yield IcmpType(group.protocol, group.icmp, negated=True)
        elif group == replace(ANY_PORT, protocol=group.protocol, other=group.other):
            yield Proto(protocol_name(group), negated=True)
        for block in blocks_of(group.spans):
            yield Multiport("dst", block, negated=True)
        for each in clause.named_ports(group):
            yield InSet(each.name(family), ("dst", "dst"), negated=True)
