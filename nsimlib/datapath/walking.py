"""A packet and a ruleset → every rule it comes to, in order, and what becomes of it.

A worked example: FORWARD jumps to `a`, whose first rule goes to `b` (`-g`). When `b` ends without
a verdict the packet comes back behind the jump in FORWARD, not into `a`, for a `goto` leaves
nothing to come back to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.matches import Match
from nsimlib.datapath.meeting import meets
from nsimlib.datapath.packet import Packet
from nsimlib.datapath.ruleset import Line, Rule, Ruleset, Table, Target
from nsimlib.evaluation.logic import Truth

__all__ = ["Fate", "Passage", "Step", "pass_through"]

#: the kernel refuses chains that lead in a circle; text that was pasted may not be the kernel's
MAX_STEPS = 1_000_000
#: targets that take note of a packet and let it go on to the next rule
NOTING = ("LOG", "NFLOG", "CT", "NOTRACK", "TRACE")


class Fate(Enum):
    """What becomes of a packet in one table; the values are the names of targets."""

    ACCEPT = "ACCEPT"
    DROP = "DROP"
    REJECT = "REJECT"
    #: a condition or a target that is not known decides; the last step is the rule that has it
    UNKNOWN = "?"


FATES = {fate.value: fate for fate in (Fate.ACCEPT, Fate.DROP, Fate.REJECT)}


@dataclass(frozen=True, slots=True, repr=False)
class Step:
    """One rule that the packet came to, with the mark before it and after.

    `met` says whether all its conditions hold, and `unmet` is the first that does not, or of which
    it is not known. The end of a chain of the kernel's, where its policy decides, is a step too.
    """

    line: Line
    met: Truth
    before: int
    after: int
    unmet: Match | None = None

    def __str__(self) -> str:
        sign = {True: "+", False: " ", None: "?"}[self.met]
        mark = f"  # mark {self.before:#x} -> {self.after:#x}" if self.before != self.after else ""
        return f"{sign} {self.line}{mark}"

    __repr__ = __str__


@dataclass(frozen=True)
class Passage:
    """All steps through one table, and how they end; the last step is the one that decides."""

    steps: tuple[Step, ...]
    fate: Fate
    #: what stopped the walk, where it did not come to an end
    stopped: str = ""

    @property
    def deciding(self) -> Step:
        """The step that decides."""
        return self.steps[-1]

    @property
    def mark(self) -> int:
        """The mark at the end."""
        return self.deciding.after


@dataclass
class _Walker:
    table: Table
    sets: Mapping[str, IPSet]
    packet: Packet
    #: where to go on when a chain ends, the innermost last: a chain and the number of a rule
    stack: list[tuple[str, int]]
    steps: list[Step] = field(default_factory=list)

    def walk(self) -> Passage:
        deepest = len(self.table.chains)
        while len(self.steps) < MAX_STEPS and len(self.stack) <= deepest:
            chain, number = self.stack.pop()
            rules = self.table.by_name[chain].rules
            if number == len(rules):
                if not self.stack:
                    return self._end(chain)
                continue
            self.stack.append((chain, number + 1))
            if passage := self._take(Line(self.table.name, chain, number + 1, rules[number])):
                return passage
        return self._stop("the chains lead in a circle")

    def _take(self, line: Line) -> Passage | None:
        met, unmet = self._meets(line.rule)
        before = self.packet.mark
        if met is True and line.rule.target is not None:
            return self._obey(line, line.rule.target)
        self.steps.append(Step(line, met, before, before, unmet))
        notes = line.rule.target is not None and line.rule.target.name in NOTING
        if met is not None or notes:
            # Whether a packet is noted or not, it goes on.
            return None
        return self._stop(f"whether a packet meets '{unmet}' is not known")

    def _meets(self, rule: Rule) -> tuple[Truth, Match | None]:
        """Whether all conditions hold; one that fails outweighs one that nobody knows."""
        answers = [(meets(match, self.packet, self.sets), match) for match in rule.matches]
        for wanted in (False, None):
            for answer, match in answers:
                if answer is wanted:
                    return wanted, match
        return True, None

    def _obey(self, line: Line, target: Target) -> Passage | None:
        before = self.packet.mark
        if target.name == "MARK" and (bits := _bits(target.options)):
            value, mask = bits
            self.packet = replace(self.packet, mark=before & ~mask ^ value)
        self.steps.append(Step(line, True, before, self.packet.mark))
        if target.name in FATES:
            return Passage(tuple(self.steps), FATES[target.name])
        if target.name in NOTING or (target.name == "MARK" and bits):
            return None
        if target.name != "RETURN" and target.name not in self.table.by_name:
            return self._stop(f"what '{target}' does is not known")
        self._turn(target)
        return None

    def _turn(self, target: Target) -> None:
        chain = self.stack[-1][0]
        if target.goto or target.name == "RETURN":
            self.stack.pop()
        if not self.stack:
            # Of a chain of the kernel's only the end is left, where its policy decides.
            self.stack.append((chain, len(self.table.by_name[chain].rules)))
        if target.name != "RETURN":
            self.stack.append((target.name, 0))

    def _end(self, chain: str) -> Passage:
        policy = self.table.by_name[chain].policy
        if policy is None:
            return self._stop(f"{chain} is no chain that the kernel calls")
        line = Line(self.table.name, chain, 0, Rule(target=Target(policy)))
        self.steps.append(Step(line, True, self.packet.mark, self.packet.mark))
        return Passage(tuple(self.steps), FATES.get(policy, Fate.UNKNOWN))

    def _stop(self, why: str) -> Passage:
        return Passage(tuple(self.steps), Fate.UNKNOWN, why)


def _bits(options: str) -> tuple[int, int] | None:
    """The value and the mask of `--set-xmark`, None for other ways to mark."""
    word, _, bits = options.partition(" ")
    if word != "--set-xmark":
        return None
    value, _, mask = bits.partition("/")
    return int(value, 16), int(mask or "0xffffffff", 16)


def pass_through(
    ruleset: Ruleset, sets: Iterable[IPSet], packet: Packet, chain: str, table: str = "filter"
) -> Passage:
    r"""Return the way of a packet through one chain that the kernel calls.

    Raises
    ------
    KeyError
        If the ruleset has no such table or chain.

    Examples
    --------
    A condition that is not known stops the walk, unless another one fails anyway:

    >>> from nsimlib.datapath.parsing import parse
    >>> from nsimlib.model.addresses import parse_address
    >>> from nsimlib.model.ports import Port
    >>> rules = parse("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m time --utc -j DROP\nCOMMIT")
    >>> web = Packet(parse_address("10.0.0.1"), parse_address("10.0.0.2"), Port(80))
    >>> pass_through(rules, (), web, "FORWARD").stopped
    "whether a packet meets '-m time --utc' is not known"
    """
    found = ruleset.by_name[table]
    by_name = {each.name: each for each in sets}
    return _Walker(found, by_name, packet, [(found.by_name[chain].name, 0)]).walk()
