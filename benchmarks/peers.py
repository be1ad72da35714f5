"""Measure the peers in the same run on the same inputs, and check that they say the same.

python -m benchmarks.peers P1
"""

import argparse
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from random import Random
from subprocess import DEVNULL, run
from sys import executable
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks import nca
from benchmarks.agreement import differences, ours, workload_pairs
from benchmarks.engine import all_pairs
from benchmarks.generate import SHAPES, write
from benchmarks.measure import Figure, best, table, tell
from nsimlib.evaluation.allports import Judge
from nsimlib.evaluation.reachability import Reachability, reachability
from nsimlib.manifests import load
from nsimlib.model.cluster import Cluster
from nsimlib.views.rules import rules

__all__ = ["measure"]

SECTION = "peers"
#: pairs that the naive evaluator judges, to be scaled up to all
SAMPLE = 2_000
OURS = "nsimlib"
PEER = f"network-config-analyzer {nca.VERSION}"
WHOLE, PAIRS, RULES = "whole process, rules", "compute only, pairs", "compute only, rules"


def measure(shape: str) -> Iterator[Figure]:
    """Yield the figures for a shape: ours, the peer's, and ratios."""
    case = f"{shape}, {OURS}"
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "cluster.yaml"
        write(path, SHAPES[shape], "yaml")
        cluster = load(path)
        mine = _ours(path, cluster)
        yield Figure(SECTION, case, "rows of rules", len(rules(_compiled(cluster)).rows), "")
        yield Figure(SECTION, case, "one by one, all pairs, scaled up", naive(cluster))
        for what, seconds in mine.items():
            yield Figure(SECTION, case, what, seconds)
        yield from _theirs(shape, folder, cluster, mine)


def _compiled(cluster: Cluster) -> Reachability:
    return reachability(cluster, cni="workloads")


def _ours(path: Path, cluster: Cluster) -> dict[str, float]:
    program = "from nsimlib.cli import main; main()"
    options = ("reach", str(path), "--reading", "workloads", "--format", "rules")
    command = [executable, "-c", program, *options]
    acts: dict[str, Callable[[], object]] = {
        WHOLE: lambda: run(command, check=True, stdout=DEVNULL, stderr=DEVNULL),
        PAIRS: lambda: list(_compiled(cluster).flows()),
        RULES: lambda: rules(_compiled(cluster)),
        "compile and all pairs": lambda: all_pairs(_compiled(cluster)),
    }
    return {what: best(act)[1] for what, act in acts.items()}


def naive(cluster: Cluster) -> float:
    """Return the seconds that judging pod by pod would take, from a sample."""
    judge = Judge(cluster.policies, reachability(cluster).profile)
    pairs = list(product(Random(3).sample(cluster.pods, 100), repeat=2))
    begun = perf_counter()
    for source, destination in Random(4).sample(pairs, SAMPLE):
        judge.between(source, destination)
    return (perf_counter() - begun) / SAMPLE * len(cluster.pods) ** 2


def _theirs(shape: str, folder: Path, cluster: Cluster, mine: dict[str, float]) -> Iterator[Figure]:
    python = nca.installed()
    if python is None:
        tell(f"{PEER} cannot be installed here: skipped")
        return
    few, pairs = (nca.run(python, folder, form) for form in ("txt", "txt_no_fw_rules"))
    case = f"{shape}, {PEER}"
    for what, seconds in {WHOLE: few.whole, PAIRS: pairs.compute, RULES: few.compute}.items():
        yield Figure(SECTION, case, what, seconds)
        yield Figure(SECTION, f"{shape}, ratio", what, seconds / mine[what], "x")
    ratio = pairs.compute / mine["compile and all pairs"]
    yield Figure(SECTION, f"{shape}, ratio", "compile and all pairs", ratio, "x")
    yield Figure(SECTION, case, "rows of rules", _rows(few.text), "")
    found = nca.connections(pairs.text)
    said = ours(cluster)
    for name, answer in ((f"{shape}, {OURS}", said), (case, found)):
        yield Figure(SECTION, name, "checksum: workload pairs", len(workload_pairs(answer)), "")
    differing = len(list(differences(said, found)))
    yield Figure(SECTION, f"{shape}, {OURS}", "pairs with other ports than the peer", differing, "")


def _rows(text: str) -> int:
    return sum(" conn: " in line for line in text.splitlines())


def main() -> None:
    """Measure the shapes that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("shapes", nargs="*", default=["P1"])
    for shape in parser.parse_args().shapes:
        print("\n".join(table(list(measure(shape)))))


if __name__ == "__main__":
    main()
