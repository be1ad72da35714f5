"""Exercises in which a function is written: judged by what it has open, told by the line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import nsimlib as ns
from nsimlib.lessons.exercises import exercises
from nsimlib.lessons.function_exercise import FunctionExercise, FunctionSlip
from nsimlib.lessons.polls import Story
from nsimlib.lessons.progress import start_progress

SEEDS = range(20)
ALL = list(
    {
        repr(each): each
        for seed in SEEDS
        for each in exercises(seed).values()
        if isinstance(each, FunctionExercise)
    }.values()
)
every = pytest.mark.parametrize("exercise", ALL, ids=lambda each: each.id)
SLIPS = [(each, slip) for each in ALL for slip in each.slips]


@pytest.fixture
def exercise() -> FunctionExercise:
    found = ns.exercise("controller-that-chases/2")
    assert isinstance(found, FunctionExercise)
    return found


def body(lines: str) -> str:
    return "def reconcile(old, answers, now):\n" + "".join(f"    {x}\n" for x in lines.split("\n"))


HEARD = "heard = {each: now for answer in answers for each in answer or []}"


@pytest.mark.parametrize(
    ("exercise", "slip"), SLIPS, ids=lambda each: getattr(each, "misconception", "")
)
def test_a_slip_is_told_the_belief_behind_it(
    exercise: FunctionExercise, slip: FunctionSlip
) -> None:
    feedback = exercise.judge(slip.example)
    assert not feedback.passed
    assert feedback.misconception is not None
    assert feedback.misconception.id == slip.misconception
    assert slip.missed in feedback.says
    assert slip.says in repr(feedback)
    assert "wrong" not in repr(feedback)


@every
def test_every_property_but_the_storm_has_its_slip(exercise: FunctionExercise) -> None:
    *told, storm, untouched = exercise.properties
    assert {slip.missed for slip in exercise.slips} == {*told, untouched}
    assert storm not in {slip.missed for slip in exercise.slips}


@every
def test_whether_the_grace_includes_its_last_second_is_left_open(
    exercise: FunctionExercise,
) -> None:
    assert "now - at < " in exercise.solution
    assert exercise.judge(exercise.solution.replace("now - at < ", "now - at <= ")).passed


@every
@pytest.mark.parametrize(
    ("written", "instead"),
    [
        # answers are looped over the other way round
        ("for answer in answers", "for answer in reversed(answers)"),
        # a defensive copy is no fault
        ("not all(answers)", "any(not answer for answer in answers)"),
        ("return {**kept, **heard}", "return dict(sorted({**kept, **heard}.items()))"),
    ],
)
def test_other_ways_to_write_it_pass(
    exercise: FunctionExercise, written: str, instead: str
) -> None:
    assert written in exercise.solution
    assert exercise.judge(exercise.solution.replace(written, instead)).passed


def test_a_function_may_note_what_it_likes_beside_an_address(exercise: FunctionExercise) -> None:
    grace = exercise.stories[0].grace
    until = body(
        f"heard = {{each: [now + {grace}] for answer in answers for each in answer or []}}\n"
        "kept = {each: at for each, at in old.items() if now < at[0] or not all(answers)}\n"
        "return {**kept, **heard}"
    )
    assert exercise.judge(until).passed


def test_a_function_is_judged_like_its_text(exercise: FunctionExercise) -> None:
    def reconcile(
        old: Mapping[str, float], answers: list[list[str] | None], now: float
    ) -> dict[str, float]:
        return {each: now for answer in answers for each in answer or []} or dict(old)

    feedback = exercise.judge(reconcile)
    assert feedback.misconception is not None
    assert feedback.misconception.id == "moved-means-left"
    assert "Should be open: 10.20.21.17, 10.20.22.18." in feedback.more


def test_polls_are_told_up_to_the_first_that_parts(exercise: FunctionExercise) -> None:
    feedback = exercise.judge(body(f"{HEARD}\nreturn heard"))
    *before, last = feedback.more.split("\n")
    assert last == "At 30 s heard: nothing. Open: nothing. Should be open: 10.20.21.17."
    assert before[-1] == "At 0 s heard: 10.20.21.17. Open: 10.20.21.17."


class TestWhatCannotRun:
    """Errors of the learner's are feedback with the line, and never a traceback."""

    @pytest.mark.parametrize(
        ("attempt", "said"),
        [
            ("def reconcile(old, answers, now)\n    return {}\n", "Python cannot read line 1"),
            ("def reconcile(old, answers, now):\nreturn {}\n", "Python cannot read line 2"),
            ("import nothing_like_it\n", "it stops at line 1, `import nothing_like_it`, with Mod"),
            ("def other(old, answers, now):\n    return {}\n", "does not define the function"),
            ("", "does not define the function reconcile"),
            (None, "expected the function reconcile, and not NoneType"),
            (7, "expected the function reconcile, and not int"),
            (
                body("found = {}\nfor answer in answers:\n    for each in answer:\n"
                     "        found[each] = now\nreturn {**old, **found}"),
                "it stops at line 4, `for each in answer:`, with TypeError: 'NoneType' object",
            ),
            (body("return {each: old[each] for each in answers[0]}"), "line 2, `return {each: old"),
            (body("return reconcile(old, answers, now)"), "with RecursionError"),
            (body("raise SystemError"), "with SystemError"),
            (body("return set()"), "reconcile should return a dictionary, and not set()"),
            (body("pass"), "reconcile should return a dictionary, and not None"),
            (
                "def reconcile(old, answers):\n    return {}\n",
                "it cannot be called with old, answers and now: TypeError",
            ),
            ("import json\nreconcile = lambda *given: json.loads('{')", "line 2, `reconcile ="),
        ],
    )  # fmt: skip
    def test_it_is_feedback(self, exercise: FunctionExercise, attempt: object, said: str) -> None:
        feedback = exercise.judge(attempt)
        assert not feedback.passed
        assert feedback.is_answered
        assert said in repr(feedback)
        assert "Traceback" not in repr(feedback)
        assert "nsimlib" not in repr(feedback)

    def test_what_fails_in_one_property_holds_in_others(self, exercise: FunctionExercise) -> None:
        crashes = exercise.solution.replace("answer or []", "answer")
        feedback = exercise.judge(crashes)
        assert 0 < feedback.met < feedback.wanted
        assert "line 2" in feedback.says
        assert feedback.more == "That was at 60 s, when it heard: no answer."

    def test_to_interrupt_it_is_no_feedback(self, exercise: FunctionExercise) -> None:
        with pytest.raises(KeyboardInterrupt):
            exercise.judge(body("raise KeyboardInterrupt"))

    @pytest.mark.parametrize("attempt", [dict, len, print])
    def test_any_callable_may_be_handed_in(
        self, exercise: FunctionExercise, attempt: object
    ) -> None:
        assert not exercise.judge(attempt).passed


