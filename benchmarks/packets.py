"""Measure the packet lab: how long it takes to start, and to give ten thousand verdicts.

    python -m benchmarks.packets

Every figure is the best of three. Verdicts are the kernel's beside the model's, from the call of
`verify` to its answer; pods are spread over ten nodes.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import nsimlib as ns
from benchmarks.generate import Shape, write
from benchmarks.measure import Figure, best, table
from nsimlib.model.cluster import Cluster
from nsimlib.packets.lab import ENGINES, Lab

SHAPES = {
    "20 pods": Shape(20, 4, 8, replicas=5, fat=False),
    "200 pods": Shape(200, 10, 60, fat=False),
}
NODES = 10
VERDICTS = 10_000


def measure() -> Iterator[Figure]:
    """Yield the seconds of a start with each engine, then those of the verdicts, for each size."""
    for case, shape in SHAPES.items():
        cluster = made(shape)
        for engine in ENGINES:
            yield Figure("packets", case, f"start, {engine}", started(cluster, engine))
        with Lab(cluster) as lab:
            yield from asked(case, lab)


def made(shape: Shape) -> Cluster:
    """Return a generated cluster on a few nodes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cluster.json"
        write(path, shape, "json")
        cluster = ns.load(str(path))
    spread = (replace(pod, node=f"node-{i % NODES}") for i, pod in enumerate(cluster.pods))
    return replace(cluster, pods=tuple(spread))


def started(cluster: Cluster, engine: str) -> float:
    """Return the seconds from a cluster to a running lab."""
    with ExitStack() as running:
        return best(lambda: running.enter_context(Lab(cluster, engine)))[1]


def asked(case: str, lab: Lab) -> Iterator[Figure]:
    """Yield the seconds of about ten thousand verdicts, and how many there are in a second."""
    pairs = len(lab.verify(ports=["80/TCP"]))
    ports = [f"{number}/TCP" for number in range(5432, 5432 + max(1, VERDICTS // pairs))]
    found, seconds = best(lambda: lab.verify(ports=ports))
    assert found, found
    yield Figure("packets", case, "verdicts", len(found), "")
    yield Figure("packets", case, "all verdicts", seconds)
    yield Figure("packets", case, f"{VERDICTS:,} verdicts", seconds * VERDICTS / len(found))


if __name__ == "__main__":
    print("\n".join(table(list(measure()))))
