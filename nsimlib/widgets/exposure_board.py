"""Switch policies on and off; see which workloads reach the endpoints that matter."""

from collections.abc import Iterable, Mapping

from nsimlib.evaluation.board import exposure_board
from nsimlib.evaluation.matrix import Matrix
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy
from nsimlib.views.html import html_of
from nsimlib.widgets.switches import Switches

__all__ = ["ExposureBoard"]


class ExposureBoard(Switches):
    """A box to tick for each policy, over a heat map of workloads and endpoints.

    Parameters
    ----------
    cluster
        What the policies are added to.
    endpoints
        Destinations with their ports by name, as `exposure_board` takes them.
    policies
        Policies by name, as objects or texts; else the cluster's own, which start switched on.
    on
        The names of those that start switched on.
    workloads
        Those that have a row; all if left out.
    """

    def __init__(
        self,
        cluster: Cluster,
        endpoints: Mapping[str, str],
        policies: Mapping[str, Policy | str] | None = None,
        on: Iterable[str] = (),
        workloads: Iterable[str] | None = None,
    ) -> None:
        self.endpoints = dict(endpoints)
        self.workloads = None if workloads is None else tuple(workloads)
        super().__init__(cluster, policies, on)

    @property
    def board(self) -> Matrix:
        """The heat map as an object that shows itself, in text as well."""
        return exposure_board(self.cluster, self.endpoints, self.workloads)

    def drawn(self, cluster: Cluster) -> str:
        """Return what is shown of a cluster."""
        return html_of(exposure_board(cluster, self.endpoints, self.workloads))

    def __repr__(self) -> str:
        return f"ExposureBoard: {', '.join(self.on) or 'no policy'}"
