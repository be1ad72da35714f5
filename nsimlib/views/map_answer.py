"""What the map answers to a question: the picture, the sentence, the reason, who decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from nsimlib.errors import NsimError
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.evidence import place_of
from nsimlib.evaluation.verdict import Verdict
from nsimlib.model.cluster import Cluster
from nsimlib.views.catalogue import say
from nsimlib.views.doors import doors
from nsimlib.views.html import error_html, verdict_html
from nsimlib.views.journey import journey, journey_says
from nsimlib.views.map_choices import end_at
from nsimlib.views.map_picture import MapState, map_svg, map_title
from nsimlib.views.topology import Topology

__all__ = ["Answer"]


@dataclass(frozen=True)
class Answer:
    """A question put to a cluster, and the answer; without a destination it is half a question."""

    cluster: Cluster
    found: Topology
    source: str
    destination: str
    port: str
    cni: str

    @property
    def connection(self) -> str:
        """The question in the notation of connections."""
        return f"{self.source} -> {self.destination}:{self.port}"

    @cached_property
    def judged(self) -> Verdict | NsimError | None:
        """The verdict, what is wrong with the question, or None while half of it is missing."""
        if not self.destination:
            return None
        try:
            return why(self.cluster, self.connection, cni=self.cni)
        except NsimError as error:
            return error

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, if there is one."""
        return self.judged if isinstance(self.judged, Verdict) else None

    @property
    def outcome(self) -> str:
        """Its word, empty where there is none."""
        return self.verdict.outcome.value if self.verdict else ""

    @property
    def says(self) -> str:
        """What happens to the packet, in a sentence or two."""
        if isinstance(self.judged, NsimError):
            return say("map.not-asked", error=str(self.judged).partition("\n")[0])
        if self.judged is None:
            return say("map.now-destination", source=self.source)
        return journey_says(self.judged)

    @property
    def reason(self) -> str:
        """Why, as HTML."""
        if isinstance(self.judged, NsimError):
            return error_html(self.judged)
        return verdict_html(self.judged) if self.judged else ""

    def deciding(self, keys: Mapping[str, frozenset[str]]) -> list[str]:
        """Return which of the named policies settle the outcome; `keys` are what they hold."""
        places = self.verdict.determining if self.verdict else ()
        settling = {place_of(each).partition(" ")[0] for each in places}
        return [name for name, held in keys.items() if not held.isdisjoint(settling)]

    def svg(self, *, captioned: bool = True) -> str:
        """Return the picture."""
        source = end_at(self.cluster, self.found, self.source)
        chosen = {source.name: say("map.from")}
        way = None
        if self.destination:
            destination = end_at(self.cluster, self.found, self.destination)
            both = " \u00b7 ".join((say("map.from"), say("map.to")))
            chosen[destination.name] = both if destination is source else say("map.to")
            if self.verdict:
                way = journey(self.found, self.verdict, source, destination)
        state = MapState(
            self.found,
            doors(self.cluster, self.cni),
            map_title(self.cluster),
            self.says,
            chosen,
            way,
        )
        return map_svg(state, captioned=captioned)
