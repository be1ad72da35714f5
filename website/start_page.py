"""The page that opens first: tracks, lessons, progress, one's own cluster, one's own work."""

import json
import shutil
from html import escape
from pathlib import Path

from nsimlib.lessons.progress import FILE
from nsimlib.lessons.syllabus import TRACKS, Lesson, syllabus
from nsimlib.views.styles import prose

__all__ = ["write_start_page"]

PAGES = Path(__file__).parent / "start"
#: the name under which the browser keeps what a learner writes: see jupyter-lite.json
STORAGE = "nsimlib"
PARAMETERS = "parameters"


def write_start_page(site: Path, local: dict[str, str]) -> None:
    """Write the start page of a site that is otherwise complete.

    `local` holds the notebooks that do not run in a browser, each with what it needs.
    """
    for part in ("start.css", "start.js"):
        shutil.copy(PAGES / part, site)
    pages = {path: titled(path) for path in sorted((site / "files" / "audit").glob("*.ipynb"))}
    own = [path.name for path in pages if takes_a_dump(path) and path.stem not in local]
    data = {
        "storage": STORAGE,
        "progress": FILE,
        "own": own,
        "lessons": [work_of(each) for each in syllabus().values()],
    }
    filled = {
        "{{tracks}}": "".join(map(track_choice, TRACKS)),
        "{{lessons}}": "".join(lesson_row(each, local) for each in syllabus().values()),
        "{{audit}}": "".join(page_row(path, title, local) for path, title in pages.items()),
        "{{data}}": json.dumps(data).replace("<", "\\u003c"),
    }
    text = (PAGES / "index.html").read_text(encoding="utf-8")
    for place, content in filled.items():
        text = text.replace(place, content)
    (site / "index.html").write_text(text, encoding="utf-8")


def work_of(lesson: Lesson) -> dict[str, object]:
    """Return what counts as done in a lesson, as ids in the learner's progress."""
    return {
        "slug": lesson.slug,
        "bets": lesson.bets,
        "exercises": lesson.exercises,
        "tracks": lesson.tracks,
        "minutes": lesson.minutes,
    }


def track_choice(name: str) -> str:
    """Return a button that shows only the lessons of a track."""
    minutes = sum(each.minutes for each in syllabus().values() if name in each.tracks)
    return (
        f'<button type="button" data-track="{name}" aria-pressed="false">'
        f"{escape(TRACKS[name])} · {minutes} min</button>"
    )


def lesson_row(lesson: Lesson, local: dict[str, str]) -> str:
    """Return a lesson as a row: what one can do afterwards, minutes, progress."""
    goals = "".join(f"<li>{prose(goal)}</li>" for goal in lesson.objectives)
    name = Path(lesson.notebook).stem
    return (
        f'<li class="page" data-slug="{lesson.slug}"><div>'
        f'<a href="{address("lessons", lesson.notebook)}">{lesson.number} {prose(lesson.title)}</a>'
        f"{mark(name, local)}<ul>{goals}</ul></div>"
        f'<div class="facts"><span>{lesson.minutes} min</span>'
        f'<span class="done"></span></div></li>'
    )


def page_row(path: Path, title: str, local: dict[str, str]) -> str:
    """Return a notebook for one's own cluster as a row."""
    link = f'<a href="{address("audit", path.name)}">{prose(title)}</a>'
    return f'<li class="page"><div>{link}{mark(path.stem, local)}</div></li>'


def mark(name: str, local: dict[str, str]) -> str:
    """Return the mark of a notebook that does not run here."""
    if name not in local:
        return ""
    return (
        f' <span class="local" title="needs {escape(local[name])}">local: recorded results</span>'
    )


def address(folder: str, name: str) -> str:
    """Return where a notebook opens in JupyterLab."""
    return f"lab/index.html?path={folder}/{name}"


def titled(path: Path) -> str:
    """Return the title of a notebook."""
    first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]
    heading: str = first if isinstance(first, str) else "".join(first)
    return heading.partition("\n")[0].removeprefix("# ")


def takes_a_dump(path: Path) -> bool:
    """Whether a notebook has a parameter for one's own dump."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ("".join(c["source"]) for c in cells if PARAMETERS in c["metadata"].get("tags", ()))
    return any(line.startswith("dump = ") for text in texts for line in text.splitlines())
