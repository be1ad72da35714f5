"""How tiers combine, with rules reduced to whether they match: nothing is compared here."""

from dataclasses import dataclass

import pytest

from nsimlib.evaluation.combination import Outcome, combine
from nsimlib.evaluation.logic import Truth
from nsimlib.model.policy import Action, Combination, Direction, Policy, Rule, Tier
from tests.builders import EGRESS, INGRESS, policy, rule

ALLOWED, DENIED, UNDETERMINED = Outcome
ALLOW, DENY, PASS, LOG = Action
SIGNS: dict[str, Truth] = {"+": True, "-": False, "?": None}
ISOLATING, OTHER = policy("shop/a"), policy("shop/b", isolates=False)


@dataclass(frozen=True)
class Stub:
    """A rule of which only this is known."""

    policy: Policy
    rule: Rule
    matched: Truth


def stubs(text: str, *policies: Policy) -> tuple[Stub, ...]:
    """Rules such as `"+Allow ?Deny"`, one policy after the other."""
    owners = policies * len(text.split()) if len(policies) == 1 else policies
    return tuple(
        Stub(owner, rule(action=Action(word[1:])), SIGNS[word[0]])
        for word, owner in zip(text.split(), owners, strict=True)
    )


def decided(
    combination: Combination,
    text: str,
    *policies: Policy,
    default: Action = PASS,
    direction: Direction = EGRESS,
) -> tuple[Outcome | None, str, int]:
    """The outcome, the rules that determine it as they were written, and how many policies do."""
    tier = Tier("tier", combination, ("NetworkPolicy",), default)
    rules = stubs(text, *policies)
    decision = combine(tier, direction, tuple(dict.fromkeys(policies)), rules)
    words = [word for word, each in zip(text.split(), rules, strict=True) if each in decision.rules]
    return decision.outcome, " ".join(words), len(decision.policies)


class TestUnion:
    @pytest.mark.parametrize(
        ("rules", "outcome", "determining", "policies"),
        [
            # isolated without a rule that matches (F1.9, F1.16)
            ("", DENIED, "", 1),
            ("-Allow", DENIED, "", 1),
            # allows add up: one is enough, and all that match determine (F1.12)
            ("-Allow +Allow", ALLOWED, "+Allow", 0),
            ("+Allow ?Allow", ALLOWED, "+Allow", 0),
            # what may match leaves it open
            ("-Allow ?Allow", UNDETERMINED, "?Allow", 0),
        ],
    )
    def test_of_an_isolated_subject(
        self, rules: str, outcome: Outcome, determining: str, policies: int
    ) -> None:
        tier = Tier("union", Combination.UNION, ("NetworkPolicy",))
        found = stubs(rules, ISOLATING)
        decision = combine(tier, EGRESS, (ISOLATING,), found)
        assert decision.outcome is outcome
        assert [each.matched for each in decision.rules] == [
            SIGNS[word[0]] for word in determining.split()
        ]
        assert len(decision.policies) == policies

    def test_both_of_two_matching_rules_determine(self) -> None:
        assert decided(Combination.UNION, "+Allow +Allow", ISOLATING) == (
            ALLOWED,
            "+Allow +Allow",
            0,
        )

    def test_every_isolating_policy_determines_a_denial(self) -> None:
        found = decided(Combination.UNION, "-Allow -Allow", ISOLATING, policy("shop/c"))
        assert found == (DENIED, "", 2)

    def test_without_isolation_the_next_tier_is_asked(self) -> None:
        assert decided(Combination.UNION, "-Allow ?Allow", OTHER) == (None, "", 0)

    def test_isolation_is_for_one_direction(self) -> None:
        assert decided(Combination.UNION, "-Allow", ISOLATING, direction=INGRESS)[0] is None


class TestDenyFirst:
    @pytest.mark.parametrize(
        ("rules", "outcome", "determining"),
        [
            # any denial wins over every allow (F3.38)
            ("+Allow +Deny", DENIED, "+Deny"),
            ("+Deny +Allow +Deny", DENIED, "+Deny +Deny"),
            ("+Allow -Deny", ALLOWED, "+Allow"),
            # a denial that may match leaves an allowance open, and adds nothing to a denial
            ("+Allow ?Deny", UNDETERMINED, "?Deny"),
            ("-Allow ?Deny", DENIED, ""),
            ("?Allow +Deny", DENIED, "+Deny"),
            ("?Allow -Deny", UNDETERMINED, "?Allow"),
        ],
    )
    def test_of_an_isolated_subject(self, rules: str, outcome: Outcome, determining: str) -> None:
        assert decided(Combination.DENY_FIRST, rules, ISOLATING)[:2] == (outcome, determining)

    @pytest.mark.parametrize(
        ("rules", "outcome"),
        [("-Deny", None), ("+Deny", DENIED), ("?Deny", UNDETERMINED), ("+Allow", ALLOWED)],
    )
    def test_without_isolation(self, rules: str, outcome: Outcome | None) -> None:
        assert decided(Combination.DENY_FIRST, rules, OTHER)[0] is outcome


class TestFirstMatch:
    @pytest.mark.parametrize(
        ("rules", "outcome", "determining"),
        [
            # the first match decides (F1.49)
            ("+Allow +Deny", ALLOWED, "+Allow"),
            ("+Deny +Allow", DENIED, "+Deny"),
            ("-Deny +Allow", ALLOWED, "+Allow"),
            # Pass leaves it to the next tier, Log to the next rule (F2.3)
            ("+Pass +Deny", None, "+Pass"),
            ("+Log +Deny", DENIED, "+Deny"),
            ("+Log", None, ""),
            ("", None, ""),
            # what may match matters only where it would change something
            ("?Allow +Allow", ALLOWED, "+Allow"),
            ("?Deny +Allow", UNDETERMINED, "?Deny"),
            ("?Log +Allow", ALLOWED, "+Allow"),
            ("+Allow ?Deny", ALLOWED, "+Allow"),
            ("?Pass", None, ""),
            ("?Allow -Deny", UNDETERMINED, "?Allow"),
        ],
    )
    def test_rules_of_one_policy(
        self, rules: str, outcome: Outcome | None, determining: str
    ) -> None:
        assert decided(Combination.FIRST_MATCH, rules, OTHER)[:2] == (outcome, determining)

    @pytest.mark.parametrize(
        ("orders", "outcome"),
        [((1.0, 2.0), ALLOWED), ((2.0, 1.0), DENIED), ((1.0, 1.0), ALLOWED)],
    )
    def test_policies_go_by_order_and_then_by_name(
        self, orders: tuple[float, float], outcome: Outcome
    ) -> None:
        first, second = (
            policy(name, order=order, isolates=False)
            for name, order in zip(("a", "b"), orders, strict=True)
        )
        assert decided(Combination.FIRST_MATCH, "+Allow +Deny", first, second)[0] is outcome
        assert decided(Combination.FIRST_MATCH, "+Deny +Allow", second, first)[0] is outcome

    def test_the_tier_ends_in_its_default(self) -> None:
        found = decided(Combination.FIRST_MATCH, "-Allow", OTHER, default=DENY)
        assert found == (DENIED, "", 1)

    def test_the_default_is_only_for_whom_a_policy_selects(self) -> None:
        assert decided(Combination.FIRST_MATCH, "", default=DENY) == (None, "", 0)
