"""Functions that learners write: found in what they hand in, and told by the line where they stop.

A learner's function runs in the learner's own kernel, where it could be run anyway; nothing is kept
from it. It is interrupted like any cell.
"""

import inspect
import linecache
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from traceback import walk_tb
from types import CodeType
from typing import Any

from nsimlib.errors import AttemptError
from nsimlib.views.catalogue import say

__all__ = ["called", "function_of", "same_body", "source_of"]

OURS = Path(__file__).parent


def function_of(attempt: object, name: str) -> Callable[..., Any]:
    """Return the function that was handed in: itself, or as a text that defines one of that name.

    Raises
    ------
    AttemptError
        If it is neither.
    """
    if callable(attempt):
        return attempt
    if not isinstance(attempt, str):
        raise AttemptError(say("function.expected", name=name, found=type(attempt).__name__))
    # Each text has a name of its own, by which its lines are found where it stops.
    place = f"<attempt {sha256(attempt.encode()).hexdigest()[:12]}>"
    linecache.cache[place] = (len(attempt), None, attempt.splitlines(keepends=True), place)
    try:
        code = compile(attempt, place, "exec")
    except SyntaxError as error:
        told = say("function.syntax", line=error.lineno, error=error.msg)
        raise AttemptError(told) from None
    defined: dict[str, Any] = {}
    called(exec, code, defined)
    found = defined.get(name)
    if not callable(found):
        raise AttemptError(say("function.no-definition", name=name))
    return found  # type: ignore[no-any-return]


def called(function: Callable[..., Any], *given: object) -> Any:
    """Return what a learner's function returns.

    Raises
    ------
    AttemptError
        If it raises anything, with the line of the learner's at which that came up.
    """
    try:
        return function(*given)
    except Exception as error:
        raise AttemptError(_stopped(error)) from error


def source_of(attempt: object) -> str:
    """Return the text of what was handed in; nothing where Python has none."""
    if isinstance(attempt, str):
        return attempt
    try:
        return inspect.getsource(attempt)  # type: ignore[arg-type]
    except (OSError, TypeError):
        return ""


def same_body(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Whether two functions do the same, line by line, whatever stands in their docstrings."""
    ours, theirs = _body(one), _body(other)
    return ours is not None and ours == theirs


def _body(function: Callable[..., Any]) -> tuple[object, ...] | None:
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return None
    said = tuple(each for each in code.co_consts if each != function.__doc__)
    return code.co_code, code.co_names, said


def _stopped(error: Exception) -> str:
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    frames = [
        (frame.f_code.co_filename, line)
        for frame, line in walk_tb(error.__traceback__)
        if Path(frame.f_code.co_filename).parent != OURS
    ]
    if not frames:
        return say("function.stops-at-call", error=what)
    # What the learner's lines call may be anywhere; the file that they are in is entered first.
    file = frames[0][0]
    line = [each for place, each in frames if place == file][-1]
    return say("function.stops", line=line, code=linecache.getline(file, line).strip(), error=what)
