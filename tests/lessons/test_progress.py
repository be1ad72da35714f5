"""Progress: in the learner's own file, or nowhere."""

import json
from pathlib import Path

import pytest

import nsimlib as ns
from nsimlib.lessons.entries import entries
from nsimlib.lessons.progress import FILE, IN_MEMORY, Progress, progress, start_progress

SLUG = "isolation-is-a-switch"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    start_progress(tmp_path)
    below = tmp_path / "lessons"
    below.mkdir()
    monkeypatch.chdir(below)
    return tmp_path


def test_outside_a_learners_folder_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert progress() is IN_MEMORY
    Progress().bet("a/bet-1", "allowed")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_above_the_notebook_holds_the_file(folder: Path) -> None:
    progress().bet(f"{SLUG}/bet-1", "allowed")
    assert progress().bets == {f"{SLUG}/bet-1": "allowed"}
    assert progress().path == folder / FILE


def test_starting_again_keeps_what_is_there(folder: Path) -> None:
    progress().attempt(f"{SLUG}/1", "kind: x", solved=True)
    before = (folder / FILE).read_text()
    start_progress(folder)
    assert (folder / FILE).read_text() == before


def test_two_learners_have_two_seeds(tmp_path: Path) -> None:
    seeds = {json.loads(start_progress(tmp_path / name).read_text())["seed"] for name in ("a", "b")}
    assert len(seeds) == 2
    assert 0 not in seeds


@pytest.mark.usefixtures("folder")
def test_a_reset_forgets_one_lesson() -> None:
    now = progress()
    now.bet(f"{SLUG}/bet-1", "allowed")
    now.attempt(f"{SLUG}/1", "x", solved=True)
    now.bet("start-here/bet-1", "nothing")
    left = ns.reset(SLUG)
    assert {row[1] for row in left.rows} == {"not answered yet"}
    assert progress().bets == {"start-here/bet-1": "nothing"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 9}',
        '{"version": 1, "seed": 1, "bets": {}, "work": {"a": {"b": 1}}}',
    ],
)
def test_a_damaged_file_is_named_with_a_remedy(folder: Path, text: str) -> None:
    (folder / FILE).write_text(text)
    with pytest.raises(ns.NsimError, match=f"{FILE} cannot be read.*Rename it"):
        ns.progress(SLUG)
    assert (folder / FILE).read_text() == text


class TestCertificate:
    @pytest.mark.usefixtures("folder")
    def test_without_work_it_says_so(self) -> None:
        assert "No exercise is solved yet." in repr(ns.certificate("Ada"))

    def test_it_lists_what_is_solved_and_is_saved_as_markdown(self, folder: Path) -> None:
        exercise = ns.exercise(f"{SLUG}/1")
        exercise.check(exercise.answer())
        certificate = ns.certificate("Ada <b>")
        assert f"{SLUG}/1" in repr(certificate)
        assert "&lt;b&gt;" in certificate._repr_html_()
        saved = certificate.save(folder / "certificate.md").read_text()
        assert saved.startswith("# Certificate of self-checked work")
        assert certificate.digest in saved

    @pytest.mark.usefixtures("folder")
    def test_its_check_sum_depends_on_the_name(self) -> None:
        assert ns.certificate("Ada").digest == ns.certificate("Ada").digest
        exercise = ns.exercise(f"{SLUG}/1")
        exercise.check(exercise.answer())
        assert ns.certificate("Ada").digest != ns.certificate("Bob").digest


def test_every_item_of_a_lesson_is_in_its_table() -> None:
    rows = {row[0] for row in ns.progress().rows}
    assert rows == {*entries("exercises"), *entries("predictions")}
