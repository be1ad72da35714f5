"""Choose two ends, a port and a reading; see the verdict with every reason."""

import ipywidgets

from nsimlib.cni.profile import profile_names
from nsimlib.errors import NsimError
from nsimlib.evaluation.engine import why
from nsimlib.model.cluster import Cluster
from nsimlib.views.choices import end_choices, port_choices
from nsimlib.views.html import error_html, verdict_html
from nsimlib.widgets.arrow_keys import ArrowKeys

__all__ = ["ConnectionTester"]

LABELS = {"description_width": "6.5em"}


class ConnectionTester(ipywidgets.VBox):
    """Asks about one connection at a time; `connection.value` is the question as text.

    The menus write the question, and whoever knows the notation types it.
    """

    def __init__(
        self,
        cluster: Cluster,
        source: str | None = None,
        destination: str | None = None,
        port: str | None = None,
    ) -> None:
        self.cluster = cluster
        ends, ports = end_choices(cluster), port_choices(cluster)
        self.source = _menu("from", end_choices(cluster, services=False), source or ends[0][1])
        self.destination = _menu("to", ends, destination or ends[-1][1])
        self.port = _menu("port", [(each, each) for each in ports], port or ports[0])
        self.cni = _menu("reading", [(name, name) for name in profile_names()], "spec")
        self.connection = ipywidgets.Text(
            description="connection",
            continuous_update=False,
            style=LABELS,
            layout=ipywidgets.Layout(width="min(52em, 98%)"),
        )
        self.view = ipywidgets.HTML()
        for menu in (self.source, self.destination, self.port):
            menu.observe(self.ask, names="value")
        for control in (self.connection, self.cni):
            control.observe(self.redraw, names="value")
        menus = ipywidgets.HBox(
            [self.source, self.destination, self.port, self.cni],
            layout=ipywidgets.Layout(flex_flow="row wrap"),
        )
        super().__init__([menus, self.connection, self.view, ArrowKeys()])
        self.ask()

    def ask(self, _change: object = None) -> None:
        """Write the question that the menus put."""
        ends = f"{self.source.value} -> {self.destination.value}"
        self.connection.value = f"{ends}:{self.port.value}"

    def redraw(self, _change: object = None) -> None:
        """Answer the question; what is wrong with it is an answer too."""
        try:
            answer = verdict_html(why(self.cluster, self.connection.value, cni=self.cni.value))
        except NsimError as error:
            answer = error_html(error)
        self.view.value = answer

    def __repr__(self) -> str:
        return f"ConnectionTester: {self.connection.value} ({self.cni.value})"


def _menu(label: str, choices: list[tuple[str, str]], value: str) -> ipywidgets.Dropdown:
    """Return a menu; a value that is no choice yet becomes one."""
    known = [each for _, each in choices]
    options = choices if value in known else [(value, value), *choices]
    layout = ipywidgets.Layout(width="min(26em, 98%)")
    return ipywidgets.Dropdown(
        options=options, value=value, description=label, style=LABELS, layout=layout
    )
