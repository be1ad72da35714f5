"""Bets: the learner says what will happen before the library does.

Which choice is right is for the library to say; each choice knows what to tell whoever took it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from textwrap import indent
from typing import TYPE_CHECKING

from nsimlib.errors import UnknownName
from nsimlib.evaluation.verdict import Verdict
from nsimlib.lessons.asked import Asked
from nsimlib.lessons.entries import Entry, entries, entry
from nsimlib.lessons.misconceptions import Misconception, misconception
from nsimlib.lessons.progress import progress
from nsimlib.views.catalogue import say
from nsimlib.views.styles import COLOURS, badge, box, code_block, prose

if TYPE_CHECKING:
    from nsimlib.widgets.choice_card import ChoiceCard

__all__ = ["Bet", "NotYet", "Settled", "predict", "prediction", "predictions", "settle"]


@dataclass(frozen=True, repr=False)
class Settled:
    """A bet against what happens, and the belief that this choice shows."""

    asked: Asked
    guess: str
    feedback: str
    misconception: Misconception | None

    @property
    def right(self) -> bool:
        """Whether the guess was what happens."""
        return self.guess == self.asked.truth

    @property
    def verdict(self) -> Verdict | None:
        """The evaluator's answer, if the bet was about a connection."""
        return self.asked.verdict

    @property
    def says(self) -> str:
        """How the bet ended, in a line."""
        about = "-connection" if self.asked.connection else ""
        key = f"bet.{'right' if self.right else 'other'}{about}"
        asked = self.asked
        return say(key, connection=asked.connection, truth=asked.truth, guess=self.guess)

    @property
    def told(self) -> tuple[str, ...]:
        """What the choice shows, and what is so instead."""
        belief = (str(self.misconception),) if self.misconception else ()
        return (self.feedback, *belief)

    def __repr__(self) -> str:
        return "\n".join((self.says, *self.told))

    def _repr_html_(self) -> str:
        told = "".join(f"<p>{prose(each)}</p>" for each in self.told)
        sign = f"{_badge(self.asked.truth)} " if self.asked.connection else ""
        return box(f"<p>{sign}{escape(self.says)}</p>{told}")


@dataclass(frozen=True, repr=False)
class Bet:
    """A question with a few answers, and what each shows about whoever gives it."""

    id: str
    question: str
    asked: Asked
    feedback: Mapping[str, tuple[str, str | None]]

    @property
    def title(self) -> str:
        """What it is called on its lesson's page: `Bet 1`."""
        return self.id.partition("/")[2].replace("-", " ").capitalize()

    @property
    def choices(self) -> tuple[str, ...]:
        """The answers to choose from."""
        return tuple(self.feedback)

    @property
    def manifests(self) -> str:
        """The policies in question."""
        return "---\n".join(self.asked.manifests)

    def __repr__(self) -> str:
        policies = indent(self.manifests.strip(), "    ")
        lines = (f"{self.title}: {self.question}", policies, f"  {' or '.join(self.choices)}?")
        return "\n".join(line for line in lines if line)

    def _repr_html_(self) -> str:
        return box(f"{self.asking}<p>{' or '.join(map(_badge, self.choices))}?</p>")

    @property
    def asking(self) -> str:
        """The question with its policies, as HTML."""
        policies = code_block(self.manifests) if self.manifests else ""
        return f"<p><b>{self.title}.</b> {prose(self.question)}</p>{policies}"

    def settle(self, guess: object) -> Settled:
        """Return how a guess compares with what happens.

        Raises
        ------
        UnknownName
            If the guess is no choice of this bet.
        """
        chosen = str(guess)
        if chosen not in self.feedback:
            raise UnknownName("choice", chosen, self.feedback)
        says, slip = self.feedback[chosen]
        return Settled(self.asked, chosen, says, misconception(slip) if slip else None)


def _badge(word: str) -> str:
    return badge(word) if word in COLOURS else f"<b>{escape(word)}</b>"


@dataclass(frozen=True, repr=False)
class NotYet:
    """A bet that nobody has taken yet; what happens is not given away."""

    bet: Bet

    def __repr__(self) -> str:
        return say("bet.none", title=self.bet.title)


def predict(name: str) -> "ChoiceCard":
    """Return a bet as a card to choose on; the choice is kept in the learner's progress.

    >>> predict("isolation-is-a-switch/bet-1")  # doctest: +ELLIPSIS
    Bet 1: web-egress-allow-api was there first, ...
      allowed or denied?
    """
    from nsimlib.widgets.choice_card import ChoiceCard

    bet = prediction(name)

    def keep(choice: str) -> str:
        progress().bet(name, choice)
        return say("bet.kept", choice=choice)

    kept = progress().bets.get(name)
    card = ChoiceCard(box(bet.asking), say("bet.choose"), bet.choices, keep, repr(bet))
    card.choose(kept if kept in bet.choices else None)
    return card


def settle(name: str, guess: object = None) -> Settled | NotYet:
    """Return how a bet ends; while there is no guess, only that there is none.

    >>> settle("isolation-is-a-switch/bet-1", "denied").misconception.id
    'later-policy-wins'
    """
    bet = prediction(name)
    kept = progress().bets.get(name) if guess is None else guess
    return NotYet(bet) if kept is None else bet.settle(kept)


def prediction(name: str) -> Bet:
    """Return the bet of that id, or raise `UnknownName`."""
    return _bet(entry("predictions", name))


def predictions() -> dict[str, Bet]:
    """Return all bets by id."""
    return {name: _bet(each) for name, each in entries("predictions").items()}


def _bet(found: Entry) -> Bet:
    feedback = {
        str(choice["answer"]): (choice["feedback"], choice["misconception"])
        for choice in found["choices"]
    }
    return Bet(found["id"], found["question"], Asked.of(found, {}), feedback)
