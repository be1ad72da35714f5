"""Exercises as data, graded by behaviour: the evaluator says what an answer really does."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any, cast

from nsimlib.errors import ManifestError, UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.verdict import Verdict
from nsimlib.lessons.scenarios import scenario
from nsimlib.manifests.shipped import read_shipped, shipped_names
from nsimlib.model.cluster import Cluster
from nsimlib.model.tables import Table
from nsimlib.views.html import html_of, verdict_html
from nsimlib.views.styles import box, prose
from nsimlib.views.text import verdict_text

__all__ = ["Exercise", "Feedback", "exercise", "exercises"]


@dataclass(frozen=True, repr=False)
class Feedback:
    """What an attempt does: how many wanted connections behave, and why the first other does not.

    Never the word "wrong": `verdict` shows what the attempt really says.
    """

    says: str
    met: int
    wanted: int
    verdict: Verdict | None = None

    @property
    def passed(self) -> bool:
        """Whether every wanted connection behaves."""
        return self.met == self.wanted

    def __repr__(self) -> str:
        return self.says if self.verdict is None else f"{self.says}\n{verdict_text(self.verdict)}"

    def _repr_html_(self) -> str:
        why_not = "" if self.verdict is None else verdict_html(self.verdict)
        says = escape(self.says).replace("\n", "<br>")
        return box(f"<b>{says}</b>{why_not}")


@dataclass(frozen=True, repr=False)
class Exercise:
    """A task on a scenario: the policy to start from, and how connections should end."""

    id: str
    question: str
    scenario: str
    start: str
    hints: tuple[str, ...]
    wanted: Mapping[str, Outcome]
    solution: str

    @property
    def title(self) -> str:
        """What it is called on its lesson's page: `Exercise 1`."""
        return f"Exercise {self.id.partition('/')[2]}"

    @property
    def table(self) -> Table:
        """The connections that are tried, and how they should end."""
        rows = tuple((asked, outcome.value) for asked, outcome in self.wanted.items())
        return Table("Wanted", ("connection", "should be"), rows)

    def __repr__(self) -> str:
        return f"{self.title}: {self.question}\n{self.table}"

    def _repr_html_(self) -> str:
        return box(f"<p><b>{self.title}.</b> {prose(self.question)}</p>{html_of(self.table)}")

    def check(self, attempt: str) -> Feedback:
        """Return what an attempt does; a manifest that cannot be read is feedback as well."""
        bare = scenario(self.scenario)
        try:
            cluster = bare.with_policies(attempt)
        except ManifestError as error:
            return Feedback(f"the API server would refuse this: {error}", 0, len(self.wanted))
        if cluster.policies == bare.with_policies(self.start).policies:
            says = "not answered yet: change the policy and check again"
            return Feedback(says, 0, len(self.wanted))
        return self._judge(cluster)

    def _judge(self, cluster: Cluster) -> Feedback:
        verdicts = {asked: why(cluster, asked) for asked in self.wanted}
        missed = [v for asked, v in verdicts.items() if v.outcome is not self.wanted[asked]]
        met, wanted = len(verdicts) - len(missed), len(verdicts)
        if not missed:
            return Feedback(f"all {wanted} connections end as wanted", met, wanted)
        first = missed[0]
        hoped = self.wanted[str(first.connection)].value
        says = f"{met} of {wanted} connections end as wanted; this one should be {hoped}"
        return Feedback(says, met, wanted, first)

    def hint(self, level: int = 1) -> str:
        """Return a hint: 1 nudges, 2 points, 3 almost tells."""
        return self.hints[min(level, len(self.hints)) - 1]

    def answer(self) -> str:
        """Return one policy that does what is wanted."""
        return self.solution


def exercise(name: str) -> Exercise:
    """Return an exercise by its id, the lesson's slug and a number.

    Raises
    ------
    UnknownName
        If there is none of that id.

    Examples
    --------
    >>> first = exercise("isolation-is-a-switch/1")
    >>> first.check(first.start)
    not answered yet: change the policy and check again
    """
    found = exercises()
    if name not in found:
        raise UnknownName("exercise", name, found)
    return found[name]


@lru_cache
def exercises() -> dict[str, Exercise]:
    """Return all exercises by id."""
    entries = (
        cast("dict[str, Any]", entry)
        for slug in shipped_names("data", "exercises")
        for entry in cast("list[object]", read_shipped("data", "exercises", f"{slug}.yaml"))
    )
    return {entry["id"]: _exercise(entry) for entry in entries}


def _exercise(entry: dict[str, Any]) -> Exercise:
    return Exercise(
        id=entry["id"],
        question=entry["question"],
        scenario=entry["scenario"],
        start=entry["start"],
        hints=tuple(entry["hints"]),
        wanted={asked: Outcome(outcome) for asked, outcome in entry["wanted"].items()},
        solution=entry["answer"],
    )
