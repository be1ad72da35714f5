"""Measure how long reading a dump takes, and how much memory, each time in a new process."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.generate import SHAPES, write

RUNS = 3
CASES: Final = tuple(product(("S", "M"), ("json", "yaml")))
# Memory counts from after the imports: they are measured by imports.py.
PROGRAM = """
import json, resource, sys, time
import msgspec, yaml
from nsimlib.manifests import load
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before, start = peak(), time.perf_counter()
cluster = load(sys.argv[1])
seconds = time.perf_counter() - start
print(json.dumps([seconds, (peak() - before) / 1024, len(cluster.pods), len(cluster.policies)]))
"""


@dataclass(frozen=True, slots=True)
class Result:
    """The best run of a case."""

    shape: str
    format: str
    pods: int
    policies: int
    megabytes: float
    seconds: float
    memory: float


def measure(shape: str, form: str, folder: Path) -> Result:
    """Return the best of several runs on a dump of a named shape."""
    path = folder / f"{shape}.{form}"
    write(path, SHAPES[shape], form)
    command = [sys.executable, "-c", PROGRAM, str(path)]
    runs = [json.loads(subprocess.check_output(command)) for _ in range(RUNS)]
    seconds, memory, pods, policies = min(runs)
    size = path.stat().st_size / 1e6
    return Result(shape, form, pods, policies, round(size, 1), round(seconds, 2), round(memory))


def table(results: list[Result]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield "| pods | policies | format | MB | seconds | MB/s | extra memory (MB) |"
    yield "|---:|---:|---|---:|---:|---:|---:|"
    for each in results:
        rate = each.megabytes / each.seconds
        yield (
            f"| {each.pods:,} | {each.policies:,} | {each.format} | {each.megabytes} "
            f"| {each.seconds:.2f} | {rate:.0f} | {each.memory:.0f} |"
        )


def main() -> None:
    """Print the table, and the results as JSON lines."""
    with TemporaryDirectory() as folder:
        results = [measure(shape, form, Path(folder)) for shape, form in CASES]
    print(f"Reading a dump, best of {RUNS}\n")
    print("\n".join(table(results)), end="\n\n")
    for result in results:
        print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
