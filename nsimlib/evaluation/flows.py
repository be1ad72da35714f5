"""Who may open what to whom, workload by workload: only pairs with something allowed or open."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.pairs import Pairs
from nsimlib.model.addresses import AddressRange
from nsimlib.model.objects import Party, Pod, Workload
from nsimlib.model.policy import Direction

__all__ = ["Flow", "Progress", "flows"]

#: wraps an iterable to show how far it has come, as `tqdm.auto.tqdm` does
Progress = Callable[..., Iterable[Any]]


class Flow(NamedTuple):
    """What one end may open to another: a workload, or a range of addresses outside.

    Where the pods of a workload differ, `every` holds what all of them may use and `some` what at
    least one may.
    """

    source: Workload | AddressRange
    destination: Workload | AddressRange
    every: Ports
    some: Ports


def flows(pairs: Pairs, progress: Progress) -> Iterator[Flow]:
    """Yield every pair of a workload and another, or a range outside, that has any port.

    Pods of a workload among themselves are left out. A range holds for addresses that are no pods;
    pairs of ranges are none of the cluster's business.
    """
    workloads = pairs.cluster.workloads
    outside = {
        direction: [(piece, (pairs.cluster.external(piece.start),)) for piece in pieces]
        for direction, pieces in pairs.universe.pieces.items()
    }
    senders = _Senders(pairs)
    for workload, pods in progress(workloads.items()):
        for other in senders.of(workload, pods):
            yield from _flow(pairs, other, workload, workloads[other], pods)
        for piece, there in outside[Direction.INGRESS]:
            yield from _flow(pairs, piece, workload, there, pods)
        for piece, there in outside[Direction.EGRESS]:
            yield from _flow(pairs, workload, piece, pods, there)


def _flow(
    pairs: Pairs,
    source: Workload | AddressRange,
    destination: Workload | AddressRange,
    ours: Iterable[Party],
    theirs: Iterable[Party],
) -> Iterator[Flow]:
    every, some = pairs.group(ours, theirs)
    if some.allowed or some.open:
        yield Flow(source, destination, every, some)


class _Senders:
    """Which workloads may reach a workload at all."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        classes = pairs.universe.classes
        self.owners = [frozenset(pod.owner for pod in each.members) for each in classes]
        # Whom they reach depends on the node they are on (F1.24).
        self.on_host = {pod.owner for pod in pairs.cluster.pods if pod.host_network}

    def of(self, workload: Workload, pods: Iterable[Pod]) -> list[Workload]:
        """Return the other workloads of which some pod may reach some pod of this one."""
        numbers = {self.pairs.universe.class_of[pod] for pod in pods}
        found = {
            owner
            for number in numbers
            for cell in self.pairs.rows.into(number)
            for source in cell.ends
            if source < len(self.owners)
            for owner in self.owners[source]
        }
        found |= set(self.pairs.cluster.workloads) if workload in self.on_host else self.on_host
        return sorted(found - {workload})
