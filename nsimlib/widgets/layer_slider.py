"""Follow one packet from its name to the wire; see at each moment what is known, and by whom."""

import ipywidgets

from nsimlib.cni.profile import profile_names
from nsimlib.evaluation.layers import Moment, PacketLayers, packet_layers
from nsimlib.model.cluster import Cluster
from nsimlib.views.catalogue import say
from nsimlib.views.packet_layers import layers_html
from nsimlib.widgets.arrow_keys import ArrowKeys

__all__ = ["LayerSlider"]

LABELS = {"description_width": "7em"}
WIDE = "min(44em, 98%)"


class LayerSlider(ipywidgets.VBox):
    """A slider over the moments of a connection, and a menu of enforcers.

    `layers` is the connection under the chosen enforcer, `at` the moment that is shown.

    Parameters
    ----------
    cluster
        Where the connection is opened.
    source, name, destination
        Who connects to which name, and what DNS says, with the port.
    moment, cni
        The number of the moment and the profile to begin with.

    Raises
    ------
    UnknownName
        If the pod, the profile or the address is not known.
    """

    def __init__(
        self,
        cluster: Cluster,
        source: str,
        name: str,
        destination: str,
        *,
        moment: int = 0,
        cni: str = "calico",
    ) -> None:
        self.cluster, self.source, self.name, self.destination = cluster, source, name, destination
        self.cni = ipywidgets.Dropdown(
            options=profile_names(), value=cni, description=say("layers.enforcer"), style=LABELS
        )
        self.moment = ipywidgets.SelectionSlider(
            options=self._options(),
            index=moment,
            description=say("layers.moment"),
            continuous_update=False,
            style=LABELS,
            layout=ipywidgets.Layout(width=WIDE),
        )
        self.view = ipywidgets.HTML()
        self.moment.observe(self.redraw, names="value")
        self.cni.observe(self.reorder, names="value")
        super().__init__([self.moment, self.cni, self.view, ArrowKeys()])
        self.redraw()

    @property
    def layers(self) -> PacketLayers:
        """The connection under the chosen enforcer."""
        asked = self.cluster, self.source, self.name, self.destination
        return packet_layers(*asked, cni=self.cni.value)

    @property
    def at(self) -> Moment:
        """The moment that is shown."""
        found: Moment = self.moment.value
        return found

    def _options(self) -> list[tuple[str, Moment]]:
        order = self.layers.order
        return [(f"{n} of {len(order)}", moment) for n, moment in enumerate(order, 1)]

    def reorder(self, _change: object = None) -> None:
        """Take the order of another enforcer; the moment stays."""
        shown = self.at
        self.moment.options = self._options()
        self.moment.value = shown
        self.redraw()

    def redraw(self, _change: object = None) -> None:
        """Draw the moment."""
        under = f"<p>{say('layers.under', cni=self.cni.value)}</p>"
        self.view.value = under + layers_html(self.layers, self.at)

    def __repr__(self) -> str:
        return f"LayerSlider: {self.layers.connection} with {self.cni.value}: {self.at.value}"
