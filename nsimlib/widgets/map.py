"""The clickable map: two ends and a port, and at which door the packet stops, and why."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import anywidget
import traitlets

from nsimlib.cni.profile import profile_names
from nsimlib.errors import UnknownName
from nsimlib.evaluation.verdict import Verdict
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy
from nsimlib.views.catalogue import say
from nsimlib.views.choices import port_choices
from nsimlib.views.map_answer import Answer
from nsimlib.views.map_choices import destinations, end_at, policy_boxes, ports_of, sources
from nsimlib.views.topology import End, Kind, topology

__all__ = ["Map"]

HERE = Path(__file__).parent
#: what the page says by itself
WORDS = {
    "from": "map.from",
    "to": "map.to",
    "port": "map.port",
    "reading": "map.reading",
    "send": "map.send",
    "help": "map.help",
    "policies": "map.policies",
    "decides": "map.decides",
    "reason": "map.reason",
    "all": "map.all",
    "none": "map.none",
}


def shown(kind: type[traitlets.TraitType[Any, Any]], **more: Any) -> Any:
    """Return a trait that the page sees."""
    return kind(**more).tag(sync=True)


class Map(anywidget.AnyWidget):
    """A picture of the cluster in which a packet travels from door to door.

    `pick`, `choose`, `toggle` and `switch` do what clicks do, `answer` is what is on show, and a
    saved notebook keeps the picture.

    Parameters
    ----------
    cluster
        The cluster, with the policies that are always in force.
    source, destination, port
        The packet to begin with, as a connection names its ends: `"shop/web"`, `"53/UDP"`.
    policies
        Policies by name that can be switched on and off, as objects or texts; else the cluster's
        own, which start switched on.
    on
        The names of those that start switched on.
    namespaces
        Those that are drawn, else all; in a large cluster, the few that one asks about.
    cni
        The reading, as for `why`.

    Raises
    ------
    UnknownName
        If an end or a policy is not on the map; the nearest names are listed.
    SettingError
        If the cluster is larger than a map can show.
    """

    _esm = HERE / "map.js"
    _css = HERE / "map.css"

    svg = shown(traitlets.Unicode)
    says = shown(traitlets.Unicode)
    outcome = shown(traitlets.Unicode)
    reason = shown(traitlets.Unicode)
    source = shown(traitlets.Unicode)
    destination = shown(traitlets.Unicode)
    port = shown(traitlets.Unicode)
    cni = shown(traitlets.Unicode)
    on = shown(traitlets.List)
    sources = shown(traitlets.List)
    destinations = shown(traitlets.List)
    ports = shown(traitlets.List)
    readings = shown(traitlets.List)
    policies = shown(traitlets.List)
    deciding = shown(traitlets.List)
    words = shown(traitlets.Dict)
    #: counts the changes, so that the page draws once for all that belong together
    turn = shown(traitlets.Int)

    def __init__(
        self,
        cluster: Cluster,
        source: str | None = None,
        destination: str | None = None,
        port: str | None = None,
        *,
        policies: Mapping[str, Policy | str] | None = None,
        on: Iterable[str] = (),
        namespaces: Collection[str] | None = None,
        cni: str = "spec",
    ) -> None:
        own = {policy.key: policy for policy in cluster.policies} if policies is None else {}
        self.bare = cluster.without(*own)
        self.switchable: dict[str, Policy | str] = dict(own or policies or {})
        self.found = topology(self.bare, namespaces)
        boxes = policy_boxes(self.bare, self.switchable)
        super().__init__(
            sources=sources(self.bare, self.found),
            destinations=destinations(self.bare, self.found),
            readings=list(profile_names()),
            policies=[{"name": box.name, "selects": list(box.selects)} for box in boxes],
            words={word: say(key) for word, key in WORDS.items()},
            on=list(own),
            cni=cni,
        )
        self.keys_of = {box.name: box.keys for box in boxes}
        self.all_ports = port_choices(self.bare)
        self.on_msg(self._receive)
        for name in on:
            self._known(name)
        self.on = [name for name in self.switchable if name in {*on, *own}]
        self._begin(source, destination, port)

    @property
    def cluster(self) -> Cluster:
        """The cluster with the policies that are switched on."""
        return self.bare.with_policies(*(self.switchable[name] for name in self.on))

    @property
    def verdict(self) -> Verdict | None:
        """The answer on show, None while there is none."""
        return self.answer.verdict

    def pick(self, end: str) -> None:
        """Choose an end as a click does: first a source, then a destination, then anew."""
        if self.destination:
            if self._end(end).kind is Kind.SERVICE:
                self._tell(say("map.answers-only", end=end.replace("/service/", "/")))
                return
            self._before = (self.source, self.destination, self.port)
            self.source, self.destination = end, ""
            self.redraw()
        else:
            self.choose(destination=end)

    def undo(self) -> None:
        """Leave a source that was picked, and go back to the packet before it."""
        if not self.destination:
            self.source, self.destination, self.port = self._before
            self.redraw()

    def choose(
        self,
        source: str | None = None,
        destination: str | None = None,
        port: str | None = None,
        cni: str | None = None,
    ) -> None:
        """Choose ends, a port or a reading as the menus do; what is not named stays."""
        for end in filter(None, (source, destination)):
            self._end(end)
        self.source = source or self.source
        self.cni = cni or self.cni
        if destination:
            self.destination = destination
            offered = ports_of(self.bare, destination)
            keeps = not offered or self.port in offered
            self.port = self.port if keeps else offered[0]
        self.port = port or self.port
        self.redraw()

    def toggle(self, policy: str) -> None:
        """Switch one policy on, or off if it is on."""
        self._known(policy)
        self.on = [name for name in self.switchable if (name in self.on) != (name == policy)]
        self.redraw()

    def switch(self, *, every: bool) -> None:
        """Switch all policies on, or off."""
        self.on = list(self.switchable) if every else []
        self.redraw()

    def redraw(self) -> None:
        """Ask about the connection and show the answer; what is wrong with it is an answer too."""
        self.answer = Answer(
            self.cluster, self.found, self.source, self.destination, self.port, self.cni
        )
        offered = ports_of(self.bare, self.destination)
        on = {name: self.keys_of[name] for name in self.on}
        with self.hold_sync():
            self.says, self.reason = self.answer.says, self.answer.reason
            self.outcome, self.deciding = self.answer.outcome, self.answer.deciding(on)
            self.ports = list(dict.fromkeys((*offered, self.port, *self.all_ports)))
            self.svg = self.answer.svg(captioned=False)
            self.turn += 1

    def _begin(self, source: str | None, destination: str | None, port: str | None) -> None:
        """Choose the first packet: what is not given is the first that the menus offer."""
        self.source = source or self.sources[0][2]
        self.destination = destination or self.destinations[-1][2]
        offered = ports_of(self.bare, self.destination) or self.all_ports
        self.port = port or offered[0]
        self._before = (self.source, self.destination, self.port)
        for end in (self.source, self.destination):
            self._end(end)
        self.redraw()

    def _end(self, name: str) -> End:
        return end_at(self.bare, self.found, name)

    def _known(self, policy: str) -> None:
        if policy not in self.switchable:
            raise UnknownName("policy on the map", policy, self.switchable)

    def _tell(self, says: str) -> None:
        with self.hold_sync():
            self.says, self.outcome = says, ""
            self.turn += 1

    def _receive(self, _widget: object, content: Mapping[str, Any], _buffers: object) -> None:
        """Do what the page asks for."""
        match content:
            case {"pick": str(end)}:
                self.pick(end)
            case {"toggle": str(policy)}:
                self.toggle(policy)
            case {"every": bool(every)}:
                self.switch(every=every)
            case {"undo": True}:
                self.undo()
            case _:
                self.choose(**content)

    def __repr__(self) -> str:
        return f"Map: {self.says}"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget for a page with a kernel, and the picture for one without."""
        data, metadata = cast("tuple[dict[str, Any], Any]", super()._repr_mimebundle_(**options))
        return {**data, "text/plain": repr(self), "image/svg+xml": self.answer.svg()}, metadata
