"""Exercises in which blanks are filled in: a short answer for each thing that is asked."""

from collections.abc import Mapping
from dataclasses import dataclass

from nsimlib.lessons.asked import Asked
from nsimlib.lessons.entries import Entry
from nsimlib.lessons.exercise import Exercise
from nsimlib.lessons.feedback import Feedback
from nsimlib.lessons.misconceptions import misconception
from nsimlib.model.tables import Table
from nsimlib.views.catalogue import say

__all__ = ["Blank", "Blanks"]


@dataclass(frozen=True)
class Blank:
    """One thing that is asked; `slips` are answers that show a belief, with what to say."""

    name: str
    asked: Asked
    choices: tuple[str, ...]
    slips: Mapping[str, tuple[str, str]]

    @property
    def offer(self) -> str:
        """The choices, in words that favour none."""
        return say("exercise.one-of", choices=", ".join(self.choices)) if self.choices else "?"

    @classmethod
    def of(cls, entry: Entry, given: Entry) -> "Blank":
        """Return the blank that an entry describes; choices may be those of the exercise."""
        slips = {
            str(each["answer"]): (each["misconception"], each["says"])
            for each in given.get("slips", ())
        }
        choices = tuple(map(str, {**entry, **given}.get("choices", ())))
        return cls(given["name"], Asked.of(entry, given), choices, slips)


@dataclass(frozen=True, repr=False)
class Blanks(Exercise):
    """Things to name, count or classify; an attempt is a dictionary of answers."""

    blanks: tuple[Blank, ...]

    @classmethod
    def of(cls, entry: Entry) -> "Blanks":
        """Return the exercise that an entry of `data/exercises` describes."""
        blanks = tuple(Blank.of(entry, each) for each in entry["blanks"])
        return cls(entry["id"], entry["question"], tuple(entry["hints"]), blanks)

    @property
    def beginning(self) -> dict[str, str | None]:
        """All blanks open."""
        return dict.fromkeys(blank.name for blank in self.blanks)

    @property
    def solution(self) -> dict[str, str | None]:
        """All blanks filled in."""
        return {blank.name: blank.asked.truth for blank in self.blanks}

    @property
    def table(self) -> Table:
        """What is asked, with the choices."""
        rows = tuple((each.name, each.offer) for each in self.blanks)
        return Table("Fill in", ("what", "answer"), rows)

    def judge(self, attempt: object) -> Feedback:
        """Return how many answers are right, and what the first other one shows."""
        given = dict(attempt) if isinstance(attempt, Mapping) else {}
        wanted = len(self.blanks)
        answers = [(each, given.get(each.name)) for each in self.blanks]
        filled = [(each, str(answer)) for each, answer in answers if answer is not None]
        if not filled:
            says = say("exercise.blanks-not-answered")
            return Feedback(says, 0, wanted, is_answered=False)
        missed = [(each, answer) for each, answer in filled if answer != each.asked.truth]
        met = len(filled) - len(missed)
        if missed:
            return _missed(*missed[0], met, wanted)
        if met < wanted:
            open_ = ", ".join(each.name for each, answer in answers if answer is None)
            return Feedback(
                say("exercise.blanks-open", met=met, wanted=wanted, asked=open_), met, wanted
            )
        return Feedback(say("exercise.blanks-passed", wanted=wanted), met, wanted)


def _missed(blank: Blank, answer: str, met: int, wanted: int) -> Feedback:
    if blank.choices and answer not in blank.choices:
        choices = " or ".join(blank.choices)
        says = say("exercise.blanks-choices", asked=blank.name, choices=choices, answer=answer)
        return Feedback(says, met, wanted)
    says = say("exercise.blanks-missed", met=met, wanted=wanted, asked=blank.name, answer=answer)
    slip, more = blank.slips.get(answer, ("", ""))
    shown = misconception(slip) if slip else None
    return Feedback(says, met, wanted, more=more, misconception=shown)
