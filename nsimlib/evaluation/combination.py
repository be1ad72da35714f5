"""How a tier's rules add up to a decision: union, first match, or deny first.

Worked example, `union`: two policies isolate a pod for egress, their three rules match
(False, True, None). One rule surely matches, so the tier allows, determined by that rule.
With (False, False, None) it depends on what is not known: undetermined. With (False, False,
False) the tier denies, determined by both policies, for no rule ever denies (F1.12).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

from nsimlib.evaluation.logic import Truth
from nsimlib.model.policy import Action, Combination, Direction, Policy, Rule, Tier

__all__ = ["Decision", "Judged", "Outcome", "combine", "place_in"]


class Outcome(Enum):
    """What happens to a connection; a third answer says that a fact is missing."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNDETERMINED = "undetermined"

    def __repr__(self) -> str:
        return self.value


class Judged(Protocol):
    """A rule with what is known about its match."""

    @property
    def policy(self) -> Policy:
        """The policy it belongs to."""

    @property
    def rule(self) -> Rule:
        """The rule."""

    @property
    def matched(self) -> Truth:
        """Whether it matches."""


R = TypeVar("R", bound=Judged)


@dataclass(frozen=True, slots=True)
class Decision(Generic[R]):
    """A tier's answer and what determines it; `outcome` None leaves it to the next tier."""

    outcome: Outcome | None
    rules: tuple[R, ...] = ()
    policies: tuple[Policy, ...] = ()


def combine(
    tier: Tier, direction: Direction, policies: tuple[Policy, ...], rules: Sequence[R]
) -> Decision[R]:
    """Return what a tier decides in one direction.

    Parameters
    ----------
    policies
        The policies of the tier that apply to the subject.
    rules
        Every rule of those policies in this direction, matched or not.
    """
    isolating = tuple(policy for policy in policies if tier.isolates(policy, direction))
    match tier.combine:
        case Combination.UNION:
            return _union(rules, isolating)
        case Combination.DENY_FIRST:
            return _deny_first(rules, isolating)
        case Combination.FIRST_MATCH:
            return _first_match(rules, tier, policies)


def _union(rules: Sequence[R], isolating: tuple[Policy, ...]) -> Decision[R]:
    if sure := _matching(rules, Action.ALLOW, True):
        return Decision(Outcome.ALLOWED, sure)
    if not isolating:
        return Decision(None)
    if unsure := _matching(rules, Action.ALLOW, None):
        return Decision(Outcome.UNDETERMINED, unsure)
    return Decision(Outcome.DENIED, policies=isolating)


def _deny_first(rules: Sequence[R], isolating: tuple[Policy, ...]) -> Decision[R]:
    if sure := _matching(rules, Action.DENY, True):
        return Decision(Outcome.DENIED, sure)
    without_denials = _union(rules, isolating)
    unsure = _matching(rules, Action.DENY, None)
    if unsure and without_denials.outcome is not Outcome.DENIED:
        return Decision(Outcome.UNDETERMINED, unsure)
    return without_denials


OUTCOMES = {Action.ALLOW: Outcome.ALLOWED, Action.DENY: Outcome.DENIED, Action.PASS: None}


def _first_match(rules: Sequence[R], tier: Tier, policies: tuple[Policy, ...]) -> Decision[R]:
    unsure: list[R] = []
    ordered = sorted(rules, key=lambda each: place_in(tier, each.policy))
    for each in ordered:
        if each.matched is False or each.rule.action is Action.LOG:
            continue
        if each.matched is True:
            decision = Decision(OUTCOMES[each.rule.action], (each,))
            unsure += _tied(each, ordered, tier)
            break
        unsure.append(each)
    else:
        ended = tier.default if policies else Action.PASS
        decision = Decision(OUTCOMES[ended], (), policies if ended is not Action.PASS else ())
    if any(OUTCOMES[each.rule.action] is not decision.outcome for each in unsure):
        return Decision(Outcome.UNDETERMINED, tuple(unsure))
    return decision


def place_in(tier: Tier, policy: Policy) -> tuple[float, str]:
    """Return where a policy of a first-match tier comes.

    By its order, and then by name, whatever the namespace (F2.2).
    """
    return tier.order_of(policy), f"{policy.name}/{policy.namespace or ''}/{policy.kind}"


def _tied(first: R, rules: Sequence[R], tier: Tier) -> list[R]:
    """The rule and those of other policies that may as well come first (F1.48)."""
    if not tier.ties_are_open:
        return []
    order = tier.order_of(first.policy)
    equal = (each for each in rules if tier.order_of(each.policy) == order)
    deciding = (e for e in equal if e.matched is not False and e.rule.action is not Action.LOG)
    found: dict[str, R] = {}
    for each in deciding:
        found.setdefault(each.policy.key, each)
    return list(found.values()) if len(found) > 1 else []


def _matching(rules: Sequence[R], action: Action, matched: Truth) -> tuple[R, ...]:
    return tuple(each for each in rules if each.rule.action is action and each.matched is matched)
