"""Copies of the notebooks without outputs, never over anybody's work.

Learners get no solutions; instructors get them, and notes beside each lesson.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nsimlib.errors import UnknownName
from nsimlib.lessons.instructor import notes
from nsimlib.lessons.syllabus import syllabus
from nsimlib.manifests.shipped import shipped

__all__ = ["copy_notebooks", "stripped"]

KINDS = ("lessons", "audit")
#: cells with these tags stay with the instructor
KEPT_BACK = {"solution", "instructor"}


def copy_notebooks(
    folder: Path, track: str | None = None, instructor: bool = False
) -> Iterator[tuple[Path, bool]]:
    """Write every notebook into the folder; yield each path and whether it was written.

    With a track, only its lessons. With `instructor`, solutions stay in, and notes lie beside each
    lesson that has some: `02-isolation-is-a-switch.notes.md`.

    A file that is already there is left as it is: it may hold somebody's work.
    """
    for kind in KINDS:
        try:
            originals = sorted(shipped("notebooks", kind).glob("*.ipynb"))
        except UnknownName:
            continue
        for original in originals:
            if track and original.name not in _names(track):
                continue
            text = stripped(original.read_text(encoding="utf-8"), instructor)
            copy = folder / kind / original.name
            yield copy, _write_new(copy, text)
    if instructor:
        yield from _copy_notes(folder / "lessons", track)


def _copy_notes(folder: Path, track: str | None) -> Iterator[tuple[Path, bool]]:
    for lesson in syllabus().values():
        text = notes(lesson) if not track or track in lesson.tracks else None
        if text:
            path = (folder / lesson.notebook).with_suffix(".notes.md")
            yield path, _write_new(path, text)


def _write_new(path: Path, text: str) -> bool:
    """Write a file unless it is there already; return whether it was written."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def _names(track: str) -> set[str]:
    return {each.notebook for each in syllabus().values() if track in each.tracks}


def stripped(notebook: str, instructor: bool = False) -> str:
    """Return a notebook's text without outputs and execution counts.

    Cells that are kept back stay in for an instructor only.
    """
    content = json.loads(notebook)
    cells = (cell for cell in content["cells"] if instructor or not _kept_back(cell))
    content["cells"] = [_clean(cell) for cell in cells]
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _kept_back(cell: dict[str, Any]) -> bool:
    return not KEPT_BACK.isdisjoint(cell["metadata"].get("tags", ()))


def _clean(cell: dict[str, Any]) -> dict[str, Any]:
    if cell["cell_type"] == "code":
        return {**cell, "outputs": [], "execution_count": None}
    return cell
