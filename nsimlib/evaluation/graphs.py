"""Reachability as networkx graphs that store no edge: neighbours are computed when asked for.

An explicit graph of 100,000 pods has millions of edges and needs gigabytes. These need the names
of their nodes; who is next to whom follows from the steps of `hops`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nsimlib.evaluation.bits import Bits, bits
from nsimlib.evaluation.hops import Hops, Level, Step, back_to_start, levels
from nsimlib.evaluation.matrix import ELSEWHERE
from nsimlib.model.graph import view
from nsimlib.model.objects import Party, Pod
from nsimlib.model.policy import Direction

if TYPE_CHECKING:
    import networkx

__all__ = ["Names", "Neighbours", "class_graph", "names_of_pods", "pod_graph"]

EGRESS, INGRESS = Direction.EGRESS, Direction.INGRESS
#: the name of the networkx backend in pyproject.toml
BACKEND = "nsimlib"


def pod_graph(hops: Hops) -> "networkx.DiGraph[str]":
    """Return who may reach whom, pod by pod, without storing an edge.

    Nodes are pods by name, and pieces of the world outside; those that connections come from are
    called `from` and their range. Edges carry `ports` as text. A pod is not its own neighbour.
    """
    return _graph(Names(hops, names_of_pods(hops), each=True))


def class_graph(hops: Hops) -> "networkx.DiGraph[str]":
    """Return the graph of pods with those that are treated alike as one node.

    A node has the name of the first of its `pods`. It leads to itself where these may reach one
    another.
    """
    first = [names[:1] for names in names_of_pods(hops)]
    return _graph(Names(hops, first, each=False))


def _graph(names: "Names") -> "networkx.DiGraph[str]":
    forward = Neighbours(names, names.hops.steps)
    return view(Nodes(names), forward, Neighbours(names, names.hops.back), BACKEND)


def names_of_pods(hops: Hops) -> list[tuple[str, ...]]:
    """Return the names of the pods of each cohort; like names are told apart by kind."""
    keys = [tuple(pod.key for pod in cohort) for cohort in hops.cohorts]
    if len({key for some in keys for key in some}) == sum(map(len, keys)):
        return keys
    count = Counter(key for some in keys for key in some)
    return [
        tuple(_name(pod) if count[pod.key] > 1 else pod.key for pod in cohort)
        for cohort in hops.cohorts
    ]


def _name(pod: Pod) -> str:
    kind = pod.owner.kind.lower() if pod.from_template else "pod"
    return f"{pod.namespace}/{kind}/{pod.name}"


class Names:
    """The nodes of a graph: their names by number of cohort or piece, and the numbers by name.

    In a graph of `each` pod many nodes have one number, and none is next to itself.
    """

    def __init__(self, hops: Hops, pods: Sequence[tuple[str, ...]], *, each: bool) -> None:
        self.hops, self.each = hops, each
        outside = (
            (f"{prefix}{piece}",)
            for prefix, direction in (("from ", INGRESS), ("", EGRESS))
            for piece in hops.outside[direction]
        )
        self.of: list[tuple[str, ...]] = [*pods, *outside]
        self.numbers = {name: number for number, names in enumerate(self.of) for name in names}
        self._counts: dict[Bits, int] = {}
        self._ports: dict[tuple[int, int], str] = {}

    def among(self, numbers: Bits) -> Iterator[str]:
        """Yield the names of all nodes that have these numbers."""
        return (name for number in numbers for name in self.of[number])

    def count(self, numbers: Bits) -> int:
        """Return how many nodes have these numbers."""
        if numbers not in self._counts:
            self._counts[numbers] = sum(len(self.of[number]) for number in numbers)
        return self._counts[numbers]

    def levels(self, name: str, steps: Sequence[Step]) -> Iterator[Level]:
        """Search from a node."""
        return levels(bits([self.numbers[name]]), steps)

    def path(self, source: str, target: str) -> list[str] | None:
        """Return the nodes of a shortest path to another node, or None if none leads there."""
        wanted, past = self.numbers[target], list[Level]()
        for level in self.levels(source, self.hops.steps):
            past.append(level)
            if wanted in level.reached:
                between = back_to_start(past, wanted)
                return [source, *(self.of[number][0] for number in between), target]
        return None

    def ports(self, source: int, destination: int) -> str:
        """Return what a node of one number may open to another of a second."""
        key = source, destination
        if key not in self._ports:
            ours, theirs = self._party(source, 0), self._party(destination, -1)
            self._ports[key] = str(self.hops.pairs.between(ours, theirs).allowed)
        return self._ports[key]

    def _party(self, number: int, which: int) -> Party:
        if number < len(self.hops.cohorts):
            return self.hops.cohorts[number][which]
        return self.hops.pairs.cluster.external(self.hops.range_of(number).start)

    def about(self, name: str) -> dict[str, Any]:
        """Return the attributes of a node."""
        number = self.numbers[name]
        if number >= len(self.hops.cohorts):
            places = self.hops.pairs.cluster.places_of(self.hops.range_of(number).start)
            return {"kind": "outside", "place": places[0].name if places else ELSEWHERE}
        pods = self.hops.cohorts[number]
        if not self.each:
            return {"kind": "class", "namespace": pods[0].namespace.name, "pods": len(pods)}
        pod = pods[self.of[number].index(name)]
        return {"kind": "pod", "namespace": pod.namespace.name, "workload": str(pod.owner)}


class Nodes(Mapping[str, dict[str, Any]]):
    """The attributes of nodes by name, as networkx asks for them."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self.names.about(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names.numbers)

    def __len__(self) -> int:
        return len(self.names.numbers)

    def __contains__(self, name: object) -> bool:
        return name in self.names.numbers


