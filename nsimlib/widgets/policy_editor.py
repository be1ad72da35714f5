"""Type a policy; what is wrong with it, or what it does, is shown at every key."""

from collections.abc import Callable, Iterable, Mapping

import ipywidgets

from nsimlib.errors import ManifestError, Problem
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.verdict import Verdict
from nsimlib.manifests import loads
from nsimlib.model.cluster import Cluster
from nsimlib.model.tables import Table
from nsimlib.views.catalogue import say
from nsimlib.views.html import html_of
from nsimlib.views.typed import asked_table, problems_html, problems_text

__all__ = ["PolicyEditor"]

FEWEST_ROWS, MOST_ROWS = 8, 24


class PolicyEditor(ipywidgets.VBox):
    """A text of policies, and below it the line that the API server would refuse, or the outcome.

    `value` is the text as it is. `problems` is empty where it can be read; then `cluster` has its
    policies.

    Parameters
    ----------
    cluster
        What the policies are added to.
    text
        What to start from.
    asks
        Connections whose outcome is shown, such as `shop/web -> data/db:5432/TCP`; with the
        outcome that is hoped for, if it is a mapping.
    ask
        How each of them is asked, if otherwise than by `why`.
    """

    def __init__(
        self,
        cluster: Cluster,
        text: str = "",
        asks: Mapping[str, Outcome | None] | Iterable[str] = (),
        ask: Callable[[Cluster, str], Verdict] = why,
    ) -> None:
        self.bare = self.cluster = cluster
        self.asks = asks if isinstance(asks, Mapping) else dict.fromkeys(asks)
        self.ask = ask
        self.problems: tuple[Problem, ...] = ()
        rows = min(max(text.count("\n") + 2, FEWEST_ROWS), MOST_ROWS)
        self.text = ipywidgets.Textarea(
            value=text,
            description=say("editor.label"),
            rows=rows,
            style={"description_width": "4em"},
            layout=ipywidgets.Layout(width="min(60em, 98%)"),
        )
        self.view = ipywidgets.HTML()
        self.text.observe(self.redraw, names="value")
        super().__init__([self.text, self.view])
        self.redraw()

    @property
    def value(self) -> str:
        """The text as it is now."""
        return str(self.text.value)

    @property
    def table(self) -> Table:
        """How the connections that are asked end, with the last text that could be read."""
        return asked_table(self.cluster, self.asks, self.ask)

    def redraw(self, _change: object = None) -> None:
        """Read what is typed, and say what is wrong with it or what it does."""
        try:
            read = loads(self.value) if self.value.strip() else Cluster()
        except ManifestError as error:
            self.problems = error.problems
            shown = problems_html(self.value, self.problems, say("editor.refused"))
        else:
            self.problems, self.cluster = (), self.bare.with_policies(*read.policies)
            warned = read.report.warnings
            said = problems_html(self.value, warned, say("editor.warned")) if warned else ""
            shown = said + html_of(self.table)
        self.view.value = f'<div role="status" aria-live="polite">{shown}</div>'

    def __repr__(self) -> str:
        said = problems_text(self.value, self.problems) if self.problems else str(self.table)
        return f"PolicyEditor:\n{self.value.rstrip()}\n\n{said}"
