"""Exercises in which a function is written: judged by what it has open, poll by poll.

The attempt is the function itself, or its text. What it must do is told as properties, each with a
story that shows it; the first story from which the function parts is told with its polls.
"""

import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nsimlib.errors import AttemptError
from nsimlib.lessons.entries import Entry
from nsimlib.lessons.exercise import Exercise
from nsimlib.lessons.feedback import Feedback
from nsimlib.lessons.learner_code import called, function_of, same_body, source_of
from nsimlib.lessons.misconceptions import misconception
from nsimlib.lessons.polls import Missed, Reconcile, Story, first_missed, stormy
from nsimlib.model.tables import Table
from nsimlib.views.catalogue import say

__all__ = ["FunctionExercise", "FunctionSlip"]

#: how many hours of a name that nobody wrote down
STORMS = 5


@dataclass(frozen=True)
class FunctionSlip:
    """A belief that shows in which property is missed first; `example` is a function that does."""

    misconception: str
    missed: str
    says: str
    example: str


@dataclass(frozen=True, repr=False)
class FunctionExercise(Exercise):
    """A function to write, by its name, and the stories that it has to get through."""

    function: str
    start: str
    stories: tuple[Story, ...]
    untouched: str
    solved_by: str
    slips: tuple[FunctionSlip, ...]

    @classmethod
    def of(cls, entry: Entry) -> "FunctionExercise":
        """Return the exercise that an entry of `data/exercises` describes."""
        grace = float(entry["grace"])
        told = [Story.of(each["what"], grace, each["polls"]) for each in entry["properties"]]
        storm = entry["storm"]
        addresses = str(storm["addresses"]).split()
        told += [stormy(storm["what"], grace, addresses, seed) for seed in range(STORMS)]
        slips = (
            FunctionSlip(
                each["misconception"], next(iter(each["when"])), each["says"], each["example"]
            )
            for each in entry["slips"]
        )
        return cls(
            id=entry["id"],
            question=entry["question"],
            hints=tuple(entry["hints"]),
            function=entry["function"],
            start=entry["start"],
            stories=tuple(told),
            untouched=entry["untouched"],
            solved_by=entry["answer"],
            slips=tuple(slips),
        )

    @property
    def properties(self) -> tuple[str, ...]:
        """What the function must do, in the order in which it is looked at."""
        return (*dict.fromkeys(story.what for story in self.stories), self.untouched)

    @property
    def beginning(self) -> str:
        """The text to start from."""
        return self.start

    @property
    def solution(self) -> str:
        """The text of a function with every property."""
        return self.solved_by

    @property
    def table(self) -> Table:
        """The properties."""
        rows = tuple((str(n), what) for n, what in enumerate(self.properties, start=1))
        return Table(say("function.properties", name=self.function), ("number", "property"), rows)

    def judge(self, attempt: object) -> Feedback:
        """Return which properties a function has, and where it parts from the first it lacks."""
        wanted = len(self.properties)
        try:
            function = function_of(attempt, self.function)
        except AttemptError as error:
            return Feedback(str(error), 0, wanted)
        if same_body(function, function_of(self.start, self.function)):
            return Feedback(say("exercise.not-answered-function"), 0, wanted, is_answered=False)
        tried = [self._tried(self._checked(function), story) for story in self.stories]
        lacking = [each for each in tried if each]
        met = wanted - len({what for what, _ in lacking})
        if not lacking:
            return Feedback(say("function.passed", wanted=wanted), wanted, wanted)
        _, first = lacking[0]
        says = f"{say('function.met', met=met, wanted=wanted)}; {first.says}"
        return Feedback(says, met, wanted, more=first.more, misconception=first.misconception)

    def noted(self, attempt: object) -> object:
        """The text of the function, which can be kept in a file."""
        return source_of(attempt)

    def _checked(self, function: Callable[..., Any]) -> Reconcile:
        """The function, which says what it does instead of returning a dictionary."""

        def reconcile(*given: object) -> Mapping[str, Any]:
            returned = called(function, *given)
            if not isinstance(returned, Mapping):
                found = called(reprlib.repr, returned)
                raise AttemptError(say("function.no-dictionary", name=self.function, found=found))
            return returned

        return reconcile

    def _tried(self, function: Reconcile, story: Story) -> tuple[str, Feedback] | None:
        """The property that a function lacks in a story, and what to say of it."""
        missed = first_missed(function, story)
        if missed is None:
            return None
        if missed.stopped:
            at, heard = missed.last
            more = say("function.stopped", at=at, heard=heard)
            return story.what, Feedback(missed.stopped, 0, 1, more=more)
        what = self.untouched if missed.changed_old else story.what
        return what, self._lacking(what, missed)

    def _lacking(self, what: str, missed: Missed) -> Feedback:
        slip = next((each for each in self.slips if each.missed == what), None)
        lines = [slip.says] if slip else []
        if not missed.changed_old:
            lines += [_told(row) for row in tuple(missed.rows)[-SHOWN:]]
        belief = misconception(slip.misconception) if slip else None
        says = say("function.missed", what=what)
        return Feedback(says, 0, 1, more="\n".join(lines), misconception=belief)


#: how many polls of a story are told, the last ones
SHOWN = 6


def _told(row: tuple[str, str, str, str]) -> str:
    at, heard, open_, wanted = row
    told = say("function.poll", at=at, heard=heard, open=open_)
    return f"{told} {say('function.should', wanted=wanted)}" if wanted else told
