"""Pods that the policies of their namespace have missed."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from nsimlib.audit.context import Context, Group
from nsimlib.audit.model import Hit, Need, Severity, Where
from nsimlib.audit.registry import rule
from nsimlib.audit.rules.hygiene import EXEMPT
from nsimlib.audit.words import listed, workloads
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction, Policy

__all__ = ["pod_uncovered"]

#: where so many of a hundred pods are isolated, the others were probably missed
MOST: Final = 80


@rule(
    "NSIM-H903",
    "pod-uncovered",
    Severity.MEDIUM,
    needs=(Need.PODS,),
    follows=("NSIM-S206", "NSIM-S211"),
    facts=("F1.9",),
    references=("kube-score: pod-networkpolicy", "derailed/popeye#367"),
)
def pod_uncovered(context: Context) -> Iterator[Hit]:
    """Nearly all pods of a namespace are isolated in a direction, and some are not.

    Where at least 80 of 100 are, somebody meant all of them. A label that differs leaves a pod as
    open as if there were no policy, and nothing says so.
    """
    for direction in Direction:
        spaces = defaultdict[str, list[Group]](list)
        for group in context.groups(direction):
            spaces[group.namespace].append(group)
        for namespace, groups in sorted(spaces.items()):
            pods = (pod for group in groups if not group.isolating for pod in group.pods)
            free = list(context.members(pods))
            count = context.alike(pod for group in groups for pod in group.pods)
            covered = count - len(free)
            if free and namespace not in EXEMPT and covered * 100 >= count * MOST:
                yield _missed(context, direction, groups, free, covered)


def _missed(
    context: Context, direction: Direction, groups: list[Group], free: list[Pod], covered: int
) -> Hit:
    namespace, first = f"Namespace {free[0].namespace.name}", free[0]
    nearest = _nearest(context, groups, first, covered)
    misses = nearest.subject.pods.misses(first.labels) if nearest and nearest.subject.pods else ()
    missed = f"{namespace}: {listed(workloads(free))} is missed for {direction.word}"
    reason = f", {nearest.name} selects no pod that {misses[0]}" if nearest and misses else ""
    return Hit(
        (*([Where.of(nearest, ("spec", "podSelector"))] if nearest else []), Where(namespace)),
        f"{missed}: {covered} other pods are isolated{reason}. Mend the label or the selector.",
        confidence=context.confidence(free),
        key=direction.value,
        pods=workloads(free),
        advice="Give the pods the label, or widen the selector if it is theirs that is right.",
    )


def _nearest(context: Context, groups: list[Group], pod: Pod, covered: int) -> Policy | None:
    """The policy for most pods of the namespace whose selector is nearest to a pod's labels."""
    isolating = {policy for group in groups for policy in group.isolating}
    wide = (p for p in isolating if 2 * context.alike(context.subjects(p)) >= covered)
    return min(wide, key=lambda policy: _distance(policy, pod), default=None)


def _distance(policy: Policy, pod: Pod) -> tuple[int, str]:
    selector = policy.subject.pods
    return len(selector.misses(pod.labels)) if selector else 0, policy.key
