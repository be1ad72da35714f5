"""Copies of the notebooks for learners: without outputs and solutions, never over their work."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nsimlib.errors import UnknownName
from nsimlib.lessons.syllabus import syllabus
from nsimlib.manifests.shipped import shipped

__all__ = ["copy_notebooks", "stripped"]

KINDS = ("lessons", "audit")
#: cells with these tags stay with the instructor
KEPT_BACK = {"solution", "instructor"}


def copy_notebooks(folder: Path, track: str | None = None) -> Iterator[tuple[Path, bool]]:
    """Write every notebook into the folder; yield each path and whether it was written.

    With a track, only its lessons.

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
            copy = folder / kind / original.name
            new = not copy.exists()
            if new:
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(stripped(original.read_text(encoding="utf-8")), encoding="utf-8")
            yield copy, new


def _names(track: str) -> set[str]:
    return {each.notebook for each in syllabus().values() if track in each.tracks}


def stripped(notebook: str) -> str:
    """Return a notebook's text without outputs, execution counts and cells kept back."""
    content = json.loads(notebook)
    content["cells"] = [_clean(cell) for cell in content["cells"] if not _kept_back(cell)]
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _kept_back(cell: dict[str, Any]) -> bool:
    return not KEPT_BACK.isdisjoint(cell["metadata"].get("tags", ()))


def _clean(cell: dict[str, Any]) -> dict[str, Any]:
    if cell["cell_type"] == "code":
        return {**cell, "outputs": [], "execution_count": None}
    return cell
