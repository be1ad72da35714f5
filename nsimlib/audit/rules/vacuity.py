"""Sets of policies that isolate pods and then allow them everything."""

from collections import defaultdict
from collections.abc import Iterator

from nsimlib.audit.context import Context, Group
from nsimlib.audit.examples import between, somewhere
from nsimlib.audit.model import Hit, Severity, Where, Witness
from nsimlib.audit.registry import rule
from nsimlib.audit.rules.intent import is_temporary
from nsimlib.audit.words import keys, listed, workloads
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction, Rule

__all__ = ["vacuous_set"]


@rule(
    "NSIM-R804",
    "vacuous-set",
    Severity.MEDIUM,
    follows=("NSIM-T606", "NSIM-T605"),
    facts=("F1.12",),
    references=("np-guard/network-config-analyzer: vacuity",),
)
def vacuous_set(context: Context) -> Iterator[Hit]:
    """Policies isolate pods, and together allow them everything.

    They have the same effect as none: who counts policies counts these pods as covered. Where the
    policies are for one workload alone it is an exemption, and low. One policy that opens one
    workload and cancels nothing is left out, and so is one annotated `temporary`.
    """
    seen = defaultdict[tuple[tuple[str, str], ...], list[Group]](list)
    for direction in Direction:
        for group in context.groups(direction):
            is_whole = set(group.isolating) == set(group.policies)
            if group.isolating and is_whole and _allows_everything(context, group):
                seen[(direction.value, ""), *(p.identity for p in group.isolating)].append(group)
    for groups in seen.values():
        policies = groups[0].isolating
        several = len(policies) > 1 or len(workloads(_pods(context, groups))) > 1
        if several and not any(map(is_temporary, policies)):
            yield _same_as_none(context, groups)


def _pods(context: Context, groups: list[Group]) -> tuple[Pod, ...]:
    """All pods of groups: workloads that no policy can tell apart are one class."""
    classes = context.reach.universe.classes
    numbers = (number for group in groups for number in group.classes)
    return tuple(pod for number in numbers for pod in classes[number].members)


def _allows_everything(context: Context, group: Group) -> bool:
    """Whether every class of the group may use every port to every end."""
    rows, universe = context.reach.rows, context.reach.universe
    ends = len(universe.ends(group.direction))
    return all(
        sum(len(cell.ends) for cell in cells if cell.allowed == rows.everything) == ends
        for number in group.classes
        for cells in (rows.cells[group.direction][number] or (),)
    )


def _same_as_none(context: Context, groups: list[Group]) -> Hit:
    policies, direction = groups[0].isolating, groups[0].direction
    pods = _pods(context, groups)
    opening = [p for p in policies if any(map(_is_empty, p.rules_for(direction)))]
    first = [*opening, *(policy for policy in policies if policy not in opening)]
    names = workloads(pods)
    count = f"{len(policies)} policies have" if len(policies) > 1 else "it has"
    return Hit(
        tuple(map(Where.of, first)),
        f"{first[0].kind} {first[0].key}: for {direction.word} of {listed(names)} {count} the same "
        f"effect as none. Narrow what {'it' if len(opening) == 1 else keys(first)} allows.",
        severity=Severity.LOW if len(names) == 1 else Severity.MEDIUM,
        confidence=context.confidence(pods),
        key=" ".join((direction.value, *sorted(policy.key for policy in policies))),
        pods=names,
        witness=_to_anybody(context, groups[0]),
        advice="Name the peers and ports that are needed, in the place of the rule for everything.",
    )


def _is_empty(of: Rule) -> bool:
    return of.peers is None and of.ports is None


def _to_anybody(context: Context, group: Group) -> Witness | None:
    pod = group.pods[0]
    ends = somewhere(context, pod)
    shown = (between(context, pod, end, group.direction) for end in ends)
    return next((found for found in shown if found), None)
