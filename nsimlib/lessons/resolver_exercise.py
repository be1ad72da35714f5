"""Exercises in which one policy must let a pod ask for names, whoever answers them."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from nsimlib.dns.path import DnsPath, dns_path
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.verdict import Verdict
from nsimlib.lessons.entries import Entry
from nsimlib.lessons.policy_exercise import PolicyExercise
from nsimlib.lessons.scenarios import resolver_layouts
from nsimlib.model.cluster import Cluster

__all__ = ["ResolverExercise"]

#: the pod's own questions, in the order of a path's legs
TRANSPORTS = ("UDP", "TCP")


@dataclass(frozen=True, repr=False)
class ResolverExercise(PolicyExercise):
    """A policy tried in each resolver layout: `LAYOUT over UDP` and `LAYOUT over TCP` are wanted.

    What is closed must be closed in every layout.
    """

    pod: str = ""
    name: str = ""

    @classmethod
    def of(cls, entry: Entry) -> "ResolverExercise":
        """Return the exercise that an entry of `data/exercises` describes."""
        names = [
            f"{each} over {transport}" for each in entry["layouts"] for transport in TRANSPORTS
        ]
        wanted = dict.fromkeys(names, "allowed") | dict.fromkeys(entry["closed"], "denied")
        plain = PolicyExercise.of({**entry, "wanted": wanted})
        parts = {each.name: getattr(plain, each.name) for each in fields(plain)}
        return cls(**parts, pod=entry["pod"], name=entry["name"])

    @property
    def missed(self) -> str:
        """The key of the sentence about a way that ends otherwise."""
        return "exercise.missed-layout"

    def ask(self, reading: str, cluster: Cluster, asked: str) -> Verdict:
        """Return how one way ends, with the policies and namespace labels of a cluster."""
        layouts = resolver_layouts(self.scenario)
        layout, over, transport = asked.partition(" over ")
        if over:
            tried = _with(layouts[layout], cluster)
            return self.path(tried, reading).legs[TRANSPORTS.index(transport)].verdict
        return _most_open(
            why(_with(each, cluster), asked, cni=reading) for each in layouts.values()
        )

    def path(self, cluster: Cluster, reading: str) -> DnsPath:
        """Return the way of the question in a cluster."""
        return dns_path(cluster, self.pod, self.name, cni=reading)


def _with(layout: Cluster, tried: Cluster) -> Cluster:
    """A layout with the policies of a cluster, and its labels on the namespaces that both have."""
    for name in layout.namespaces.keys() & tried.namespaces.keys():
        layout = layout.with_namespace(name, tried.namespaces[name].labels)
    return layout.with_policies(*tried.policies)


def _most_open(verdicts: Iterator[Verdict]) -> Verdict:
    """The first that is not denied, else the first."""
    found = list(verdicts)
    return next((each for each in found if each.outcome is not Outcome.DENIED), found[0])
