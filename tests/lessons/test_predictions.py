"""Bets: the library settles them, and nothing is given away before."""

import pytest

import nsimlib as ns
from nsimlib.evaluation.combination import Outcome
from nsimlib.lessons.predictions import Bet, Settled, predictions
from nsimlib.lessons.progress import IN_MEMORY

BETS = list(predictions().values())
ids = pytest.mark.parametrize("bet", BETS, ids=lambda bet: bet.id)


@pytest.fixture(autouse=True)
def forget() -> None:
    IN_MEMORY.bets.clear()


@ids
def test_exactly_one_choice_is_right_and_the_others_name_a_misconception(bet: Bet) -> None:
    for choice, (says, misconception) in bet.feedback.items():
        settled = bet.settle(choice)
        assert settled.right == (misconception is None)
        assert says in repr(settled)
        assert says.split("`")[0] in settled._repr_html_().replace("&quot;", '"')
    assert sum(bet.settle(choice).right for choice in bet.choices) == 1
    assert len(bet.choices) >= 2


@ids
def test_a_bet_asks_in_one_way(bet: Bet) -> None:
    assert sum(map(bool, (bet.asked.connection, bet.asked.measure, bet.asked.fact))) == 1
    if bet.asked.fact:
        ns.fact(bet.asked.fact)
    else:
        assert not bet.asked.right, "the library says which answer is right"


@ids
def test_the_question_gives_nothing_away(bet: Bet) -> None:
    shown = repr(bet) + bet._repr_html_()
    assert "#" not in bet.manifests
    assert "Broken on purpose" not in shown
    for says, _ in bet.feedback.values():
        assert says not in shown


@ids
def test_without_a_choice_nothing_is_settled(bet: Bet) -> None:
    shown = repr(ns.settle(bet.id))
    assert "no bet yet" in shown
    assert "is allowed" not in shown
    assert "is denied" not in shown


@ids
def test_a_choice_on_the_card_is_kept_and_settled(bet: Bet) -> None:
    card = ns.predict(bet.id)
    assert card.choices.value is None
    assert repr(card) == repr(bet)
    for choice in bet.choices:
        card.choices.value = choice
        assert choice in card.view.value
        settled = ns.settle(bet.id)
        assert isinstance(settled, Settled)
        assert settled.guess == choice
    assert ns.predict(bet.id).choices.value == bet.choices[-1]


def test_a_guess_is_compared_with_what_happens() -> None:
    settled = ns.settle("isolation-is-a-switch/bet-1", "denied")
    assert isinstance(settled, Settled)
    assert settled.verdict is not None
    assert settled.verdict.outcome is Outcome.ALLOWED
    assert "and not denied" in settled.says


def test_a_guess_that_is_no_choice_names_the_choices() -> None:
    with pytest.raises(ns.UnknownName, match="did you mean denied"):
        ns.settle("isolation-is-a-switch/bet-1", "denid")


def test_a_bet_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(ns.UnknownName, match="did you mean isolation-is-a-switch/bet-1"):
        ns.predict("isolation-is-a-switch/bet-11")
