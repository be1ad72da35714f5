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

from nsimlib.cni.choosing import profile_for
from nsimlib.cni.profile import Profile
from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.ends import parties
from nsimlib.evaluation.exposure import destinations_of, exposure
from nsimlib.evaluation.flows import Flow, Progress, flows
from nsimlib.evaluation.graphs import class_graph, pod_graph
from nsimlib.evaluation.hops import Hops
from nsimlib.evaluation.matrix import ELSEWHERE, Matrix, matrix
from nsimlib.evaluation.pairs import Pairs
from nsimlib.evaluation.routes import Hop, choke_points, path
from nsimlib.evaluation.rows import Rows
from nsimlib.evaluation.spread import BlastRadius, blast_radii, blast_radius
from nsimlib.evaluation.traffic import mutual_namespaces
from nsimlib.evaluation.universe import Universe
from nsimlib.model.addresses import AddressRange
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import parse_end
from nsimlib.model.graph import digraph
from nsimlib.model.objects import Party, Workload
from nsimlib.model.policy import Policy
from nsimlib.model.ports import PortSet
from nsimlib.model.shown import Shown
from nsimlib.model.tables import Table

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
        The profile that settles open questions; `"auto"` takes the one that the cluster suggests.
    progress
        Shows how far the work has come, as `tqdm.auto.tqdm` does; it may be interrupted.

    Examples
    --------
    >>> import nsimlib as ns
    >>> reach = reachability(ns.scenario("shop"))
    >>> reach.ports("shop/web", "shop/api").allowed
    8080/TCP
    """
    return Reachability(cluster, profile_for(cluster, cni), progress)


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
        self._hops: dict[str | None, Hops] = {}
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

        Open questions count: who might reach it is named. That a pod reaches itself goes unsaid.
        """
        end, _, port = destination.rpartition(":")
        theirs, wanted = self._parties(end), PortSet.of(port)
        found = (
            (workload, self.pairs.group(pods, theirs)[1])
            for workload, pods in self.cluster.workloads.items()
            if len(pods) > 1 or pods != theirs
        )
        return tuple(w for w, some in found if (some.allowed | some.open) & wanted)

    def destinations_of(
        self, source: str, port: str | None = None
    ) -> tuple[Workload | AddressRange, ...]:
        """Return the workloads and ranges outside that a source may open, on a port or on any.

        Of a workload some pod will do, and open questions count: what might be reached is named.

        >>> import nsimlib as ns
        >>> reach = reachability(ns.scenario("shop"))
        >>> [str(end) for end in reach.destinations_of("shop/web", "443/TCP")]
        ['kube-system/kube-proxy', '203.0.113.0-203.0.113.255']
        """
        return destinations_of(self.pairs, self._parties(source), port)

    def exposed_to(self, whom: str) -> Table:
        """Return what policies permit to ends that are not in the cluster.

        Parameters
        ----------
        whom
            `"internet"`: public addresses in no place of the inventory. `"new namespace"`: a pod
            without labels in a namespace that has its name alone, and pods that rules ask for and
            of which there is none yet.
        """
        return exposure(self.pairs, whom)

    def matrix(self, port: str | None = None, by: str = "workload") -> Matrix:
        """Return who may reach whom on one port such as `"5432/TCP"`, or on all.

        Rows and columns are the pods, then the places of the inventory and the rest of the world.
        Without a port a cell says `allowed` only if all ports are.

        Parameters
        ----------
        by
            How pods are grouped: `"workload"`, `"namespace"`, `"pod"` or `"label:app"`.
        """
        return matrix(self.pairs, port, self._progress, by)

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

    def pod_graph(self, port: str | None = None) -> "networkx.DiGraph[str]":
        """Return who may reach whom pod by pod, for any size: no edge is stored.

        networkx runs on it unmodified, and is answered by the backend of this package where that
        has something faster. An open question is no edge.

        Examples
        --------
        >>> import networkx, nsimlib as ns
        >>> graph = ns.reachability(ns.scenario("shop")).pod_graph()
        >>> [name for name in graph.predecessors("data/db-0") if "batch" in name]
        ['data/batch-58c6d9f7b4-n4s8g', 'data/batch-58c6d9f7b4-x5dwv']
        >>> len([name for name in networkx.ancestors(graph, "data/db-0") if "/" in name])
        19
        """
        return pod_graph(self.hops(port))

    def class_graph(self, port: str | None = None) -> "networkx.DiGraph[str]":
        """Return the same graph with pods that policy treats alike as one node."""
        return class_graph(self.hops(port))

    def hops(self, port: str | None = None) -> Hops:
        """Return the single hops on a port, or on any: what questions about paths go through."""
        if port not in self._hops:
            self._hops[port] = Hops(self.pairs, port)
        return self._hops[port]

    def blast_radius(self, pod: str, port: str | None = None) -> BlastRadius:
        """Return what could be reached from a pod, hop by hop; see `spread`."""
        return blast_radius(self.hops(port), pod)

    def blast_radii(self, port: str | None = None) -> dict[str, int]:
        """Return for every pod how many others could be reached from it."""
        return blast_radii(self.hops(port))

    def path(self, source: str, destination: str, port: str | None = None) -> tuple[Hop, ...]:
        """Return the connections of a shortest path between two ends; none if there is no path."""
        return path(self.hops(port), source, destination)

    def choke_points(
        self, source: str, destination: str, port: str | None = None
    ) -> tuple[tuple[str, ...], ...]:
        """Return what every path passes, in order: groups of pods, of which a path passes one."""
        return choke_points(self.hops(port), source, destination)

    def mutual_namespaces(self, port: str | None = None) -> tuple[tuple[str, ...], ...]:
        """Return the namespaces that reach one another, directly or through others, in groups."""
        return mutual_namespaces(self.hops(port))

    def _node(self, end: Workload | AddressRange) -> dict[str, str]:
        if isinstance(end, AddressRange):
            places = self.cluster.external(end.start).places
            return {"kind": "outside", "place": places[0] if places else ELSEWHERE}
        return {"kind": "workload", "of": end.kind, "namespace": end.namespace}
