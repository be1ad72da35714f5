"""One policy as its enforcers write it: choose one, and see what decides about a connection."""

from collections.abc import Iterable

import ipywidgets

from nsimlib.datapath.entry import datapath
from nsimlib.errors import NsimError
from nsimlib.model.cluster import Cluster
from nsimlib.views.below import html_of, text_of
from nsimlib.views.html import error_html
from nsimlib.widgets.arrow_keys import ArrowKeys

__all__ = ["Renderings"]

LABELS = {"description_width": "6.5em"}
ENFORCERS = ("calico", "weave", "kube-router", "cilium", "aws-vpc-cni", "flannel")


class Renderings(ipywidgets.VBox):
    """A choice of enforcers over the walk of a connection, with all that each wrote for the pod.

    Parameters
    ----------
    cluster
        With its policies.
    pod
        A pod or workload whose rules or maps are shown.
    connection
        The connection to begin with; others are typed.
    enforcers
        Those to choose from, as `datapath` takes them; the first is shown.
    """

    def __init__(
        self, cluster: Cluster, pod: str, connection: str, enforcers: Iterable[str] = ENFORCERS
    ) -> None:
        self.cluster, self.pod = cluster, pod
        self.enforcer = ipywidgets.Dropdown(
            options=tuple(enforcers), description="enforcer", style=LABELS
        )
        self.connection = ipywidgets.Text(
            value=connection,
            description="connection",
            continuous_update=False,
            style=LABELS,
            layout=ipywidgets.Layout(width="min(52em, 98%)"),
        )
        self.view = ipywidgets.HTML()
        for control in (self.enforcer, self.connection):
            control.observe(self.redraw, names="value")
        super().__init__([self.enforcer, self.connection, self.view, ArrowKeys()])
        self.redraw()

    def redraw(self, _change: object = None) -> None:
        """Show what the enforcer does; what is wrong with the connection is shown instead."""
        try:
            rules = datapath(self.enforcer.value, self.cluster, self.pod)
            self.view.value = html_of(rules.walk(self.connection.value)) + html_of(rules)
        except NsimError as error:
            self.view.value = error_html(error)

    def __repr__(self) -> str:
        try:
            rules = datapath(self.enforcer.value, self.cluster, self.pod)
            told = text_of(rules.walk(self.connection.value)).splitlines()[-1]
        except NsimError:
            told = "cannot be asked"
        return f"Renderings: {self.enforcer.value}, {self.connection.value}: {told}"
