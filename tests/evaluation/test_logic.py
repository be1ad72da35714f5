"""Three-valued logic, against all its values."""

from itertools import product

import pytest

from nsimlib.evaluation.logic import Truth, all_of, any_of


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (True, True, True, True),
        (True, False, False, True),
        (True, None, None, True),
        (False, False, False, False),
        (False, None, False, None),
        (None, None, None, None),
    ],
)
def test_of_two_values(left: Truth, right: Truth, both: Truth, either: Truth) -> None:
    assert all_of((left, right)) is all_of((right, left)) is both
    assert any_of((left, right)) is any_of((right, left)) is either


def test_of_none_at_all() -> None:
    assert all_of(()) is True
    assert any_of(()) is False


def test_none_is_what_could_be_either() -> None:
    """What is not known is open exactly where its two answers differ."""
    for values in product((True, False, None), repeat=3):
        settled = [
            tuple(known if value is None else value for value in values) for known in (True, False)
        ]
        for combine in (all_of, any_of):
            answers = {combine(each) for each in settled}
            assert combine(values) is (answers.pop() if len(answers) == 1 else None)
