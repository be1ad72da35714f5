"""Measure the audit: all rules on a cluster, the peak of memory, and a patch that is tried.

    python -m benchmarks.audit [AUDIT L]

Each shape has a process of its own. AUDIT is the promise: 5,000 pods and 1,000 policies.
"""

import json
import resource
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from benchmarks.generate import SHAPES, Shape, write
from benchmarks.graphs import table
from benchmarks.measure import in_a_process

PROMISED: Final = {"AUDIT": Shape(5_000, 100, 1_000)}
KNOWN: Final = {**PROMISED, **SHAPES}
DEFAULT: Final = ("AUDIT", "L")


def measure(path: str) -> Iterator[tuple[str, str]]:
    """Yield what was measured on a dump and the figure."""
    from nsimlib import audit
    from nsimlib.audit.rules import RULES
    from nsimlib.manifests import load

    cluster = load(path)
    yield "pods", f"{len(cluster.pods):,}"
    yield "policies", f"{len(cluster.policies):,}"
    begun = perf_counter()
    found = audit(cluster, cni="calico")
    yield f"{len(RULES)} rules", f"{perf_counter() - begun:.1f} s"
    yield "findings", f"{len(found.findings):,}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield "peak of memory, the cluster and Python with it", f"{peak / 1e3:,.0f} MB"
    for each in [each for each in found.findings if each.hit.fix][:1]:
        begun = perf_counter()
        trial = found.trial(each)
        yield "one patch tried: all rules again", f"{perf_counter() - begun:.1f} s"
        assert trial.gone


def main() -> None:
    """Measure the shapes that the command line names, or two, and print a Markdown table."""
    results: dict[str, dict[str, str]] = {}
    for shape in sys.argv[1:] or DEFAULT:
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{shape}.json"
            write(path, replace(KNOWN[shape], fat=False), "json")
            results[shape] = dict(in_a_process("benchmarks.audit", "--one", str(path)))
    print("\n".join(table(results)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(list(measure(sys.argv[2]))))
    else:
        main()
