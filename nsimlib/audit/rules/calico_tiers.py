"""What becomes of connections that no rule of a Calico tier decides: denied, unless it passes."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from nsimlib.audit.context import Context, Group
from nsimlib.audit.examples import named, somewhere
from nsimlib.audit.model import Hit, Severity, Where, Witness
from nsimlib.audit.patches import Patch, written
from nsimlib.audit.registry import rule
from nsimlib.audit.words import keys, listed, workloads
from nsimlib.evaluation.combination import Outcome, place_in
from nsimlib.model.policy import Action, Combination, Direction, Policy, Rule, Tier
from nsimlib.model.ports import Port

__all__ = ["KINDS", "selecting_policy_isolates", "tier_without_pass"]

#: the policies of Calico's own kinds
KINDS: Final = ("NetworkPolicy.projectcalico.org", "GlobalNetworkPolicy")
HTTPS: Final = Port(443)


class Ended(NamedTuple):
    """A tier that ends with a denial for pods that the same policies select."""

    tier: Tier
    #: those of the tier that apply, in its order
    policies: tuple[Policy, ...]
    #: those of later tiers
    later: tuple[Policy, ...]
    group: Group

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What the tier's policies say in the direction."""
        direction = self.group.direction
        return tuple(each for policy in self.policies for each in policy.rules_for(direction))


def _ended(context: Context) -> Iterator[Ended]:
    tiers = context.profile.tiers
    ordered = [n for n, t in enumerate(tiers) if t.combine is Combination.FIRST_MATCH]
    for direction in Direction:
        for group in context.groups(direction):
            if any(policy.kind in KINDS for policy in group.policies):
                for number in ordered:
                    tier = tiers[number]
                    own = [policy for policy in group.policies if tier.holds(policy)]
                    if own and tier.default is Action.DENY:
                        own.sort(key=lambda policy: place_in(tier, policy))
                        later = tuple(
                            policy
                            for policy in group.policies
                            if any(each.holds(policy) for each in tiers[number + 1 :])
                        )
                        yield Ended(tier, tuple(own), later, group)


@rule(
    "NSIM-N732",
    "selecting-policy-isolates",
    Severity.CRITICAL,
    follows=("NSIM-N736",),
    facts=("F2.3", "F2.7"),
    references=("projectcalico/calico#3801",),
)
def selecting_policy_isolates(context: Context) -> Iterator[Hit]:
    """Policies of Calico that only deny or log select pods, and nothing in their tier allows any.

    To select is to isolate: what no rule of a tier decides is denied at its end. So a policy meant
    to deny one destination, or only to log, denies everything. A policy without rules is a default
    deny, and meant.
    """
    found = defaultdict[tuple[object, Direction], list[Ended]](list)
    for each in _ended(context):
        actions = {one.action for one in each.rules}
        has_rules = all(policy.rules_for(each.group.direction) for policy in each.policies)
        own = all(policy.kind in KINDS for policy in each.policies)
        is_meant = any(one.peers is None and one.ports is None for one in _denials(each))
        if own and has_rules and not is_meant and not actions & {Action.ALLOW, Action.PASS}:
            found[each.policies[-1].identity, each.group.direction].append(each)
    for ends in found.values():
        yield _isolated(context, ends)


def _denials(of: Ended) -> Iterator[Rule]:
    return (each for each in of.rules if each.action is Action.DENY)


def _isolated(context: Context, ends: list[Ended]) -> Hit:
    last, direction = ends[0].policies[-1], ends[0].group.direction
    pods = [pod for each in ends for pod in each.group.pods]
    only = "only logs" if not list(_denials(ends[0])) else "only denies"
    return Hit(
        (Where.of(last, f"spec.{direction.word}"),),
        f"{last.kind} {last.key} {only}, and isolates {listed(workloads(pods))}: tier "
        f"{ends[0].tier.name} denies what it does not decide, and nothing allows any "
        f"{direction.word}. End with `action: Pass`.",
        confidence=context.confidence(pods),
        key=direction.value,
        pods=workloads(pods),
        witness=_denied(context, ends[0]),
        fix=_passing(last, direction),
        advice="Allow what the pods need, or let the last rule pass.",
    )


def _passing(policy: Policy, direction: Direction) -> Patch | None:
    """Pass on what no rule of the policy decides."""
    rules = written(policy, f"spec.{direction.word}")
    if not isinstance(rules, list):
        return None
    path = ("spec", direction.word, len(rules))
    return Patch("Pass on what no rule decides.").insert(policy, path, {"action": "Pass"})


def _denied(context: Context, of: Ended) -> Witness | None:
    """A connection on 443 that the policies of the pods deny."""
    pod, direction = of.group.pods[0], of.group.direction
    for end in somewhere(context, pod):
        ask = context.opens if direction is Direction.EGRESS else context.lets_in
        if ask(pod, end).outcome(HTTPS) is Outcome.DENIED:
            ways = (pod.key, named(end))
            source, target = ways if direction is Direction.EGRESS else ways[::-1]
            return Witness(f"{source} -> {target}:{HTTPS}", Outcome.DENIED)
    return None


@rule("NSIM-N736", "tier-without-pass", Severity.HIGH, facts=("F2.3", "F2.7"))
def tier_without_pass(context: Context) -> Iterator[Hit]:
    """A tier that denies in the end passes nothing on, and later tiers allow pods something.

    Whatever a tier does not decide is denied there, so no policy behind it is ever asked. Their
    allows read as if they held.
    """
    found = defaultdict[tuple[object, Direction], list[Ended]](list)
    for each in _ended(context):
        passes = any(one.action is Action.PASS for one in each.rules)
        direction = each.group.direction
        allowing = [
            policy
            for policy in each.later
            if any(one.action is Action.ALLOW for one in policy.rules_for(direction))
        ]
        everything = any(one.peers is None and one.ports is None for one in each.rules)
        if allowing and not passes and not everything:
            found[each.policies[-1].identity, direction].append(each._replace(later=(*allowing,)))
    for ends in found.values():
        yield _stopped(context, ends)


def _stopped(context: Context, ends: list[Ended]) -> Hit:
    last, direction, tier = ends[0].policies[-1], ends[0].group.direction, ends[0].tier
    pods = [pod for each in ends for pod in each.group.pods]
    later = dict.fromkeys(policy for each in ends for policy in each.later)
    return Hit(
        (Where.of(last, f"spec.{direction.word}"), *map(Where.of, later)),
        f"{last.kind} {last.key}: {direction.word} of {listed(workloads(pods))} stops at the end "
        f"of tier {tier.name}, which denies, so {keys(later)} never runs. "
        "End with `action: Pass`.",
        confidence=context.confidence(pods),
        key=direction.value,
        pods=workloads(pods),
        fix=_passing(last, direction),
        advice="End the last policy of the tier with `action: Pass`, or set its defaultAction.",
    )
