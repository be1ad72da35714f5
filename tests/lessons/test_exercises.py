"""Exercises: every answer passes, no start does, and a slip is named for what it is."""

from pathlib import Path

import pytest

import nsimlib as ns
from nsimlib.lessons.blanks import Blanks
from nsimlib.lessons.entries import Entry, entries
from nsimlib.lessons.exercise import Exercise
from nsimlib.lessons.exercises import exercises
from nsimlib.lessons.policy_exercise import PolicyExercise, Slip
from nsimlib.lessons.progress import start_progress

#: enough learners to meet every variant
SEEDS = range(20)
ALL = list({repr(each): each for seed in SEEDS for each in exercises(seed).values()}.values())
POLICIES = [each for each in ALL if isinstance(each, PolicyExercise)]
BLANKS = [each for each in ALL if isinstance(each, Blanks)]


def ids(exercise: object) -> str:
    return exercise.id if isinstance(exercise, Exercise) else ""


BLOCK = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: out, namespace: shop}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  policyTypes: [Egress]
  egress:
  - to: [{{ipBlock: {{cidr: {cidr}}}}}]
"""

every = pytest.mark.parametrize("exercise", ALL, ids=ids)
policies = pytest.mark.parametrize("exercise", POLICIES, ids=ids)
blanks = pytest.mark.parametrize("exercise", BLANKS, ids=ids)


@every
def test_the_answer_passes(exercise: Exercise) -> None:
    feedback = exercise.judge(exercise.answer())
    assert feedback.passed, feedback


@every
def test_the_start_is_not_answered_yet(exercise: Exercise) -> None:
    feedback = exercise.judge(exercise.beginning)
    assert not feedback.passed
    assert not feedback.is_answered
    assert "not answered yet" in repr(feedback)


@every
def test_it_has_three_hints(exercise: Exercise) -> None:
    assert len(exercise.hints) == 3


@policies
def test_the_start_may_be_written_in_any_way(exercise: PolicyExercise) -> None:
    for attempt in (f"\n{exercise.start}\n\n", f"# mine\n{exercise.start}"):
        assert not exercise.judge(attempt).is_answered


@policies
def test_a_change_that_does_not_help_is_explained(exercise: PolicyExercise) -> None:
    renamed = exercise.start.replace("name: ", "name: my-", 1)
    feedback = exercise.judge(renamed)
    assert not feedback.passed
    assert feedback.verdict is not None
    assert str(feedback.verdict.connection) in repr(feedback)
    assert "wrong" not in repr(feedback)


@policies
def test_neither_allowing_all_nor_denying_all_would_pass(exercise: PolicyExercise) -> None:
    assert len(set(exercise.wanted.values())) == 2


SLIPS = [(each, slip) for each in POLICIES for slip in each.slips]


@pytest.mark.parametrize(("exercise", "slip"), SLIPS, ids=lambda each: ids(each) or "slip")
def test_an_attempt_that_slips_is_told_the_belief_behind_it(
    exercise: PolicyExercise, slip: Slip
) -> None:
    feedback = exercise.judge(slip.example)
    assert not feedback.passed
    assert feedback.misconception is not None
    assert feedback.misconception.id == slip.misconception
    assert slip.says in repr(feedback)
    assert feedback.misconception.instead in repr(feedback)


@policies
def test_every_policy_exercise_knows_slips(exercise: PolicyExercise) -> None:
    assert exercise.slips


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        ("a: [", "the API server would refuse this"),
        ("kind: NetworkPolicy\n", "the API server would refuse this"),
        ("", "the API server would refuse this"),
        ("\n\n", "the API server would refuse this"),
        ("no-such-file.yaml", "the API server would refuse this"),
        ("apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n", "expected policies only"),
        (None, "the API server would refuse this"),
    ],
)
def test_what_cannot_be_read_is_feedback(attempt: object, said: str) -> None:
    feedback = ns.exercise("isolation-is-a-switch/1").check(attempt)
    assert not feedback.passed
    assert said in repr(feedback)
    assert "problem" in feedback._repr_html_()


LIMITED: Entry = {
    "id": "isolation-is-a-switch/9",
    "question": "Let web call one address outside.",
    "scenario": "isolation-is-a-switch",
    "hints": ["a", "b", "c"],
    "start": BLOCK.format(cidr="0.0.0.0/0"),
    "wanted": {
        "shop/web -> 203.0.113.10:443/TCP": "allowed",
        "shop/web -> 192.0.2.10:443/TCP": "denied",
    },
    "limits": [
        {
            "what": "addresses that web may call",
            "asks": {"measure": "addresses_reached", "source": "shop/web", "port": "443/TCP"},
            "at_most": 16,
        }
    ],
    "answer": BLOCK.format(cidr="203.0.113.0/28"),
}


@pytest.mark.parametrize(
    ("cidr", "passes", "said"),
    [
        ("203.0.113.0/24", False, "addresses that web may call: 256, and it should be at most 16"),
        ("203.0.113.0/28", True, "all 2 connections end as wanted"),
        ("203.0.113.10/32", True, "all 2 connections end as wanted"),
        ("192.0.2.0/24", False, "0 of 2 connections end as wanted"),
    ],
)
def test_an_attempt_that_opens_too_much_is_told_how_much(
    cidr: str, passes: bool, said: str
) -> None:
    exercise = PolicyExercise.of(LIMITED)
    feedback = exercise.judge(BLOCK.format(cidr=cidr))
    assert feedback.passed == passes
    assert said in repr(feedback)
    assert ("addresses that web may call", "at most 16") in exercise.table.rows


def test_an_exercise_may_want_the_same_in_several_readings() -> None:
    wanted = {
        "shop/web -> 203.0.113.10:443/TCP": "allowed",
        "shop/web -> 192.0.2.1:443/TCP": "denied",
    }
    entry = {**LIMITED, "limits": [], "wanted": wanted, "readings": ["calico", "flannel"]}
    feedback = PolicyExercise.of(entry).judge(LIMITED["answer"])
    assert not feedback.passed
    assert "in the flannel reading this one should be denied" in repr(feedback)


@blanks
def test_an_answer_that_slips_is_told_the_belief_behind_it(exercise: Blanks) -> None:
    for blank in exercise.blanks:
        for answer, (slip, says) in blank.slips.items():
            assert answer in blank.choices or not blank.choices
            feedback = exercise.judge({**exercise.solution, blank.name: answer})
            assert not feedback.passed
            assert feedback.misconception is not None
            assert (feedback.misconception.id, feedback.more) == (slip, says)


TWO_PLACES = [each for each in BLANKS if each.id == "one-packet/2"]


@pytest.mark.parametrize("exercise", TWO_PLACES, ids=ids)
def test_what_calico_compares_is_a_slip_with_the_agent_of_aws(exercise: Blanks) -> None:
    right = exercise.answer()
    assert isinstance(right, dict)
    compared = right["address of the destination"]
    slipped = right | {"address of the destination with the AWS agent": compared}
    assert "same with every network plugin" in repr(exercise.judge(slipped))


@blanks
def test_a_blank_is_never_told(exercise: Blanks) -> None:
    for blank in exercise.blanks:
        others = [each for each in blank.choices if each != blank.asked.truth]
        attempts = [{blank.name: each} for each in (*others[:1], "no such answer")]
        for attempt in attempts:
            feedback = exercise.judge(attempt)
            assert feedback.met == 0
            assert not feedback.passed


@blanks
def test_what_is_still_open_is_named(exercise: Blanks) -> None:
    open_ = exercise.blanks[-1].name
    feedback = exercise.judge({**exercise.solution, open_: None})
    assert feedback.met == len(exercise.blanks) - 1
    assert open_ in repr(feedback)


@every
def test_text_and_html_show_the_same(exercise: Exercise) -> None:
    for first, *_ in exercise.table.rows:
        assert str(first) in repr(exercise)
        assert str(first).replace(">", "&gt;") in exercise._repr_html_()


def test_an_exercise_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(ns.UnknownName, match="did you mean"):
        ns.exercise("isolation-is-a-switch/9")


def test_every_entry_is_of_a_kind() -> None:
    assert set(exercises()) == set(entries("exercises"))


class TestWork:
    """What a learner does is noted, in the learner's own file."""

    NAME = "isolation-is-a-switch/1"

    @pytest.fixture(autouse=True)
    def file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        path = start_progress(tmp_path)
        monkeypatch.setenv("NSIM_PROGRESS", str(path))
        return path

    def state(self) -> tuple[object, ...]:
        return next(
            row[1:] for row in ns.progress("isolation-is-a-switch").rows if row[0] == self.NAME
        )

    def test_nothing_is_noted_for_an_untouched_exercise(self) -> None:
        exercise = ns.exercise(self.NAME)
        exercise.check(exercise.beginning)
        assert self.state() == ("not answered yet", "0", "0")

    def test_tries_and_hints_are_counted(self) -> None:
        exercise = ns.exercise(self.NAME)
        exercise.check("a: [")
        assert exercise.hint().startswith("Hint 1 of 3")
        assert exercise.hint().startswith("Hint 2 of 3")
        assert self.state() == ("tried", "1", "2")
        exercise.check(exercise.answer())
        assert self.state() == ("solved", "2", "2")

    def test_after_the_last_hint_there_is_the_answer(self) -> None:
        exercise = ns.exercise(self.NAME)
        told = [exercise.hint() for _ in range(4)]
        assert "answer()" in told[-1]
        exercise.answer()
        assert self.state()[0] == "solution seen"

    def test_the_last_attempt_is_kept_until_a_reset(self) -> None:
        exercise = ns.exercise(self.NAME)
        assert exercise.latest() == exercise.beginning
        exercise.check("kind: NetworkPolicy")
        assert exercise.latest() == "kind: NetworkPolicy"
        assert exercise.reset() == exercise.beginning
        assert exercise.latest() == exercise.beginning
        assert self.state() == ("not answered yet", "0", "0")
