"""Swap one policy for another that differs by a dash; see which pods a source reaches."""

from collections.abc import Mapping

import ipywidgets

from nsimlib.model.cluster import Cluster
from nsimlib.model.tables import Table
from nsimlib.views.matched import matched_beside, matched_pods
from nsimlib.widgets.arrow_keys import ArrowKeys

__all__ = ["DashToggle"]


class DashToggle(ipywidgets.VBox):
    """One policy at a time, as YAML, beside a table of whom a source reaches with it.

    Parameters
    ----------
    cluster
        What the policy is added to.
    policies
        The texts to choose from, by name.
    source
        The workload whose connections are looked at.
    port
        The port they go to.
    on
        The name of the one to start with; else the first.
    """

    def __init__(
        self,
        cluster: Cluster,
        policies: Mapping[str, str],
        source: str,
        port: str,
        on: str | None = None,
    ) -> None:
        self.cluster, self.policies = cluster, dict(policies)
        self.source, self.port = source, port
        self.chosen = ipywidgets.RadioButtons(
            options=list(self.policies),
            value=on or next(iter(self.policies)),
            description="policy",
            style={"description_width": "4em"},
        )
        self.view = ipywidgets.HTML()
        self.chosen.observe(self.redraw, names="value")
        super().__init__([self.chosen, self.view, ArrowKeys()])
        self.redraw()

    @property
    def table(self) -> Table:
        """Whom the source reaches with the chosen policy, as a table that shows itself."""
        after = self.cluster.with_policies(self.policies[self.chosen.value])
        return matched_pods(after, self.source, self.port)

    def redraw(self, _change: object = None) -> None:
        """Draw the chosen policy."""
        self.view.value = matched_beside(self.policies[self.chosen.value], self.table)

    def __repr__(self) -> str:
        return f"{type(self).__name__} on {self.chosen.value}: {self.table.title}"
