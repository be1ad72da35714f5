"""Measure what happens after loading: compiling, all pairs, single questions, a changed policy.

python -m benchmarks.engine dump.json
"""

import gc
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, Final

from benchmarks.measure import Memory, best, in_a_process, spread

__all__ = ["measure"]

QUESTIONS = 1_000
CHANGES = 300
#: no kind of question or change is asked for longer, once it has been asked often enough
SECONDS = 20.0
OFTEN = 20
#: a question on objects looks at every policy, so fewer are asked of a large cluster
LOOKS = 2_000_000
#: shapes of which two versions are compared
COMPARED: Final = ("S", "M", "L")
PORTS: Final = ("8000/TCP", "53/UDP", "5432/TCP")


def measure(path: str) -> dict[str, Any]:
    """Return the figures for a dump by name, measured in a process of its own."""
    found: dict[str, Any] = in_a_process("benchmarks.engine", path)
    return found


def figures(path: str) -> Iterator[tuple[str, float, str]]:
    """Yield what was measured, the number, and its unit."""
    import pyroaring  # noqa: F401 - imports are measured elsewhere

    from nsimlib.evaluation.reachability import reachability
    from nsimlib.manifests import load

    cluster = load(path)
    yield "pods", len(cluster.pods), ""
    yield "policies", len(cluster.policies), ""
    with Memory() as memory:
        reach = all_pairs(reachability(cluster))
    _, seconds = best(lambda: all_pairs(reachability(cluster)))
    yield "compile and all pairs", seconds, "s"
    _, grouping = best(lambda: reachability(cluster).universe)
    yield "of it, pods into classes", grouping, "s"
    yield "of it, the rest", seconds - grouping, "s"
    yield "extra memory", memory.peak, "MB"
    yield "classes", len(reach.universe.classes), ""
    yield "reachable pod pairs", pod_pairs(reach), ""
    gc.freeze()
    yield from questions(cluster, reach)
    if cluster.policies:
        yield from changes(cluster, reach)
    if Path(path).stem in COMPARED:
        yield from differences(cluster)


def all_pairs(reach: Any) -> Any:
    """Work out every row, and return what was asked."""
    for number in range(len(reach.universe.classes)):
        reach.rows.into(number)
    return reach


def pod_pairs(reach: Any) -> int:
    """Return how many ordered pairs of two pods have a port: a checksum that no size can hide."""
    from nsimlib.evaluation.bits import bits

    by_size: dict[int, list[int]] = {}
    for number, each in enumerate(reach.universe.classes):
        by_size.setdefault(len(each.members), []).append(number)
    of_size = {size: bits(numbers) for size, numbers in by_size.items()}
    found = 0
    for size, numbers in by_size.items():
        for number in numbers:
            for cell in filter(lambda cell: cell.allowed, reach.rows.into(number)):
                sources = sum(n * len(cell.ends & those) for n, those in of_size.items())
                found += (sources - (number in cell.ends)) * size
    return found


def timed(act: Any, arguments: Any) -> list[float]:
    """Return the seconds of one call for each argument, as many as there is time for."""
    seconds: list[float] = []
    for argument in arguments:
        if len(seconds) >= OFTEN and sum(seconds) > SECONDS:
            break
        begun = perf_counter()
        act(argument)
        seconds.append(perf_counter() - begun)
    return seconds


def questions(cluster: Any, reach: Any) -> Iterator[tuple[str, float, str]]:
    """Ask for single connections between any two pods, in three ways."""
    from nsimlib.cni.profile import load_profile
    from nsimlib.evaluation.engine import evaluate, why
    from nsimlib.model.connection import Connection

    random, pods = Random(1), cluster.pods
    pairs = [(random.choice(pods), random.choice(pods)) for _ in range(QUESTIONS)]
    asked = [Connection.parse(f"{a} -> {b}:{random.choice(PORTS)}") for a, b in pairs]
    asked = asked[: max(20, LOOKS // max(1, len(cluster.policies)))]
    profile = load_profile("spec")
    evaluate(cluster, asked[0], profile)
    ways = (
        ("question, compiled", lambda pair: reach.between(*pair), pairs),
        ("question, on objects", lambda one: evaluate(cluster, one, profile), asked),
        ("question, with explanation", lambda one: str(why(cluster, one)), asked),
    )
    for name, act, arguments in ways:
        found = spread(timed(act, arguments))
        yield f"{name}, p50", found["p50"], "s"
        yield f"{name}, p99", found["p99"], "s"


def changes(cluster: Any, reach: Any) -> Iterator[tuple[str, float, str]]:
    """Take one rule out of one policy, again and again, and ask what that changes for its pods."""
    chosen = Random(2).sample(cluster.policies, min(CHANGES, len(cluster.policies)))
    changed = [
        (policy, cluster.with_policies(replace(policy, rules=policy.rules[1:])))
        for policy in chosen
    ]

    def after(change: Any) -> None:
        policy, new = change
        rows = reach.after(new).rows
        for number in islice(reach.universe.selected(policy.subject, policy.namespace), 10):
            rows.into(number)

    for name, seconds in spread(timed(after, changed)).items():
        if name != "p99":
            yield f"one policy changed, {name}", seconds, "s"


def differences(cluster: Any) -> Iterator[tuple[str, float, str]]:
    """Take out every hundredth policy; give a pod other labels; compare what is compiled."""
    from nsimlib.evaluation.difference import difference

    gone = {policy.key for policy in cluster.policies[::100]}
    if gone and len({p.key for p in cluster.policies}) == len(cluster.policies):
        after = cluster.without(*gone)
        found, seconds = best(lambda: difference(cluster, after))
        yield "difference, 1 % of the policies gone", seconds, "s"
        yield "difference, rows", len(found.rows), ""
        yield (
            "comparing two compiled sides, 1 % of the policies gone",
            compared(cluster, after),
            "s",
        )
    pod = cluster.pods[len(cluster.pods) // 2]
    relabelled = cluster.with_labels(pod.key, app="another", tier="db")
    _, seconds = best(lambda: difference(cluster, relabelled))
    yield "difference, one pod relabelled", seconds, "s"
    yield "comparing two compiled sides, one pod relabelled", compared(cluster, relabelled), "s"


def compared(cluster: Any, after: Any) -> float:
    """Return the seconds to compare what is compiled already."""
    from nsimlib.cni.profile import load_profile
    from nsimlib.evaluation.comparison import Comparison

    comparison = Comparison(cluster, after, load_profile("spec"))
    for side in (comparison.before, comparison.after):
        side.rows.into(0)
    return best(lambda: sum(1 for _ in comparison.changed()))[1]


if __name__ == "__main__":
    print(json.dumps({name: [value, unit] for name, value, unit in figures(sys.argv[1])}))
