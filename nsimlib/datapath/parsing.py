"""The text that `iptables-save` and `ipset save` print → rulesets and sets.

What is printed again is what was read, word for word. A condition that is not known, or spelled in
another way than `iptables-save` spells it, is kept as it is (`Verbatim`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from nsimlib.datapath.conditions import read_match
from nsimlib.datapath.ipsets import Entry, IPSet
from nsimlib.datapath.ruleset import Chain, Counters, Rule, Ruleset, Table, Target
from nsimlib.errors import RulesetSyntaxError
from nsimlib.model.addresses import Family

__all__ = ["parse", "parse_sets"]

CHAIN = re.compile(r":(\S+) (\S+) \[(\d+):(\d+)\]")
RULE = re.compile(r"(?:\[(\d+):(\d+)\] )?-A (\S+)(?: (.*))?")
WORD = re.compile(r"\"(?:\\.|[^\"\\])*\"|\S+")
#: with these a condition or the target begins, and `!` may stand in front
STARTS = ("-m", "-s", "-d", "-i", "-o", "-p", "-f", "-j", "-g")


def parse(text: str, family: Family = Family.IPV4) -> Ruleset:
    r"""Return the ruleset that `iptables-save` printed, or `ip6tables-save` for the other family.

    Raises
    ------
    RulesetSyntaxError
        With the line, and what was expected there.

    Examples
    --------
    >>> read = parse("*filter\n:a - [0:0]\n[7:420] -A a -m tos --tos 0x10 -j DROP\nCOMMIT")
    >>> read.lines[0].rule.counters.packets, read.lines[0].rule.matches
    (7, (Verbatim(text='-m tos --tos 0x10'),))
    """
    reading = _Reading()
    for number, line in enumerate(text.splitlines(), 1):
        reading.take(line, number)
    return reading.ruleset(family)


@dataclass
class _Open:
    """A table that COMMIT has not closed yet."""

    name: str
    head: tuple[str, ...]
    chains: dict[str, Chain] = field(default_factory=dict)
    rules: dict[str, list[Rule]] = field(default_factory=dict)

    def table(self) -> Table:
        filled = (replace(c, rules=tuple(self.rules[c.name])) for c in self.chains.values())
        return Table(self.name, tuple(filled), self.head)


@dataclass
class _Reading:
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    open: _Open | None = None
    last: tuple[str, int] = ("", 0)

    def take(self, line: str, number: int) -> None:
        self.last = line, number
        if self.open is None:
            self._outside(line)
        elif line == "COMMIT":
            self.tables.append(self.open.table())
            self.open = None
        else:
            self._inside(line, self.open)

    def _outside(self, line: str) -> None:
        if line.startswith("*"):
            self.open = _Open(line[1:], tuple(self.notes))
            self.notes = []
        elif line.startswith("#") or not line:
            self.notes.append(line)
        else:
            raise self._expected("a line such as '*filter': paste all that iptables-save printed")

    def _inside(self, line: str, table: _Open) -> None:
        if found := CHAIN.fullmatch(line):
            name, policy, packets, octets = found.groups()
            counters = Counters(int(packets), int(octets))
            table.chains[name] = Chain(name, (), None if policy == "-" else policy, counters)
            table.rules[name] = []
        elif found := RULE.fullmatch(line):
            packets, octets, name, rest = found.groups()
            if name not in table.chains:
                raise self._expected(f"the chain {name} to be declared above, as ':{name} - [0:0]'")
            counted = None if packets is None else Counters(int(packets), int(octets))
            table.rules[name].append(self._rule(rest or "", counted))
        else:
            raise self._expected("':chain policy [packets:bytes]', '-A chain ...' or 'COMMIT'")

    def _rule(self, text: str, counters: Counters | None) -> Rule:
        pieces = list(_pieces(text))
        target = None
        if pieces and pieces[-1].startswith(("-j ", "-g ")):
            option, name, *options = pieces.pop().split(" ", 2)
            target = Target(name, " ".join(options), goto=option == "-g")
        if stray := next((piece for piece in pieces if not piece.startswith(("-", "!"))), None):
            raise self._expected(f"an option in place of {stray!r}")
        if any(piece.startswith(("-j", "-g")) for piece in pieces):
            raise self._expected("the name of a target behind -j or -g, and nothing after it")
        return Rule(tuple(map(read_match, pieces)), target, counters)

    def ruleset(self, family: Family) -> Ruleset:
        if self.open is not None:
            raise self._expected(f"'COMMIT' at the end of table {self.open.name}")
        return Ruleset(tuple(self.tables), family, tuple(self.notes))

    def _expected(self, what: str) -> RulesetSyntaxError:
        return RulesetSyntaxError(*self.last, what)


def _pieces(text: str) -> Iterator[str]:
    """The conditions and the target, cut where the next one begins."""
    words = list(WORD.finditer(text))
    starts = [word.start() for word in words if word.group() in STARTS]
    negated = {one.end() + 1: one.start() for one in words if one.group() == "!"}
    cuts = sorted({0, *(negated.get(at, at) for at in starts), len(text) + 1}) if text else []
    for first, following in pairwise(cuts):
        yield text[first : following - 1]


def parse_sets(text: str) -> tuple[IPSet, ...]:
    r"""Return the sets that `ipset save` printed.

    Raises
    ------
    RulesetSyntaxError
        With the line, and what was expected there.

    Examples
    --------
    >>> (read,) = parse_sets("create a hash:net family inet\nadd a 10.1.0.0/16 nomatch")
    >>> read.entries[0].nomatch
    True
    """
    heads: dict[str, IPSet] = {}
    entries: dict[str, list[Entry]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match line.split(" ", 3):
            case ["create", name, kind, *rest]:
                heads[name] = _head(name, kind, " ".join(rest))
                entries[name] = []
            case ["add", name, value, *rest] if name in heads:
                entries[name].append(_entry(value, " ".join(rest)))
            case ["add", name, _, *_]:
                raise RulesetSyntaxError(line, number, f"the set {name} to be created above")
            case _:
                raise RulesetSyntaxError(line, number, "'create SET TYPE ...' or 'add SET ENTRY'")
    return tuple(replace(head, entries=tuple(entries[head.name])) for head in heads.values())


FAMILIES = {"inet": Family.IPV4, "inet6": Family.IPV6}


def _head(name: str, kind: str, rest: str) -> IPSet:
    word, _, following = rest.partition(" ")
    family, _, options = following.partition(" ")
    if word == "family" and family in FAMILIES:
        return IPSet(name, kind, FAMILIES[family], options)
    return IPSet(name, kind, None, rest)


def _entry(value: str, rest: str) -> Entry:
    timeout = re.match(r"timeout (\d+)(?: |$)", rest)
    more = rest[timeout.end() :] if timeout else rest
    nomatch = more.split(" ")[-1] == "nomatch"
    return Entry(
        value,
        int(timeout[1]) if timeout else None,
        nomatch,
        more.removesuffix("nomatch").rstrip() if nomatch else more,
    )
