"""A manifest while it is typed → each problem under its line, or what it does.

::

    line 6
        - port: 99999
                ^
    spec.egress[0].ports[0].port: must be between 1 and 65535, inclusive
"""

from collections.abc import Callable, Iterable, Mapping
from html import escape

from nsimlib.errors import Problem
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.verdict import Verdict
from nsimlib.model.cluster import Cluster
from nsimlib.model.tables import Table
from nsimlib.views.catalogue import say
from nsimlib.views.styles import box, code_block, prose

__all__ = ["asked_table", "problems_html", "problems_text"]


def asked_table(
    cluster: Cluster,
    asks: Mapping[str, Outcome | None],
    ask: Callable[[Cluster, str], Verdict] = why,
) -> Table:
    """Return how connections end, and how each should where that is said."""
    rows = []
    for connection, hoped in asks.items():
        found = ask(cluster, connection).outcome
        meets = hoped is None or found is hoped
        hint = "" if meets or hoped is None else say("editor.should", outcome=hoped.value)
        rows.append((connection, found.value, hint))
    return Table(say("editor.does"), ("connection", "outcome", ""), tuple(rows))


def problems_text(text: str, problems: Iterable[Problem]) -> str:
    r"""Return each problem below the line where it is.

    >>> print(problems_text("spec:\n  x: 1", [Problem("-", 2, 3, "spec.x", "unknown field")]))
    line 2
      x: 1
      ^
    spec.x: unknown field
    """
    lines = text.splitlines()
    return "\n".join(part for each in problems for part in (*_place(each, lines), _said(each)))


def problems_html(text: str, problems: Iterable[Problem], known: str) -> str:
    """Return each problem below the line where it is, after a sentence on all of them."""
    lines = text.splitlines()
    parts = [f"<p><b>{escape(known)}</b></p>"]
    for each in problems:
        where, *shown = _place(each, lines) or ("",)
        head = f"<b>{escape(where)}</b> " if where else ""
        code = code_block("\n".join(shown)) if shown else ""
        parts.append(f"<div>{head}{prose(_said(each))}{code}</div>")
    return box("".join(parts))


def _place(problem: Problem, lines: list[str]) -> tuple[str, ...]:
    """The number of the line, the line, and a mark below the column; nothing without a line."""
    if not 0 < problem.line <= len(lines):
        return ()
    line = lines[problem.line - 1]
    mark = " " * (max(problem.column, 1) - 1) + "^"
    return say("editor.line", number=problem.line), line, mark


def _said(problem: Problem) -> str:
    said = ": ".join(part for part in (problem.path, problem.detail) if part)
    return f"{said}. {problem.remedy}" if problem.remedy else said
