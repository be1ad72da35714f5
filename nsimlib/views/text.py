"""Everything as plain text: functions of data that print nothing."""

from collections.abc import Iterator, Sequence
from functools import singledispatch

from nsimlib.cni.choosing import Guess
from nsimlib.evaluation.compare import Judgements, Matrices
from nsimlib.evaluation.difference import Difference
from nsimlib.evaluation.expectations import Report
from nsimlib.evaluation.matrix import Matrix
from nsimlib.evaluation.partings import Partings
from nsimlib.evaluation.reachability import Reachability
from nsimlib.evaluation.two_doors import TwoDoors
from nsimlib.evaluation.verdict import Verdict
from nsimlib.explanation.description import describe
from nsimlib.explanation.facts import Fact
from nsimlib.explanation.reasons import Reason, explain
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy
from nsimlib.model.tables import Table
from nsimlib.views.difference import difference_lines
from nsimlib.views.enforcers import partings_lines
from nsimlib.views.summary import cluster_summary, reach_summary

__all__ = ["reason_lines", "text_of", "verdict_text"]


@singledispatch
def text_of(shown: object) -> str:
    """Return an object as text; what is below the API is registered in `below`."""
    raise TypeError(f"{type(shown).__name__} has no text")


@text_of.register
def verdict_text(verdict: Verdict) -> str:
    """Return the explanation of a verdict in the house format.

    `+` marks what matched, `-` what did not, `?` what is open. Round brackets hold the numbers of
    facts, square brackets the file and line.

    >>> import nsimlib as ns
    >>> shop = ns.scenario("shop")
    >>> print(verdict_text(ns.why(shop, "shop/debug -> shop/debug:8080/TCP")).splitlines()[0])
    shop/debug -> shop/debug:8080/TCP is allowed
    """
    reason = explain(verdict)
    body = (line for child in reason.children for line in reason_lines(child, heading=True))
    return "\n".join((reason.text, *body))


def reason_lines(reason: Reason, depth: int = 0, *, heading: bool = False) -> Iterator[str]:
    """Yield a reason and what supports it, two spaces deeper each level."""
    mark = f"{reason.mark.value} " if reason.mark.value and not heading else ""
    facts = f" ({', '.join(reason.facts)})" if reason.facts else ""
    place = f"  [{reason.source}]" if reason.source and reason.source.file else ""
    yield f"{'  ' * depth}{mark}{reason.text}{facts}{place}"
    for child in reason.children:
        yield from reason_lines(child, depth + 1)


@text_of.register
def _(policy: Policy) -> str:
    return "\n".join(reason_lines(describe(policy)))


@text_of.register
def _(fact: Fact) -> str:
    claims = f"\n  the article says: {fact.article}" if fact.article else ""
    return f"{fact.id}: {fact.says}{claims}\n  {fact.title}, {fact.link}"


@text_of.register
def _(table: Table) -> str:
    return "\n".join((table.title, *_grid([table.columns, *table.rows])))


@text_of.register
def _(matrix: Matrix) -> str:
    """Columns are numbered like the rows, or they would not fit a line."""
    numbers = tuple(str(n) for n in range(1, len(matrix.columns) + 1))
    head = ("", f"{matrix.about}: row may reach column", *numbers)
    width = len(str(len(matrix.rows)))
    rows = [
        (f"{number:>{width}}", row, *(cell.mark for cell in cells))
        for number, (row, cells) in enumerate(zip(matrix.rows, matrix.cells, strict=True), 1)
    ]
    return "\n".join((*_grid([head, *rows]), LEGEND))


LEGEND = "+ allowed   - denied   ~ partly   ? open"


def _grid(rows: Sequence[Sequence[object]]) -> Iterator[str]:
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (str(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


@text_of.register
def _(cluster: Cluster) -> str:
    return "\n".join(cluster_summary(cluster))


@text_of.register
def _(reach: Reachability) -> str:
    return "\n".join(reach_summary(reach))


@text_of.register
def _(found: Difference) -> str:
    return "\n".join(difference_lines(found))


@text_of.register
def _(found: Partings) -> str:
    return "\n".join(partings_lines(found))


@text_of.register
def _(found: Guess | Judgements | Matrices | TwoDoors) -> str:
    return text_of(found.to_table())


@text_of.register
def _(report: Report) -> str:
    failures = (
        f"- {each.expected.connection}: wanted {each.wanted}, found {each.found}"
        for each in report.failures
    )
    return "\n".join((report.summary, *failures))
