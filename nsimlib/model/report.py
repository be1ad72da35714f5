"""What happened while a cluster was read: nothing is lost, nothing goes unseen."""

from dataclasses import dataclass, field

from nsimlib.errors import Problem

__all__ = ["LoadReport"]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """Files and objects read, what was set aside, and what the reader should know.

    `unmodelled` counts objects of kinds that nsimlib does not model; `problems` holds what a
    lenient reading left out, `warnings` what the server accepts with a warning; `notes` says what
    was assumed. `text` is what was read, if that was a text and no file.
    """

    files: tuple[str, ...] = ()
    objects: tuple[tuple[str, int], ...] = ()
    unmodelled: tuple[tuple[str, int], ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    text: str = field(default="", repr=False)
