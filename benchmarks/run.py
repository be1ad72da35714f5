"""Run all benchmarks and print their tables.

``python -m benchmarks.run [--large] [--write]``, or ``make bench``. The figures also go to
``build/bench.jsonl``, one a line.
"""

import argparse
import json
import platform
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import groupby, pairwise, product
from os import cpu_count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import engine, graphs, imports, load, peers
from benchmarks.generate import SHAPES, write
from benchmarks.measure import Figure, calibrate, table, tell
from benchmarks.report import put

ROOT: Final = Path(__file__).parents[1]
LINES: Final = ROOT / "build" / "bench.jsonl"
#: so much slower or faster is a machine that was busy with something else
STEADY = 0.15
SMALL: Final = ("S", "M")
LARGE: Final = (
    *("L", "XL", "TIER", "OBS", "UNIQ", "DENSE", "FLAT"),
    *("A1", "A2", "A3", "A4", "A5", "CIL", "R10", "R100"),
)
#: what grows from the smallest to the largest of these shapes
GROWTH: Final = ("S", "M", "L")
#: the same workloads with more replicas
REPLICAS: Final = ("R10", "R100")
#: what the short tables say
SHORT: Final = {
    "load": ("size", "file to all pairs", "extra memory", "ratio to PyYAML"),
    "engine": ("pods", "policies", "compile and all pairs", "one policy changed, p50"),
    "peers": ("whole process, rules", "compute only, rules", "compile and all pairs"),
}


def sections(large: bool) -> Iterator[Figure]:
    """Yield all figures, quick ones first."""
    yield from imports.measure()
    with TemporaryDirectory() as name:
        folder = Path(name)
        for shape in GROWTH if large else SMALL:
            for form in ("json", "yaml"):
                yield from load.measure(shape, form, folder)
        found = []
        for shape in (*SMALL, *(LARGE if large else ())):
            for each in _engine(shape, folder):
                found.append(each)
                yield each
    yield from growth(found)
    yield from tiers(found)
    for shape in ("P1", "P2", "P4") if large else ("P1",):
        tell(f"peers: {shape}")
        yield from peers.measure(shape)


def _engine(shape: str, folder: Path) -> Iterator[Figure]:
    tell(f"engine: {shape}")
    path = folder / f"{shape}.json"
    write(path, replace(SHAPES[shape], fat=False), "json")
    for what, (value, unit) in engine.measure(str(path)).items():
        yield Figure("engine", shape, what, value, unit)
    path.unlink()


def growth(figures: Iterable[Figure]) -> Iterator[Figure]:
    """Yield with which power of the pods the seconds and megabytes grow."""
    known = {(each.case, each.what): each.value for each in figures}
    questions = (
        (GROWTH, ("compile and all pairs", "extra memory")),
        (REPLICAS, ("of it, pods into classes", "of it, the rest")),
    )
    for shapes, whats in questions:
        measured = [shape for shape in shapes if (shape, "pods") in known]
        for (small, large), what in product(pairwise(measured), whats):
            ends = [(known[shape, "pods"], known[shape, what]) for shape in (small, large)]
            if all(value > 0 for end in ends for value in end):
                yield Figure("growth", f"{small} to {large}", what, load.exponent(*ends), "")


def tiers(figures: Iterable[Figure]) -> Iterator[Figure]:
    """Yield what an admin tier of 100 policies with ten rules each takes on top of L."""
    what = "compile and all pairs"
    taken = {each.case: each.value for each in figures if each.what == what}
    if {"L", "TIER"} <= taken.keys():
        yield Figure("tiers", "TIER over L", "added cost of tiers", taken["TIER"] - taken["L"])


def machine() -> str:
    """Return what the figures were measured on."""
    version = platform.python_version()
    return f"{datetime.now(UTC):%Y-%m-%d}, CPython {version}, {cpu_count()} cores"


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--large", action="store_true", help="up to 100,000 pods; a gigabyte")
    parser.add_argument("--write", action="store_true", help="put the tables into the READMEs")
    chosen = parser.parse_args()
    before = calibrate()
    figures = list(kept(sections(chosen.large)))
    drift = calibrate() / before - 1
    about = [machine() + ("" if abs(drift) < STEADY else f"; noisy: it drifted by {drift:+.0%}")]
    lines = [*about, *tables(figures)]
    if chosen.large:
        tell("graphs")
        lines += ["", "### Graphs", "", *graphs.tables(GROWTH)]
    print("\n".join(lines))
    if chosen.write:
        put("tables", lines)
        put("benchmark", [*about, *short(figures)], ROOT / "README.md")


def kept(figures: Iterable[Figure]) -> Iterator[Figure]:
    """Write each figure down as soon as it is known: the last ones take long."""
    LINES.parent.mkdir(exist_ok=True)
    with LINES.open("w", encoding="utf-8", buffering=1) as file:
        for each in figures:
            file.write(f"{json.dumps(asdict(each))}\n")
            yield each


def short(figures: Iterable[Figure]) -> Iterator[str]:
    """Yield the short tables."""
    figures = list(figures)
    for section, wanted in SHORT.items():
        chosen = [each for each in figures if each.section == section and each.what in wanted]
        if chosen:
            yield from ("", *table(chosen))


def tables(figures: Iterable[Figure]) -> Iterator[str]:
    """Yield a table for each section."""
    for section, those in groupby(figures, lambda each: each.section):
        yield from ("", f"### {section.capitalize()}", "", *table(list(those)))


if __name__ == "__main__":
    main()
