"""Bets: the evaluator settles them, and nothing is given away before."""

import pytest

import nsimlib as ns
from nsimlib.evaluation.combination import Outcome
from nsimlib.lessons.predictions import Bet, Settled, predictions

BETS = list(predictions().values())
ids = pytest.mark.parametrize("bet", BETS, ids=lambda bet: bet.id)


@ids
def test_exactly_one_choice_is_right_and_the_others_name_a_misconception(bet: Bet) -> None:
    for outcome, (says, misconception) in bet.feedback.items():
        settled = bet.settle(outcome.value)
        assert settled.right == (misconception is None)
        assert says in repr(settled)
    assert sum(bet.settle(outcome.value).right for outcome in bet.feedback) == 1


@ids
def test_the_question_gives_nothing_away(bet: Bet) -> None:
    shown = repr(bet) + bet._repr_html_()
    assert "#" not in bet.manifests
    assert "Broken on purpose" not in shown
    for says, _ in bet.feedback.values():
        assert says not in shown


@ids
def test_without_a_guess_nothing_is_settled(bet: Bet) -> None:
    shown = repr(ns.settle(bet.id, None))
    assert "no bet yet" in shown
    assert "is allowed" not in shown
    assert "is denied" not in shown


def test_a_guess_is_compared_with_what_happens() -> None:
    settled = ns.settle("isolation-is-a-switch/bet-1", "denied")
    assert isinstance(settled, Settled)
    assert settled.verdict.outcome is Outcome.ALLOWED
    assert "and not denied" in settled.says


def test_a_guess_that_is_no_choice_names_the_choices() -> None:
    with pytest.raises(ns.UnknownName, match="did you mean denied"):
        ns.predict("isolation-is-a-switch/bet-1", "denid")


def test_a_bet_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(ns.UnknownName, match="did you mean isolation-is-a-switch/bet-1"):
        ns.predict("isolation-is-a-switch/bet-11")
