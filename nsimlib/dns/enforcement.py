"""What policy allows at the moment: the engine, asked about an address and the names it has now.

An enforcer of name rules knows an address by the names that its agent learned, so that is all the
engine is told: one place outside with that address and those names. Blocks, selectors, tiers and
denials mean what they mean everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from nsimlib.cni.profile import Profile
from nsimlib.dns.agents import Agent
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import evaluate
from nsimlib.evaluation.evidence import Comparison, place_of
from nsimlib.evaluation.verdict import Verdict
from nsimlib.model.addresses import Address
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection, parse_end
from nsimlib.model.objects import Place
from nsimlib.model.ports import Port

__all__ = ["Enforcer", "Ruling", "Watch"]

BY_NAME = (Comparison.DOMAIN, Comparison.NAME_LEARNED)


class Watch(NamedTuple):
    """Whether a pod may reach the addresses of a name on a port."""

    pod: str
    name: str
    port: Port

    def __str__(self) -> str:
        return f"{self.pod} on {self.port}"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What policy says of one address; `because` names the rules or policies that settle it."""

    allowed: bool
    because: str
    facts: tuple[str, ...] = ()


class Enforcer:
    """The policies in force and their rulings; `changed` is called when others come in force."""

    def __init__(self, cluster: Cluster, profile: Profile, changed: Callable[[], None]) -> None:
        self.profile, self.changed = profile, changed
        self.version = 0
        self.cluster = cluster
        self._rulings: dict[object, Ruling] = {}

    def enforce(self, cluster: Cluster) -> None:
        """Put the policies of a cluster in force."""
        self.cluster, self.version = cluster, self.version + 1
        self.changed()

    @property
    def rechecks(self) -> bool:
        """Whether connections that are open are judged by new policies too (X13)."""
        return self.profile["open_connections"].value == "cut"

    def ruling(self, watch: Watch, address: Address, agent: Agent) -> Ruling:
        """Return whether the pod may open a connection to the address now."""
        names = agent.names(address)
        key = self.version, watch.pod, watch.port, address, names
        if key not in self._rulings:
            self._rulings[key] = self._judged(watch, address, names)
        ruling = self._rulings[key]
        if ruling.allowed or address not in agent.forgotten or names:
            return ruling
        forgotten = f"the agent forgot {address} at {agent.forgotten[address]:g} s"
        facts = ("F3.31",) if agent.memory.parameters.sweep_interval else ("F1.65",)
        return replace(ruling, because=f"{ruling.because}; {forgotten}", facts=facts)

    def _judged(self, watch: Watch, address: Address, names: frozenset[str]) -> Ruling:
        places = tuple(replace(place, names={}) for place in self.cluster.places)
        known = Place("learned", names=dict.fromkeys(sorted(names), (address,)))
        cluster = replace(self.cluster, places=(*places, known))
        asked = Connection(parse_end(watch.pod), address, watch.port)
        return _ruling(evaluate(cluster, asked, self.profile), address)


def _ruling(verdict: Verdict, address: Address) -> Ruling:
    places = ", ".join(dict.fromkeys(map(place_of, verdict.determining)))
    if verdict.outcome is Outcome.ALLOWED:
        return Ruling(True, f"allowed by {places}" if places else "no policy has a say")
    if verdict.outcome is Outcome.UNDETERMINED:
        return Ruling(False, f"it is open whether {places} allows {address}")
    by_name = any(
        condition.comparison in BY_NAME
        for rule in verdict.near_misses
        for check in rule.peers or ()
        for condition in check.conditions
    )
    because = f"no rule of {places} allows {address}"
    if not by_name:
        return Ruling(False, because, ("F1.12",))
    return Ruling(False, f"{because}: no name that one allows is known for it", ("F3.21", "F3.24"))
