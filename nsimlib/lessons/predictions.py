"""Bets: the learner says what will happen before the evaluator does.

Which choice is right is not stored anywhere; the evaluator decides, and each choice knows what to
say to whoever took it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from textwrap import indent
from typing import Any, cast

from nsimlib.errors import UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.verdict import Verdict
from nsimlib.lessons.scenarios import policy_files, scenario
from nsimlib.manifests.shipped import read_shipped, shipped_names
from nsimlib.views.styles import badge, box, code_block, prose

__all__ = ["Bet", "NotYet", "Settled", "predict", "prediction", "predictions", "settle"]


@dataclass(frozen=True, repr=False)
class Settled:
    """A bet against what the evaluator says, and what that choice shows."""

    guess: Outcome
    verdict: Verdict
    feedback: str
    misconception: str | None

    @property
    def right(self) -> bool:
        """Whether the guess was what happens."""
        return self.guess is self.verdict.outcome

    @property
    def says(self) -> str:
        """How the bet ended, in a line."""
        how = "as you said" if self.right else f"and not {self.guess.value}"
        return f"{self.verdict.connection} is {self.verdict.outcome.value}, {how}"

    def __repr__(self) -> str:
        return f"{self.says}\n{self.feedback}"

    def _repr_html_(self) -> str:
        result = f"{badge(self.verdict.outcome.value)} {escape(self.says)}"
        return box(f"<p>{result}</p><p>{prose(self.feedback)}</p>")


@dataclass(frozen=True, repr=False)
class Bet:
    """A question about one connection, with what each answer shows about whoever gives it."""

    id: str
    question: str
    policies: tuple[str, ...]
    connection: str
    feedback: Mapping[Outcome, tuple[str, str | None]]

    @property
    def title(self) -> str:
        """What it is called on its lesson's page: `Bet 1`."""
        return self.id.partition("/")[2].replace("-", " ").capitalize()

    @property
    def manifests(self) -> str:
        """The policies in question."""
        files = policy_files(self.id.partition("/")[0])
        return "---\n".join(files[name] for name in self.policies)

    def __repr__(self) -> str:
        choices = " or ".join(outcome.value for outcome in self.feedback)
        policies = indent(self.manifests.strip(), "    ")
        return f"{self.title}: {self.question}\n{policies}\n  {choices}?"

    def _repr_html_(self) -> str:
        choices = " or ".join(badge(outcome.value) for outcome in self.feedback)
        question = f"<p><b>{self.title}.</b> {prose(self.question)}</p>"
        return box(f"{question}{code_block(self.manifests)}<p>{choices}?</p>")

    def settle(self, guess: str) -> Settled:
        """Return how a guess, `"allowed"` or `"denied"`, compares with what happens.

        Raises
        ------
        UnknownName
            If the guess is no choice of this bet.
        """
        choices = {outcome.value: outcome for outcome in self.feedback}
        if guess not in choices:
            raise UnknownName("choice", guess, choices)
        slug = self.id.partition("/")[0]
        files = policy_files(slug)
        cluster = scenario(slug).with_policies(*(files[name] for name in self.policies))
        says, misconception = self.feedback[choices[guess]]
        return Settled(choices[guess], why(cluster, self.connection), says, misconception)


def predict(name: str, guess: str | None = None) -> Bet | Settled:
    """Return a bet to think about or, with a guess, how it ends.

    >>> predict("isolation-is-a-switch/bet-1", "denied").misconception
    'later-policy-wins'
    """
    bet = prediction(name)
    return bet if guess is None else bet.settle(guess)


@dataclass(frozen=True, repr=False)
class NotYet:
    """A bet that nobody has taken yet; what happens is not given away."""

    bet: Bet

    def __repr__(self) -> str:
        choices = " or ".join(f'"{outcome.value}"' for outcome in self.bet.feedback)
        return f"{self.bet.title}: no bet yet. Write {choices} above, and run both cells again."


def settle(name: str, guess: str | None) -> Settled | NotYet:
    """Return how a bet ends; while there is no guess, only that there is none.

    >>> settle("isolation-is-a-switch/bet-1", None)
    Bet 1: no bet yet. Write "allowed" or "denied" above, and run both cells again.
    """
    bet = prediction(name)
    return NotYet(bet) if guess is None else bet.settle(guess)


def prediction(name: str) -> Bet:
    """Return the bet of that id, or raise `UnknownName`."""
    found = predictions()
    if name not in found:
        raise UnknownName("prediction", name, found)
    return found[name]


@lru_cache
def predictions() -> dict[str, Bet]:
    """Return all bets by id."""
    entries = (
        cast("dict[str, Any]", entry)
        for slug in shipped_names("data", "predictions")
        for entry in cast("list[object]", read_shipped("data", "predictions", f"{slug}.yaml"))
    )
    return {entry["id"]: _bet(entry) for entry in entries}


def _bet(entry: dict[str, Any]) -> Bet:
    feedback = {
        Outcome(choice["answer"]): (choice["feedback"], choice["misconception"])
        for choice in entry["choices"]
    }
    return Bet(
        entry["id"], entry["question"], tuple(entry["policies"]), entry["connection"], feedback
    )
