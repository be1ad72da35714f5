"""Measure names and time: a simulated hour of 100 applications with a failover, and drift.

    python -m benchmarks.dns

Each application does something every 5 s: over a pool of connections, or over a new connection and
after a look-up each time.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.measure import Figure, best, table
from nsimlib.dns.drift import drift
from nsimlib.dns.plays import play, scene
from nsimlib.dns.truth import recorded

HOUR, APPLICATIONS, EVERY = 3600, 100, 5
#: cases with the size of their pool
CASES = {"a pool": 1, "a look-up each time": 0}


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    for cni in ("calico", "cilium"):
        for case, pool in CASES.items():
            yield from _hour(f"{cni}, {case}", cni, pool)
    yield from _drift()


def _hour(case: str, cni: str, pool: int) -> Iterator[Figure]:
    many: dict[str, Any] = {"applications": APPLICATIONS, "lasts": HOUR, "every": EVERY}
    timeline, seconds = best(partial(play, "aurora-failover", cni=cni, pool=pool, **many))
    yield Figure("dns", case, "an hour", seconds)
    yield Figure("dns", case, "attempts", len(timeline.attempts), "")
    _, seconds = best(partial(timeline.at, HOUR / 2))
    yield Figure("dns", case, "a moment of it", seconds)


def _drift() -> Iterator[Figure]:
    """A day of answers, one a minute for each family."""
    played = scene("aurora-failover", policies="writer-address")
    names = [application.asks for application in played.applications]
    answers = recorded(played.zones, names, range(0, 24 * HOUR, 60))
    _, seconds = best(partial(drift, played.cluster, answers))
    yield Figure("dns", f"{len(answers):,} answers", "drift", seconds)


def main() -> None:
    """Measure and print."""
    print("\n".join(table(measure())))


if __name__ == "__main__":
    main()
