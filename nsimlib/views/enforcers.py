"""Enforcers side by side: what each says of one connection, where they part, their matrices."""

from collections.abc import Iterator
from html import escape

from nsimlib.evaluation.compare import Matrices
from nsimlib.evaluation.partings import Partings
from nsimlib.model.tables import Table
from nsimlib.views.heat_map import matrix_html
from nsimlib.views.styles import box

__all__ = ["matrices_html", "partings_lines", "partings_table"]

#: the most rows that are shown; a DataFrame holds the rest
MOST = 200


def partings_lines(found: Partings) -> Iterator[str]:
    """Yield the summary, then for each reason the connections that differ for it.

    An enforcer that says what the first says is left out of a line.
    """
    yield found.summary
    for reason, rows in found.by_reason.items():
        yield f"{reason}:"
        for row in rows[:MOST]:
            yield f"  {found.ends(row)}"
            yield from (f"    {cni}: {said}" for cni, said in found.said(row))
        if (more := len(rows) - MOST) > 0:
            yield f"  {more} more rows: see to_frame()"


def partings_table(found: Partings) -> Table:
    """Return the rows that are shown."""
    table = found.to_table()
    more = len(table.rows) - MOST
    title = table.title if more <= 0 else f"{table.title}; {more} more rows: see to_frame()"
    return Table(title, table.columns, table.rows[:MOST])


def matrices_html(found: Matrices) -> str:
    """Return heat maps side by side; what differs has a ring."""
    marked = frozenset(found.differing)
    maps = "".join(
        f"<div><b>{escape(cni)}</b>{matrix_html(matrix, marked)}</div>"
        for cni, matrix in zip(found.cnis, found.matrices, strict=True)
    )
    side_by_side = f'<div style="display:flex;flex-wrap:wrap;gap:0 2.5em">{maps}</div>'
    return box(f"{side_by_side}<div>{len(marked)} cells differ; each has a ring</div>")
