"""What a learner has done so far: kept in a file of the learner's own folder, and nowhere else.

`nsim lessons FOLDER` puts the file there. Where no folder above the notebook has one, as in the
repository, progress lasts as long as the kernel and nothing is written.
"""

import json
import os
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from secrets import randbelow
from typing import Any

from nsimlib.errors import ProgressError, UnknownName

__all__ = ["FILE", "Progress", "Work", "progress", "progress_in", "start_progress"]

FILE = "nsim-progress.json"
#: the environment variable that names another file
PLACE = "NSIM_PROGRESS"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Work:
    """What was done on one exercise; `solved` is the day, empty while it is not solved."""

    tries: int = 0
    hints: int = 0
    solved: str = ""
    seen: bool = False
    #: the last attempt, so that a lesson can be taken up again
    attempt: object = None


@dataclass
class Progress:
    """Bets and work by their ids. What changes it also saves it."""

    path: Path | None = None
    #: chooses the variants of this learner's exercises; 0 takes the first of each
    seed: int = 0
    bets: dict[str, str] = field(default_factory=dict)
    work: dict[str, Work] = field(default_factory=dict)

    def bet(self, name: str, choice: str) -> None:
        """Keep a bet; the last one counts."""
        self.bets[name] = choice
        self._save()

    def on(self, name: str) -> Work:
        """Return what was done on an exercise."""
        return self.work.get(name, Work())

    def attempt(self, name: str, attempt: object, *, solved: bool) -> None:
        """Count an attempt; the day of the first that solves the exercise is kept."""
        before = self.on(name)
        day = before.solved or (date.today().isoformat() if solved else "")
        self._set(name, replace(before, tries=before.tries + 1, solved=day, attempt=attempt))

    def hint(self, name: str) -> int:
        """Count a hint and return its number, from 1."""
        before = self.on(name)
        self._set(name, replace(before, hints=before.hints + 1))
        return before.hints + 1

    def see(self, name: str) -> None:
        """Note that the solution was looked at."""
        self._set(name, replace(self.on(name), seen=True))

    def reset(self, slug: str) -> None:
        """Forget bets and work of a lesson, or of one exercise by its id."""

        def stays(name: str) -> bool:
            return name != slug and not name.startswith(f"{slug}/")

        self.bets = {name: each for name, each in self.bets.items() if stays(name)}
        self.work = {name: each for name, each in self.work.items() if stays(name)}
        self._save()

    def _set(self, name: str, work: Work) -> None:
        self.work[name] = work
        self._save()

    def _save(self) -> None:
        """Write the whole file beside the old one and put it in its place."""
        if self.path is None:
            return
        work = {name: asdict(each) for name, each in self.work.items()}
        content = {"version": VERSION, "seed": self.seed, "bets": self.bets, "work": work}
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        new.replace(self.path)


IN_MEMORY = Progress()


def progress() -> Progress:
    """Return the progress of the learner in whose folder the notebook is.

    Raises
    ------
    ProgressError
        If there is a file and it cannot be read.
    """
    path = _find()
    return IN_MEMORY if path is None else _read(path)


def progress_in(folder: Path) -> Progress:
    """Return the progress that a learner's folder holds, or raise `UnknownName`."""
    path = folder / FILE
    if not path.is_file():
        raise UnknownName("learner's folder", str(folder), ())
    return _read(path)


def start_progress(folder: Path) -> Path:
    """Make a folder a learner's folder: put an empty file there, unless there is one."""
    path = folder / FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        Progress(path, seed=1 + randbelow(2**31))._save()
    return path


def _find() -> Path | None:
    named = os.environ.get(PLACE)
    here = Path.cwd()
    places = [Path(named)] if named else [folder / FILE for folder in (here, *here.parents)]
    return next((place for place in places if place.is_file()), None)


def _read(path: Path) -> Progress:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION:
            raise ProgressError(path, f"it is of version {content['version']}, not {VERSION}")
        work = {name: Work(**each) for name, each in content["work"].items()}
        return Progress(path, int(content["seed"]), dict(content["bets"]), work)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProgressError(path, f"{type(error).__name__}: {error}") from error
