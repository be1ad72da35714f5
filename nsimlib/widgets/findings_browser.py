"""Choose among the findings of an audit, and read one with its evidence."""

from typing import Any

import ipywidgets

from nsimlib.audit.findings import Finding
from nsimlib.audit.model import Severity
from nsimlib.audit.registry import FAMILIES
from nsimlib.audit.run import Audit
from nsimlib.views.audit_page import finding_html
from nsimlib.views.catalogue import say
from nsimlib.views.styles import box
from nsimlib.widgets.arrow_keys import ArrowKeys

__all__ = ["FindingsBrowser"]

#: the letter that stands for every family
EVERY = ""
WIDE = ipywidgets.Layout(width="min(60em, 98%)")


class FindingsBrowser(ipywidgets.VBox):
    """Filters over a list of findings; the chosen one below, its patch tried when it is chosen.

    `least`, `family` and `text` are the filters, `chosen` is the list.
    """

    def __init__(self, audit: Audit, least: str = "info") -> None:
        self.audit = audit
        severities = [each.word for each in sorted(Severity)]
        self.least = _menu("audit.at-least", severities, least)
        self.family = _menu("audit.about", _families(audit), EVERY)
        self.text = ipywidgets.Text(description=say("audit.text"), continuous_update=False)
        self.chosen = ipywidgets.Select(options=[], rows=8, layout=WIDE)
        self.chosen.description = say("audit.findings")
        self.view = ipywidgets.HTML()
        for control in (self.least, self.family, self.text):
            control.observe(self.filter, names="value")
        self.chosen.observe(self.redraw, names="value")
        in_rows = ipywidgets.Layout(flex_flow="row wrap")
        filters = ipywidgets.HBox([self.least, self.family, self.text], layout=in_rows)
        super().__init__([filters, self.chosen, self.view, ArrowKeys()])
        self.filter()

    @property
    def shown(self) -> tuple[Finding, ...]:
        """The findings that pass the filters, the worst first."""
        least, wanted = Severity[self.least.value.upper()], self.text.value.strip().lower()
        return tuple(
            each
            for each in self.audit.findings
            if each.severity >= least
            and each.id[5:].startswith(self.family.value)
            and wanted in _told(each)
        )

    def filter(self, _change: object = None) -> None:
        """List what passes the filters; the choice stays if it is among it."""
        before, keys = self.chosen.value, [each.fingerprint for each in self.shown]
        self.chosen.options = [(str(each), each.fingerprint) for each in self.shown]
        if keys:
            self.chosen.value = before if before in keys else keys[0]
        self.redraw()

    def redraw(self, _change: object = None) -> None:
        """Show the chosen finding, or that there is none."""
        found = next((f for f in self.shown if f.fingerprint == self.chosen.value), None)
        content = finding_html(found, self.audit.tried(found)) if found else say("audit.none")
        self.view.value = f'<div role="status" aria-live="polite">{box(content)}</div>'

    def __repr__(self) -> str:
        return f"FindingsBrowser: {len(self.shown)} of {len(self.audit.findings)} findings"


def _told(finding: Finding) -> str:
    """What a finding says, and what follows from it, in small letters."""
    parts = (finding, *finding.consequences)
    return " ".join(f"{each} {each.slug} {each.place}" for each in parts).lower()


def _families(audit: Audit) -> list[tuple[str, str]]:
    there = {each.id[5] for each in audit.findings}
    named = [(f"{letter}: {text}", letter) for letter, text in FAMILIES.items() if letter in there]
    return [(say("audit.everything"), EVERY), *named]


def _menu(key: str, options: list[Any], value: str) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(options=options, value=value, description=say(key))
