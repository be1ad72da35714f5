"""Choose a resolver, a policy and a name; see where the question ends and how long it takes."""

from collections.abc import Iterable, Mapping

import ipywidgets

from nsimlib.cni.profile import profile_names
from nsimlib.dns.path import DnsPath, dns_path
from nsimlib.dns.resolvconf import Libc
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy
from nsimlib.views.catalogue import say
from nsimlib.views.dns_path import dns_path_html
from nsimlib.widgets.arrow_keys import ArrowKeys

__all__ = ["DnsPathPicker"]

LABELS = {"description_width": "5.5em"}


class DnsPathPicker(ipywidgets.VBox):
    """Menus over the way of a question, its reasons, and the timeline of the pod's resolver.

    `path` is what is shown, as an object that shows itself, in text as well.

    Parameters
    ----------
    layouts
        Clusters by name, which differ in who answers their pods.
    policies
        Policies by name, as objects or texts; one at a time is in force, or none.
    pod
        The pod or workload that asks.
    names
        The names to choose from.
    resolver, policy
        Those to begin with; else the first of each.
    cni
        The profile to begin with.
    """

    def __init__(
        self,
        layouts: Mapping[str, Cluster],
        policies: Mapping[str, Policy | str],
        pod: str,
        names: Iterable[str],
        *,
        resolver: str | None = None,
        policy: str | None = None,
        cni: str = "calico",
    ) -> None:
        self.layouts, self.policies, self.pod = dict(layouts), dict(policies), pod
        self.resolver = ipywidgets.RadioButtons(
            options=list(self.layouts),
            value=resolver or next(iter(self.layouts)),
            description=say("dns.resolver"),
            style=LABELS,
        )
        known = [(name, name) for name in self.policies]
        self.policy = _menu(
            say("dns.policy"), [(say("dns.no-policy"), ""), *known], policy or known[0][1]
        )
        asked = [(name, name) for name in names]
        self.name = _menu(say("dns.name"), asked, asked[0][1])
        self.cni = _menu(say("dns.enforcer"), [(each, each) for each in profile_names()], cni)
        self.libc = _menu(
            say("dns.library"), [(each.value, each.value) for each in Libc], Libc.GLIBC.value
        )
        self.view = ipywidgets.HTML()
        menus = (self.policy, self.name, self.cni, self.libc)
        for control in (self.resolver, *menus):
            control.observe(self.redraw, names="value")
        wrapped = ipywidgets.Layout(flex_flow="row wrap")
        column = ipywidgets.VBox([*menus])
        controls = ipywidgets.HBox([self.resolver, column], layout=wrapped)
        super().__init__([controls, self.view, ArrowKeys()])
        self.redraw()

    @property
    def path(self) -> DnsPath:
        """The way of the question that is chosen."""
        cluster, policy = self.layouts[self.resolver.value], self.policy.value
        if policy:
            cluster = cluster.with_policies(self.policies[policy])
        return dns_path(
            cluster, self.pod, self.name.value, cni=self.cni.value, libc=self.libc.value
        )

    def redraw(self, _change: object = None) -> None:
        """Draw the way and the look-up."""
        self.view.value = dns_path_html(self.path)

    def __repr__(self) -> str:
        chosen = self.resolver.value, self.policy.value or say("dns.no-policy"), self.cni.value
        path = self.path
        told = path.lookup.error or ", ".join(map(str, path.lookup.addresses[:1]))
        return f"DnsPathPicker: {', '.join(chosen)}: {told} after {path.lookup.seconds:g} s"


def _menu(label: str, choices: list[tuple[str, str]], value: str) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(
        options=choices,
        value=value,
        description=label,
        style=LABELS,
        layout=ipywidgets.Layout(width="min(34em, 98%)"),
    )
