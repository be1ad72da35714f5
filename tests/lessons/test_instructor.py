"""Instructor notes: complete where there are any, and true to the bets and exercises."""

from typing import cast

import pytest

from nsimlib.lessons.entries import Entry
from nsimlib.lessons.exercises import exercises
from nsimlib.lessons.instructor import expected, lessons_without_notes, notes
from nsimlib.lessons.misconceptions import misconception
from nsimlib.lessons.predictions import predictions
from nsimlib.lessons.syllabus import Lesson, syllabus
from nsimlib.manifests.shipped import read_shipped, shipped_names

WRITTEN = [syllabus()[slug] for slug in shipped_names("data", "instructor")]
written = pytest.mark.parametrize("lesson", WRITTEN, ids=lambda lesson: lesson.slug)
PARTS = {"purpose", "board", "say", "trouble", "late", "fast"}


def data(lesson: Lesson) -> Entry:
    return cast("Entry", read_shipped("data", "instructor", f"{lesson.slug}.yaml"))


@written
def test_notes_have_every_part(lesson: Lesson) -> None:
    found = data(lesson)
    assert found.keys() == PARTS
    assert all(found.values())
    assert list(found["late"]) == [10, 20]


@written
def test_there_is_a_sentence_for_each_belief_that_can_show_and_for_no_other(lesson: Lesson) -> None:
    beliefs = {each.misconception for each in expected(lesson)}
    assert set(data(lesson)["say"]) == beliefs
    page = notes(lesson)
    assert page is not None
    for name in beliefs:
        assert misconception(name).belief in page
        assert data(lesson)["say"][name] in page


@pytest.mark.parametrize("lesson", syllabus().values(), ids=lambda lesson: lesson.slug)
def test_every_wrong_choice_of_a_bet_is_expected(lesson: Lesson) -> None:
    bets = [predictions()[name] for name in lesson.bets]
    wrong = sum(slip is not None for bet in bets for _, slip in bet.feedback.values())
    found = [each for each in expected(lesson) if each.asked.startswith("bet ")]
    assert len(found) == wrong > 0


@pytest.mark.parametrize("lesson", syllabus().values(), ids=lambda lesson: lesson.slug)
def test_no_word_of_a_variant_is_left_open(lesson: Lesson) -> None:
    assert [each for each in expected(lesson) if "${" in f"{each.asked}{each.answer}"] == []


@written
def test_notes_hold_no_solution(lesson: Lesson) -> None:
    page = "".join((notes(lesson) or "").split())
    for name in lesson.exercises:
        assert "".join(str(exercises()[name].solution).split()) not in page


def test_a_lesson_without_notes_is_listed_and_has_none() -> None:
    missing = lessons_without_notes()
    assert {each.slug for each in WRITTEN} | set(missing) == set(syllabus())
    assert [slug for slug in missing if notes(syllabus()[slug])] == []
