"""Type a pattern and names; see which dialects mean which names by it."""

from collections.abc import Iterable

import ipywidgets

from nsimlib.model.domains import pattern_table
from nsimlib.model.tables import Table
from nsimlib.views.catalogue import say
from nsimlib.views.html import html_of

__all__ = ["PatternTester"]

LABELS = {"description_width": "6em"}
WIDE = "min(44em, 98%)"


class PatternTester(ipywidgets.VBox):
    """Two fields over the table of names and dialects; `table` is what is shown.

    Parameters
    ----------
    pattern
        The pattern to begin with.
    names
        Names to try it on; without any, those are tried at which dialects part.
    """

    def __init__(self, pattern: str, names: Iterable[str] = ()) -> None:
        self.pattern = ipywidgets.Text(
            value=pattern,
            description=say("pattern.pattern"),
            style=LABELS,
            layout=ipywidgets.Layout(width=WIDE),
        )
        self.names = ipywidgets.Textarea(
            value="\n".join(names),
            description=say("pattern.names"),
            placeholder=say("pattern.line"),
            rows=6,
            style=LABELS,
            layout=ipywidgets.Layout(width=WIDE),
        )
        self.view = ipywidgets.HTML()
        for field in (self.pattern, self.names):
            field.observe(self.redraw, names="value")
        super().__init__([self.pattern, self.names, self.view])
        self.redraw()

    @property
    def table(self) -> Table:
        """Which names the pattern names in each dialect."""
        return pattern_table(self.pattern.value.strip(), self.names.value.split())

    def redraw(self, _change: object = None) -> None:
        """Draw the table."""
        self.view.value = html_of(self.table)

    def __repr__(self) -> str:
        return f"PatternTester: {self.table.title}"
