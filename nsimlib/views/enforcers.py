"""Enforcers side by side: what each says of one connection, where they part, their matrices."""

from collections.abc import Iterator, Sequence
from html import escape

from nsimlib.evaluation.compare import Matrices
from nsimlib.evaluation.partings import Parting, Partings
from nsimlib.views.heat_map import side_by_side
from nsimlib.views.styles import CELL, RULED, TABLE, box

__all__ = ["matrices_html", "partings_html", "partings_lines"]

#: the most rows that are shown; a DataFrame holds the rest
MOST = 200


def partings_lines(found: Partings) -> Iterator[str]:
    """Yield the summary, then for each reason the connections that differ for it."""
    yield found.summary
    for reason, rows in found.by_reason.items():
        yield f"{reason} ({len(rows)})"
        for row in rows[:MOST]:
            yield f"  {found.ends(row)}"
            yield from (f"    {cnis}: {said}" for cnis, said in found.said(row, reason))
        if (more := len(rows) - MOST) > 0:
            yield f"  {more} more rows: see to_frame()"


def partings_html(found: Partings) -> str:
    """Return for each reason a table of the connections that differ for it."""
    parts = "".join(_reason(found, reason, rows) for reason, rows in found.by_reason.items())
    return box(f"<div><b>{escape(found.summary)}</b></div>{parts}")


def _reason(found: Partings, reason: str, rows: Sequence[Parting]) -> str:
    drawn = "".join(_row(found, reason, row) for row in rows[:MOST])
    more = len(rows) - MOST
    rest = f"<div>{more} more rows: see to_frame()</div>" if more > 0 else ""
    head = f"<summary>{escape(reason)} ({len(rows)})</summary>"
    return f'<details open>{head}<table style="{TABLE}">{drawn}</table>{rest}</details>'


def _row(found: Partings, reason: str, row: Parting) -> str:
    said = "<br>".join(
        f"<b>{escape(cnis)}</b>: {escape(ports)}" for cnis, ports in found.said(row, reason)
    )
    cells = (escape(found.ends(row)), said, f"<code>{escape(row.witness)}</code>")
    drawn = "".join(f'<td style="{CELL};{RULED}">{cell}</td>' for cell in cells)
    return f'<tr style="background:none">{drawn}</tr>'


def matrices_html(found: Matrices) -> str:
    """Return heat maps side by side; what differs has a ring."""
    marked = frozenset(found.differing)
    named = dict(zip(found.cnis, found.matrices, strict=True))
    return side_by_side(named, marked, f"{len(marked)} cells differ; each has a ring")
