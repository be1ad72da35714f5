"""What a learner has done, as a table, and a certificate that stays on the learner's machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib.metadata import version
from pathlib import Path

from nsimlib.lessons.progress import Progress, Work, progress
from nsimlib.lessons.syllabus import lesson, syllabus
from nsimlib.model.tables import Table
from nsimlib.views.catalogue import say
from nsimlib.views.styles import box

__all__ = ["Certificate", "certificate", "progress_table", "reset"]


def progress_table(slug: str | None = None, done: Progress | None = None) -> Table:
    """Return what was done in a lesson, or in all: each bet and each exercise.

    >>> progress_table("start-here").columns
    ('item', 'state', 'tries', 'hints')
    """
    chosen = [lesson(slug)] if slug else list(syllabus().values())
    title = say("progress.title", title=chosen[0].title) if slug else say("progress.all")
    now = done or progress()
    bets = {
        name: say("progress.bet" if name in now.bets else "progress.open")
        for each in chosen
        for name in each.bets
    }
    rows = [(name, state, "", "") for name, state in bets.items()]
    for each in chosen:
        for name in each.exercises:
            work = now.on(name)
            rows.append((name, _state(work), str(work.tries), str(work.hints)))
    return Table(title, ("item", "state", "tries", "hints"), tuple(sorted(rows)))


def _state(work: Work) -> str:
    if work.solved:
        return say("progress.solved")
    if work.seen:
        return say("progress.seen")
    return say("progress.tried" if work.tries else "progress.open")


def reset(slug: str) -> Table:
    """Forget what was done in a lesson, and return what is left to do."""
    progress().reset(lesson(slug).slug)
    return progress_table(slug)


@dataclass(frozen=True, repr=False)
class Certificate:
    """The solved exercises with their days; the check sum shows whether it was changed since."""

    name: str
    solved: tuple[tuple[str, str, str], ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """The whole text."""
        return (*self._said, say("certificate.note", version=_version(), digest=self.digest))

    @property
    def _said(self) -> Iterator[str]:
        yield say("certificate.title")
        if not self.solved:
            yield say("certificate.none")
            return
        yield say("certificate.says", name=self.name)
        yield from (f"- {name}, {day}: {title}" for name, day, title in self.solved)

    @property
    def digest(self) -> str:
        """Twelve digits that depend on all that is said."""
        return sha256("\n".join((_version(), *self._said)).encode()).hexdigest()[:12]

    def save(self, path: Path | str) -> Path:
        """Write it as Markdown, and return where."""
        written = Path(path)
        title, *rest = self.lines
        written.write_text("\n\n".join((f"# {title}", *rest)) + "\n", encoding="utf-8")
        return written

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    def _repr_html_(self) -> str:
        title, *rest = map(escape, self.lines)
        return box(f"<p><b>{title}</b></p>" + "".join(f"<p>{line}</p>" for line in rest))


def certificate(name: str, done: Progress | None = None) -> Certificate:
    """Return a certificate of what is solved so far; nothing leaves the machine."""
    now = done or progress()
    solved = (
        (each, now.on(each).solved, found.title)
        for found in syllabus().values()
        for each in found.exercises
        if now.on(each).solved
    )
    return Certificate(name, tuple(solved))


def _version() -> str:
    return version("nsimlib")
