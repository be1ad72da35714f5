"""The pods of one cluster matched with those of another, class by class."""

from collections.abc import Iterator
from dataclasses import replace

from nsimlib.evaluation.overlay import Unit
from nsimlib.evaluation.pairs import MADE_OF, Pairs
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod

__all__ = ["aligned", "pod_units", "twins"]


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


def pod_units(before: Pairs, after: Pairs) -> list[Unit]:
    """Return all pods of two clusters in units: policy treats the pods of a unit alike.

    Its members are the pods of the later side there is.
    """
    found: dict[tuple[int | None, int | None], dict[str, Pod]] = {}
    for old, new in _matches(before, after):
        if shown := new or old:
            found.setdefault((_number(before, old), _number(after, new)), {})[shown.key] = shown
    # In this order both sides count alike for long stretches.
    ordered = sorted(found.items(), key=lambda each: tuple(-1 if n is None else n for n in each[0]))
    return [Unit(numbers, tuple(members.values())) for numbers, members in ordered]


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
