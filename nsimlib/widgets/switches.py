"""Boxes to tick, one for each policy, over a view of the cluster with those that are ticked."""

from collections.abc import Iterable, Mapping

import ipywidgets

from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy
from nsimlib.widgets.arrow_keys import ArrowKeys

__all__ = ["Switches"]


class Switches(ipywidgets.VBox):
    """What all widgets with policies to switch share; what they show is each one's `drawn`.

    Parameters
    ----------
    cluster
        What the policies are added to.
    policies
        Policies by name, as objects or texts; else the cluster's own, which start switched on.
    on
        The names of those that start switched on.
    controls
        More controls of a widget, which stand below the boxes.
    """

    def __init__(
        self,
        cluster: Cluster,
        policies: Mapping[str, Policy | str] | None = None,
        on: Iterable[str] = (),
        *controls: ipywidgets.Widget,
    ) -> None:
        own = {policy.key: policy for policy in cluster.policies} if policies is None else {}
        self.bare = cluster.without(*own)
        self.policies = dict(own or policies or {})
        self.boxes = {name: _box(name, name in {*on, *own}) for name in self.policies}
        self.view = ipywidgets.HTML()
        for control in (*self.boxes.values(), *controls):
            control.observe(self.redraw, names="value")
        in_rows = ipywidgets.Layout(flex_flow="row wrap")
        boxes = ipywidgets.HBox([*self.boxes.values()], layout=in_rows)
        super().__init__([boxes, *controls, self.view, ArrowKeys()])
        self.redraw()

    @property
    def on(self) -> tuple[str, ...]:
        """The names of the policies that are switched on."""
        return tuple(name for name, box in self.boxes.items() if box.value)

    @property
    def cluster(self) -> Cluster:
        """The cluster with the policies that are switched on."""
        return self.bare.with_policies(*(self.policies[name] for name in self.on))

    def redraw(self, _change: object = None) -> None:
        """Draw the state of the boxes."""
        self.view.value = self.drawn(self.cluster)

    def drawn(self, cluster: Cluster) -> str:
        """Return what is shown of a cluster."""
        raise NotImplementedError


def _box(name: str, ticked: bool) -> ipywidgets.Checkbox:
    layout = ipywidgets.Layout(width="auto", min_width="18em")
    return ipywidgets.Checkbox(value=ticked, description=name, indent=False, layout=layout)
