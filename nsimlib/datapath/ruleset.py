"""Rulesets as data: tables of chains of rules, as `iptables-save` prints them.

::

    Ruleset           what one node has for one address family
    └── Table         filter, nat, ...
        └── Chain     FORWARD with its policy, or one of somebody's own
            └── Rule  conditions in their order, a target, counters if they were asked for

A rule may know where it comes from: the policy and the entry in it that an enforcer rendered, with
file and line. Rules compare without that, for text that is read back has lost it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from nsimlib.datapath.matches import Comment, Match
from nsimlib.model.addresses import Family
from nsimlib.model.policy import Direction, Policy, Source
from nsimlib.model.policy import Rule as PolicyRule

__all__ = [
    "Chain",
    "Counters",
    "Line",
    "Origin",
    "Rule",
    "Ruleset",
    "Table",
    "Target",
]


class Counters(NamedTuple):
    """Packets and bytes, as `iptables-save -c` prints them."""

    packets: int = 0
    bytes: int = 0

    def __str__(self) -> str:
        return f"[{self.packets}:{self.bytes}]"


NONE = Counters()


@dataclass(frozen=True, slots=True, repr=False)
class Origin:
    """What caused a rule: a policy, and the entry in it unless it is there for the whole policy."""

    policy: Policy
    direction: Direction
    rule: PolicyRule | None = None

    @property
    def path(self) -> str:
        """Where in the policy, such as `spec.egress[0]`."""
        return self.rule.path if self.rule else ""

    @property
    def source(self) -> Source:
        """File and line."""
        line = self.rule.line if self.rule else 0
        return Source(self.policy.source.file, line or self.policy.source.line)

    def __str__(self) -> str:
        place = f"({self.source})" if self.source.file else ""
        return " ".join(filter(None, (self.policy.key, self.path, place)))

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class Target:
    """What happens to a packet that meets all conditions: a verdict, a chain, or a change to it.

    `goto` chains do not come back here, but to whoever jumped here.
    """

    name: str
    options: str = ""
    goto: bool = False

    def __str__(self) -> str:
        return " ".join(filter(None, ("-g" if self.goto else "-j", self.name, self.options)))


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions, all of which have to hold, and a target; without one only the counters move."""

    matches: tuple[Match, ...] = ()
    target: Target | None = None
    counters: Counters | None = None
    origin: Origin | None = field(default=None, compare=False, repr=False)

    @property
    def comments(self) -> tuple[str, ...]:
        """The notes on it."""
        return tuple(match.text for match in self.matches if isinstance(match, Comment))

    def __str__(self) -> str:
        return " ".join(map(str, (*self.matches, *((self.target,) if self.target else ()))))


@dataclass(frozen=True, slots=True)
class Chain:
    """A list of rules; `policy` is the verdict at its end, for those that the kernel calls."""

    name: str
    rules: tuple[Rule, ...] = ()
    policy: str | None = None
    counters: Counters = NONE

    def __str__(self) -> str:
        return f":{self.name} {self.policy or '-'} {self.counters}"


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """A rule in its place: the number counts from 1 within the chain."""

    table: str
    chain: str
    number: int
    rule: Rule

    def __str__(self) -> str:
        return f"-A {self.chain} {self.rule}".rstrip()

    __repr__ = __str__


@dataclass(frozen=True)
class Table:
    """Chains by name; `head` are the lines of comment in front of it."""

    name: str
    chains: tuple[Chain, ...] = ()
    head: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Chain]:
        """Its chains."""
        return {chain.name: chain for chain in self.chains}

    @property
    def lines(self) -> Iterator[Line]:
        """Every rule in its place."""
        for chain in self.chains:
            for number, rule in enumerate(chain.rules, 1):
                yield Line(self.name, chain.name, number, rule)


@dataclass(frozen=True, repr=False)
class Ruleset:
    """The tables of a node for one family; `tail` are the lines of comment at the end."""

    tables: tuple[Table, ...] = ()
    family: Family = Family.IPV4
    tail: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Table]:
        """Its tables."""
        return {table.name: table for table in self.tables}

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every rule in its place."""
        return tuple(line for table in self.tables for line in table.lines)

    def without_comments(self, *prefixes: str) -> "Ruleset":
        """Return the same ruleset without the notes that begin so, easier to read.

        >>> rule = Rule((Comment("cali:wUHhoiAYhphO9Mso"),), Target("cali-FORWARD"))
        >>> filled = Ruleset((Table("filter", (Chain("FORWARD", (rule,)),)),))
        >>> print(filled.without_comments("cali:").lines[0])
        -A FORWARD -j cali-FORWARD
        """

        def without(rule: Rule) -> Rule:
            kept = (
                match
                for match in rule.matches
                if not (isinstance(match, Comment) and match.text.startswith(prefixes))
            )
            return replace(rule, matches=tuple(kept))

        tables = (
            replace(
                table,
                chains=tuple(
                    replace(chain, rules=tuple(map(without, chain.rules))) for chain in table.chains
                ),
            )
            for table in self.tables
        )
        return replace(self, tables=tuple(tables))

    def __repr__(self) -> str:
        chains = sum(len(table.chains) for table in self.tables)
        return f"Ruleset({self.family.name}: {chains} chains, {len(self.lines)} rules)"
