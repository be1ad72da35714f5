"""Everything as HTML for a notebook, in light and dark themes: words and marks, never colour alone.

Styles are inline and colours come in pairs, since a page that shows a stored notebook drops style
sheets. All text is escaped: names in a dump are somebody else's.
"""

import re
from collections.abc import Iterable, Sequence
from functools import singledispatch
from html import escape

from nsimlib.errors import NsimError
from nsimlib.evaluation.difference import Difference
from nsimlib.evaluation.expectations import Report
from nsimlib.evaluation.matrix import Cell, Matrix
from nsimlib.evaluation.reachability import Reachability
from nsimlib.evaluation.verdict import Verdict
from nsimlib.explanation.description import describe
from nsimlib.explanation.facts import Fact, facts
from nsimlib.explanation.reasons import Mark, Reason, explain
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy
from nsimlib.model.tables import Table
from nsimlib.views.difference import difference_table
from nsimlib.views.summary import counts, reach_summary, warnings_of

__all__ = ["badge", "box", "code_block", "error_html", "html_of", "prose", "verdict_html"]

INK = "var(--jp-content-font-color1, currentColor)"
FAINT = "var(--jp-border-color2, #888)"
#: pairs of ground and ink that colour-blind eyes tell apart (Okabe and Ito), on any theme
COLOURS = {
    "allowed": "background:#0072B2;color:#fff",
    "denied": "background:#D55E00;color:#000",
    "partly": "background:#56B4E9;color:#000",
    "open": "background:#F0E442;color:#000",
    "undetermined": "background:#F0E442;color:#000",
    "isolated": "background:#E69F00;color:#000",
}
#: the most rows or columns that are drawn; a DataFrame holds the rest
MOST = 120
#: a matrix with more columns than this shows signs, with their words underneath
WORDY = 8
SHORT = 60
TABLE = "border-collapse:collapse;margin:.4em 0;font-size:inherit"
CELL = "padding:.25em .7em;text-align:left;vertical-align:top"
RULED = f"border-bottom:1px solid {FAINT}"
CAPTION = "text-align:left;white-space:nowrap;font-weight:600;padding:.2em 0;caption-side:top"
GROUND = "var(--jp-cell-editor-background, rgba(128,128,128,.12))"


@singledispatch
def html_of(shown: object) -> str:
    """Return an object as HTML; every class that shows itself is registered here."""
    raise TypeError(f"{type(shown).__name__} has no HTML")


@html_of.register
def verdict_html(verdict: Verdict) -> str:
    """Return the explanation of a verdict as nested lists."""
    reason = explain(verdict)
    head = f"<code>{escape(str(verdict.connection))}</code> {badge(verdict.outcome.value)}"
    return box(f"<div>{head}</div>{_list(reason.children)}")


def badge(word: str) -> str:
    """Return a word on the colour that goes with it."""
    style = f"{COLOURS[word]};padding:0 .5em;border-radius:.6em;font-weight:600;white-space:nowrap"
    return f'<span style="{style}">{escape(word)}</span>'


def box(content: str) -> str:
    """Return content in the theme's ink, wrapped where it must be."""
    style = f"color:{INK};line-height:1.55;overflow-wrap:anywhere"
    return f'<div class="nsimlib" style="{style}">{content}</div>'


def prose(text: str) -> str:
    """Return a sentence with its `code` in code font."""
    return CODE.sub(r"<code>\1</code>", escape(text))


CODE = re.compile(r"`([^`]+)`")


def code_block(text: str) -> str:
    """Return a text such as a manifest as it was written."""
    style = f"background:{GROUND};color:{INK};padding:.5em .8em;margin:.4em 0;line-height:1.35"
    style += f";border:1px solid {FAINT}"
    return f'<pre style="{style};white-space:pre-wrap">{escape(text.strip())}</pre>'


def error_html(error: NsimError) -> str:
    """Return what is wrong with a question, for a view that has no traceback."""
    return box(f"<div>{_mark(Mark.OPEN)}<b>This cannot be asked.</b></div>{code_block(str(error))}")


def _list(reasons: Iterable[Reason]) -> str:
    items = "".join(f'<li style="{ITEM}">{_item(reason)}</li>' for reason in reasons)
    style = (
        f"list-style:none;margin:.1em 0 .1em .45em;padding-left:.9em;border-left:1px solid {FAINT}"
    )
    return f'<ul style="{style}">{items}</ul>' if items else ""


#: what does not fit a line goes on under the text, not under the mark
ITEM = "margin:0;padding-left:1.7em;text-indent:-1.7em"


def _item(reason: Reason) -> str:
    place = ""
    if reason.source and reason.source.file:
        place = f' <code style="opacity:.75">{escape(str(reason.source))}</code>'
    cited = "".join(f" {fact_link(number)}" for number in reason.facts)
    below = _list(reason.children)
    nested = f'<div style="text-indent:0;margin-left:-1.7em">{below}</div>' if below else ""
    return f"{_mark(reason.mark)}{_said(reason)}{cited}{place}{nested}"


#: reasons that begin so are what a reader looks for first
SALIENT = ("Egress: ", "Ingress: ", "nearest miss: ")


def _said(reason: Reason) -> str:
    text = escape(reason.text)
    return f"<b>{text}</b>" if reason.text.startswith(SALIENT) else text


MARK_WORDS = {Mark.YES: "allowed", Mark.OPEN: "open"}
#: many rules do not match in any verdict, so this mark is not to shout
MISSED = f"box-shadow:inset 0 0 0 1px #D55E00;color:{INK}"


