"""What whoever gives a lesson wants at hand; the wrong answers come from its bets and exercises."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, cast

from nsimlib.lessons.entries import Entry, entry, variant
from nsimlib.lessons.misconceptions import misconception
from nsimlib.lessons.syllabus import Lesson, syllabus
from nsimlib.manifests.shipped import read_shipped, shipped_names

__all__ = ["Expected", "expected", "lessons_without_notes", "notes"]


class Expected(NamedTuple):
    """A wrong answer to expect: to what, which one, and the id of the belief that it shows."""

    asked: str
    answer: str
    misconception: str


def expected(lesson: Lesson) -> tuple[Expected, ...]:
    """Return the wrong answers that a lesson's bets and exercises know, in their order.

    Where learners meet variants of an exercise, the first one stands for all.

    >>> from nsimlib.lessons.syllabus import lesson
    >>> expected(lesson("isolation-is-a-switch"))[0]
    Expected(asked='bet 1', answer='`denied`', misconception='later-policy-wins')
    """
    bets = (each for name in lesson.bets for each in _of_bet(name))
    slips = (each for name in lesson.exercises for each in _of_exercise(name))
    return (*bets, *slips)


def lessons_without_notes() -> tuple[str, ...]:
    """Return the slugs of lessons for whose instructors nothing is written yet."""
    written = shipped_names("data", "instructor")
    return tuple(slug for slug in syllabus() if slug not in written)


def notes(lesson: Lesson) -> str | None:
    """Return the notes on a lesson as Markdown; None if nobody has written any."""
    if lesson.slug in lessons_without_notes():
        return None
    data = cast("Entry", read_shipped("data", "instructor", f"{lesson.slug}.yaml"))
    return "\n".join(_Page(lesson, data).lines())


@dataclass(frozen=True)
class _Page:
    """One lesson's notes on their way to Markdown."""

    lesson: Lesson
    data: Entry

    def lines(self) -> Iterator[str]:
        yield f"# {self.lesson.number} {self.lesson.title}: notes for the instructor\n"
        yield f"{self.lesson.minutes} minutes. {self.data['purpose']}\n"
        yield f"## On the board\n\n```text\n{self.data['board'].rstrip()}\n```\n"
        yield "## Wrong answers to expect\n"
        yield from self._beliefs()
        yield "## When something does not work\n"
        yield from (f"- {each}" for each in self.data["trouble"])
        yield "\n## When you are late\n"
        yield from (f"- **{late} minutes:** {cut}" for late, cut in self.data["late"].items())
        yield f"\n## For those who are done early\n\n{self.data['fast']}\n"

    def _beliefs(self) -> Iterator[str]:
        found = expected(self.lesson)
        for name in dict.fromkeys(each.misconception for each in found):
            belief = misconception(name)
            facts = f" ({', '.join(belief.facts)})" if belief.facts else ""
            yield f"### {belief.belief}\n"
            shown = (each for each in found if each.misconception == name)
            yield from (f"- {each.asked}: {each.answer}" for each in shown)
            yield f"\nSay: {self.data['say'][name]}\n\nSo it is: {belief.instead}{facts}\n"


def _of_bet(name: str) -> Iterator[Expected]:
    for choice in entry("predictions", name)["choices"]:
        if choice["misconception"]:
            yield Expected(_short(name), f"`{choice['answer']}`", choice["misconception"])


def _of_exercise(name: str) -> Iterator[Expected]:
    found = variant(entry("exercises", name), 0)
    asked = f"exercise {_short(name)}"
    for blank in found.get("blanks", ()):
        for slip in blank.get("slips", ()):
            yield Expected(
                f"{asked}, {blank['name']}", f"`{slip['answer']}`", slip["misconception"]
            )
    for slip in found.get("slips", ()):
        yield Expected(asked, _ends(slip["when"]), slip["misconception"])


def _ends(when: dict[str, str]) -> str:
    return ", ".join(f"`{connection}` is {outcome}" for connection, outcome in when.items())


def _short(name: str) -> str:
    return name.partition("/")[2].replace("bet-", "bet ")
