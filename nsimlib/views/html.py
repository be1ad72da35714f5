"""Everything as HTML for a notebook, in both themes: words and marks, never colour alone."""

from collections.abc import Iterable, Sequence
from functools import singledispatch
from html import escape

from nsimlib.cni.choosing import Guess
from nsimlib.errors import NsimError
from nsimlib.evaluation.compare import Judgements
from nsimlib.evaluation.difference import Difference
from nsimlib.evaluation.expectations import Report
from nsimlib.evaluation.reachability import Reachability
from nsimlib.evaluation.verdict import Verdict
from nsimlib.explanation.description import describe
from nsimlib.explanation.facts import Fact, facts
from nsimlib.explanation.reasons import Mark, Reason, explain
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy
from nsimlib.model.tables import Table
from nsimlib.views.difference import difference_table
from nsimlib.views.enforcers import matrices_html, partings_html
from nsimlib.views.heat_map import matrix_html, two_doors_html
from nsimlib.views.styles import (
    CAPTION,
    CELL,
    COLOURS,
    FAINT,
    INK,
    RULED,
    TABLE,
    badge,
    box,
    code_block,
    prose,
    scrolling,
)
from nsimlib.views.summary import counts, reach_summary, warnings_of

__all__ = ["error_html", "fact_link", "html_of", "verdict_html"]

SHORT = 60
#: so many signs of a table have room on a page; of a wider one only cells like these stay whole
PAGE, LEAST = 150, 24
HEAD = f"{CELL};{RULED};white-space:nowrap"


@singledispatch
def html_of(shown: object) -> str:
    """Return an object as HTML; what is below the API is registered in `below`."""
    raise TypeError(f"{type(shown).__name__} has no HTML")


@html_of.register
def verdict_html(verdict: Verdict) -> str:
    """Return the explanation of a verdict as nested lists."""
    reason = explain(verdict)
    head = f"<code>{escape(str(verdict.connection))}</code> {badge(verdict.outcome.value)}"
    return box(f"<div>{head}</div>{_list(reason.children)}")


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
    head = "".join(f'<th scope="col" style="{HEAD}">{escape(c)}</th>' for c in table.columns)
    short = SHORT if _fits(table) else LEAST
    rows = "".join(_table_row(row, short) for row in table.rows)
    caption = f'<caption style="{CAPTION}">{prose(table.title)}</caption>'
    return box(scrolling(f'<table style="{TABLE}">{caption}<tr>{head}</tr>{rows}</table>'))


def _fits(table: Table) -> bool:
    """Whether the columns have room beside each other with their short cells on one line."""
    columns = zip(*(map(str, row) for row in table.rows), strict=True)
    return sum(min(max(map(len, cells)), SHORT) for cells in columns) <= PAGE


def _table_row(cells: Sequence[object], short: int) -> str:
    drawn = "".join(f'<td style="{_cell_style(cell, short)}">{_text(cell)}</td>' for cell in cells)
    return f'<tr style="background:none">{drawn}</tr>'


def _cell_style(cell: object, short: int) -> str:
    """Keep a short cell, such as a connection, on one line."""
    fits = len(str(cell)) <= short
    return f"{CELL};{RULED};white-space:nowrap" if fits else f"{CELL};{RULED}"


def _text(cell: object) -> str:
    """Return a cell's text; a word with a colour of its own, or a fact with its link."""
    if str(cell) in facts():
        return fact_link(str(cell))
    word, space, rest = str(cell).partition(" ")
    return f"{badge(word)}{space}{escape(rest)}" if word in COLOURS else prose(str(cell))


html_of.register(matrix_html)


html_of.register(two_doors_html)


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


html_of.register(matrices_html)


html_of.register(partings_html)


@html_of.register
def _(found: Guess | Judgements) -> str:
    return html_of(found.to_table())


@html_of.register
def _(report: Report) -> str:
    return html_of(report.to_table()) + "".join(
        verdict_html(each.verdict) for each in report.failures
    )
