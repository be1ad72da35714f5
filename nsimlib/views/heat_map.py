"""A matrix as a heat map: words or signs on colours that go with them."""

from collections.abc import Mapping, Sequence, Set
from html import escape

from nsimlib.evaluation.matrix import Cell, Matrix
from nsimlib.evaluation.two_doors import TwoDoors
from nsimlib.views.catalogue import say
from nsimlib.views.styles import CAPTION, CELL, COLOURS, TABLE, box, scrolling

__all__ = ["matrix_html", "side_by_side", "two_doors_html"]

#: rows and columns of cells to look at
Marked = Set[tuple[str, str]]
#: the most rows or columns that are drawn; a DataFrame holds the rest
MOST = 120
#: a matrix with more columns than this shows signs, with their words underneath
WORDY = 8
#: a ring in two colours, so that it shows on any ground
RING = "outline:2px solid #000;outline-offset:-2px;box-shadow:inset 0 0 0 4px #fff;"


def matrix_html(matrix: Matrix, marked: Marked = frozenset()) -> str:
    """Return a matrix as a heat map; cells that are marked by row and column have a ring."""
    wordy = len(matrix.columns) <= WORDY
    columns, shown = matrix.columns[:MOST], list(zip(matrix.rows, matrix.cells, strict=True))[:MOST]
    head = "".join(_column_head(column, wordy) for column in columns)
    rows = "".join(_row(row, columns, cells, wordy, marked) for row, cells in shown)
    about = f"{matrix.about}: row may reach column"
    caption = f'<caption style="{CAPTION}">{escape(about)}</caption>'
    corner = f'<td style="{CELL}"></td>'
    table = f'<table style="{TABLE}">{caption}<tr>{corner}{head}</tr>{rows}</table>'
    left = max(len(matrix.rows), len(matrix.columns)) - MOST
    more = f"<div>{left} more rows or columns: see to_frame()</div>" if left > 0 else ""
    return box(scrolling(table) + ("" if wordy else LEGEND) + more)


def side_by_side(matrices: Mapping[str, Matrix], marked: Marked, says: str) -> str:
    """Return heat maps under their names, and what is said of the cells that have a ring."""
    maps = "".join(
        f"<div><b>{escape(name)}</b>{matrix_html(each, marked)}</div>"
        for name, each in matrices.items()
    )
    row = f'<div style="display:flex;flex-wrap:wrap;gap:0 2.5em">{maps}</div>'
    return box(f"{row}<div>{escape(says)}</div>")


def two_doors_html(found: TwoDoors) -> str:
    """Return three heat maps: out, in, through; what one door alone keeps apart has a ring."""
    marked = frozenset(found.one_sided)
    return side_by_side(found.matrices, marked, say("doors.one-sided", count=len(marked)))


def _column_head(name: str, wordy: bool) -> str:
    """Turn long heads of narrow columns on their side."""
    turned = "writing-mode:vertical-rl;transform:rotate(180deg);white-space:nowrap;margin:auto"
    text = escape(name).replace("/", "/<wbr>") if wordy else escape(name)
    content = text if wordy else f'<div style="{turned}">{text}</div>'
    style = f"{CELL};vertical-align:bottom;padding:.25em .3em;text-align:center;max-width:8em"
    return f'<th scope="col" style="{style}">{content}</th>'


def _row(
    name: str, columns: Sequence[str], cells: Sequence[Cell], wordy: bool, marked: Marked
) -> str:
    drawn = "".join(
        _cell(cell, f"{name} to {column}", wordy, (name, column) in marked)
        for column, cell in zip(columns, cells, strict=False)
    )
    style = f"{CELL};padding:.2em .7em .2em 0;white-space:nowrap"
    head = f'<th scope="row" style="{style}">{escape(name)}</th>'
    return f'<tr style="background:none">{head}{drawn}</tr>'


def _cell(cell: Cell, ends: str, wordy: bool, is_marked: bool) -> str:
    ring = RING if is_marked else ""
    style = f"{ring}text-align:center;padding:.2em .45em;border:1px solid {GAP}"
    if cell is Cell.SELF:
        return f'<td style="{style}"></td>'
    said = f"{cell.mark} {cell.word}" if wordy else cell.mark
    title = f"{escape(ends)}: {cell.word}"
    return f'<td style="{style};{COLOURS[cell.word]}" title="{title}">{said}</td>'


#: the colour between two cells, that of the page
GAP = "var(--jp-layout-color0, #fff)"
LEGEND = (
    "<div>"
    + " &nbsp; ".join(
        f'<span style="{COLOURS[cell.word]};padding:0 .5em">{cell.mark}</span> {cell.word}'
        for cell in Cell
        if cell is not Cell.SELF
    )
    + "</div>"
)
