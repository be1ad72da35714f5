"""What networkx asks instead of its own algorithms, for the graphs that `graphs` makes.

A user calls `networkx.descendants(graph, "shop/web-1")`, unmodified. networkx sees that the graph
names a backend, finds this one by its entry point in pyproject.toml, and calls the function of that
name here, which searches the steps of `hops` and makes names of the result only at its end. Any
other algorithm is networkx's own, on neighbours that are computed as it asks for them.

Functions of two graphs need both of one kind: `networkx.DiGraph(graph)` makes a small one explicit.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from nsimlib.evaluation.graphs import Names, Neighbours
from nsimlib.evaluation.hops import Step
from nsimlib.model.graph import algorithm, digraph

__all__ = ["Backend", "backend"]

#: a graph of `graphs`: networkx makes sure that none other comes here
Graph = Any


class Backend:
    """The algorithms that are faster on steps than on edges."""

    def can_run(self, _name: str, _arguments: Sequence[object], _named: dict[str, Any]) -> bool:
        """Return that all is well: what is not here falls through to networkx."""
        return True

    should_run = can_run

    def convert_from_nx(self, graph: object, **_: object) -> object:
        """Return an ordinary graph as it is."""
        return graph

    def convert_to_nx(self, graph: object, **_: object) -> object:
        """Return the graph as it is: it is one of networkx."""
        return graph

    def __getattr__(self, name: str) -> Callable[..., Any]:
        found = algorithm(name)
        if found is None:
            raise AttributeError(name)
        return found

    def descendants(self, G: Graph, source: str) -> set[str]:  # noqa: N803 - networkx says so
        """Return all that can be reached, as `networkx.descendants` does."""
        return _reached(G, "descendants", source, _forward(G).steps)

    def ancestors(self, G: Graph, source: str) -> set[str]:  # noqa: N803
        """Return all that can reach the node, as `networkx.ancestors` does."""
        return _reached(G, "ancestors", source, _forward(G).names.hops.back)

    def single_source_shortest_path_length(
        self,
        G: Graph,  # noqa: N803
        source: str,
        cutoff: float | None = None,
    ) -> dict[str, int]:
        """Return the number of hops to each node, as the function of networkx does."""
        names = _forward(G).names
        if source not in names.numbers:
            _own("single_source_shortest_path_length")(G, source, cutoff)
        found = {source: 0}
        for number, level in enumerate(names.levels(source, names.hops.steps), 1):
            if cutoff is not None and number > cutoff:
                break
            found.update(dict.fromkeys(names.among(level.reached), number))
        return found | {source: 0}

    def bidirectional_shortest_path(
        self,
        G: Graph,  # noqa: N803
        source: str,
        target: str,
    ) -> list[str]:
        """Return the nodes of a shortest path, as `networkx.shortest_path` does."""
        names = _forward(G).names
        if source not in names.numbers or target not in names.numbers or source == target:
            return cast("list[str]", _own("bidirectional_shortest_path")(G, source, target))
        path = names.path(source, target)
        if path is None:
            # networkx has the right error and the right words for it.
            apart = digraph([(source, {}), (target, {})], [])
            return cast("list[str]", _own("bidirectional_shortest_path")(apart, source, target))
        return path

    def strongly_connected_components(self, G: Graph) -> Iterator[set[str]]:  # noqa: N803
        """Yield the sets of nodes that reach one another, as the function of networkx does."""
        names, placed = _forward(G).names, set[int]()
        for cohorts, steps in names.hops.components():
            placed.update(cohorts)
            together = [name for number in cohorts for name in names.of[number]]
            if steps:
                yield from [set(together)] if together else []
            else:
                yield from ({name} for name in together)
        for number, alone in enumerate(names.of):
            if number not in placed:
                yield from ({name} for name in alone)


def _forward(graph: Graph) -> Neighbours:
    return cast("Neighbours", graph._succ)


def _own(name: str) -> Callable[..., Any]:
    """Networkx's own algorithm of a name that it surely has."""
    found = algorithm(name)
    assert found is not None, name
    return found


def _reached(graph: Graph, name: str, source: str, steps: Sequence[Step]) -> set[str]:
    names: Names = _forward(graph).names
    if source not in names.numbers:
        return cast("set[str]", _own(name)(graph, source))
    found: set[str] = set()
    for level in names.levels(source, steps):
        for number in level.reached:
            found.update(names.of[number])
    return found - {source}


backend = Backend()
