"""All pairs: every pod, every port, and the outside world in ranges, under one profile.

Nothing is ever worked out pod by pod. Pods that no policy can tell apart are one class (`classes`),
what rules can name is numbered (`universe`), ports are cut into atoms (`portatoms`), and so a rule
is a set of ends and a mask of ports. What a set of policies lets through is worked out once, as
disjoint cells of ends (`profiles`); a connection is in a cell of its source's egress and in one of
its destination's ingress (`rows`).

A worked example: 100 replicas of `web`, 100 of `api`, and two policies. One lets web send 8080/TCP
to api, the other lets api receive 8000-8999/TCP from web. Two classes, three atoms that matter
(8000-8079, 8080, 8081-8999), one cell each: web's egress {api: 8080}, api's ingress {web: all
three}. The row of api is their intersection, {web: 8080}: one set operation for 10,000 pairs.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nsimlib.cni.profile import Profile, load_profile
from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.ends import parties
from nsimlib.evaluation.flows import Flow, Progress, flows
from nsimlib.evaluation.matrix import ELSEWHERE, Matrix, matrix
from nsimlib.evaluation.pairs import Pairs
from nsimlib.evaluation.rows import Rows
from nsimlib.evaluation.universe import Universe
from nsimlib.model.addresses import AddressRange
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import parse_end
from nsimlib.model.graph import digraph
from nsimlib.model.objects import Party, Workload
from nsimlib.model.policy import Policy
from nsimlib.model.ports import PortSet
from nsimlib.model.shown import Shown

if TYPE_CHECKING:
    import networkx

__all__ = ["Flow", "Reachability", "reachability"]


def reachability(
    cluster: Cluster, *, cni: str = "spec", progress: Progress | None = None
) -> "Reachability":
    """Return who may open what to whom, all pairs and all ports, as an object to ask.

    Parameters
    ----------
    cni
        The profile that settles open questions.
    progress
        Shows how far the work has come, as `tqdm.auto.tqdm` does; it may be interrupted.

    Examples
    --------
    >>> import nsimlib as ns
    >>> reach = reachability(ns.scenario("shop"))
    >>> reach.ports("shop/web", "shop/api").allowed
    8080/TCP
    """
    return Reachability(cluster, load_profile(cni), progress)


class Reachability(Shown):
    """Who may open what to whom in one cluster under one profile; computed as it is asked for."""

    def __init__(
        self,
        cluster: Cluster,
        profile: Profile,
        progress: Progress | None = None,
        vocabulary: tuple[Policy, ...] = (),
    ) -> None:
        self.pairs = Pairs(cluster, profile, vocabulary)
        self._progress: Progress = progress or (lambda items: items)

    @property
    def cluster(self) -> Cluster:
        """The cluster, with all pods that the profile counts."""
        return self.pairs.cluster

    @property
    def profile(self) -> Profile:
        """The profile that settles open questions."""
        return self.pairs.profile

    @property
    def universe(self) -> Universe:
        """The numbered ends of the cluster."""
        return self.pairs.universe

    @property
    def rows(self) -> Rows:
        """The compiled cluster."""
        return self.pairs.rows

    def after(self, cluster: Cluster) -> "Reachability":
        """Return the reachability of a changed cluster, worked out only where policies changed."""
        reach = Reachability(cluster, self.profile, self._progress)
        reach.pairs = self.pairs.after(cluster)
        return reach

    def ports(self, source: str, destination: str) -> Ports:
        """Return what every pod of `source` may open to every pod of `destination`.

        Ends are named as in a connection: `"shop/web"`, `"node/worker-1"`, `"203.0.113.10"`.
        """
        ours, theirs = (self._parties(end) for end in (source, destination))
        return self.pairs.group(ours, theirs)[0]

    def _parties(self, end: str) -> tuple[Party, ...]:
        return parties(self.cluster, parse_end(end))

    def between(self, source: Party, destination: Party) -> Ports:
        """Return what one party may open to another; a pod to itself included."""
        return self.pairs.between(source, destination)

    def flows(self) -> Iterator[Flow]:
        """Yield every pair of a workload and another, or a range outside, that has any port."""
        return flows(self.pairs, self._progress)

    def sources_of(self, destination: str) -> tuple[Workload, ...]:
        """Return the workloads with a pod that may open this: `"169.254.169.254:80/TCP"`.

        Open questions count: who might reach it is named.
        """
        end, _, port = destination.rpartition(":")
        theirs, wanted = self._parties(end), PortSet.of(port)
        found = (
            (workload, self.pairs.group(pods, theirs)[1])
            for workload, pods in self.cluster.workloads.items()
        )
        return tuple(w for w, some in found if (some.allowed | some.open) & wanted)

    def matrix(self, port: str | None = None) -> Matrix:
        """Return who may reach whom on one port such as `"5432/TCP"`, or on all.

        Rows and columns are the workloads, then the places of the inventory and the rest of the
        world. Without a port a cell says `allowed` only if all ports are.
        """
        return matrix(self.pairs, port, self._progress)

    def graph(self, port: str | None = None) -> "networkx.DiGraph[str]":
        """Return who may reach whom as a networkx graph; edges carry `ports` as text.

        With a port such as `"5432/TCP"` only the connections on it; open questions are left out.
        """
        flows = [flow for flow in self.flows() if flow.some.allowed]
        if port is not None:
            flows = [flow for flow in flows if flow.some.allowed & PortSet.of(port)]
        ends = {end for flow in flows for end in (flow.source, flow.destination)}
        nodes = {
            str(end): self._node(end) for end in sorted(ends | set(self.cluster.workloads), key=str)
        }
        edges = ((str(f.source), str(f.destination), {"ports": str(f.some.allowed)}) for f in flows)
        return digraph(nodes.items(), edges)

    def _node(self, end: Workload | AddressRange) -> dict[str, str]:
        if isinstance(end, AddressRange):
            places = self.cluster.external(end.start).places
            return {"kind": "outside", "place": places[0] if places else ELSEWHERE}
        return {"kind": "workload", "of": end.kind, "namespace": end.namespace}
