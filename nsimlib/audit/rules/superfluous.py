"""Policies that do nothing beside the others of their namespace; compared as in `redundancy`."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from nsimlib.audit.containment import holds, narrows
from nsimlib.audit.context import Context
from nsimlib.audit.examples import allowed_by
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.near import NearRules
from nsimlib.audit.owners import owners
from nsimlib.audit.patches import Patch
from nsimlib.audit.registry import rule
from nsimlib.audit.rules.redundancy import compared
from nsimlib.audit.words import keys
from nsimlib.model.policy import Combination, Policy, Rule
from nsimlib.model.selectors import EVERYTHING, LabelSelector, Operator, Requirement

__all__ = ["duplicate_policy", "policy_subsumed"]

#: what a policy's subject asks for, by which a wider one can be found
Asked = tuple[str, str] | None
#: kinds of policies by tier and place in it
Orders = defaultdict[object, set[str]]


def _covered(context: Context) -> Iterator[tuple[Policy, tuple[Policy, ...], bool]]:
    """Yield policies that could go one by one, those that do the same, and if these are equal."""
    spaces = defaultdict[str | None, list[Policy]](list)
    orders = _orders(context)
    for policy in compared(context):
        if policy.directions == policy.isolates and _stands_alone(context, orders, policy):
            spaces[policy.namespace].append(policy)
    for policies in spaces.values():
        order = sorted(policies, key=lambda policy: (not owners(policy), policy.name))
        asking = defaultdict[Asked, list[Policy]](list)
        for policy in order:
            for asked in _first_asked(policy):
                asking[asked].append(policy)
        gone = set[int]()
        for policy in reversed(order):
            near = {id(each): each for asked in _asked(policy) for each in asking[asked]}
            others = [
                each
                for each in near.values()
                if each is not policy and id(each) not in gone and _applies(each, policy)
            ]
            if _does_all_of(others, policy):
                gone.add(id(policy))
                equal = [other for other in others if _does_all_of([other], policy)]
                twins = [o for o in equal if _applies(policy, o) and _does_all_of([policy], o)]
                yield policy, tuple(twins or equal or others), bool(twins)


def _required(policy: Policy) -> Iterator[Requirement]:
    if isinstance(policy.subject.pods, LabelSelector):
        yield from (r for r in policy.subject.pods.requirements if r.operator is Operator.IN)


def _first_asked(policy: Policy) -> list[Asked]:
    """One of the labels that all pods of a policy have; None if it asks for none."""
    first = next(_required(policy), None)
    return [(first.key, value) for value in first.values] if first else [None]


def _asked(policy: Policy) -> Iterator[Asked]:
    """Under which labels a wider policy would be found."""
    yield None
    yield from ((each.key, value) for each in _required(policy) for value in each.values)


def _stands_alone(context: Context, orders: Orders, policy: Policy) -> bool:
    """Whether no policy of another kind is judged between those of this one's."""
    tier = next((tier for tier in context.profile.tiers if tier.holds(policy)), None)
    if tier is None or tier.combine is not Combination.FIRST_MATCH:
        return True
    return orders[tier.name, tier.order_of(policy)] == {policy.kind}


def _orders(context: Context) -> Orders:
    """The kinds of policies at each place of a tier where the first match counts."""
    found = Orders(set)
    for tier in context.profile.tiers:
        for each in context.policies if tier.combine is Combination.FIRST_MATCH else ():
            if tier.holds(each):
                found[tier.name, tier.order_of(each)].add(each.kind)
    return found


def _applies(wide: Policy, policy: Policy) -> bool:
    pods = wide.subject.pods
    return pods is None or narrows(policy.subject.pods, pods)


def _does_all_of(others: Sequence[Policy], policy: Policy) -> bool:
    """Whether others isolate and allow all that a policy does, in each of its directions."""
    for direction in policy.directions:
        isolating = [other for other in others if direction in other.isolates]
        rules = [each for other in isolating for each in other.rules_for(direction)]
        if not isolating or not _hold_all(rules, policy.rules_for(direction), policy.namespace):
            return False
    return True


def _hold_all(rules: Sequence[Rule], mine: Sequence[Rule], namespace: str | None) -> bool:
    near = NearRules(rules, namespace) if mine else None
    return near is None or all(
        holds([rules[number] for number in near.of(each)], each, namespace) for each in mine
    )


@rule(
    "NSIM-R803",
    "policy-subsumed",
    Severity.LOW,
    facts=("F1.9", "F1.12", "E84"),
    references=("np-guard/network-config-analyzer: redundancy",),
)
def policy_subsumed(context: Context) -> Iterator[Hit]:
    """A policy isolates nobody and allows nothing that the others of its namespace do not.

    Without it every connection ends as it does now. A policy that alone isolates a direction is
    none of these, and a default deny never is: it is to stay when the others go (E84). Between
    policies of different owners it is a note.
    """
    for policy, others, is_twin in _covered(context):
        if not (is_twin or _is_default_deny(policy)):
            apart = any(owners(other) != owners(policy) for other in others)
            yield _unneeded(
                context,
                policy,
                others,
                f"NetworkPolicy {policy.key} adds nothing: {keys(others)} "
                f"{'isolates' if len(others) == 1 else 'isolate'} the same pods and "
                f"{'allows' if len(others) == 1 else 'allow'} all that it does. Delete it.",
                Severity.INFO if apart else Severity.LOW,
            )


def _is_default_deny(policy: Policy) -> bool:
    return not policy.rules and policy.subject.pods in (None, EVERYTHING)


@rule("NSIM-R807", "duplicate-policy", Severity.LOW, facts=("F1.12",))
def duplicate_policy(context: Context) -> Iterator[Hit]:
    """Two policies of a namespace say the same under two names.

    Allows add up, so one of them changes nothing. A change to either alone takes nothing away.
    """
    for policy, others, is_twin in _covered(context):
        if is_twin and _folder(policy) == _folder(others[0]):
            yield _unneeded(
                context,
                policy,
                others[:1],
                f"NetworkPolicy {policy.key} says the same as {others[0].key}. Delete one: to "
                "narrow one of them alone would take nothing away.",
                Severity.LOW,
            )


def _folder(policy: Policy) -> str:
    """Overlays have folders of their own, and hardly ever meet in one cluster."""
    return policy.source.file.rpartition("/")[0]


def _unneeded(
    context: Context, policy: Policy, others: Sequence[Policy], says: str, severity: Severity
) -> Hit:
    shown = (allowed_by(context, policy, each) for each in policy.rules)
    return Hit(
        (Where.of(policy), *map(Where.of, others)),
        says,
        severity=severity,
        fix=Patch("Delete what adds nothing.").delete(policy),
        witness=next((found for found in shown if found), None),
    )