def _mark(mark: Mark) -> str:
    if mark is Mark.NONE:
        return ""
    ground = MISSED if mark is Mark.NO else COLOURS[MARK_WORDS[mark]]
    style = f"{ground};padding:0 .35em;border-radius:.3em;font-weight:700;font-family:monospace"
    return f'<span style="{style}">{mark.value}</span> '


def fact_link(number: str) -> str:
    """Return a fact's number, linked to its source, with the fact itself when pointed at."""
    fact = facts()[number]
    style = "font-size:85%;color:inherit"
    return f'<a href="{escape(fact.link)}" title="{escape(fact.says)}" style="{style}">{number}</a>'


@html_of.register
def _(policy: Policy) -> str:
    return box(_list([describe(policy)]))


@html_of.register
def _(fact: Fact) -> str:
    claims = f"<br><i>the article says:</i> {prose(fact.article)}" if fact.article else ""
    source = f'<a href="{escape(fact.link)}">{escape(fact.title)}</a>'
    return box(f"<b>{fact.id}</b>: {prose(fact.says)}{claims}<br>{source}")


@html_of.register
def _(table: Table) -> str:
    head = "".join(
        f'<th scope="col" style="{CELL};{RULED}">{escape(c)}</th>' for c in table.columns
    )
    rows = "".join(_table_row(row) for row in table.rows)
    caption = f'<caption style="{CAPTION}">{prose(table.title)}</caption>'
    return box(_scrolling(f'<table style="{TABLE}">{caption}<tr>{head}</tr>{rows}</table>'))


def _table_row(cells: Sequence[object]) -> str:
    drawn = "".join(f'<td style="{_cell_style(cell)}">{_text(cell)}</td>' for cell in cells)
    return f'<tr style="background:none">{drawn}</tr>'


def _cell_style(cell: object) -> str:
    """Keep a short cell, such as a connection, on one line."""
    short = len(str(cell)) <= SHORT
    return f"{CELL};{RULED};white-space:nowrap" if short else f"{CELL};{RULED}"


def _text(cell: object) -> str:
    """Return a cell's text; a word with a colour of its own, if it begins with one."""
    word, space, rest = str(cell).partition(" ")
    return f"{badge(word)}{space}{escape(rest)}" if word in COLOURS else escape(str(cell))


def _scrolling(content: str) -> str:
    return f'<div style="overflow-x:auto">{content}</div>'


@html_of.register
def _(matrix: Matrix) -> str:
    wordy = len(matrix.columns) <= WORDY
    columns, shown = matrix.columns[:MOST], list(zip(matrix.rows, matrix.cells, strict=True))[:MOST]
    head = "".join(_column_head(column, wordy) for column in columns)
    rows = "".join(_matrix_row(row, columns, cells, wordy) for row, cells in shown)
    about = f"{matrix.about}: row may reach column"
    caption = f'<caption style="{CAPTION}">{escape(about)}</caption>'
    corner = f'<td style="{CELL}"></td>'
    table = f'<table style="{TABLE}">{caption}<tr>{corner}{head}</tr>{rows}</table>'
    left = max(len(matrix.rows), len(matrix.columns)) - MOST
    more = f"<div>{left} more rows or columns: see to_frame()</div>" if left > 0 else ""
    return box(_scrolling(table) + ("" if wordy else LEGEND) + more)


def _column_head(name: str, wordy: bool) -> str:
    """Turn long heads of narrow columns on their side."""
    turned = "writing-mode:vertical-rl;transform:rotate(180deg);white-space:nowrap;margin:auto"
    text = escape(name).replace("/", "/<wbr>") if wordy else escape(name)
    content = text if wordy else f'<div style="{turned}">{text}</div>'
    style = f"{CELL};vertical-align:bottom;padding:.25em .3em;text-align:center;max-width:8em"
    return f'<th scope="col" style="{style}">{content}</th>'


def _matrix_row(name: str, columns: Sequence[str], cells: Sequence[Cell], wordy: bool) -> str:
    drawn = "".join(
        _matrix_cell(cell, f"{name} to {column}", wordy)
        for column, cell in zip(columns, cells, strict=False)
    )
    style = f"{CELL};padding:.2em .7em .2em 0;white-space:nowrap"
    head = f'<th scope="row" style="{style}">{escape(name)}</th>'
    return f'<tr style="background:none">{head}{drawn}</tr>'


def _matrix_cell(cell: Cell, ends: str, wordy: bool) -> str:
    style = f"text-align:center;padding:.2em .45em;border:1px solid {GAP}"
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


@html_of.register
def _(cluster: Cluster) -> str:
    found = "".join(f"<li>{escape(line)}</li>" for line in warnings_of(cluster.report))
    warnings = f"<details open><summary>worth knowing</summary><ul>{found}</ul></details>"
    head = f"<b>Cluster</b>: {escape(', '.join(counts(cluster)))}"
    return box(head + (warnings if found else ""))


@html_of.register
def _(reach: Reachability) -> str:
    return box("<br>".join(escape(line) for line in reach_summary(reach)))


@html_of.register
def _(found: Difference) -> str:
    news = "".join(f"<div>{escape(line)}</div>" for line in found.news())
    return html_of(difference_table(found)) + (box(news) if news else "")


@html_of.register
def _(report: Report) -> str:
    return html_of(report.to_table()) + "".join(
        verdict_html(each.verdict) for each in report.failures
    )
