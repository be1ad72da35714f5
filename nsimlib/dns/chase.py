"""A controller chases a name, on the clock: for how long its policy is behind, second by second.

Nothing is computed here from intervals and TTLs. The scene `reconcile-windows` is played, with the
name moving at other seconds, and what is missing and stale is read from its timeline. So a cache
counts that others have filled: the pods ask the same CoreDNS as the controller. Both addresses
answer all the time: whoever is denied is denied by policy.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from itertools import product
from math import ceil, floor, fsum
from typing import Literal, NamedTuple

from nsimlib.dns.plays import scene
from nsimlib.dns.settings import checked
from nsimlib.dns.simulation import Scene, simulate
from nsimlib.dns.timeline import Timeline
from nsimlib.dns.zones import Zones
from nsimlib.errors import SettingError
from nsimlib.model.tables import Table

__all__ = ["Behind", "behind", "chase", "chase_table"]

SCENE = "reconcile-windows"
#: applications connect every second, and never in the same moment in which the controller asks
BETWEEN = 0.5
#: CoreDNS keeps an answer for at least so long (F5.18)
SHORTEST_TTL = 5
#: of a span that is longer, so many moments are tried
MOMENTS = 60
#: by then all caches are filled
SETTLED = 60
LONGEST_AFTER = 3600
EXTREMES = ("worst", "best")


class _Chase(NamedTuple):
    interval: float
    ttl: float
    grace: float
    jvm_ttl: float
    apply_seconds: float

    def scene(self, after: float) -> Scene:
        """The scene in which the name moves so many seconds after a poll."""
        moves = self.interval * ceil(SETTLED / self.interval) + after
        late = self.interval + self.kept + self.apply_seconds
        lasts = moves + late + max(self.grace, self.jvm_ttl) + BETWEEN
        first = ceil(self.apply_seconds) + BETWEEN
        given = scene(SCENE, lasts=lasts, first=first, connect_timeout=1, **self._asdict())
        zones = _moving(given.zones, moves)
        (one,) = given.applications
        applications = [replace(one, jvm_ttl=None)]
        if self.jvm_ttl:
            # It asks for the last time right before the move, and believes the old answer longest.
            asked = (moves - BETWEEN - first) % self.jvm_ttl if self.jvm_ttl > 0 else 0
            applications.append(replace(one, name=f"{one.pod}, JVM", first=first + asked))
        return replace(given, title=self.title, zones=zones, applications=tuple(applications))

    @property
    def kept(self) -> float:
        """For how long an answer is kept on its way, CoreDNS and those whom it asks together."""
        return max(self.ttl, SHORTEST_TTL)

    @property
    def title(self) -> str:
        """What it is called: `asked every 60 s, TTL 5 s, grace 0 s`."""
        return f"asked every {self.interval:g} s, TTL {self.ttl:g} s, grace {self.grace:g} s"


def _moving(zones: Zones, moves: float) -> Zones:
    """The zones of the scene, with their one change at another time."""
    moved = (
        replace(zone, changes=tuple(replace(each, at=moves) for each in zone.changes))
        for zone in zones.zones
    )
    return replace(zones, zones=tuple(moved))


class Behind(NamedTuple):
    """For how many seconds a policy is behind a name that moved.

    `missing`: the new address is denied. `stale`: the old one is allowed. `out`: an application is
    denied the address that it was told, that which is out for longest.
    """

    missing: float
    stale: float
    out: float


def chase(
    interval: float,
    ttl: float,
    *,
    grace: float = 0,
    jvm_ttl: float = 0,
    apply_seconds: float = 2,
    after: float | Literal["worst", "best"] = "worst",
) -> Timeline:
    """Return what happens when a name moves whose addresses a controller keeps open.

    Parameters
    ----------
    interval, grace
        How often the controller asks, and for how long an address stays after it was last heard.
    ttl
        That of the name; everybody asks CoreDNS. It keeps an answer for 5 to 30 s, and whom it
        asks itself for the rest (F5.18).
    jvm_ttl
        For how long a second application keeps an answer (F5.20), for which it asks right before
        the move; the first one keeps none.
    apply_seconds
        How long it takes until a policy is enforced (F1.28).
    after
        How many seconds after a poll the name moves, or the second that is worst or best for the
        new address.

    Raises
    ------
    SettingError
        If a setting cannot have its value.

    Examples
    --------
    A name that moves a second before a poll has no luck: the controller is told the old address
    by CoreDNS, whom the application had asked just before.

    >>> [behind(chase(60, 5, after=each)).missing for each in (1, 59, "best")]
    [61.0, 63.0, 7.0]
    """
    told = {"interval": interval, "ttl": ttl, "grace": grace, "jvm_ttl": jvm_ttl}
    chased = _Chase(**checked({**told, "apply_seconds": apply_seconds}))
    if isinstance(after, str):
        if after not in EXTREMES:
            raise SettingError("after", after, f"a number of seconds, {' or '.join(EXTREMES)}")
        # Neither the grace nor who keeps an answer makes the new address wait.
        after = _extreme(chased._replace(grace=0.0, jvm_ttl=0.0))[EXTREMES.index(after)]
    elif not 0 <= after <= LONGEST_AFTER:
        raise SettingError("after", after, f"a number of seconds, from 0 to {LONGEST_AFTER}")
    return simulate(chased.scene(after))


def behind(timeline: Timeline) -> Behind:
    """Return for how long the policy of a chase was behind; what was before the move is left out.

    >>> behind(chase(60, 5, grace=120))
    Behind(missing=66.0, stale=126.0, out=62.0)
    """
    moved = timeline.notes[0].at
    missing, stale = (
        fsum(each.seconds for each in found if each.start >= moved)
        for found in (timeline.gaps, timeline.exposures)
    )
    out = dict[str, float]()
    for each in timeline.outages:
        out[each.application] = out.get(each.application, 0.0) + each.end - each.start
    return Behind(missing, stale, max(out.values(), default=0.0))


def chase_table(
    intervals: Iterable[float],
    ttls: Iterable[float],
    *,
    grace: float = 0,
    jvm_ttl: float = 0,
    apply_seconds: float = 2,
) -> Table:
    """Return by interval and TTL for how long a policy is behind, at the worst second.

    >>> print(chase_table([5, 60], [5, 30]))
    Behind at worst, in seconds: grace 0, applications keep answers for 0
    interval  TTL  missing  stale  out
    5         5    6        6      2
    5         30   31       31     2
    60        5    66       66     62
    60        30   91       91     62
    """
    rows = []
    for interval, ttl in product(tuple(intervals), tuple(ttls)):
        played = chase(interval, ttl, grace=grace, jvm_ttl=jvm_ttl, apply_seconds=apply_seconds)
        rows.append(tuple(f"{each:g}" for each in (interval, ttl, *behind(played))))
    title = "Behind at worst, in seconds: "
    title += f"grace {grace:g}, applications keep answers for {jvm_ttl:g}"
    return Table(title, ("interval", "TTL", *Behind._fields), tuple(rows))


@lru_cache(maxsize=256)
def _extreme(chased: _Chase) -> tuple[int, int]:
    """The seconds after a poll at which a move is worst and best for the new address.

    An answer that the next poll is given can be as old as the TTL, and no older: so all seconds are
    tried from there on.
    """
    first = max(1, floor(chased.interval - chased.kept))
    last = ceil(max(chased.interval, chased.kept))
    moments = range(first, last + 1, max(1, (last - first) // MOMENTS))
    played = {after: (behind(simulate(chased.scene(after))), -after) for after in moments}
    return max(moments, key=played.__getitem__), min(moments, key=played.__getitem__)
