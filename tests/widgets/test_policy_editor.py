"""The policy editor while somebody types: a place to mend, or what it does."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nsimlib as ns
from nsimlib.lessons.policy_exercise import PolicyExercise
from nsimlib.lessons.progress import start_progress

LESSON = "default-egress"
ASKED = "shop/web -> 10.20.21.17:5432/TCP"
GOOD = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
"""


@pytest.fixture
def editor() -> ns.PolicyEditor:
    return ns.PolicyEditor(ns.scenario(LESSON), GOOD, {ASKED: ns.Outcome.DENIED})


@pytest.mark.parametrize(
    ("typed", "line", "said"),
    [
        ("policyTypes: [Egres]", 6, 'unsupported value: "Egres"'),
        ("policyTypes: [Egress", 6, "did not find expected"),
        ("egress: [{ports: [{port: 99999}]}]", 6, "spec.egress[0].ports[0].port"),
        ("ingres: []", 6, 'Did you mean "ingress"?'),
        ("podSelector: {}", 6, "already"),
    ],
)
def test_a_problem_is_shown_under_its_line(
    editor: ns.PolicyEditor, typed: str, line: int, said: str
) -> None:
    editor.text.value = GOOD.replace("policyTypes: [Egress]", typed)
    assert {each.line for each in editor.problems} == {line}
    assert f"line {line}" in editor.view.value
    assert said.lower() in repr(editor).lower()


def test_what_it_does_follows_the_text(editor: ns.PolicyEditor) -> None:
    assert editor.problems == ()
    assert "denied" in editor.view.value
    editor.text.value = ""
    assert (ASKED, "allowed", "should be denied") in editor.table.rows


def test_an_exercise_opens_its_editor_at_the_last_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NSIM_PROGRESS", str(start_progress(tmp_path)))
    exercise = ns.exercise("isolation-is-a-switch/1")
    assert isinstance(exercise, PolicyExercise)
    editor = exercise.editor()
    assert editor.value == exercise.beginning
    assert not exercise.check(editor.value).is_answered
    exercise.check(GOOD)
    assert exercise.editor().value == GOOD


def test_the_last_cluster_stays_while_the_text_cannot_be_read(editor: ns.PolicyEditor) -> None:
    before = editor.cluster
    editor.text.value = f"{GOOD}  egress: ["
    assert editor.cluster is before


def test_names_in_the_text_are_escaped(editor: ns.PolicyEditor) -> None:
    editor.text.value = GOOD.replace("default-deny", "<b>x</b>")
    assert "<b>x" not in editor.view.value


@given(kept=st.integers(0, len(GOOD)), put=st.text(max_size=12))
def test_any_key_has_an_answer(kept: int, put: str) -> None:
    editor = ns.PolicyEditor(ns.scenario(LESSON), asks=[ASKED])
    editor.text.value = GOOD[:kept] + put + GOOD[kept:]
    shown = bool(editor.problems) or ASKED in repr(editor)
    assert shown
