"""Choose how many bits of an address a rule names; see whom the block reaches besides."""

from collections.abc import Iterable, Mapping, Sequence

import ipywidgets

from nsimlib.cni.profile import profile_names
from nsimlib.evaluation.hosts import HostReach, host_reach
from nsimlib.model.cluster import Cluster
from nsimlib.patterns.block_rule import BITS, BlockRule
from nsimlib.views.block_reach import block_reach_html, block_told
from nsimlib.views.catalogue import say
from nsimlib.widgets.arrow_keys import ArrowKeys

__all__ = ["PrefixSlider"]

LABELS = {"description_width": "7em"}
WIDE = "min(44em, 98%)"


class PrefixSlider(ipywidgets.VBox):
    """A slider over the length of a prefix, with boxes for exceptions and the port.

    `rule` is the rule that is shown and `reach` whom it reaches, as objects that show themselves.

    Parameters
    ----------
    cluster
        What the rule is added to.
    pod
        The pod or workload that the rule is for; it has a label `app` of its name.
    address
        The address that the block is around.
    ports
        The port of the rule, and others to try.
    wanted
        The kinds of hosts that the rule is for.
    exceptions
        Blocks that can be taken out, by name.
    prefix, cni
        The length and the profile to begin with.

    Raises
    ------
    SettingError
        If the address is no IPv4 address.
    """

    def __init__(
        self,
        cluster: Cluster,
        pod: str,
        address: str,
        ports: Iterable[str],
        *,
        wanted: Sequence[str] = (),
        exceptions: Mapping[str, str] | None = None,
        prefix: int = 24,
        cni: str = "calico",
    ) -> None:
        self.cluster, self.pod, self.address = cluster, pod, address
        self.ports, self.wanted = tuple(ports), tuple(wanted)
        self.exceptions = dict(exceptions or {})
        self.prefix = ipywidgets.IntSlider(
            min=0,
            max=BITS,
            value=prefix,
            description=say("block.prefix"),
            style=LABELS,
            layout=ipywidgets.Layout(width=WIDE),
        )
        self.only = _box(say("block.only", port=self.ports[0]), ticked=True)
        self.boxes = {
            name: _box(say("block.except", name=f"{name}, {cidr}"))
            for name, cidr in self.exceptions.items()
        }
        self.cni = ipywidgets.Dropdown(
            options=profile_names(), value=cni, description=say("block.enforcer"), style=LABELS
        )
        self.view = ipywidgets.HTML()
        switches = (self.only, *self.boxes.values())
        for control in (self.prefix, self.cni, *switches):
            control.observe(self.redraw, names="value")
        in_rows = ipywidgets.Layout(flex_flow="row wrap")
        row = ipywidgets.HBox([*switches], layout=in_rows)
        super().__init__([self.prefix, row, self.cni, self.view, ArrowKeys()])
        self.redraw()

    @property
    def rule(self) -> BlockRule:
        """The rule of the controls."""
        ticked = (name for name, box in self.boxes.items() if box.value)
        namespace, _, app = self.pod.partition("/")
        return BlockRule(
            address=self.address,
            prefix=self.prefix.value,
            exceptions=tuple(self.exceptions[name] for name in ticked),
            port=self.ports[0] if self.only.value else "",
            namespace=namespace,
            app=app,
        )

    @property
    def reach(self) -> HostReach:
        """Whom the pod reaches with the rule."""
        tried = self.cluster.with_policies(self.rule.manifest)
        return host_reach(tried, self.pod, self.ports, cni=self.cni.value)

    def redraw(self, _change: object = None) -> None:
        """Draw the rule and whom it reaches."""
        under = f"<p>{say('block.under', cni=self.cni.value)}</p>"
        self.view.value = under + block_reach_html(self.rule, self.reach, self.wanted)

    def __repr__(self) -> str:
        told = "; ".join(block_told(self.rule, self.reach, self.wanted))
        return f"PrefixSlider: {self.cni.value}: {told}"


def _box(label: str, *, ticked: bool = False) -> ipywidgets.Checkbox:
    layout = ipywidgets.Layout(width="auto", margin="0 1.5em 0 0")
    return ipywidgets.Checkbox(value=ticked, description=label, indent=False, layout=layout)
