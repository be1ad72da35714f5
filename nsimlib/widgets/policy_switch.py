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
from nsimlib.widgets.switches import Switches

__all__ = ["PolicySwitch"]


class PolicySwitch(Switches):
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
        ports = port_choices(cluster)
        self.port = ipywidgets.Dropdown(
            options=ports if port is None or port in ports else [port, *ports],
            value=port or ports[0],
            description="port",
            style={"description_width": "3em"},
            layout=ipywidgets.Layout(width="14em"),
        )
        super().__init__(cluster, policies, on, self.port)

    @property
    def matrix(self) -> Matrix:
        """The heat map as an object that shows itself, in text as well."""
        return reachability(self.cluster).matrix(self.port.value)

    @property
    def isolation(self) -> Table:
        """Which pods are isolated, as a table that shows itself, in text as well."""
        return isolation(self.cluster)

    def drawn(self, cluster: Cluster) -> str:
        """Return what is shown of a cluster."""
        matrix = reachability(cluster).matrix(self.port.value)
        return html_of(isolation(cluster)) + html_of(matrix)

    def __repr__(self) -> str:
        on = ", ".join(self.on) or "no policy"
        return f"{type(self).__name__} on {self.port.value}: {on}"
