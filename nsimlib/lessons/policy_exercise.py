"""Exercises in which a policy is written or repaired: the evaluator tries it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from nsimlib.errors import ManifestError
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.verdict import Verdict
from nsimlib.lessons.asked import measured
from nsimlib.lessons.entries import Entry
from nsimlib.lessons.exercise import Exercise
from nsimlib.lessons.feedback import Feedback
from nsimlib.lessons.misconceptions import misconception
from nsimlib.lessons.scenarios import scenario
from nsimlib.model.cluster import Cluster
from nsimlib.model.tables import Table
from nsimlib.views.catalogue import say

if TYPE_CHECKING:
    from nsimlib.widgets.policy_editor import PolicyEditor

__all__ = ["PolicyExercise", "Slip"]

Ends = Mapping[str, Outcome]
Ask = Callable[[Cluster, str], Verdict]


@dataclass(frozen=True)
class Slip:
    """A way to miss, known by how connections end; `example` is an attempt that does.

    `labels` are put on namespaces first: an attempt that would then be right counts on them.
    """

    misconception: str
    ends: Ends
    says: str
    example: str
    labels: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, entry: Entry) -> "Slip":
        """Return the slip that an entry describes."""
        return cls(
            misconception=entry["misconception"],
            ends=_ends(entry["when"]),
            says=entry["says"],
            example=entry["example"],
            labels=entry.get("labels", {}),
        )

    def is_in(self, cluster: Cluster, ask: Ask) -> bool:
        """Whether connections end in that way, if asked so."""
        for namespace, labels in self.labels.items():
            cluster = cluster.with_namespace(namespace, labels)
        return all(ask(cluster, asked).outcome is end for asked, end in self.ends.items())


@dataclass(frozen=True)
class Limit:
    """A number that an attempt must not exceed: how much it opens besides what is wanted."""

    what: str
    measure: str
    arguments: Mapping[str, Any]
    at_most: int

    @classmethod
    def of(cls, entry: Entry) -> "Limit":
        """Return the limit that an entry describes."""
        asks = dict(entry["asks"])
        return cls(entry["what"], asks.pop("measure"), asks, entry["at_most"])

    def found(self, cluster: Cluster) -> int:
        """Return the number."""
        return int(str(measured(cluster, self.measure, self.arguments)))


@dataclass(frozen=True, repr=False)
class PolicyExercise(Exercise):
    """The policy to start from, and how connections should end, under each of the readings."""

    scenario: str
    start: str
    wanted: Ends
    solved_by: str
    slips: tuple[Slip, ...] = ()
    limits: tuple[Limit, ...] = ()
    readings: tuple[str, ...] = ("spec",)

    @classmethod
    def of(cls, entry: Entry) -> "PolicyExercise":
        """Return the exercise that an entry of `data/exercises` describes."""
        return cls(
            id=entry["id"],
            question=entry["question"],
            hints=tuple(entry["hints"]),
            scenario=entry["scenario"],
            start=entry["start"],
            wanted=_ends(entry["wanted"]),
            solved_by=entry["answer"],
            slips=tuple(map(Slip.of, entry.get("slips", ()))),
            limits=tuple(map(Limit.of, entry.get("limits", ()))),
            readings=tuple(entry.get("readings", ("spec",))),
        )

    @property
    def beginning(self) -> str:
        """The policy to start from."""
        return self.start

    @property
    def solution(self) -> str:
        """One policy that does what is wanted."""
        return self.solved_by

    @property
    def table(self) -> Table:
        """The connections that are tried, and how they should end; then the limits."""
        rows = [(asked, outcome.value) for asked, outcome in self.wanted.items()]
        rows += [(each.what, say("exercise.at-most", most=each.at_most)) for each in self.limits]
        return Table("Wanted", ("connection", "should be"), tuple(rows))

    def editor(self) -> "PolicyEditor":
        """Return an editor that starts from the last attempt; its `value` is one to `check`."""
        from nsimlib.widgets.policy_editor import PolicyEditor

        ask = partial(self.ask, self.readings[0])
        return PolicyEditor(scenario(self.scenario), str(self.latest()), self.wanted, ask)

    def judge(self, attempt: object) -> Feedback:
        """Return what a manifest does, as text; one that cannot be read is feedback as well."""
        bare = scenario(self.scenario)
        wanted = len(self.wanted)
        try:
            cluster = bare.with_policies(str(attempt))
        except ManifestError as error:
            return Feedback(say("exercise.refused", error=error), 0, wanted)
        if cluster.policies == bare.with_policies(self.start).policies:
            return Feedback(say("exercise.not-answered"), 0, wanted, is_answered=False)
        return self._tried(cluster)

    def _tried(self, cluster: Cluster) -> Feedback:
        wanted, missed = len(self.wanted), list(self._missed(cluster))
        if not missed:
            return self._within(cluster)
        asked, reading, first = missed[0]
        met = wanted - len({each for each, _, _ in missed})
        fields = {"met": met, "wanted": wanted, "hoped": self.wanted[asked].value}
        slip = self._slip(cluster, reading)
        return Feedback(
            says=say(self.missed, **fields, cni=reading, asked=asked),
            met=met,
            wanted=wanted,
            verdict=first,
            more=slip.says if slip else "",
            misconception=misconception(slip.misconception) if slip else None,
        )

    def _within(self, cluster: Cluster) -> Feedback:
        """Every connection ends as wanted; look at how much else is open."""
        wanted = len(self.wanted) + len(self.limits)
        found = [(limit, limit.found(cluster)) for limit in self.limits]
        over = [(limit, number) for limit, number in found if number > limit.at_most]
        if not over:
            return Feedback(say("exercise.passed", wanted=len(self.wanted)), wanted, wanted)
        limit, number = over[0]
        says = say("exercise.over", what=limit.what, number=number, most=limit.at_most)
        return Feedback(says, wanted - len(over), wanted)

    @property
    def missed(self) -> str:
        """The key of the sentence about a connection that ends otherwise."""
        return "exercise.missed" if len(self.readings) == 1 else "exercise.missed-reading"

    def ask(self, reading: str, cluster: Cluster, asked: str) -> Verdict:
        """Return how one of the connections ends."""
        return why(cluster, asked, cni=reading)

    def _missed(self, cluster: Cluster) -> Iterator[tuple[str, str, Verdict]]:
        for reading in self.readings:
            for asked, outcome in self.wanted.items():
                verdict = self.ask(reading, cluster, asked)
                if verdict.outcome is not outcome:
                    yield asked, reading, verdict

    def _slip(self, cluster: Cluster, reading: str) -> Slip | None:
        ask = partial(self.ask, reading)
        return next((slip for slip in self.slips if slip.is_in(cluster, ask)), None)


def _ends(given: Mapping[str, str]) -> Ends:
    return {asked: Outcome(outcome) for asked, outcome in given.items()}
