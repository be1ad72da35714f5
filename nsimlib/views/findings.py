"""Findings as text and as HTML; imported when some are first shown."""

from html import escape

from nsimlib.audit.changes import FindingChanges
from nsimlib.audit.findings import Finding
from nsimlib.audit.model import Severity
from nsimlib.audit.run import Audit
from nsimlib.views.catalogue import say
from nsimlib.views.html import html_of
from nsimlib.views.styles import CAPTION, CELL, COLOURS, RULED, TABLE, box, prose, scrolling
from nsimlib.views.text import text_of

__all__: list[str] = []

#: the colours of severities, which their words go with
SHADES = {
    Severity.CRITICAL: COLOURS["denied"],
    Severity.HIGH: COLOURS["denied"],
    Severity.MEDIUM: COLOURS["isolated"],
    Severity.LOW: COLOURS["partly"],
}
WORD = "padding:0 .5em;border-radius:.6em;font-weight:600;white-space:nowrap"


@text_of.register
def _(found: Audit) -> str:
    return text_of(found.table())


@html_of.register
def _(found: Audit) -> str:
    caption = f'<caption style="{CAPTION}">{escape(found.summary)}</caption>'
    heads = ("finding", "where", "what")
    head = "".join(f'<th scope="col" style="{CELL};{RULED}">{each}</th>' for each in heads)
    rows = "".join(map(_row, found.findings))
    more = say("audit.more-input", count=len(found.questions)) if found.questions else ""
    table = f'<table style="{TABLE}">{caption}<tr>{head}</tr>{rows}</table>'
    return box(scrolling(table) + (f"<p>{escape(more)}</p>" if more else ""))


@text_of.register
def _(found: FindingChanges) -> str:
    return text_of(found.table())


@html_of.register
def _(found: FindingChanges) -> str:
    return html_of(found.table())


def _row(finding: Finding) -> str:
    place = finding.place
    shade = SHADES.get(finding.severity, "border:1px solid")
    word = f'<span style="{shade};{WORD}">{finding.severity.word}</span>'
    where = (place.object, place.path, str(place.source) if place.source.file else "")
    fix = finding.advice
    cells = (
        f"{word}<br>{escape(finding.id)}<br>{escape(finding.slug)}<br>{finding.confidence.word}",
        "<br>".join(escape(part) for part in where if part),
        f"{prose(finding.message)}<br>→ {prose(fix)}" if fix else prose(finding.message),
    )
    drawn = "".join(f'<td style="{CELL};{RULED}">{cell}</td>' for cell in cells)
    return f'<tr style="background:none">{drawn}</tr>'
