"""What all exercises share: a question, three hints, a check, and a note of the learner's work.

How an attempt is judged is each kind's own: `policy_exercise`, `blanks`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from nsimlib.lessons.feedback import Feedback
from nsimlib.lessons.progress import progress
from nsimlib.model.tables import Table
from nsimlib.views.catalogue import say
from nsimlib.views.html import html_of
from nsimlib.views.styles import box, prose

__all__ = ["Exercise"]


@dataclass(frozen=True, repr=False)
class Exercise(ABC):
    """A task: what is wanted is data, and an attempt is judged by what it does."""

    id: str
    question: str
    hints: tuple[str, ...]

    @property
    def title(self) -> str:
        """What it is called on its lesson's page: `Exercise 1`."""
        return f"Exercise {self.id.partition('/')[2]}"

    @property
    @abstractmethod
    def table(self) -> Table:
        """What is wanted, or asked."""

    @property
    @abstractmethod
    def beginning(self) -> object:
        """What the learner starts from."""

    @property
    @abstractmethod
    def solution(self) -> object:
        """An attempt that solves it."""

    @abstractmethod
    def judge(self, attempt: object) -> Feedback:
        """Return what an attempt does, without a note in the learner's progress."""

    def check(self, attempt: object) -> Feedback:
        """Return what an attempt does, and note it; what cannot be read is feedback as well."""
        feedback = self.judge(attempt)
        if feedback.is_answered:
            progress().attempt(self.id, self.noted(attempt), solved=feedback.passed)
        return feedback

    def noted(self, attempt: object) -> object:
        """What is kept of an attempt, to be taken up again."""
        return attempt

    def hint(self) -> str:
        """Return the next hint: the first nudges, the second points, the third almost tells."""
        number = progress().hint(self.id)
        if number > len(self.hints):
            return say("exercise.no-more-hints", answer="`answer()`")
        return say(
            "exercise.hint", number=number, total=len(self.hints), hint=self.hints[number - 1]
        )

    def answer(self) -> object:
        """Return one solution, and note that it was looked at."""
        progress().see(self.id)
        return self.solution

    def latest(self) -> object:
        """Return the learner's last attempt, else what the exercise starts from."""
        attempt = progress().on(self.id).attempt
        return self.beginning if attempt is None else attempt

    def reset(self) -> object:
        """Forget all attempts and hints, and return what the exercise starts from."""
        progress().reset(self.id)
        return self.beginning

    def __repr__(self) -> str:
        return f"{self.title}: {self.question}\n{self.table}"

    def _repr_html_(self) -> str:
        return box(f"<p><b>{self.title}.</b> {prose(self.question)}</p>{html_of(self.table)}")
