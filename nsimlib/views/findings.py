"""Findings as text and as HTML; imported when some are first shown."""

from nsimlib.audit.run import Audit
from nsimlib.views.html import html_of
from nsimlib.views.text import text_of

__all__: list[str] = []


@text_of.register
def _(found: Audit) -> str:
    return text_of(found.table())


@html_of.register
def _(found: Audit) -> str:
    return html_of(found.table())