class Neighbours(Mapping[str, "Neighbourhood"]):
    """For each node those next to it, by steps or by those back."""

    def __init__(self, names: Names, steps: Sequence[Step]) -> None:
        self.names, self.steps = names, steps
        self._next: dict[int, Bits] = {}

    def __getitem__(self, name: str) -> "Neighbourhood":
        number = self.names.numbers[name]
        if number not in self._next:
            self._next[number] = self.names.hops.next_to(number, self.steps)
        return Neighbourhood(self, name, number, self._next[number])

    @property
    def leads(self) -> bool:
        """Whether these are the nodes that connections go to."""
        return self.steps is self.names.hops.steps

    def __iter__(self) -> Iterator[str]:
        return iter(self.names.numbers)

    def __len__(self) -> int:
        return len(self.names.numbers)

    def __contains__(self, name: object) -> bool:
        return name in self.names.numbers


class Neighbourhood(Mapping[str, dict[str, Any]]):
    """Who is next to one node, each with the attributes of the edge."""

    def __init__(self, neighbours: Neighbours, name: str, number: int, there: Bits) -> None:
        self.names, self.leads = neighbours.names, neighbours.leads
        self.name, self.number, self.there = name, number, there

    @cached_property
    def _left_out(self) -> str | None:
        own = self.names.each and self.number in self.there
        return self.name if own else None

    def __getitem__(self, name: str) -> dict[str, Any]:
        if name not in self:
            raise KeyError(name)
        ends = self.number, self.names.numbers[name]
        return {"ports": self.names.ports(*(ends if self.leads else ends[::-1]))}

    def __iter__(self) -> Iterator[str]:
        everyone = self.names.among(self.there)
        if self._left_out is None:
            return everyone
        return (name for name in everyone if name != self.name)

    def __len__(self) -> int:
        return self.names.count(self.there) - (self._left_out is not None)

    def __contains__(self, name: object) -> bool:
        number = self.names.numbers.get(name) if isinstance(name, str) else None
        return number is not None and number in self.there and name != self._left_out
