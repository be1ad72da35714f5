"""Measure questions about paths: networkx on graphs that store no edge, and answers for all pods.

    python -m benchmarks.graphs [M L]

Every figure is the best of three, in a process of its own for each cluster. The pod that is asked
about is the one that reaches most. "walls down" is the cluster without its default denials, where
most pods reach most others.
"""

import json
import sys
from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from tracemalloc import get_traced_memory, start, stop
from typing import Any, Final, TypeVar

from benchmarks.generate import SHAPES, write
from benchmarks.measure import best, in_a_process

CASES: Final = (("M", ""), ("L", ""), ("L", "walls down"))
#: an explicit graph of more pods than this is not built
EXPLICIT = 10_000
T = TypeVar("T")


def traced(act: Callable[[], T]) -> tuple[T, float]:
    """Return what an act gives and the megabytes that it leaves behind."""
    start()
    before, _ = get_traced_memory()
    given = act()
    after, _ = get_traced_memory()
    stop()
    return given, (after - before) / 1e6


def cluster_of(path: str, about: str) -> Any:
    """Return the cluster of a dump, with its default denials or without them."""
    from nsimlib.manifests import load

    cluster = load(path)
    if not about:
        return cluster
    walls = (p.key for p in cluster.policies if p.name in ("default-deny", "allow-dns"))
    return cluster.without(*walls)


def measure(path: str, about: str) -> Iterator[tuple[str, str]]:
    """Yield what was measured on a dump and the figure."""
    import networkx

    from nsimlib.evaluation.graphs import pod_graph
    from nsimlib.evaluation.hops import Hops
    from nsimlib.evaluation.reachability import reachability

    reach = reachability(cluster_of(path, about))
    reach.rows.into(0)
    yield "pods", f"{len(reach.cluster.pods):,}"
    graph, seconds = best(lambda: pod_graph(Hops(reach.pairs)))
    yield "make the pod graph", f"{seconds:.2f} s"
    yield "its memory", f"{traced(lambda: pod_graph(Hops(reach.pairs)))[1]:.1f} MB"
    yield "its edges", f"{graph.number_of_edges():,}"
    radii, seconds = best(reach.blast_radii)
    yield "blast radius of every pod", f"{seconds:.2f} s"
    pod = max(radii, key=radii.__getitem__)
    yield from _networkx(networkx, graph, pod)
    _, seconds = best(lambda: reach.blast_radius(pod))
    yield "`blast_radius` of that pod, with connections", f"{seconds * 1e3:.0f} ms"
    if len(reach.cluster.pods) <= EXPLICIT and not about:
        yield from _explicit(networkx, graph, pod)


def _networkx(networkx: Any, graph: Any, pod: str) -> Iterator[tuple[str, str]]:
    begun = perf_counter()
    found = networkx.descendants(graph, pod)
    first = perf_counter() - begun
    _, seconds = best(lambda: networkx.descendants(graph, pod))
    yield "`networkx.descendants`, first and best", f"{first * 1e3:.1f}, {seconds * 1e3:.1f} ms"
    yield "it finds", f"{len(found):,}"
    end = max((name for name in found if "/" in name), default=pod)
    _, seconds = best(lambda: networkx.shortest_path(graph, pod, end))
    yield "`networkx.shortest_path`", f"{seconds * 1e3:.1f} ms"
    _, seconds = best(lambda: sum(1 for _ in networkx.strongly_connected_components(graph)))
    yield "`networkx.strongly_connected_components`", f"{seconds:.2f} s"


def _explicit(networkx: Any, graph: Any, pod: str) -> Iterator[tuple[str, str]]:
    begun = perf_counter()
    edges = networkx.DiGraph(graph.edges)
    yield "explicit graph: build, ports left out", f"{perf_counter() - begun:.1f} s"
    yield "explicit graph: memory", f"{traced(lambda: networkx.DiGraph(graph.edges))[1]:.0f} MB"
    yield "the same with ports", f"{traced(lambda: networkx.DiGraph(graph))[1]:.0f} MB"
    _, seconds = best(lambda: networkx.descendants(edges, pod))
    yield "explicit graph: `networkx.descendants`", f"{seconds * 1e3:.1f} ms"


def table(results: dict[str, dict[str, str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    rows = list(dict.fromkeys(row for figures in results.values() for row in figures))
    yield f"| | {' | '.join(results)} |"
    yield f"|---|{'---:|' * len(results)}"
    for row in rows:
        yield f"| {row} | {' | '.join(each.get(row, '') for each in results.values())} |"


def tables(wanted: Container[str]) -> Iterator[str]:
    """Measure the cases of some shapes and yield the lines of a Markdown table."""
    results: dict[str, dict[str, str]] = {}
    with TemporaryDirectory() as folder:
        for shape, about in CASES:
            path = Path(folder) / f"{shape}.json"
            if shape not in wanted:
                continue
            if not path.exists():
                write(path, replace(SHAPES[shape], fat=False), "json")
            found = in_a_process("benchmarks.graphs", "--one", str(path), about)
            results[f"{shape} {about}".strip()] = dict(found)
    yield from table(results)


def main() -> None:
    """Measure the shapes that the command line names, or all, and print a Markdown table."""
    print("\n".join(tables(sys.argv[1:] or [shape for shape, _ in CASES])))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(list(measure(*sys.argv[2:]))))
    else:
        main()
