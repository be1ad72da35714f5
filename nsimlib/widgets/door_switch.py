"""Switch policies on and off; see who gets out, who gets in, and who gets through."""

from nsimlib.evaluation.two_doors import TwoDoors, two_doors
from nsimlib.model.cluster import Cluster
from nsimlib.views.html import html_of
from nsimlib.widgets.policy_switch import PolicySwitch

__all__ = ["DoorSwitch"]


class DoorSwitch(PolicySwitch):
    """A box to tick for each policy, over three heat maps: egress alone, ingress alone, both.

    Parameters are those of `PolicySwitch`.
    """

    @property
    def doors(self) -> TwoDoors:
        """The heat maps as an object that shows itself, in text as well."""
        return two_doors(self.cluster, self.port.value)

    def drawn(self, cluster: Cluster) -> str:
        """Return what is shown of a cluster."""
        return html_of(two_doors(cluster, self.port.value))
