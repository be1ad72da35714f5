"""Measure reading a dump and working out all pairs, each time in a new process."""

import json
import sys
from collections.abc import Iterator
from math import log
from pathlib import Path
from time import perf_counter

from benchmarks.generate import SHAPES, write
from benchmarks.measure import RUNS, Figure, Memory, in_a_process, tell

__all__ = ["exponent", "measure"]

SECTION = "load"


def measure(shape: str, form: str, folder: Path) -> Iterator[Figure]:
    """Yield the figures for a dump of a named shape, from the best of several runs."""
    path = folder / f"{shape}.{form}"
    tell(f"{path.name}: writing")
    write(path, SHAPES[shape], form)
    size = path.stat().st_size / 1e6
    tell(f"{path.name}: {size:,.0f} MB")
    runs = [in_a_process("benchmarks.load", str(path)) for _ in range(RUNS)]
    best = min(runs, key=lambda run: float(run["seconds"]))
    case = f"{shape}.{form}"
    yield Figure(SECTION, case, "size", size, "MB")
    yield Figure(SECTION, case, "load", best["load"])
    yield Figure(SECTION, case, "load, MB/s", size / best["load"], "")
    yield Figure(SECTION, case, "file to all pairs", best["seconds"])
    yield Figure(SECTION, case, "extra memory", best["memory"], "MB")
    if form == "yaml":
        yield from _pyyaml(path, case, best["load"])
    path.unlink()


def _pyyaml(path: Path, case: str, ours: float) -> Iterator[Figure]:
    """How long PyYAML takes for the same file; a large one would not fit the memory."""
    if path.stat().st_size > 1e8:
        return
    seconds = in_a_process("benchmarks.load", str(path), "--pyyaml")["seconds"]
    yield Figure(SECTION, case, "PyYAML, C loader", seconds)
    yield Figure(SECTION, case, "ratio to PyYAML", seconds / ours, "x")


def exponent(small: tuple[float, float], large: tuple[float, float]) -> float:
    """Return the power with which the second number grows in the first."""
    return log(large[1] / small[1]) / log(large[0] / small[0])


def one(path: str) -> dict[str, float]:
    """Read a dump and work out all pairs. Imports are measured elsewhere and left out."""
    import msgspec  # noqa: F401
    import pyroaring  # noqa: F401
    import yaml  # noqa: F401

    from benchmarks.engine import all_pairs
    from nsimlib.evaluation.reachability import reachability
    from nsimlib.manifests import load

    with Memory() as memory:
        begun = perf_counter()
        cluster = load(path)
        read = perf_counter() - begun
        all_pairs(reachability(cluster))
        seconds = perf_counter() - begun
    return {"load": read, "seconds": seconds, "memory": memory.peak}


def pyyaml(path: str) -> dict[str, float]:
    """Read a file the way most programs do."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    begun = perf_counter()
    with Path(path).open(encoding="utf-8") as file:
        yaml.load(file, loader)
    return {"seconds": perf_counter() - begun}


if __name__ == "__main__":
    print(json.dumps(pyyaml(sys.argv[1]) if "--pyyaml" in sys.argv else one(sys.argv[1])))
