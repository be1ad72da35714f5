"""How far a stolen pod gets: step by step, and by which connections.

Only what policy surely permits counts. A connection is taken to be enough to take over the pod at
its other end, so this is the most that can happen. The world outside ends a path and is never on
it: what leaves the cluster may come back, but not by leave of a policy.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import NamedTuple

from nsimlib.evaluation.bits import Bits, bits, nobody
from nsimlib.evaluation.hops import Hops, Level, levels
from nsimlib.evaluation.matrix import ELSEWHERE
from nsimlib.evaluation.routes import Hop, hop_between, pod_named
from nsimlib.model.objects import Pod
from nsimlib.model.tables import Table

__all__ = ["BlastRadius", "Opened", "blast_radii", "blast_radius"]


class Opened(NamedTuple):
    """What one more hop opened: a workload or a place outside, pods of it, the first way in."""

    end: str
    pods: int
    by: Hop


@dataclass(frozen=True)
class BlastRadius:
    """What a stolen pod could reach, level by level: the first holds what is one hop away."""

    source: str
    levels: tuple[tuple[Opened, ...], ...]

    @property
    def pods(self) -> int:
        """How many other pods could be reached."""
        return sum(opened.pods for level in self.levels for opened in level)

    def to_table(self) -> Table:
        """Return a row for each end on each level."""
        rows = (
            (str(hops), opened.end, str(opened.pods or ""), opened.by.connection)
            for hops, level in enumerate(self.levels, 1)
            for opened in level
        )
        columns = "hops", "end", "pods", "opened by"
        return Table(f"What could be reached from {self.source}", columns, tuple(rows))

    def __repr__(self) -> str:
        return repr(self.to_table())

    def _repr_html_(self) -> str:
        return self.to_table()._repr_html_()


def blast_radius(hops: Hops, pod: str) -> BlastRadius:
    """Return what could be reached from a pod, and the first connection that opens each part.

    Of a workload the first pod is taken. An end may be on two levels, if its pods differ.

    Examples
    --------
    A policy that lets a pod resolve names lets whoever steals it talk to the DNS servers, and these
    may reach half the cluster.

    >>> import nsimlib as ns
    >>> radius = ns.reachability(ns.scenario("shop")).blast_radius("data/batch")
    >>> [(opened.end, opened.pods) for opened in radius.levels[0]]
    [('data/batch', 1), ('data/db', 1), ('kube-system/coredns', 2)]
    >>> radius.pods
    19
    """
    start = pod_named(hops, pod)
    found = levels(bits([hops.cohort_of(start)]), hops.steps)
    opened = (tuple(_opened(hops, start, level)) for level in found)
    return BlastRadius(start.key, tuple(some for some in opened if some))


def _opened(hops: Hops, start: Pod, level: Level) -> Iterator[Opened]:
    """Yield what is new on a level: pods by their workload, the world outside by place."""
    rest, pods, ways = level.reached, Counter[str](), dict[str, Hop]()
    for step in level.steps:
        source = next(iter(step.sources & level.frontier))
        for number in step.destinations & rest:
            for end, count in _ends(hops, number, start).items():
                pods[end] += count
                if end not in ways:
                    ways[end] = hop_between(hops, source, number, start)
        rest = rest - step.destinations
    yield from (Opened(end, pods[end], ways[end]) for end in sorted(pods))


def _ends(hops: Hops, number: int, start: Pod) -> Counter[str]:
    if number < len(hops.cohorts):
        return Counter(str(pod.owner) for pod in hops.cohorts[number] if pod is not start)
    places = hops.pairs.cluster.places_of(hops.range_of(number).start)
    return Counter({places[0].name if places else ELSEWHERE: 0})


def blast_radii(hops: Hops) -> dict[str, int]:
    """Return for every pod how many others could be reached from it, at once for all.

    What a component reaches is worked out once, after all that it leads to.
    """
    reach = _Reach(hops)
    for cohorts, steps in hops.components():
        reach.add(cohorts, steps)
    return {
        pod.key: reach.count(number) for number, cohort in enumerate(hops.cohorts) for pod in cohort
    }


class _Reach:
    """Which cohorts each step leads to in the end; equal sets are held once."""

    def __init__(self, hops: Hops) -> None:
        self.hops = hops
        self.cohorts = bits(range(len(hops.cohorts)))
        self.of_step: dict[int, Bits] = {}
        self.of_cohort: dict[int, Bits] = {}
        self._kept: dict[Bits, Bits] = {}
        self._sizes: dict[Bits, int] = {}
        self._leaving: dict[int, list[int]] = defaultdict(list)
        for number, step in enumerate(hops.steps):
            for source in step.sources & self.cohorts:
                self._leaving[source].append(number)

    def add(self, cohorts: list[int], steps: list[int]) -> None:
        """Take a component in; those that it leads to are known."""
        beyond = {self.of_step[n] for c in cohorts for n in self._leaving[c] if n in self.of_step}
        ends = reduce(or_, (self.hops.steps[n].destinations for n in steps), nobody())
        ends = ends & self.cohorts
        beyond |= {self.of_cohort[n] for n in ends if n in self.of_cohort}
        found = reduce(or_, beyond, ends)
        found = self._kept.setdefault(found, found)
        self.of_step.update(dict.fromkeys(steps, found))
        self.of_cohort.update(dict.fromkeys(cohorts, found))

    def count(self, number: int) -> int:
        """How many pods a pod of a cohort reaches, itself left out."""
        found = self.of_cohort.get(number, nobody())
        if found not in self._sizes:
            self._sizes[found] = sum(len(self.hops.cohorts[n]) for n in found)
        return self._sizes[found] - (number in found)
