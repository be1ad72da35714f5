"""What an audit notebook is asked about: the reader's cluster and question, or an example."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from nsimlib.dns.recordings import read_answers
from nsimlib.dns.records import Answer
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.reachability import Reachability, reachability
from nsimlib.evaluation.verdict import Verdict
from nsimlib.lessons.positions import changes
from nsimlib.lessons.repairs import policy_for
from nsimlib.lessons.scenarios import scenario, scenario_if_named
from nsimlib.manifests import load
from nsimlib.manifests.shipped import shipped
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.objects import Pod
from nsimlib.model.tables import Table

__all__ = ["Inquiry", "inquiry", "load_answers", "load_input"]

#: the path that audit notebooks read when they are given none
DUMP = "NSIM_DUMP"
#: and the recording of DNS
ANSWERS, RECORDING = "NSIM_ANSWERS", "orders.txt"
EXAMPLE = "shop"
EXAMPLE_CONNECTION = "shop/web -> kube-system/coredns:53/UDP"
#: hands out the credentials of the node on the large clouds (F6.3)
METADATA_SERVICE = "169.254.169.254:80/TCP"
DOCUMENTATION_ADDRESS = "203.0.113.10:443/TCP"


def load_input(path: str | None = None, example: str = EXAMPLE) -> Cluster:
    """Return the cluster at a path, else at `$NSIM_DUMP`, else an example that ships.

    What the API server would refuse is left out and listed: a dump must be readable to be fixed.

    >>> len(load_input("shop").nodes)
    3
    """
    chosen = path or os.environ.get(DUMP) or example
    return scenario_if_named(chosen) or load(chosen, strict=False)


def load_answers(path: str | None = None) -> tuple[Answer, ...]:
    """Return the answers recorded at a path, else at `$NSIM_ANSWERS`, else those that ship.

    >>> load_answers()[-1].addresses[0].cidr
    '10.20.23.9/32'
    """
    return read_answers(path or os.environ.get(ANSWERS) or shipped("data", "recordings", RECORDING))


@dataclass(frozen=True)
class Inquiry:
    """One question about one cluster, and what an audit notebook derives from it."""

    cluster: Cluster
    connection: str
    place: str = METADATA_SERVICE
    candidate: str = ""

    @property
    def port(self) -> str:
        """The port that is asked for, such as `53/UDP`."""
        return str(Connection.parse(self.connection).port)

    @cached_property
    def verdict(self) -> Verdict:
        """The answer."""
        return why(self.cluster, self.connection)

    @cached_property
    def proposal(self) -> str:
        """The policies to try: the candidate, else the narrowest that open the connection."""
        return self.candidate or policy_for(self.verdict)

    @cached_property
    def after(self) -> Cluster:
        """A copy of the cluster with the proposal in it."""
        return self.cluster.with_policies(self.proposal) if self.proposal else self.cluster

    @cached_property
    def reach(self) -> Reachability:
        """Who may reach whom in the cluster as it is."""
        return reachability(self.cluster)

    @property
    def sources(self) -> Table:
        """The workloads that may open a connection to the sensitive place."""
        rows = tuple((str(w), w.kind) for w in self.reach.sources_of(self.place))
        return Table(f"Who may open a connection to {self.place}", ("workload", "kind"), rows)

    @property
    def spread(self) -> Table:
        """What could be reached hop by hop from the pod that asks; nothing if it is no pod."""
        asking = self.verdict.cases[0].path.source if self.verdict.cases else None
        if not isinstance(asking, Pod):
            return Table("No pod asks, so none could be stolen", ("hops",), ())
        return self.reach.blast_radius(asking.key).to_table()

    @property
    def changes(self) -> Table:
        """What the proposal changes on the port of the question."""
        return changes(self.reach.matrix(self.port), reachability(self.after).matrix(self.port))

    def __repr__(self) -> str:
        return f"{self.connection} ({self.verdict.outcome.value})"


def inquiry(
    dump: str | None = None,
    connection: str | None = None,
    place: str | None = None,
    candidate: str | None = None,
) -> Inquiry:
    """Return what to ask; each answer that is not given has a default.

    Parameters
    ----------
    dump
        A file or folder; else `$NSIM_DUMP`, else the shop.
    connection
        The connection in question; else one that is denied in that cluster.
    place
        A sensitive place with its port; else the metadata service of the large clouds.
    candidate
        A policy to try, as a file or text; else one made for the connection.

    Examples
    --------
    >>> inquiry("shop")
    shop/web -> kube-system/coredns:53/UDP (denied)
    """
    cluster = load_input(dump)
    is_example = cluster == scenario(EXAMPLE)
    asked = connection or (EXAMPLE_CONNECTION if is_example else _some_question(cluster))
    return Inquiry(cluster, asked, place or METADATA_SERVICE, candidate or "")


def _some_question(cluster: Cluster) -> str:
    """Return a denied connection between two workloads, else any connection."""
    first = ""
    for asked in _questions(cluster):
        first = first or asked
        if why(cluster, asked).outcome is Outcome.DENIED:
            return asked
    return first or f"{DOCUMENTATION_ADDRESS.partition(':')[0]} -> {DOCUMENTATION_ADDRESS}"


def _questions(cluster: Cluster) -> Iterator[str]:
    """Yield a connection for each pair of workloads and each port that the second declares."""
    for source in cluster.workloads:
        for destination, pods in cluster.workloads.items():
            if source == destination:
                continue
            ports = dict.fromkeys(declared.port for declared in pods[0].ports)
            yield from (f"{source} -> {destination}:{port}" for port in ports)
