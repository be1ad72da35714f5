"""Whether a change does what it is meant to, and nothing else.

The three steps are those of a safe change in Batfish: what is to be added is not allowed before,
it is allowed after, and no other connection changes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from itertools import product

from nsimlib.errors import UnintendedChange
from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.difference import Difference, Row, difference
from nsimlib.evaluation.intent import Intent, Side
from nsimlib.evaluation.naming import End, merged
from nsimlib.evaluation.reachability import Reachability, reachability
from nsimlib.model.addresses import AddressRange, cut
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Party, Pod
from nsimlib.model.policy import Direction
from nsimlib.model.ports import PortSet

__all__ = ["assert_only"]


def assert_only(
    before: Cluster,
    after: Cluster,
    *,
    added: Iterable[str] = (),
    removed: Iterable[str] = (),
    cni: str = "spec",
) -> Difference:
    """Return the difference of two clusters if it is what was intended and nothing else.

    Parameters
    ----------
    added, removed
        What is to change, as connections or patterns such as `"shop/* -> orders-db:5432/TCP"`. Of
        what is added not all may be allowed before, and all must be after; removed the other way.

    Raises
    ------
    UnintendedChange
        With what was intended and did not happen, and with all that happened besides.

    Examples
    --------
    To allow what was allowed anyway takes everything else away, since the policy isolates (F1.9):

    >>> import nsimlib as ns
    >>> before = ns.scenario("isolation-is-a-switch")
    >>> policy = ns.policy_files("isolation-is-a-switch")["web-egress-allow-api"]
    >>> after = before.with_policies(policy)
    >>> assert_only(before, after, added=["shop/web -> shop/api:8080/TCP"])
    Traceback (most recent call last):
    nsimlib.errors.UnintendedChange: intended, but
      shop/web -> shop/api:8080/TCP was allowed before
    not intended:
      - shop/web -> monitoring/prometheus, shop/db, everywhere outside: all ports
      - shop/web -> shop/api: 1-8079/TCP, 8081-65535/TCP, all UDP, all SCTP
    """
    found = difference(before, after, cni=cni)
    gains = [Intent.parse(text, after, before) for text in added]
    losses = [Intent.parse(text, after, before) for text in removed]
    reach = [reachability(cluster, cni=cni) for cluster in (before, after)]
    unmet = (
        *(text for intent in gains for text in _not_added(intent, *reach)),
        *(text for intent in losses for text in _not_removed(intent, *reach)),
    )
    besides = [rest for row in found.rows for rest in _besides(row, gains, losses)]
    if unmet or besides:
        raise UnintendedChange(unmet, map(found.line, besides))
    return found


def _not_added(intent: Intent, before: Reachability, after: Reachability) -> Iterator[str]:
    if not any(intent.ports - every.allowed for _, every, _ in _meant(intent, before)):
        yield f"{intent.text} was allowed before"
    for pair, every, _ in _meant(intent, after):
        if missing := intent.ports - every.allowed:
            yield f"{intent.text} is not allowed after: {pair}: {missing}"
            return


def _not_removed(intent: Intent, before: Reachability, after: Reachability) -> Iterator[str]:
    if not any(intent.ports & some for _, _, some in _meant(intent, before)):
        yield f"{intent.text} was denied before"
    for pair, _, some in _meant(intent, after):
        if left := intent.ports & some:
            yield f"{intent.text} is not denied after: {pair}: {left}"
            return


def _meant(intent: Intent, reach: Reachability) -> Iterator[tuple[str, Ports, PortSet]]:
    """Yield each two ends that are meant: what all of their pods may use, what some of them may."""
    sources = _parties(intent.source, reach, Direction.INGRESS)
    destinations = _parties(intent.destination, reach, Direction.EGRESS)
    for (source, ours), (destination, theirs) in product(sources, destinations):
        if (source == destination and len(ours) == 1) or not any(
            isinstance(end, Pod) for end in (*ours, *theirs)
        ):
            continue
        every, some = reach.pairs.group(ours, theirs)
        yield f"{source} -> {destination}", every, some.allowed | some.open


def _parties(
    side: Side, reach: Reachability, direction: Direction
) -> list[tuple[str, tuple[Party, ...]]]:
    cluster = reach.cluster
    found: list[tuple[str, tuple[Party, ...]]] = [
        (str(workload), pods)
        for workload, pods in cluster.workloads.items()
        if side.holds(workload)
    ]
    for piece in reach.universe.pieces[direction]:
        inside = [p for p in cut(piece, side.ranges) if side.holds(p)]
        found += [(str(each), (cluster.external(each.start),)) for each in inside]
    return found


def _besides(row: Row, gains: Sequence[Intent], losses: Sequence[Intent]) -> Iterator[Row]:
    """Yield what a row changes besides: ends that the same intents hold are taken together."""
    sources = _grouped(row.sources, [intent.source for intent in (*gains, *losses)])
    destinations = _grouped(row.destinations, [intent.destination for intent in (*gains, *losses)])
    for (ours, those), (theirs, others) in product(sources.items(), destinations.items()):
        meant = ours & theirs
        gained = _without(row.gained, (i.ports for n, i in enumerate(gains) if n in meant))
        lost = _without(row.lost, (i.ports for n, i in enumerate(losses, len(gains)) if n in meant))
        if rest := gained | lost:
            before, after = (
                Ports(p.allowed & rest, p.open & rest) for p in (row.before, row.after)
            )
            yield replace(row, sources=those, destinations=others, before=before, after=after)


def _without(ports: PortSet, meant: Iterable[PortSet]) -> PortSet:
    return reduce(PortSet.__sub__, meant, ports)


def _grouped(ends: Iterable[End], sides: Sequence[Side]) -> dict[frozenset[int], tuple[End, ...]]:
    """Return ends by the sides that hold them, ranges cut where a side cuts them."""
    found: dict[frozenset[int], list[End]] = defaultdict(list)
    edges = [each for side in sides for each in side.ranges]
    for end in ends:
        parts: Iterable[End] = cut(end, edges) if isinstance(end, AddressRange) else (end,)
        for part in parts:
            holding = frozenset(n for n, side in enumerate(sides) if side.holds(part))
            found[holding].append(part)
    return {holding: _joined(those) for holding, those in found.items()}


def _joined(ends: Sequence[End]) -> tuple[End, ...]:
    ranges = merged(end for end in ends if isinstance(end, AddressRange))
    return *(end for end in ends if not isinstance(end, AddressRange)), *ranges