class TestUntouched:
    def test_a_docstring_is_no_answer(self, exercise: FunctionExercise) -> None:
        assert not exercise.judge(body('"""Mine."""\nreturn ...')).is_answered
        assert not exercise.judge(f"# mine\n\n{exercise.start}").is_answered

    def test_to_return_what_was_open_is_one(self, exercise: FunctionExercise) -> None:
        feedback = exercise.judge(body("return old"))
        assert feedback.is_answered
        assert feedback.met < feedback.wanted

    def test_the_notebook_has_the_start(self, exercise: FunctionExercise) -> None:
        cell = Path(__file__).parents[2] / "notebooks/lessons/08-controller-that-chases.ipynb"
        cells = json.loads(cell.read_text("utf-8"))["cells"]
        written = [
            "".join(c["source"]) for c in cells if "attempt" in c["metadata"].get("tags", ())
        ]
        assert [each.strip() for each in written] == [exercise.start.strip()]


def test_the_text_of_a_function_is_kept(
    exercise: FunctionExercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NSIM_PROGRESS", str(start_progress(tmp_path)))

    def reconcile(old: dict[str, Any], answers: object, now: object) -> dict[str, Any]:  # noqa: ARG001
        return old

    exercise.check(reconcile)
    assert "return old" in str(exercise.latest())
    exercise.check(dict)
    assert exercise.latest() == ""
    assert exercise.reset() == exercise.start


@every
def test_learners_meet_another_grace_and_other_addresses(exercise: FunctionExercise) -> None:
    others = [each for each in ALL if each is not exercise]
    assert others
    for other in others:
        assert not other.judge(exercise.solution).passed


def test_a_story_is_what_the_library_would_do() -> None:
    told = [[0, "10.0.0.1", "10.0.0.2"], [4, "10.0.0.3", "failed"], [8, "10.0.0.3", "10.0.0.2"]]
    assert [sorted(each) for each in Story.of("", 60, told).open] == [
        ["10.0.0.1", "10.0.0.2"],
        ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
        ["10.0.0.2", "10.0.0.3"],
    ]
