"""What all lives of a simulation share: a clock, policies in force, an agent on every node."""

from collections.abc import Iterable

from nsimlib.cni.profile import Profile
from nsimlib.dns.agents import Agent
from nsimlib.dns.clock import Clock
from nsimlib.dns.enforcement import Enforcer, Ruling, Watch
from nsimlib.dns.lanes import Lane, LaneKind, Recorder
from nsimlib.dns.layout import Layout
from nsimlib.dns.parameters import Parameters
from nsimlib.dns.truth import truth
from nsimlib.dns.zones import Zones
from nsimlib.errors import UnknownName
from nsimlib.evaluation.ends import parties
from nsimlib.model.addresses import Address
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import parse_end
from nsimlib.model.objects import Pod

__all__ = ["World"]


class World:
    """The state that changes while the clock runs, with the lanes it leaves behind."""

    def __init__(
        self,
        cluster: Cluster,
        profile: Profile,
        zones: Zones,
        layout: Layout,
        parameters: Parameters,
        watches: Iterable[Watch],
    ) -> None:
        self.clock, self.recorder = Clock(), Recorder()
        self.zones, self.layout, self.parameters = zones, layout, parameters
        self.watches = tuple(dict.fromkeys(watches))
        self.truths: dict[str, Lane] = {
            name: truth(zones, name) for name in dict.fromkeys(each.name for each in self.watches)
        }
        self.enforcer = Enforcer(cluster, profile, self.compare)
        self._agents: dict[str, Agent] = {}
        self._pods: dict[str, Pod] = {}
        self.compare()

    def pod(self, name: str) -> Pod:
        """Return a pod, or the first of a workload.

        Raises
        ------
        UnknownName
            If there is none of that name.
        """
        if name not in self._pods:
            found = [
                p for p in parties(self.enforcer.cluster, parse_end(name)) if isinstance(p, Pod)
            ]
            if not found:
                known = (pod.key for pod in self.enforcer.cluster.pods)
                raise UnknownName("pod or workload", name, known)
            self._pods[name] = found[0]
        return self._pods[name]

    def agent(self, pod: str) -> Agent:
        """Return the agent of a pod's node; a pod of no known node is alone on one."""
        found = self.pod(pod)
        node = found.node or found.key
        if node not in self._agents:
            self._agents[node] = Agent(self.parameters, self.clock, self.compare)
        return self._agents[node]

    def ruling(self, watch: Watch, address: Address) -> Ruling:
        """Return what policy says now."""
        return self.enforcer.ruling(watch, address, self.agent(watch.pod))

    def left(self, name: str, address: Address, now: float) -> float | None:
        """Return when a name left an address that it does not have at a time."""
        spans = self.truths[name].spans
        ends = [span.end for span in spans if address in span.addresses and span.start <= now]
        return ends[-1] if ends and ends[-1] <= now else None

    def compare(self) -> None:
        """Take down which addresses are allowed, of those that the names ever have."""
        for watch in self.watches:
            ever = {each for span in self.truths[watch.name].spans for each in span.addresses}
            allowed = [address for address in ever if self.ruling(watch, address).allowed]
            of = str(watch)
            self.recorder.note(LaneKind.ALLOWED, of, watch.name, self.clock.now, allowed)
