"""What all benchmarks have in common: a figure, the best of several runs, and a guard for noise."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import Any, Final, TypeVar

__all__ = ["Figure", "Memory", "best", "calibrate", "in_a_process", "spread", "table", "tell"]

RUNS = 3
T = TypeVar("T")
STATUS: Final = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number: of which section, of which case, of what, in which unit."""

    section: str
    case: str
    what: str
    value: float
    unit: str = "s"

    def __str__(self) -> str:
        if self.unit == "s" and self.value < 1:
            return (
                f"{self.value * 1e3:.3g} ms" if self.value >= 1e-3 else f"{self.value * 1e6:.3g} µs"
            )
        number = f"{self.value:,.0f}" if self.value >= 100 else f"{self.value:.3g}"
        return f"{number} {self.unit}".strip()


def tell(message: str) -> None:
    """Say how far the work is, where it does not get into the tables."""
    print(message, file=sys.stderr, flush=True)


def best(act: Callable[[], T], runs: int = RUNS) -> tuple[T, float]:
    """Return what an act gives, and the seconds of its fastest run."""
    seconds = []
    for _ in range(runs):
        begun = perf_counter()
        given = act()
        seconds.append(perf_counter() - begun)
    return given, min(seconds)


def spread(seconds: Iterable[float]) -> dict[str, float]:
    """Return the middle, the 90th and 99th of a hundred, and the worst."""
    found = sorted(seconds)
    places = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    return {name: found[int(place * len(found))] for name, place in places.items()} | {
        "max": found[-1]
    }


def calibrate() -> float:
    """Return the seconds of a fixed piece of work, the best of five."""
    return best(lambda: sum(hash(str(number)) & 1 for number in range(300_000)), runs=5)[1]


class Memory:
    """How much memory is in use that no file backs, at its peak, in megabytes from the start."""

    def __enter__(self) -> "Memory":
        self._before = self._peak = self._now()
        self._done = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def peak(self) -> float:
        """The most so far, in megabytes above the start."""
        self._peak = max(self._peak, self._now())
        return self._peak - self._before

    def _watch(self) -> None:
        while not self._done.wait(0.01):
            self._peak = max(self._peak, self._now())

    def _now(self) -> float:
        lines = STATUS.read_text("ascii").splitlines() if STATUS.exists() else []
        return sum(float(line.split()[1]) / 1e3 for line in lines if line.startswith("RssAnon"))


def in_a_process(module: str, *arguments: str) -> Any:
    """Return what a benchmark module prints as JSON, run in a process of its own."""
    command = [sys.executable, "-m", module, *arguments]
    return json.loads(subprocess.check_output(command))


def table(figures: Iterable[Figure]) -> Iterator[str]:
    """Yield the lines of a Markdown table: what was measured by case."""
    by_what: dict[str, dict[str, Figure]] = {}
    cases: dict[str, None] = {}
    for figure in figures:
        by_what.setdefault(figure.what, {})[figure.case] = figure
        cases[figure.case] = None
    yield f"| | {' | '.join(cases)} |"
    yield f"|---|{'---:|' * len(cases)}"
    for what, found in by_what.items():
        yield f"| {what} | {' | '.join(str(found.get(case, '')) for case in cases)} |"
