"""Learner copies: no outputs, no solutions, and nobody's work is overwritten."""

import json
from pathlib import Path
from typing import Any, cast

import nbformat
import pytest
from click.testing import CliRunner

from nsimlib.cli import main
from nsimlib.lessons.copies import KEPT_BACK, copy_notebooks, stripped
from nsimlib.lessons.entries import Entry
from nsimlib.lessons.exercises import exercises
from nsimlib.lessons.instructor import lessons_without_notes
from nsimlib.lessons.progress import progress_in
from nsimlib.lessons.syllabus import syllabus
from nsimlib.manifests.shipped import read_shipped, shipped_names
from tests.conftest import ROOT

ORIGINALS = sorted(ROOT.glob("notebooks/*/*.ipynb"))


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mine")
    list(copy_notebooks(folder))
    return folder


@pytest.fixture(scope="module")
def for_instructors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("theirs")
    list(copy_notebooks(folder, instructor=True))
    return folder


def cells(path: Path) -> list[Any]:
    return list(nbformat.read(path, as_version=4).cells)


def test_every_notebook_is_copied_under_its_own_name(copies: Path) -> None:
    found = {path.relative_to(copies) for path in copies.rglob("*.ipynb")}
    assert found == {path.relative_to(ROOT / "notebooks") for path in ORIGINALS}


@pytest.mark.parametrize("original", ORIGINALS, ids=lambda path: path.stem)
def test_outputs_and_solutions_are_gone_and_all_else_is_there(original: Path, copies: Path) -> None:
    copied = cells(copies / original.relative_to(ROOT / "notebooks"))
    kept = [c for c in cells(original) if KEPT_BACK.isdisjoint(c.metadata.get("tags", ()))]
    assert [(c.cell_type, c.source) for c in copied] == [(c.cell_type, c.source) for c in kept]
    for cell in copied:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("original", ORIGINALS, ids=lambda path: path.stem)
def test_a_copy_is_a_valid_notebook(original: Path) -> None:
    nbformat.validate(nbformat.reads(stripped(original.read_text("utf-8")), as_version=4))


def test_no_answer_leaks(copies: Path) -> None:
    text = " ".join(
        "".join(cell["source"])
        for path in copies.rglob("*.ipynb")
        for cell in json.loads(path.read_text("utf-8"))["cells"]
    )
    squeezed = "".join(text.split())
    assert ".answer()" not in text
    for each in exercises().values():
        assert "".join(str(each.solution).split()) not in squeezed


def test_no_notes_leak(copies: Path) -> None:
    assert [*copies.rglob("*.md")] == []
    text = " ".join(path.read_text("utf-8") for path in copies.rglob("*.ipynb"))
    for slug in shipped_names("data", "instructor"):
        for said in cast("Entry", read_shipped("data", "instructor", f"{slug}.yaml"))[
            "say"
        ].values():
            assert json.dumps(said)[1:-1] not in text


@pytest.mark.parametrize("original", ORIGINALS, ids=lambda path: path.stem)
def test_instructors_get_every_cell_and_no_output(original: Path, for_instructors: Path) -> None:
    copied = cells(for_instructors / original.relative_to(ROOT / "notebooks"))
    assert [cell.source for cell in copied] == [cell.source for cell in cells(original)]
    assert [cell for cell in copied if cell.get("outputs")] == []


def test_instructors_get_notes_beside_each_lesson_that_has_some(for_instructors: Path) -> None:
    without = lessons_without_notes()
    wanted = {each.notebook for slug, each in syllabus().items() if slug not in without}
    found = {path.name for path in (for_instructors / "lessons").glob("*.notes.md")}
    assert found == {name.replace(".ipynb", ".notes.md") for name in wanted}


def test_lesson_02_has_solutions_to_leak() -> None:
    lesson = cells(ROOT / "notebooks/lessons/02-isolation-is-a-switch.ipynb")
    solutions = [cell for cell in lesson if "solution" in cell.metadata.get("tags", ())]
    assert len(solutions) == 3
    for cell in solutions:
        assert "connections end as wanted" in str(cell.outputs)


class TestLessonsCommand:
    def run(self, folder: Path) -> list[str]:
        result = CliRunner().invoke(main, ["lessons", str(folder)])
        assert result.exit_code == 0, result.output
        return result.output.splitlines()

    def test_first_run_writes_every_notebook(self, tmp_path: Path) -> None:
        lines = self.run(tmp_path / "mine")
        assert len(lines) == len(ORIGINALS)
        assert all(line.startswith("wrote ") for line in lines)

    def test_second_run_keeps_what_is_there(self, tmp_path: Path) -> None:
        folder = tmp_path / "mine"
        self.run(folder)
        changed = folder / "lessons" / "00-start-here.ipynb"
        changed.write_text("my work")
        lines = self.run(folder)
        assert all(line.startswith("kept ") for line in lines)
        assert changed.read_text() == "my work"

    def test_a_notebook_that_was_removed_comes_back(self, tmp_path: Path) -> None:
        folder = tmp_path / "mine"
        self.run(folder)
        (folder / "lessons" / "00-start-here.ipynb").unlink()
        assert [line for line in self.run(folder) if line.startswith("wrote ")] == [
            f"wrote {folder / 'lessons' / '00-start-here.ipynb'}"
        ]

    def test_a_file_in_the_way_is_a_usage_error(self, tmp_path: Path) -> None:
        (tmp_path / "mine").write_text("a file")
        result = CliRunner().invoke(main, ["lessons", str(tmp_path / "mine")])
        assert result.exit_code == 2

    def test_a_track_brings_its_lessons_and_nothing_else(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(main, ["lessons", str(tmp_path), "--track", "taster"])
        assert result.exit_code == 0, result.output
        found = {path.name for path in tmp_path.rglob("*.ipynb")}
        assert found == {each.notebook for each in syllabus().values() if "taster" in each.tracks}

    def test_instructors_of_a_track_get_notes_on_its_lessons_only(self, tmp_path: Path) -> None:
        command = ["lessons", str(tmp_path), "--track", "taster", "--instructor"]
        assert CliRunner().invoke(main, command).exit_code == 0
        taster = {each.notebook for each in syllabus().values() if "taster" in each.tracks}
        notes = {path.name for path in tmp_path.rglob("*.notes.md")}
        assert notes
        assert {name.replace(".notes.md", ".ipynb") for name in notes} <= taster

    def test_progress_and_certificate_are_those_of_the_folder(self, tmp_path: Path) -> None:
        self.run(tmp_path)
        progress_in(tmp_path).attempt("start-here/1", {}, solved=True)
        shown = CliRunner().invoke(main, ["progress", str(tmp_path)])
        assert "solved" in shown.output
        CliRunner().invoke(main, ["certificate", str(tmp_path), "Ada"])
        assert "- start-here/1, " in (tmp_path / "certificate.md").read_text()

    def test_a_folder_without_progress_is_named(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(main, ["progress", str(tmp_path)])
        assert result.exit_code == 2
        assert "no learner's folder" in result.output
