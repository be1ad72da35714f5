"""Single hops, for sets of pods at once: what questions about paths are answered with.

Pods that policy cannot tell apart are a cohort, and all destinations that the same sources may
reach are taken together, so a cluster is a short list of steps: every one of these may open a
connection to every one of those, itself excepted. A search goes through that list and never
through pairs. 100 replicas of `web` that may reach 100 of `api` are one step, not 10,000 edges.

Between a pod and its own node more counts than policy (F1.24). Where pods are on their node's
network, a cohort is therefore the pods of one class on one node, and each such node adds steps.

The world outside is no hop: it is numbered apart as a source and as a destination, so that no path
leads out of the cluster and in again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import accumulate, chain, pairwise, product
from operator import or_
from typing import NamedTuple

from nsimlib.evaluation.bits import Bits, bits, nobody
from nsimlib.evaluation.pairs import Pairs
from nsimlib.evaluation.profiles import Cell
from nsimlib.model.addresses import AddressRange
from nsimlib.model.graph import components
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction
from nsimlib.model.ports import ALL_PORTS, PortSet

__all__ = ["Hops", "Level", "Step", "back_to_start", "levels"]

Cohort = tuple[Pod, ...]
EGRESS, INGRESS = Direction.EGRESS, Direction.INGRESS


class Step(NamedTuple):
    """Every one of the sources may open a connection to every one of the destinations."""

    sources: Bits
    destinations: Bits


class Level(NamedTuple):
    """What a search reached with one more hop: from where, by which steps."""

    reached: Bits
    frontier: Bits
    steps: list[Step]


def levels(start: Bits, steps: Iterable[Step]) -> Iterator[Level]:
    """Yield what is reached from the start, level by level.

    The start itself is reached only where a path leads back to it: then, of a cohort, the others.
    """
    waiting, seen, frontier = list(steps), nobody(), start
    while frontier:
        met: list[Step] = []
        rest: list[Step] = []
        for step in waiting:
            (met if step.sources & frontier else rest).append(step)
        reached = reduce(or_, (step.destinations for step in met), nobody()) - seen
        if reached:
            yield Level(reached, frontier, met)
        waiting, seen, frontier = rest, seen | reached, reached


def back_to_start(past: Sequence[Level], number: int) -> list[int]:
    """Return what lies between the start and what the last level reached, in order."""
    passed: list[int] = []
    for level in reversed(past[1:]):
        step = next(step for step in level.steps if number in step.destinations)
        number = next(iter(step.sources & level.frontier))
        passed.append(number)
    return passed[::-1]


class Hops:
    """The steps of a cluster on one port such as `"5432/TCP"`, or on any.

    Cohorts are numbered first, then the pieces of the world outside: those that connections may
    come from, then those that they may go to. What is an open question is no step.
    """

    def __init__(self, pairs: Pairs, port: str | None = None) -> None:
        self.pairs = pairs
        self.wanted = ALL_PORTS if port is None else PortSet.of(port)
        self._mask = pairs.rows.atoms.touching(self.wanted)
        self._hosts = _with_hosts(pairs)
        split = [list(self._cohorts(each.members)) for each in pairs.universe.classes]
        self.cohorts: tuple[Cohort, ...] = tuple(cohort for some in split for cohort in some)
        ends = list(accumulate(map(len, split), initial=0))
        self._of_class = [range(*span) for span in pairwise(ends)]
        self.outside = {d: tuple(pairs.universe.pieces[d]) for d in Direction}
        among = tuple(self._among_pods())
        self.steps = (*among, *self._within_nodes(among), *self._to_outside())
        self.back = tuple(Step(step.destinations, step.sources) for step in self.steps)

    def numbers(self, direction: Direction) -> range:
        """Return the numbers of the pieces outside that rules of a direction name."""
        start = len(self.cohorts)
        if direction is EGRESS:
            start += len(self.outside[INGRESS])
        return range(start, start + len(self.outside[direction]))

    def range_of(self, number: int) -> AddressRange:
        """Return the piece of the world outside that has the number."""
        direction = INGRESS if number in self.numbers(INGRESS) else EGRESS
        return self.outside[direction][number - self.numbers(direction).start]

    def cohort_of(self, pod: Pod) -> int:
        """Return the number of a pod's cohort."""
        numbers = self._of_class[self.pairs.universe.class_of[pod]]
        return next(n for n in numbers if len(numbers) == 1 or pod in self.cohorts[n])

    def next_to(self, number: int, steps: Sequence[Step]) -> Bits:
        """Return what is one hop away, by the steps or by those back; a lone pod is not itself."""
        found = (step.destinations for step in steps if number in step.sources)
        reached = reduce(or_, found, nobody())
        lone = number < len(self.cohorts) and len(self.cohorts[number]) == 1
        return reached - bits([number]) if lone else reached

    def components(self) -> list[tuple[list[int], list[int]]]:
        """Return cohorts that reach one another, with the steps among them.

        A component comes after those that it leads to, and so does a step that is in none. Cohorts
        that lead nowhere are left out.
        """
        cohorts = bits(range(len(self.cohorts)))
        sources = reduce(or_, (step.sources for step in self.steps), nobody()) & cohorts
        ends = reduce(or_, (step.destinations for step in self.steps), nobody())
        core = sources & ends
        found = components(self.edges(core))
        alone = set(range(len(self.steps))) - {~n for some in found for n in some if n < 0}
        return [
            *(([n for n in some if n >= 0], [~n for n in some if n < 0]) for some in found),
            *(([], [step]) for step in alone),
            *(([number], []) for number in sources - core),
        ]

    def edges(self, among: Bits) -> Iterator[tuple[int, int]]:
        """Yield the steps as edges: into each step, known by `~` its number, and out of it."""
        for number, step in enumerate(self.steps):
            yield from ((source, ~number) for source in step.sources & among)
            yield from ((~number, there) for there in step.destinations & among)

    def _cohorts(self, pods: Cohort) -> Iterable[Cohort]:
        if not self._hosts:
            return (pods,)
        by_node: dict[str | None, list[Pod]] = defaultdict(list)
        for pod in pods:
            by_node[pod.node if pod.node in self._hosts else None].append(pod)
        return map(tuple, by_node.values())

    def _among_pods(self) -> Iterator[Step]:
        """Steps to pods, from pods and from outside; destinations with the same sources are one."""
        by_sources: dict[Bits, list[int]] = defaultdict(list)
        for number, cohorts in enumerate(self._of_class):
            cells = self.pairs.rows.into(number)
            if sources := self._allowed(cells):
                by_sources[sources] += cohorts
        for sources, destinations in by_sources.items():
            yield Step(self._spread(sources), bits(destinations))

    def _allowed(self, cells: Iterable[Cell]) -> Bits:
        return reduce(or_, (cell.ends for cell in cells if cell.allowed & self._mask), nobody())

    def _spread(self, classes: Bits) -> Bits:
        """The cohorts of classes; what is numbered behind the classes stays behind the cohorts."""
        count, more = len(self._of_class), len(self.cohorts) - len(self._of_class)
        if not more:
            return classes
        spread = (self._of_class[n] if n < count else (n + more,) for n in classes)
        return bits(number for numbers in spread for number in numbers)

    def _to_outside(self) -> Iterator[Step]:
        """Steps to the world outside; sources with the same destinations are one."""
        rows, pieces = self.pairs.rows, self.numbers(EGRESS)
        seen: dict[int, Bits] = {}
        by_destinations: dict[Bits, list[int]] = defaultdict(list)
        for number, cohorts in enumerate(self._of_class):
            cells = rows.cells[EGRESS][number]
            if id(cells) not in seen:
                seen[id(cells)] = bits(pieces) if cells is None else self._pieces(cells)
            if seen[id(cells)]:
                by_destinations[seen[id(cells)]] += cohorts
        for destinations, sources in by_destinations.items():
            yield Step(bits(sources), destinations)

    def _pieces(self, cells: Iterable[Cell]) -> Bits:
        universe, start = self.pairs.universe, self.numbers(EGRESS).start
        faces = len(universe.faces)
        outside = bits(range(faces, universe.ends(EGRESS).stop))
        return bits(start + end - faces for end in self._allowed(cells) & outside)

    def _within_nodes(self, among: Iterable[Step]) -> Iterator[Step]:
        """Steps that only a node makes, between its pods and those on its network.

        A node lets in or out more than policy does, and never less.
        """
        senders = {number: step.sources for step in among for number in step.destinations}
        on_node: dict[str, list[int]] = defaultdict(list)
        for number, (pod, *_) in enumerate(self.cohorts):
            if pod.node in self._hosts:
                on_node[pod.node].append(number)
        for numbers in on_node.values():
            hosts = [number for number in numbers if self.cohorts[number][0].host_network]
            guests = [number for number in numbers if number not in hosts]
            to: dict[int, list[int]] = defaultdict(list)
            for source, destination in chain(product(hosts, numbers), product(guests, hosts)):
                known = source in senders.get(destination, nobody())
                if not known and self._opened_by_node(source, destination):
                    to[source].append(destination)
            yield from (Step(bits([ours]), bits(theirs)) for ours, theirs in to.items())

    def _opened_by_node(self, source: int, destination: int) -> bool:
        ours, theirs = self.cohorts[source][0], self.cohorts[destination][-1]
        profile = self.pairs.profile
        inward = ours.host_network and profile["node_to_own_pod"].value == "allowed"
        outward = theirs.host_network and profile["pod_to_own_node"].value == "allowed"
        if ours is theirs or not (inward or outward):
            return False
        return bool(self.pairs.between(ours, theirs).allowed & self.wanted)


def _with_hosts(pairs: Pairs) -> frozenset[str]:
    """The nodes on whose network there are pods, if that opens anything that policy closes."""
    questions = ("node_to_own_pod", "pod_to_own_node")
    if not any(pairs.profile[question].value == "allowed" for question in questions):
        return frozenset()
    return frozenset(pod.node for pod in pairs.cluster.pods if pod.host_network and pod.node)
