"""What is wrong with an object, in the API server's words, before it is known where that stands."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from nsimlib.errors import Problem
from nsimlib.manifests.nodes import Node, Path, dotted, locate

__all__ = ["Fault", "forbidden", "invalid", "required", "shortened", "unsupported", "warning"]

LONGEST = 120


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that the server refuses, or with `warns` one that it merely warns about.

    `below` leads on from the path that the server prints to the very value. What is wrong with a
    `harmless` one does not touch what the object means, so that a lenient reading keeps it.
    """

    path: Path
    detail: str
    value: str = ""
    remedy: str = ""
    below: Path = ()
    warns: bool = False
    harmless: bool = False

    def problem(self, file: str, node: Node) -> Problem:
        """Return it as a problem, found in the node of its object."""
        place = locate(node, (*self.path, *self.below))
        path = dotted(self.path)
        return Problem(file, place.line, place.column, path, self.detail, self.value, self.remedy)


def shortened(text: str) -> str:
    """Return a value as a message can show it."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _quoted(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    return json.dumps(shortened(value), ensure_ascii=False)


def invalid(path: Path, value: str | int, why: str, remedy: str = "", below: Path = ()) -> Fault:
    """Return `Invalid value: "…": …`."""
    return Fault(path, f"Invalid value: {_quoted(value)}: {why}", str(value), remedy, below)


def required(path: Path, why: str = "", remedy: str = "") -> Fault:
    """Return `Required value: …`."""
    return Fault(path, ": ".join(part for part in ("Required value", why) if part), remedy=remedy)


def forbidden(path: Path, why: str, remedy: str = "") -> Fault:
    """Return `Forbidden: …`."""
    return Fault(path, f"Forbidden: {why}", remedy=remedy)


def unsupported(path: Path, value: str, known: Iterable[str], remedy: str = "") -> Fault:
    """Return `Unsupported value: "…": supported values: …`."""
    known = tuple(known)
    if not remedy and value.casefold() in (folded := {each.casefold(): each for each in known}):
        remedy = f"Write {folded[value.casefold()]}."
    words = ", ".join(map(_quoted, known))
    detail = f"Unsupported value: {_quoted(value)}: supported values: {words}"
    return Fault(path, detail, value, remedy)


def warning(path: Path, text: str) -> Fault:
    """Return what the server says about a value that it accepts all the same."""
    return Fault(path, text, warns=True)
