"""Exercises in which settings are chosen: judged by the seconds of the scenes, and nothing else."""

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

import nsimlib as ns
from nsimlib.dns.chase import behind
from nsimlib.dns.cures import exposed, out
from nsimlib.dns.timeline import Timeline
from nsimlib.errors import SettingError, UnknownName
from nsimlib.lessons.exercises import exercises
from nsimlib.lessons.settings_exercise import SettingsExercise, SettingsSlip

if TYPE_CHECKING:
    from collections.abc import Callable

ALL = list(
    {
        repr(each): each
        for seed in range(20)
        for each in exercises(seed).values()
        if isinstance(each, SettingsExercise)
    }.values()
)
every = pytest.mark.parametrize("exercise", ALL, ids=lambda each: each.id)
SLIPS = [(each, slip) for each in ALL for slip in each.slips]


@pytest.fixture
def exercise() -> SettingsExercise:
    found = ns.exercise("names-and-ttl/3")
    assert isinstance(found, SettingsExercise)
    return found


@pytest.mark.parametrize(
    ("exercise", "slip"), SLIPS, ids=lambda each: getattr(each, "misconception", "")
)
def test_a_slip_is_told_the_belief_behind_it(
    exercise: SettingsExercise, slip: SettingsSlip
) -> None:
    feedback = exercise.judge(slip.example)
    assert not feedback.passed
    assert feedback.misconception is not None
    assert feedback.misconception.id == slip.misconception
    assert slip.missed in feedback.says
    assert slip.says in repr(feedback)
    assert "wrong" not in repr(feedback)


@every
def test_every_bound_has_its_slip_and_every_slip_its_bound(exercise: SettingsExercise) -> None:
    assert {slip.missed for slip in exercise.slips} == {bound.what for bound in exercise.wanted}


@every
def test_what_is_met_is_counted_second_by_second(exercise: SettingsExercise) -> None:
    measures: dict[str, Callable[[Timeline], float]] = {
        "out": out,
        "exposed": exposed,
        "missing": lambda timeline: behind(timeline).missing,
        "longest out": lambda timeline: behind(timeline).out,
    }
    names = tuple(exercise.choices)
    ends = product(*((values[0], values[-1]) for values in exercise.choices.values()))
    for values in ends:
        settings = dict(zip(names, values, strict=True))
        met = sum(
            measures[bound.measure](exercise.play(bound.scene, settings)) <= bound.at_most
            for bound in exercise.wanted
        )
        assert exercise.judge(settings).met == met


def test_settings_that_are_left_out_stay_as_they_were(exercise: SettingsExercise) -> None:
    feedback = exercise.judge({"pool_lifetime": 60})
    assert "quiet day: seconds without the database" in feedback.says
    assert "The first outage is from 5 to 60 s" in feedback.more


def test_of_several_applications_the_one_that_is_out_for_longest_is_told() -> None:
    feedback = ns.exercise("controller-that-chases/1").judge({"interval": 5, "grace": 0})
    assert "The longest outage is that of shop/api, JVM, from 67.5 to 120.5 s" in feedback.more
    assert "allows 10.20.21.17" in feedback.more


def test_a_number_may_be_in_quotes(exercise: SettingsExercise) -> None:
    quoted = {name: str(value) for name, value in exercise.solution.items()}
    assert exercise.judge(quoted).passed
    assert not exercise.judge({"ttl": str(exercise.start["ttl"])}).is_answered


def test_more_than_one_choice_passes(exercise: SettingsExercise) -> None:
    for other in ({"jvm_ttl": 0}, {"jvm_ttl": 30, "min_ttl": 60}, {"pool_lifetime": 30}):
        assert exercise.judge({**exercise.solution, **other}).passed


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        ({"tll": 5}, 'there is no setting "tll"; there are ttl, jvm_ttl'),
        ({"ttl": 7}, '"ttl" can be 1 or 5 or 60, and not 7'),
        ({"ttl": True}, '"ttl" can be 1 or 5 or 60, and not True'),
        ({"jvm_ttl": None}, '"jvm_ttl" can be 0 or 5 or 30 or 60, and not None'),
        ({"jvm_ttl": [5]}, "and not [5]"),
    ],
)
def test_what_cannot_be_chosen_is_feedback(
    exercise: SettingsExercise, attempt: dict[str, Any], said: str
) -> None:
    feedback = exercise.judge(attempt)
    assert not feedback.passed
    assert feedback.is_answered
    assert said in repr(feedback)


@pytest.mark.parametrize("attempt", [None, "ttl: 5", {}, []])
def test_what_holds_no_setting_is_not_answered(exercise: SettingsExercise, attempt: object) -> None:
    assert not exercise.judge(attempt).is_answered


def test_a_scene_can_be_looked_at(exercise: SettingsExercise) -> None:
    assert exercise.play("quiet day", exercise.solution).outages == ()
    with pytest.raises(SettingError):
        exercise.play("quiet day", {"ttl": -1})


@pytest.mark.parametrize(
    ("settings", "error"), [({"intervall": 5}, UnknownName), ({"interval": 0}, SettingError)]
)
def test_a_move_that_cannot_be_played_is_said(
    settings: dict[str, Any], error: type[Exception]
) -> None:
    chased = ns.exercise("controller-that-chases/1")
    assert isinstance(chased, SettingsExercise)
    with pytest.raises(error):
        chased.play("a move", settings)


def test_the_table_has_the_bounds_and_the_choices(exercise: SettingsExercise) -> None:
    rows = exercise.table.rows
    assert ("quiet day: seconds without the database", "at most 0 s") in rows
    assert ("ttl", "one of: 1, 5, 60") in rows
