"""What changes between two clusters: lines for a terminal, rows for a notebook."""

from collections.abc import Iterator

from nsimlib.evaluation.difference import Difference
from nsimlib.model.tables import Table

__all__ = ["difference_lines", "difference_table"]

#: the most rows that are shown; a DataFrame holds the rest
MOST = 200


def difference_lines(found: Difference) -> Iterator[str]:
    """Yield the summary, workloads that come or go, and a line for each row.

    `+` is added, `-` removed, `~` changed; `?` stands before ports that a missing fact decides.
    """
    yield found.summary
    yield from found.news()
    yield from map(found.line, found.rows[:MOST])
    if (more := len(found.rows) - MOST) > 0:
        yield f"{more} more rows: see to_frame()"


def difference_table(found: Difference) -> Table:
    """Return the rows that are shown."""
    table = found.to_table()
    more = len(table.rows) - MOST
    title = table.title if more <= 0 else f"{table.title}; {more} more rows: see to_frame()"
    return Table(title, table.columns, table.rows[:MOST])
