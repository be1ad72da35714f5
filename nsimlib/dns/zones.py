"""Zones: what is true of names, and when, as the servers that own them know it.

Record sets are chosen as Route 53 chooses them (F5.31)::

    simple      one set for a name and type
    weighted    each of several sets in its share of the answers, those of the unhealthy left out
    failover    the primary set while it is healthy, else the secondary one

Where all are unhealthy, all count as healthy. A choice among weighted sets is drawn from the seed,
the name and the time, so that the same question at the same time always gets the same answer.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from random import Random

from nsimlib.dns.records import (
    LONGEST_CHAIN,
    Answer,
    Choice,
    Rcode,
    Record,
    RecordType,
    Source,
    below,
    canonical,
)
from nsimlib.model.addresses import Address

__all__ = ["Change", "RecordSet", "Zone", "Zones"]


@dataclass(frozen=True, slots=True)
class RecordSet:
    """Records of one name and type; `member` tells it from others of that name and type.

    Of several, each has a `weight`, or is `primary` or not.
    """

    name: str
    type: RecordType
    ttl: float
    values: tuple[Address | str, ...]
    member: str = ""
    weight: int | None = None
    primary: bool | None = None
    healthy: bool = True

    @property
    def key(self) -> tuple[str, RecordType, str]:
        """What a change replaces it by."""
        return self.name, self.type, self.member

    @property
    def records(self) -> tuple[Record, ...]:
        """Its records, one for each value."""
        return tuple(Record(self.name, self.type, self.ttl, value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Change:
    """What is otherwise from a time on: sets that come or replace others, and sets that go."""

    at: float
    because: str = ""
    upsert: tuple[RecordSet, ...] = ()
    delete: tuple[tuple[str, RecordType, str], ...] = ()


class State:
    """What a zone holds between two changes."""

    def __init__(self, sets: Sequence[RecordSet]) -> None:
        self.by_key = {each.key: each for each in sets}
        self.by_name: dict[tuple[str, RecordType], list[RecordSet]] = {}
        for each in self.by_key.values():
            self.by_name.setdefault((each.name, each.type), []).append(each)
        #: a name above one that exists exists too, though it has no records
        self.names = {
            ".".join(labels[depth:])
            for labels in (name.split(".") for name, _ in self.by_name)
            for depth in range(len(labels))
        }

    def after(self, change: Change) -> "State":
        """Return what is there after a change."""
        kept = {key: each for key, each in self.by_key.items() if key not in change.delete}
        return State([*(kept | {each.key: each for each in change.upsert}).values()])


@dataclass(frozen=True)
class Zone:
    """All names below an origin, as those with one view see them; no view means everyone.

    `negative_ttl` is how long "no such name" may be kept: the minimum in its SOA record.
    """

    origin: str
    records: tuple[RecordSet, ...] = ()
    negative_ttl: float = 0
    view: str = ""
    changes: tuple[Change, ...] = ()

    def at(self, now: float) -> State:
        """Return what the zone holds at a time; a change holds from its very second."""
        return self.states[bisect_right(self.times, now)]

    @cached_property
    def ordered(self) -> tuple[Change, ...]:
        """The changes in the order of their times."""
        return tuple(sorted(self.changes, key=lambda change: change.at))

    @cached_property
    def times(self) -> tuple[float, ...]:
        """When the zone changes."""
        return tuple(change.at for change in self.ordered)

    @cached_property
    def states(self) -> tuple[State, ...]:
        """What the zone holds before, between and after its changes."""
        return tuple(accumulate(self.ordered, State.after, initial=State(self.records)))


@dataclass(frozen=True)
class Zones(Source):
    """Several zones as one source, seen with one view; CNAMEs are followed from zone to zone.

    A zone with a view hides the zones of everyone else with that origin or one below it, also
    where it lacks a name: that is what makes a horizon split.

    >>> from nsimlib.model.addresses import parse_address
    >>> old, new = (
    ...     RecordSet("orders.example", RecordType.A, 5, (parse_address(address),))
    ...     for address in ("10.20.21.17", "10.20.22.18")
    ... )
    >>> zone = Zone("example", (old,), negative_ttl=60, changes=(Change(30, upsert=(new,)),))
    >>> Zones((zone,)).answer("Orders.Example.", now=29.9).records
    (orders.example 5 A 10.20.21.17,)
    >>> Zones((zone,)).answer("Orders.Example.", now=30).records
    (orders.example 5 A 10.20.22.18,)

    The name exists, so there is no other type under it for the zone's negative TTL:

    >>> Zones((zone,)).answer("orders.example", RecordType.AAAA)
    orders.example AAAA: NOERROR, no such records from zone example, true at 0 s
    """

    zones: tuple[Zone, ...]
    view: str = ""
    seed: int = 0

    def seen_from(self, view: str) -> "Zones":
        """Return the same zones as those with a view see them."""
        return replace(self, view=view)

    def zone_of(self, name: str) -> Zone | None:
        """Return the zone that answers for a name: of this view before others, then the longest."""
        views = ("", self.view)
        visible = (zone for zone in self.zones if zone.view in views and below(name, zone.origin))
        return max(visible, key=lambda zone: (zone.view, len(zone.origin)), default=None)

    def answer(self, name: str, type: RecordType = RecordType.A, now: float = 0) -> Answer:
        """Return what the zones say at a time; a name in none of them does not exist."""
        answer = Answer(canonical(name), type, since=now)
        wanted = answer.name
        for _ in range(LONGEST_CHAIN):
            zone = self.zone_of(wanted)
            if zone is None:
                return replace(answer, rcode=Rcode.NXDOMAIN)
            answer = self._extended(answer, zone, wanted)
            last = answer.records[-1] if answer.records else None
            if last is None or last.name != wanted or not isinstance(last.value, str):
                return answer
            wanted = last.value
        return Answer(answer.name, type, Rcode.SERVFAIL, since=now)

    def _extended(self, answer: Answer, zone: Zone, wanted: str) -> Answer:
        """The answer with what the zone has for the next name of its chain."""
        state, by = zone.at(answer.since), f"zone {zone.origin or '.'}"
        for kind in (answer.type, RecordType.CNAME):
            if sets := state.by_name.get((wanted, kind)):
                draw = Random(f"{self.seed} {wanted} {kind} {answer.since!r}").random()
                chosen, choices = choose(sets, draw)
                return replace(
                    answer,
                    records=(*answer.records, *chosen.records),
                    choices=(*answer.choices, *choices),
                    by=by,
                )
        exists = wanted in state.names or wanted == zone.origin
        rcode = Rcode.NOERROR if exists else Rcode.NXDOMAIN
        return replace(answer, rcode=rcode, negative_ttl=zone.negative_ttl, by=by)


def choose(sets: Sequence[RecordSet], draw: float) -> tuple[RecordSet, tuple[Choice, ...]]:
    """Return the set that an answer holds and why; `draw` is from 0 up to 1.

    A weight of 0 counts only where nothing with a weight is healthy.
    """
    if sets[0].weight is None and sets[0].primary is None:
        return sets[0], ()
    healthy = [each for each in sets if each.healthy] or list(sets)
    if sets[0].primary is not None:
        chosen = max(healthy, key=lambda each: bool(each.primary))
        because = _as_failover(chosen, sets)
    else:
        pool = [each for each in healthy if each.weight] or healthy
        chosen = _drawn(pool, draw)
        because = _as_weighted(chosen, pool, sets)
    return chosen, (Choice(chosen.name, chosen.member, because),)


def _drawn(pool: Sequence[RecordSet], draw: float) -> RecordSet:
    ends = list(accumulate(each.weight or 1 for each in pool))
    return pool[bisect_right(ends, draw * ends[-1])]


def _as_failover(chosen: RecordSet, sets: Sequence[RecordSet]) -> str:
    if not any(each.healthy for each in sets):
        return "as none is healthy"
    return "the primary" if chosen.primary else "as the primary is unhealthy"


def _as_weighted(chosen: RecordSet, pool: Sequence[RecordSet], sets: Sequence[RecordSet]) -> str:
    share = f"weight {chosen.weight} of {sum(each.weight or 0 for each in pool)}"
    if not any(each.healthy for each in sets):
        return f"{share}, as none is healthy"
    unhealthy = ", ".join(each.member for each in sets if not each.healthy)
    return f"{share}, as {unhealthy} is unhealthy" if unhealthy else share
