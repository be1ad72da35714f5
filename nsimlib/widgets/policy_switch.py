"""Switch policies on and off; see who is isolated and who may reach whom."""

from collections.abc import Iterable, Mapping

import ipywidgets

from nsimlib.evaluation.isolation import isolation
from nsimlib.evaluation.matrix import Matrix
from nsimlib.evaluation.reachability import reachability
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy
from nsimlib.model.tables import Table
from nsimlib.views.choices import port_choices
from nsimlib.views.html import html_of

__all__ = ["PolicySwitch"]


class PolicySwitch(ipywidgets.VBox):
    """A box to tick for each policy, over a heat map of all workloads and the world outside.

    Parameters
    ----------
    cluster
        What the policies are added to.
    policies
        Policies by name, as objects or texts; else the cluster's own, which start switched on.
    on
        The names of those that start switched on.
    port
        The port that the heat map shows.
    """

    def __init__(
        self,
        cluster: Cluster,
        policies: Mapping[str, Policy | str] | None = None,
        on: Iterable[str] = (),
        port: str | None = None,
    ) -> None:
        own = {policy.key: policy for policy in cluster.policies} if policies is None else {}
        self.bare = cluster.without(*own)
        self.policies = dict(own or policies or {})
        self.boxes = {name: _box(name, name in {*on, *own}) for name in self.policies}
        ports = port_choices(cluster)
        self.port = ipywidgets.Dropdown(
            options=ports if port is None or port in ports else [port, *ports],
            value=port or ports[0],
            description="port",
            style={"description_width": "3em"},
            layout=ipywidgets.Layout(width="14em"),
        )
        self.view = ipywidgets.HTML()
        for control in (*self.boxes.values(), self.port):
            control.observe(self.redraw, names="value")
        in_rows = ipywidgets.Layout(flex_flow="row wrap")
        boxes = ipywidgets.HBox([*self.boxes.values()], layout=in_rows)
        super().__init__([boxes, self.port, self.view])
        self.redraw()

    @property
    def on(self) -> tuple[str, ...]:
        """The names of the policies that are switched on."""
        return tuple(name for name, box in self.boxes.items() if box.value)

    @property
    def cluster(self) -> Cluster:
        """The cluster with the policies that are switched on."""
        return self.bare.with_policies(*(self.policies[name] for name in self.on))

    @property
    def matrix(self) -> Matrix:
        """The heat map as an object that shows itself, in text as well."""
        return reachability(self.cluster).matrix(self.port.value)

    @property
    def isolation(self) -> Table:
        """Which pods are isolated, as a table that shows itself, in text as well."""
        return isolation(self.cluster)

    def redraw(self, _change: object = None) -> None:
        """Draw the state of the boxes."""
        self.view.value = self.drawn(self.cluster)

    def drawn(self, cluster: Cluster) -> str:
        """Return what is shown of a cluster."""
        matrix = reachability(cluster).matrix(self.port.value)
        return html_of(isolation(cluster)) + html_of(matrix)

    def __repr__(self) -> str:
        on = ", ".join(self.on) or "no policy"
        return f"{type(self).__name__} on {self.port.value}: {on}"


def _box(name: str, ticked: bool) -> ipywidgets.Checkbox:
    layout = ipywidgets.Layout(width="auto", min_width="18em")
    return ipywidgets.Checkbox(value=ticked, description=name, indent=False, layout=layout)
