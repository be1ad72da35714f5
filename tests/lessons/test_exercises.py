"""Exercises: every answer passes, every start does not, and no attempt is a crash."""

import pytest

import nsimlib as ns
from nsimlib.lessons.exercises import Exercise, exercises

ALL = list(exercises().values())
ids = pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.id)


@ids
def test_the_answer_passes(exercise: Exercise) -> None:
    feedback = exercise.check(exercise.answer())
    assert feedback.passed, feedback
    assert repr(feedback) == f"all {len(exercise.wanted)} connections end as wanted"


@ids
def test_the_start_is_not_answered_yet_however_it_is_written(exercise: Exercise) -> None:
    for attempt in (exercise.start, f"\n{exercise.start}\n\n", f"# mine\n{exercise.start}"):
        feedback = exercise.check(attempt)
        assert not feedback.passed
        assert "not answered yet" in repr(feedback)


@ids
def test_a_change_that_does_not_help_is_explained(exercise: Exercise) -> None:
    renamed = exercise.start.replace("name: ", "name: my-", 1)
    feedback = exercise.check(renamed)
    assert not feedback.passed
    assert feedback.verdict is not None
    assert "should be" in repr(feedback)
    assert str(feedback.verdict.connection) in repr(feedback)
    assert "wrong" not in repr(feedback)


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        ("a: [", "the API server would refuse this"),
        ("kind: NetworkPolicy\n", "the API server would refuse this"),
        ("", "the API server would refuse this"),
        ("\n\n", "the API server would refuse this"),
        ("no-such-file.yaml", "the API server would refuse this"),
        ("apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n", "expected policies only"),
    ],
)
def test_what_cannot_be_read_is_feedback(attempt: str, said: str) -> None:
    feedback = ns.exercise("isolation-is-a-switch/1").check(attempt)
    assert not feedback.passed
    assert said in repr(feedback)
    assert "problem" in feedback._repr_html_()


@ids
def test_hints_go_from_a_nudge_to_nearly_the_solution(exercise: Exercise) -> None:
    assert len(exercise.hints) == 3
    assert [exercise.hint(), exercise.hint(2), exercise.hint(9)] == list(exercise.hints)


@ids
def test_text_and_html_show_the_same_connections(exercise: Exercise) -> None:
    for asked in exercise.wanted:
        assert asked in repr(exercise)
        assert asked.replace(">", "&gt;") in exercise._repr_html_()


def test_an_exercise_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(ns.UnknownName, match="did you mean"):
        ns.exercise("isolation-is-a-switch/9")
