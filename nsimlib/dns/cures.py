"""Which change would have prevented an outage: a scene played again with one thing otherwise.

Other policies of the scene are tried where the enforcer reads them, and the settings that its file
lists as `tried`. A change that lets an application work may open more than it must: the windows of
exposure stand beside the outages.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any

from nsimlib.cni.choosing import profile_for
from nsimlib.dns.plays import chosen_policies, play, play_data, policies_of
from nsimlib.dns.staging import bare_cluster
from nsimlib.dns.timeline import Timeline
from nsimlib.model.tables import Table, Tabled

__all__ = ["Cure", "Cures", "cures", "exposed", "out"]

POLICIES = "policies"


@dataclass(frozen=True, slots=True)
class Cure:
    """One change, what happens with it, and what happens without."""

    change: Mapping[str, Any]
    timeline: Timeline
    without: Timeline

    @property
    def prevents(self) -> bool:
        """Whether nobody fails any more."""
        return not self.timeline.outages

    @property
    def effect(self) -> str:
        """What it does to the outages, in words."""
        now, before = out(self.timeline), out(self.without)
        if now == before:
            return "no effect"
        if not now:
            return "prevents it"
        return "shortens it" if now < before else "makes it worse"

    def __str__(self) -> str:
        return ", ".join(f"{name}: {value}" for name, value in self.change.items())


@dataclass(frozen=True, repr=False)
class Cures(Tabled):
    """A scene as it is, and with each change; the changes in the order in which they help."""

    as_it_is: Timeline
    cures: tuple[Cure, ...]

    @property
    def prevent(self) -> tuple[Cure, ...]:
        """The changes with which nobody fails."""
        return tuple(cure for cure in self.cures if cure.prevents)

    def to_table(self) -> Table:
        """Return a row for each change; times are seconds, summed over applications."""
        rows = [_row("as it is", self.as_it_is, "")]
        rows += [_row(str(cure), cure.timeline, cure.effect) for cure in self.cures]
        columns = ("change", "failed", "outage", "longest", "exposed", "effect")
        return Table(f"What would have helped: {self.as_it_is.title}", columns, tuple(rows))


def cures(name: str, *, cni: str = "calico", policies: str = "", **settings: Any) -> Cures:
    """Return what changes would have made of a scene that ships.

    Parameters
    ----------
    name, cni, policies, settings
        The scene as it is, as `play` takes it.

    Raises
    ------
    UnknownName
        If there is no such scene, profile, policies or setting.
    SettingError
        If a setting cannot have its value.

    Examples
    --------
    Of all changes only those to the pool end the outage, and none prevents it: no policy is to
    blame, and no TTL (F5.21).

    >>> [(str(cure), cure.effect) for cure in cures("stale-pool").cures[:2]]
    [('pool: 0', 'shortens it'), ('pool_lifetime: 30s', 'shortens it')]
    """
    as_it_is = play(name, cni=cni, policies=policies, **settings)
    data = play_data(name)
    chosen = chosen_policies(data, cni, policies)
    found = []
    for change in _changes(data, cni, chosen):
        said: dict[str, Any] = {POLICIES: chosen, **settings, **change}
        found.append(Cure(change, play(name, cni=cni, **said), as_it_is))
    found.sort(key=lambda cure: (out(cure.timeline), exposed(cure.timeline)))
    return Cures(as_it_is, tuple(found))


def out(timeline: Timeline) -> float:
    """Return for how many seconds applications were out, all together."""
    return fsum(outage.end - outage.start for outage in timeline.outages)


def exposed(timeline: Timeline) -> float:
    """Return for how many seconds something was allowed that a name had no more."""
    return fsum(interval.seconds for interval in timeline.exposures)


def _changes(data: Mapping[str, Any], cni: str, chosen: str) -> Iterator[dict[str, Any]]:
    """Other policies that the enforcer reads, and the settings that the file tells to try."""
    profile = profile_for(bare_cluster(data["cluster"]), cni)
    read = {name: all(map(profile.enforces, policies_of(data, name))) for name in data[POLICIES]}
    for name, is_read in read.items():
        if is_read and name != chosen:
            yield {POLICIES: name}
    for change in data.get("tried", ()):
        if read[change.get(POLICIES, chosen)]:
            yield change


def _row(change: str, timeline: Timeline, effect: str) -> tuple[object, ...]:
    failed = sum(not attempt.result.works for attempt in timeline.attempts)
    longest = max((outage.end - outage.start for outage in timeline.outages), default=0)
    times = (f"{seconds:g}" for seconds in (out(timeline), longest, exposed(timeline)))
    return change, failed, *times, effect
