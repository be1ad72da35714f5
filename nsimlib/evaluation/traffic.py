"""Namespaces among themselves: how many pairs of pods may connect, and who goes round in a ring."""

from collections import defaultdict

from nsimlib.evaluation.bits import Bits, bits, nobody
from nsimlib.evaluation.hops import Hops
from nsimlib.model.graph import components

__all__ = ["borders", "mutual_namespaces", "traffic"]


def traffic(hops: Hops) -> dict[tuple[str, str], int]:
    """Return for each two namespaces how many pairs of their pods may connect; none are left out.

    The pairs of one namespace are counted too, a pod and itself left out.
    """
    found = defaultdict[tuple[str, str], int](int)
    cohorts = bits(range(len(hops.cohorts)))
    for step in hops.steps:
        ours, theirs = (_by_namespace(hops, some & cohorts) for some in step)
        for source, many in ours.items():
            for destination, others in theirs.items():
                found[source, destination] += many * others
        for number in step.sources & step.destinations & cohorts:
            name = hops.cohorts[number][0].namespace.name
            found[name, name] -= len(hops.cohorts[number])
    return {ends: count for ends, count in found.items() if count}


def _by_namespace(hops: Hops, cohorts: Bits) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for number in cohorts:
        found[hops.cohorts[number][0].namespace.name] += len(hops.cohorts[number])
    return found


def borders(hops: Hops) -> tuple[dict[str, int], dict[str, int]]:
    """Return for each namespace how many pods may be reached from outside, and may reach there."""
    cohorts = bits(range(len(hops.cohorts)))
    entering, leaving = nobody(), nobody()
    for step in hops.steps:
        if step.sources - cohorts:
            entering |= step.destinations
        if step.destinations - cohorts:
            leaving |= step.sources
    return _by_namespace(hops, entering & cohorts), _by_namespace(hops, leaving & cohorts)


def mutual_namespaces(hops: Hops) -> tuple[tuple[str, ...], ...]:
    """Return the namespaces that reach one another, directly or through others, in groups.

    Some pod of one may reach some pod of the next, all the way round; where it need not be the same
    pod that is reached and goes on, the wall between them is only as good as each pod is.
    """
    ends = sorted(traffic(hops))
    number = {name: n for n, name in enumerate(sorted({name for pair in ends for name in pair}))}
    names = list(number)
    found = components((number[ours], number[theirs]) for ours, theirs in ends)
    return tuple(sorted(tuple(names[n] for n in sorted(some)) for some in found if len(some) > 1))
