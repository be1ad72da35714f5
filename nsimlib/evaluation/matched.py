"""The ends of one cluster matched with those of another: class by class, range by range."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from nsimlib.evaluation.pairs import MADE_OF, Pairs
from nsimlib.model.addresses import AddressRange, cut
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import External, Pod
from nsimlib.model.policy import Direction

__all__ = ["Unit", "aligned", "outside_units", "pod_units", "twins"]


@dataclass(slots=True)
class Unit:
    """Ends of one class before and of one class after, and an end that speaks for each class.

    A side is None where the workload does not exist. `members` are the pods of the later side
    there is, by their keys, or the range of addresses.
    """

    before: Pod | External | None
    after: Pod | External | None
    members: dict[str, Pod | AddressRange] = field(default_factory=dict)


def aligned(before: Cluster, after: Cluster) -> Cluster:
    """Return the later cluster with all that is equal in both the very same objects."""
    ours = {policy.identity: policy for policy in before.policies}
    same = (ours.get(policy.identity) for policy in after.policies)
    policies = tuple(
        policy if mine is None or mine != policy else mine
        for mine, policy in zip(same, after.policies, strict=True)
    )
    equal = {
        each: getattr(before, each)
        for each in MADE_OF
        if getattr(before, each) == getattr(after, each)
    }
    return replace(after, policies=policies, **equal)


def outside_units(before: Pairs, after: Pairs, direction: Direction) -> Iterator[Unit]:
    """Yield all addresses outside in pieces that are cut wherever one of the clusters cuts them."""
    pieces = {*before.universe.pieces[direction], *after.universe.pieces[direction]}
    for family in sorted({piece.family for piece in pieces}):
        for piece in cut(family.everything, pieces):
            old, new = (pairs.cluster.external(piece.start) for pairs in (before, after))
            yield Unit(old, new, {str(piece): piece})


def pod_units(before: Pairs, after: Pairs) -> list[Unit]:
    """Return all pods of two clusters in units: policy treats the pods of a unit alike."""
    found: dict[tuple[int | None, int | None], Unit] = {}
    for old, new in _matches(before, after):
        key = _number(before, old), _number(after, new)
        unit = found.setdefault(key, Unit(old, new))
        if shown := new or old:
            unit.members[shown.key] = shown
    return list(found.values())


def twins(before: Pairs, after: Pairs) -> Iterator[tuple[Pod, Pod]]:
    """Yield pods that have a namesake of the same workload."""
    old = {(pod.key, pod.owner): pod for pod in before.cluster.pods}
    for pod in after.cluster.pods:
        if (pod.key, pod.owner) in old:
            yield old[pod.key, pod.owner], pod


def _matches(before: Pairs, after: Pairs) -> Iterator[tuple[Pod | None, Pod | None]]:
    ours, theirs = before.cluster.workloads, after.cluster.workloads
    for workload in sorted({*ours, *theirs}):
        old = {pod.key: pod for pod in ours.get(workload, ())}
        new = {pod.key: pod for pod in theirs.get(workload, ())}
        yield from ((pod, new[key]) for key, pod in old.items() if key in new)
        gone = [pod for key, pod in old.items() if key not in new]
        come = [pod for key, pod in new.items() if key not in old]
        if not old or not new:
            yield from ((pod, None) for pod in gone)
            yield from ((None, pod) for pod in come)
        elif gone or come:
            # Replicas have no lasting names: those that came stand in for those that went.
            for pod in _one_of_each_class(before, gone or list(old.values())):
                yield from ((pod, other) for other in come or new.values())


def _one_of_each_class(pairs: Pairs, pods: list[Pod]) -> list[Pod]:
    return list({_number(pairs, pod): pod for pod in reversed(pods)}.values())


def _number(pairs: Pairs, pod: Pod | None) -> int | None:
    return None if pod is None else pairs.universe.class_of[pod]
