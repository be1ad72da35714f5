"""Whether a machine is ready for the lessons: tried part by part, told as text that can be sent."""

import platform
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from nsimlib.errors import NsimError
from nsimlib.lessons.copies import stripped
from nsimlib.lessons.environment import environment
from nsimlib.lessons.syllabus import Lesson, syllabus
from nsimlib.manifests.shipped import shipped
from nsimlib.packets.checking import Stage, check

__all__ = ["Selftest", "selftest"]

SECONDS = 120
REINSTALL = "Install nsimlib anew, into an environment of its own."
RECORDED = "Not needed: lessons show recordings where the packet lab cannot run."
RUN = ("-m", "nbconvert", "--to", "notebook", "--execute", "--stdout", "--log-level=ERROR")


@dataclass(frozen=True, repr=False)
class Selftest:
    """What was tried, in its order; true if the lessons can be worked through here."""

    versions: tuple[tuple[str, str], ...]
    stages: tuple[Stage, ...]

    def __bool__(self) -> bool:
        return all(each.works for each in self.stages if each.needed)

    def __repr__(self) -> str:
        """Return a report without the name of the machine, of its user, or of any folder."""
        head = "Ready for the lessons" if self else "Not ready for the lessons"
        system = f"{platform.system()} {platform.release()} {platform.machine()}"
        versions = ", ".join(f"{name} {found}" for name, found in self.versions)
        lines = (f"nsim selftest: {head}", system, versions, *map(str, self.stages))
        return "\n".join(lines).replace(str(Path.home()), "~")


def selftest(with_lab: bool = True) -> Selftest:
    """Try what the lessons need, and report; nothing is left behind, and no network is used.

    A kernel is started for the start page. Without the lab or a browser, a machine is ready still.
    """
    versions = tuple((str(name), str(found)) for name, found in environment().rows)
    parts = (_packages(dict(versions)), *_lessons(), _widgets(), _start_page(), _browser())
    return Selftest(versions, (*parts, *(_lab() if with_lab else ())))


def _packages(versions: dict[str, str]) -> Stage:
    missing = [name for name, found in versions.items() if found == "missing"]
    problem = f"missing: {', '.join(missing)}" if missing else ""
    return Stage("packages", not missing, True, problem, REINSTALL if missing else "")


def _lessons() -> Iterator[Stage]:
    for lesson in syllabus().values():
        yield _tried(f"lesson {lesson.number} starts", partial(_begin, lesson))


def _begin(lesson: Lesson) -> None:
    repr(lesson.cluster)
    if lesson.policies:
        lesson.cluster.with_policies(*lesson.policies.values())
    shipped("notebooks", "lessons", lesson.notebook)


def _widgets() -> Stage:
    return _tried("widgets", _show_a_map)


def _show_a_map() -> None:
    from nsimlib.widgets.map import Map

    repr(Map(syllabus()["start-here"].cluster))


def _tried(name: str, act: Callable[[], None]) -> Stage:
    try:
        act()
    except (ImportError, OSError, NsimError) as error:
        return Stage(name, False, True, str(error).partition("\n")[0], REINSTALL)
    return Stage(name, True)


def _start_page() -> Stage:
    """Run the start page in a kernel, as JupyterLab would."""
    name = "start page runs"
    page = next(iter(syllabus().values())).notebook
    with TemporaryDirectory() as folder:
        text = shipped("notebooks", "lessons", page).read_text(encoding="utf-8")
        (Path(folder) / page).write_text(stripped(text), encoding="utf-8")
        command = [sys.executable, *RUN, page]
        try:
            subprocess.run(command, cwd=folder, capture_output=True, timeout=SECONDS, check=True)
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            return Stage(name, False, True, said, REINSTALL)
        except subprocess.TimeoutExpired:
            return Stage(name, False, True, f"no end after {SECONDS} s", "Close other programs.")
    return Stage(name, True)


def _browser() -> Stage:
    try:
        webbrowser.get()
    except webbrowser.Error:
        remedy = "Copy the address that JupyterLab prints into a browser."
        return Stage("browser", False, False, "none that could be opened from here", remedy)
    return Stage("browser", True, False)


def _lab() -> Iterator[Stage]:
    for each in check().stages:
        remedy = "\n    ".join(line for line in (each.remedy, RECORDED) if line)
        yield Stage(f"packet lab: {each.name}", each.works, False, each.problem, remedy)
