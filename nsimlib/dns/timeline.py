"""What happened: every attempt with its reason, beside lanes of what was true, believed, allowed.

The order of events is part of what a timeline says, and does not change with how it is drawn:
`attempts` come by the time of their beginning, then by application; `notes`, what happened to the
world, by time; `outages`, `gaps` and `exposures` by their beginning. What the packet lab plays is
held against these.

An outage of an application is from its first attempt that fails to its next one that does not. It
may have other reasons than a gap in what policy allows, and a gap may pass without an outage.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from nsimlib.dns.lanes import Interval, Lane, exposed, missing
from nsimlib.model.addresses import Address
from nsimlib.model.shown import Shown
from nsimlib.model.tables import Table, Tabled

__all__ = ["Attempt", "Moment", "Note", "Outage", "Result", "Timeline"]

#: how many outages a timeline shows of itself
SHOWN = 5


class Result(Enum):
    """How an attempt to work with a server ends."""

    CONNECTED = "connected"
    #: over a connection of the pool
    REUSED = "reused"
    #: the name could not be looked up
    NO_ADDRESS = "no address"
    #: policy does not let the connection be opened
    DENIED = "denied"
    #: policy does not let an open connection go on
    CUT = "cut"
    #: nobody answers at the address
    UNANSWERED = "unanswered"
    #: connected, and the server refuses to write
    READ_ONLY = "read-only"

    @property
    def works(self) -> bool:
        """Whether the application gets what it wants."""
        return self in (Result.CONNECTED, Result.REUSED)


class Attempt(NamedTuple):
    """One attempt: when it began, how it ended and why, and how long that took."""

    at: float
    application: str
    name: str
    address: Address | None
    result: Result
    because: str
    facts: tuple[str, ...] = ()
    seconds: float = 0


class Note(NamedTuple):
    """Something that happened to the world."""

    at: float
    what: str


class Outage(NamedTuple):
    """Attempts of one application that failed one after the other, and the reasons, each once."""

    application: str
    start: float
    end: float
    attempts: int
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Moment(Tabled):
    """All that is so at one time; of each application, its last attempt."""

    at: float
    lanes: tuple[tuple[Lane, tuple[Address, ...]], ...]
    attempts: tuple[Attempt, ...]

    def to_table(self) -> Table:
        """Return a row for each lane and each application."""
        held = ((lane.kind.value, lane.of, _texts(found)) for lane, found in self.lanes)
        last = ((each.result.value, each.application, each.because) for each in self.attempts)
        return Table(f"At {self.at:g} s", ("what", "of", "which"), (*held, *last))


@dataclass(frozen=True, repr=False)
class Timeline(Shown):
    """Everything that happened until `lasts`, in seconds."""

    title: str
    lasts: float
    attempts: tuple[Attempt, ...]
    lanes: tuple[Lane, ...] = ()
    notes: tuple[Note, ...] = ()

    @cached_property
    def outages(self) -> tuple[Outage, ...]:
        """When which application failed, in the order of their beginnings."""
        by_application: dict[str, list[Attempt]] = {}
        for attempt in self.attempts:
            by_application.setdefault(attempt.application, []).append(attempt)
        found = (each for some in by_application.values() for each in self._outages(some))
        return tuple(sorted(found, key=lambda outage: (outage.start, outage.application)))

    def _outages(self, attempts: list[Attempt]) -> Iterator[Outage]:
        runs = [(works, list(run)) for works, run in groupby(attempts, lambda a: a.result.works)]
        for number, (works, run) in enumerate(runs):
            if not works:
                end = runs[number + 1][1][0].at if number + 1 < len(runs) else self.lasts
                because = tuple(dict.fromkeys(attempt.because for attempt in run))
                yield Outage(run[0].application, run[0].at, end, len(run), because)

    @cached_property
    def exposures(self) -> tuple[Interval, ...]:
        """When addresses were allowed that a name once had and had no more."""
        return exposed(self.lanes, self.lasts)

    @cached_property
    def gaps(self) -> tuple[Interval, ...]:
        """When addresses of a name were not allowed."""
        return missing(self.lanes, self.lasts)

    def at(self, now: float) -> Moment:
        """Return what is so at a time."""
        last: dict[str, Attempt] = {}
        for attempt in self.attempts:
            if attempt.at <= now:
                last[attempt.application] = attempt
        held = tuple((lane, lane.at(now)) for lane in self.lanes)
        return Moment(now, held, tuple(last[name] for name in sorted(last)))

    def to_table(self) -> Table:
        """Return all attempts, a row for each."""
        columns = ("at", "application", "name", "address", "result", "seconds", "because", "facts")
        rows = (
            (
                round(each.at, 3),
                each.application,
                each.name,
                str(each.address or ""),
                each.result.value,
                round(each.seconds, 3),
                each.because,
                ", ".join(each.facts),
            )
            for each in self.attempts
        )
        return Table(self.title, columns, tuple(rows))

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        failed = sum(not attempt.result.works for attempt in self.attempts)
        yield f"{self.title}: {self.lasts:g} s, {len(self.attempts)} attempts, {failed} failed"
        for note in self.notes:
            yield f"  {note.at:8.1f} s  {note.what}"
        yield from self.windows_told()

    def windows_told(self) -> Iterator[str]:
        """Yield a sentence for each outage, gap and exposure."""
        for each in self.outages[:SHOWN]:
            why = "; ".join(each.because)
            yield f"  outage {each.start:.1f} to {each.end:.1f} s of {each.application}: {why}"
        if len(self.outages) > SHOWN:
            yield f"  and {len(self.outages) - SHOWN} outages more"
        for word, intervals in (("gap", self.gaps), ("exposure", self.exposures)):
            for one in intervals:
                span = f"{one.start:.1f} to {one.end:.1f} s"
                yield f"  {word} {span} of {one.of}: {_texts(one.addresses)}"


def _texts(addresses: tuple[Address, ...]) -> str:
    return ", ".join(map(str, addresses)) or "none"
