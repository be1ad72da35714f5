"""Hold the all-pairs answer against the Python peer's, on generated clusters.

    python -m benchmarks.agreement [200] [--write]

Slow, and so no part of CI; the result is recorded in README.md.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from benchmarks import nca
from benchmarks.many import Manifest, cluster_manifests
from benchmarks.nca import End, Pairs
from nsimlib.evaluation.reachability import Reachability, reachability
from nsimlib.manifests import load
from nsimlib.model.addresses import AddressRange, cut
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Workload
from nsimlib.model.ports import NO_PORTS

__all__ = ["Question", "by_names", "differences", "ours", "run", "workload_pairs"]


def ours(cluster: Cluster) -> Pairs:
    """Return our answer in the peer's reading, by its names."""
    return by_names(reachability(cluster, cni="workloads"))


def by_names(reach: Reachability) -> Pairs:
    """Return what workloads may do, by the peer's names."""
    return {
        (_named(flow.source), _named(flow.destination)): flow.every.allowed
        for flow in reach.flows()
        if flow.every.allowed
    }


def _named(end: Workload | AddressRange) -> End:
    return f"{end.namespace}/{end.name}[{end.kind}]" if isinstance(end, Workload) else end


def workload_pairs(pairs: Pairs) -> set[tuple[End, End]]:
    """Return the pairs of two different workloads."""
    return {(a, b) for a, b in pairs if isinstance(a, str) and isinstance(b, str) and a != b}


def differences(one: Pairs, other: Pairs) -> Iterator[str]:
    """Yield a line for each pair on which two answers differ, ranges cut at common edges."""
    ranges = {end for pairs in (one, other) for pair in pairs for end in pair}
    edges = [end for end in ranges if isinstance(end, AddressRange)]
    left, right = (_cut(pairs, edges) for pairs in (one, other))
    for pair in sorted(left.keys() | right.keys(), key=str):
        a, b = left.get(pair, NO_PORTS), right.get(pair, NO_PORTS)
        if a != b and pair[0] != pair[1]:
            yield f"{pair[0]} => {pair[1]}: {a} / {b}"


def _cut(pairs: Pairs, edges: Iterable[AddressRange]) -> Pairs:
    edges = list(edges)
    found: Pairs = {}
    for (source, destination), ports in pairs.items():
        for ours in _pieces(source, edges):
            for theirs in _pieces(destination, edges):
                found[ours, theirs] = found.get((ours, theirs), NO_PORTS) | ports
    return found


def _pieces(end: End, edges: Iterable[AddressRange]) -> Iterable[End]:
    return cut(end, edges) if isinstance(end, AddressRange) else (end,)


@dataclass(frozen=True, slots=True)
class Question:
    """A cluster, and how we answer for it in the peer's reading."""

    manifests: Iterable[Manifest]
    answer: Callable[[Cluster], Pairs]


@dataclass(slots=True)
class Result:
    """What came of all clusters."""

    clusters: int = 0
    pairs: int = 0
    differing: int = 0
    refused: int = 0


def compare(python: Path, seed: int, question: Question, result: Result) -> None:
    """Compare the two answers on one cluster."""
    with TemporaryDirectory() as name:
        path = Path(name) / "cluster.yaml"
        path.write_text(yaml.safe_dump_all(list(question.manifests)), "utf-8")
        try:
            theirs = nca.connections(nca.run(python, path.parent, "txt_no_fw_rules").text)
        except RuntimeError as error:
            result.refused += 1
            print(f"seed {seed}: {error}", file=sys.stderr)
            return
        mine = question.answer(load(path))
    found = list(differences(mine, theirs))
    result.clusters += 1
    result.pairs += len(mine.keys() | theirs.keys())
    result.differing += bool(found)
    for line in found[:5]:
        print(f"seed {seed}: {line}", file=sys.stderr)


def run(marker: str, ask: Callable[[int, Counter[str]], Question]) -> None:
    """Compare, and print the result as the sentence that is recorded under a marker."""
    parser = argparse.ArgumentParser()
    parser.add_argument("clusters", type=int, nargs="?", default=200)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--write", action="store_true", help="record it in benchmarks/README.md")
    chosen = parser.parse_args()
    python = nca.installed()
    if python is None:
        raise SystemExit(f"network-config-analyzer {nca.VERSION} cannot be installed here")
    result, features = Result(), Counter[str]()
    for seed in range(chosen.first, chosen.first + chosen.clusters):
        compare(python, seed, ask(seed, features), result)
    line = sentence(result, features)
    print(line)
    if chosen.write:
        from benchmarks.report import put

        put(marker, [line])


def sentence(result: Result, features: Counter[str]) -> str:
    """Return the result in words."""
    kinds = ", ".join(f"{count} with {name}" for name, count in sorted(features.items()))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}: {result.clusters} clusters, {result.pairs:,} connected "
        f"pairs with their ports, against network-config-analyzer {nca.VERSION}: "
        f"{result.differing} clusters differ, {result.refused} refused by the peer. "
        f"Rules and blocks in them: {kinds}."
    )


if __name__ == "__main__":
    run("agreement", lambda seed, features: Question(cluster_manifests(seed, features), ours))
