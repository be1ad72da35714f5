"""Exercises in which settings are chosen: scenes are played with them, to the last second.

An attempt is a dictionary of settings. What is wanted are bounds on what the connection meets in a
scene: for how long it is out, and for how long an address is allowed that the name has left. A
scene is one that ships, by `play`, or that of a controller, by `chase`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nsimlib.dns.chase import behind, chase
from nsimlib.dns.cures import exposed, out
from nsimlib.dns.plays import play
from nsimlib.dns.timeline import Outage, Timeline
from nsimlib.errors import UnknownName
from nsimlib.lessons.entries import Entry
from nsimlib.lessons.exercise import Exercise
from nsimlib.lessons.feedback import Feedback
from nsimlib.lessons.misconceptions import misconception
from nsimlib.model.tables import Table
from nsimlib.views.catalogue import say

__all__ = ["Bound", "SettingsExercise", "SettingsSlip"]

Settings = Mapping[str, Any]
MEASURES: Mapping[str, Callable[[Timeline], float]] = {
    "out": out,
    "exposed": exposed,
    "missing": lambda timeline: behind(timeline).missing,
    "longest out": lambda timeline: behind(timeline).out,
}


@dataclass(frozen=True)
class Bound:
    """How many seconds of something a scene may have; `measure` is one of `MEASURES`."""

    what: str
    scene: str
    measure: str
    at_most: float

    def found(self, timeline: Timeline) -> float:
        """Return how many seconds there are."""
        return MEASURES[self.measure](timeline)


@dataclass(frozen=True)
class SettingsSlip:
    """A belief that shows in which bound is missed first; `example` is an attempt that does."""

    misconception: str
    missed: str
    says: str
    example: Settings


@dataclass(frozen=True, repr=False)
class SettingsExercise(Exercise):
    """Scenes by name, as `play` takes them, and the settings that can be chosen."""

    scenes: Mapping[str, Settings]
    choices: Mapping[str, tuple[Any, ...]]
    start: Settings
    wanted: tuple[Bound, ...]
    solved_by: Settings
    slips: tuple[SettingsSlip, ...]

    @classmethod
    def of(cls, entry: Entry) -> "SettingsExercise":
        """Return the exercise that an entry of `data/exercises` describes."""
        slips = (
            SettingsSlip(
                each["misconception"], next(iter(each["when"])), each["says"], each["example"]
            )
            for each in entry["slips"]
        )
        return cls(
            id=entry["id"],
            question=entry["question"],
            hints=tuple(entry["hints"]),
            scenes=entry["scenes"],
            choices={name: tuple(values) for name, values in entry["settings"].items()},
            start=entry["start"],
            wanted=tuple(
                Bound(**{**each, "at_most": float(each["at_most"])}) for each in entry["wanted"]
            ),
            solved_by=entry["answer"],
            slips=tuple(slips),
        )

    @property
    def beginning(self) -> dict[str, Any]:
        """The settings to start from."""
        return dict(self.start)

    @property
    def solution(self) -> dict[str, Any]:
        """Settings with which everything wanted is met."""
        return {name: self._chosen(name, value) for name, value in self.solved_by.items()}

    @property
    def table(self) -> Table:
        """What is wanted, then what can be chosen."""
        rows = [
            (each.what, say("settings.at-most", most=f"{each.at_most:g}")) for each in self.wanted
        ]
        rows += [(name, self._offer(name)) for name in self.choices]
        return Table("Wanted, and the settings", ("what", "should be"), tuple(rows))

    def play(self, scene: str, settings: Settings) -> Timeline:
        """Return what happens in one of the scenes, to look at it.

        Raises
        ------
        UnknownName, SettingError
            If there is no such setting, or it cannot have its value.
        """
        told = dict(self.scenes[scene])
        if name := told.pop("play", ""):
            return play(name, **{**told, **settings})
        if unknown := next((each for each in settings if each not in self.choices), ""):
            raise UnknownName("setting", unknown, self.choices)
        return chase(**{**told.pop("chase"), **settings})

    def judge(self, attempt: object) -> Feedback:
        """Return what the scenes make of settings; the others stay as they were at the start."""
        given = dict(attempt) if isinstance(attempt, Mapping) else {}
        wanted = len(self.wanted)
        if problem := next(self._problems(given), ""):
            return Feedback(problem, 0, wanted)
        settings = {**self.start, **{name: self._chosen(name, given[name]) for name in given}}
        if settings == self.start:
            return Feedback(say("exercise.not-answered-settings"), 0, wanted, is_answered=False)
        played = {scene: self.play(scene, settings) for scene in self.scenes}
        found = [(bound, bound.found(played[bound.scene])) for bound in self.wanted]
        missed = [(bound, seconds) for bound, seconds in found if seconds > bound.at_most]
        if not missed:
            return Feedback(say("settings.passed", wanted=wanted), wanted, wanted)
        return self._missed(missed, played)

    def _missed(
        self, missed: list[tuple[Bound, float]], played: Mapping[str, Timeline]
    ) -> Feedback:
        (bound, seconds), wanted = missed[0], len(self.wanted)
        met = wanted - len(missed)
        says = say(
            "settings.missed",
            met=met,
            wanted=wanted,
            what=bound.what,
            found=f"{seconds:g}",
            most=f"{bound.at_most:g}",
        )
        slip = next((each for each in self.slips if each.missed == bound.what), None)
        told = [slip.says] if slip else []
        if bound.measure in EVIDENCE:
            told.append(EVIDENCE[bound.measure](played[bound.scene]))
        belief = misconception(slip.misconception) if slip else None
        return Feedback(says, met, wanted, more=" ".join(told), misconception=belief)

    def _problems(self, given: Settings) -> Iterator[str]:
        for name, value in given.items():
            if name not in self.choices:
                known = ", ".join(self.choices)
                yield say("settings.unknown", setting=name, known=known)
            elif str(value) not in map(str, self.choices[name]):
                choices = " or ".join(map(str, self.choices[name]))
                yield say("settings.choices", setting=name, choices=choices, value=value)

    def _chosen(self, name: str, value: object) -> object:
        """The choice that is meant, in quotes or not."""
        return next(each for each in self.choices[name] if str(each) == str(value))

    def _offer(self, name: str) -> str:
        return say("exercise.one-of", choices=", ".join(map(str, self.choices[name])))


def _first(timeline: Timeline) -> str:
    """The first outage of a timeline that has one, with its reasons."""
    return say("settings.first", **_told(timeline.outages[0]))


def _longest(timeline: Timeline) -> str:
    """The longest outage, and whose it is."""
    longest = max(timeline.outages, key=lambda outage: outage.end - outage.start)
    return say("settings.longest", application=longest.application, **_told(longest))


def _told(outage: Outage) -> dict[str, str]:
    because = "; ".join(outage.because)
    return {"start": f"{outage.start:g}", "end": f"{outage.end:g}", "because": because}


#: the outage that is told where one is missed by
EVIDENCE = {"out": _first, "longest out": _longest}
