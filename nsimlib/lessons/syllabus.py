"""The lessons as data: what each is for, how long it takes, what it starts from, and the tracks."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from html import escape
from typing import cast

from nsimlib.errors import UnknownName
from nsimlib.lessons.entries import Entry, entries
from nsimlib.lessons.scenarios import policy_files, resolver_layouts, scenario
from nsimlib.manifests.shipped import read_shipped, shipped_names
from nsimlib.model.cluster import Cluster
from nsimlib.model.tables import Table
from nsimlib.views.catalogue import say
from nsimlib.views.styles import box, prose

__all__ = ["TRACKS", "Lesson", "curriculum", "lesson", "syllabus", "track"]

#: for how much time a selection of the lessons is meant
TRACKS = {"taster": "Taster", "half-day": "Half a day", "one-day": "One day"}


@dataclass(frozen=True, repr=False)
class Lesson:
    """A lesson; `cluster` is where it starts, whatever was done before."""

    number: str
    slug: str
    title: str
    minutes: int
    #: each completes "Afterwards you can"
    objectives: tuple[str, ...]
    needs: tuple[str, ...]
    #: slugs of the lessons that it builds on
    after: tuple[str, ...]
    tracks: tuple[str, ...]
    scenario: str

    @property
    def notebook(self) -> str:
        """The name of its file: `02-isolation-is-a-switch.ipynb`."""
        return f"{self.number}-{self.slug}.ipynb"

    @cached_property
    def cluster(self) -> Cluster:
        """The cluster that the lesson starts from, as it was saved."""
        return scenario(self.scenario)

    @cached_property
    def policies(self) -> dict[str, str]:
        """The policies that are ready to be switched on: their texts by name."""
        return policy_files(self.scenario)

    @cached_property
    def layouts(self) -> dict[str, Cluster]:
        """Its cluster with each of several resolvers, by name; empty where it has but one."""
        return resolver_layouts(self.scenario)

    @property
    def bets(self) -> tuple[str, ...]:
        """The ids of its bets."""
        return tuple(name for name in entries("predictions") if _is_of(name, self.slug))

    @property
    def exercises(self) -> tuple[str, ...]:
        """The ids of its exercises."""
        return tuple(name for name in entries("exercises") if _is_of(name, self.slug))

    def __repr__(self) -> str:
        lines = [f"{self.number} {self.title} ({say('lesson.minutes', minutes=self.minutes)})"]
        lines += [f"{say('lesson.afterwards')}:", *(f"- {each}" for each in self.objectives)]
        lines += [f"{say('lesson.needs')}: {'; '.join(self.needs)}"] if self.needs else []
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        minutes = say("lesson.minutes", minutes=self.minutes)
        goals = "".join(f"<li>{prose(each)}</li>" for each in self.objectives)
        needs = f"{say('lesson.needs')}: {prose('; '.join(self.needs))}<br>" if self.needs else ""
        head = f"<b>{self.number} {prose(self.title)}</b> · {escape(minutes)}"
        return box(f"<p>{head}</p><p>{needs}{say('lesson.afterwards')}:</p><ul>{goals}</ul>")


def lesson(slug: str) -> Lesson:
    """Return the lesson of that slug, with the cluster it starts from.

    Raises
    ------
    UnknownName
        If there is no such lesson.

    Examples
    --------
    >>> lesson("isolation-is-a-switch").notebook
    '02-isolation-is-a-switch.ipynb'
    """
    found = syllabus()
    if slug not in found:
        raise UnknownName("lesson", slug, found)
    return found[slug]


@lru_cache
def syllabus() -> dict[str, Lesson]:
    """Return all lessons by slug, in their order."""
    return {found.slug: found for found in map(_read, shipped_names("data", "lessons"))}


def curriculum() -> Table:
    """Return what the lessons are and how long they take."""
    return _table(say("lessons.title"), tuple(syllabus().values()))


def track(name: str) -> Table:
    """Return the lessons of a track (`taster`, `half-day`, `one-day`), with the sum of minutes."""
    if name not in TRACKS:
        raise UnknownName("track", name, TRACKS)
    found = tuple(each for each in syllabus().values() if name in each.tracks)
    minutes = sum(each.minutes for each in found)
    return _table(say("track.title", title=TRACKS[name], minutes=minutes), found)


def _table(title: str, found: tuple[Lesson, ...]) -> Table:
    rows = tuple((each.number, each.title, each.minutes, ", ".join(each.tracks)) for each in found)
    return Table(title, ("", "lesson", "minutes", "tracks"), rows)


def _read(name: str) -> Lesson:
    number, _, slug = name.partition("-")
    data = cast("Entry", read_shipped("data", "lessons", f"{name}.yaml"))
    return Lesson(
        number=number,
        slug=slug,
        title=data["title"],
        minutes=data["minutes"],
        objectives=tuple(data["objectives"]),
        needs=tuple(data["needs"]),
        after=tuple(data["after"]),
        tracks=tuple(data["tracks"]),
        scenario=data["scenario"],
    )


def _is_of(name: str, slug: str) -> bool:
    return name.partition("/")[0] == slug
