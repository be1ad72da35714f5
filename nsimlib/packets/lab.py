"""The lab: a cluster as real network namespaces, its policies in the real kernel."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from errno import EOPNOTSUPP
from functools import partial

from nsimlib.cni.choosing import profile_for
from nsimlib.dns.layout import layout_of
from nsimlib.dns.parameters import CILIUM, Parameters
from nsimlib.dns.records import Answer, RecordType, Source
from nsimlib.errors import LabError, UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.ends import parties
from nsimlib.model.addresses import Family, parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection, NodeName, parse_end
from nsimlib.model.objects import External, Party
from nsimlib.model.ports import Port
from nsimlib.packets.addressing import addressed, of_one_family, outside_of
from nsimlib.packets.boundaries import boundary_addresses, boundary_ports, single_ports
from nsimlib.packets.calico import CalicoEngine
from nsimlib.packets.capturing import Capture, captured
from nsimlib.packets.engines import Engine
from nsimlib.packets.fqdn import FqdnEngine
from nsimlib.packets.helper import Helper, start
from nsimlib.packets.hosts import Host
from nsimlib.packets.nameserver import look_up
from nsimlib.packets.nftables import NftablesEngine
from nsimlib.packets.oracle import oracle_rules
from nsimlib.packets.probes import Probe, all_pairs, kernel_outcomes, probes_of
from nsimlib.packets.topology import WORLD, Topology
from nsimlib.packets.verification import Verification, compare

__all__ = ["ALL_PAIRS", "ENGINES", "Lab"]

ENGINES: Mapping[str, type[Engine]] = {
    each.name: each for each in (NftablesEngine, CalicoEngine, FqdnEngine)
}
ALL_PAIRS = "all pairs"
REMEDIES = {
    EOPNOTSUPP: "The kernel lacks a part of it; as root: modprobe veth nf_tables nf_conntrack.",
}
#: where the kernel is told to forward IPv6; some containers keep it from being written
IPV6_SETTINGS = "/proc/sys/net/ipv6"


class Lab:
    """A cluster of network namespaces, with the cluster's policies in the kernel.

    Parameters
    ----------
    cluster
        What `load` returned. Pods and nodes without an address get one, and `notes` says which.
    engine
        Who enforces: `"nftables"`, which reads NetworkPolicies as the Kubernetes text says;
        `"calico"`, with the chains and ipsets that Calico writes; `"fqdn"`, which knows rules by
        name and learns addresses in a DNS proxy, as Cilium does.
    cni
        The profile that the model is asked under when kernel and model are compared; by default the
        one that reads as the engine does.
    names, remembers
        For rules by name: who knows the names outside, by default the places of the cluster; and
        the parameters of the agents.

    Where the machine allows no IPv6, the lab does without once it is started; `notes` say so.

    Raises
    ------
    LabError
        If a policy says what the engine cannot enforce, before anything is started; on entering,
        if this machine does not allow the lab.

    Examples
    --------
    >>> import nsimlib as ns
    >>> Lab(ns.scenario("shop"))
    Lab(17 pods on 3 nodes, nftables): not running
    """

    def __init__(
        self,
        cluster: Cluster,
        engine: str = NftablesEngine.name,
        cni: str = "",
        *,
        names: Source | None = None,
        remembers: Parameters = CILIUM,
    ) -> None:
        if engine not in ENGINES:
            raise UnknownName("engine", engine, ENGINES)
        self._making: Callable[[Cluster, Topology], Engine] = ENGINES[engine]
        if engine == FqdnEngine.name:
            self._making = partial(FqdnEngine, names=names, remembers=remembers)
        self._prepare(cluster)
        self.profile = profile_for(cluster, cni or self.engine.cni)
        self._helper: Helper | None = None

    def _prepare(self, cluster: Cluster, *notes: str) -> None:
        """Settle what is to be built."""
        self.cluster, given = addressed(cluster)
        self.topology = Topology(self.cluster)
        self.engine = self._making(self.cluster, self.topology)
        self.notes = (*notes, *given, *self.engine.notes)

    def __enter__(self) -> "Lab":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        pods = sum(map(len, self.topology.pods.values()))
        nodes = len(self.topology.hosts)
        size = f"{pods} pods on {nodes} node{'s' if nodes != 1 else ''}"
        state = "running" if self._helper else "not running"
        return f"Lab({size}, {self.engine.name}): {state}"

    def start(self) -> None:
        """Build the network, prove that it carries packets, and put the policies into the kernel.

        Raises
        ------
        LabError
            If any of that fails; nothing is left of it.
        """
        if self._helper:
            return
        try:
            self._started()
        except OSError as error:
            if not str(error.filename).startswith(IPV6_SETTINGS):
                remedy = REMEDIES.get(error.errno or 0, "")
                raise LabError("network", str(error), remedy) from error
            self._prepare(
                of_one_family(self.cluster, Family.IPV4), f"without IPv6: {error.strerror}"
            )
            self.start()

    def _started(self) -> None:
        self._helper = start()
        with ExitStack() as undo:
            undo.callback(self.stop)
            self._build()
            undo.pop_all()

    def stop(self) -> None:
        """End the lab; nothing is left of it. One that does not run may be ended, too."""
        helper, self._helper = self._helper, None
        if helper:
            with closing(helper):
                self.engine.stop()

    @property
    def helper(self) -> Helper:
        """The helper process; `LabError` if the lab does not run."""
        if self._helper is None:
            raise LabError("lab", "does not run", "Use it in a `with` block, or call start().")
        return self._helper

    def _build(self) -> None:
        plan = self.topology.plan(self.engine.own_addresses)
        self.helper.ask("build", plan=plan)
        for netns in self.topology.watched:
            self.load(netns, [oracle_rules(netns)])
        self._prove_links()
        self.engine.enforce(self.helper)

    def load(self, netns: str, rules: Iterable[str]) -> None:
        """Put rules into a namespace of the lab: texts for `nft -f`, a transaction each.

        Raises
        ------
        LabError
            With what nft says.
        """
        self.helper.load(netns, rules)

    def _prove_links(self) -> None:
        """Without any policy, a packet gets from every pod to the world and back."""
        probes = list(self._link_probes())
        for probe, outcome in kernel_outcomes(self.helper, self.topology, probes).items():
            if outcome is not Outcome.ALLOWED:
                raise LabError("links", f"nothing gets through before there is a policy: {probe}")

    def _link_probes(self) -> Iterator[Probe]:
        outside = outside_of(self.cluster)
        for pods in self.topology.pods.values():
            for pod in pods:
                for address in pod.addresses:
                    there = outside[address.family]
                    ends = (pod, External(there)), (address, there)
                    yield Probe(*ends[0], *ends[1], Port(9))
                    yield Probe(*ends[0][::-1], *ends[1][::-1], Port(9))

    def pod(self, name: str) -> Host:
        """Return a pod by `namespace/name`; of a workload, its first pod."""
        return self._host(parties(self.cluster, parse_end(name))[0])

    def node(self, name: str) -> Host:
        """Return a node by name."""
        return self._host(parties(self.cluster, NodeName(name))[0])

    @property
    def world(self) -> Host:
        """The world outside: it has every address that nobody in the cluster has."""
        return Host(WORLD, WORLD, (), self.helper)

    def look_up(
        self, pod: str, name: str, type: str = "A", *, over_tcp: bool = False, seconds: float = 5
    ) -> Answer:
        """Return what a pod hears that asks kube-dns for a name, in real packets.

        The FQDN engine has nameservers; with others, somebody has to be started who answers.

        Raises
        ------
        TimeoutError
            If nothing comes back in so many seconds: the question, or its answer, was dropped.
        UnknownName
            If the cluster has no kube-dns, or no such pod.
        """
        nameserver = layout_of(self.cluster).nameserver
        asking = self.pod(pod)
        return look_up(
            asking.socket, nameserver, name, RecordType(type), seconds=seconds, over_tcp=over_tcp
        )

    def capture(
        self, connection: str | Connection, question: bytes = b"", answer: bytes = b""
    ) -> Capture:
        """Open a connection to a server that answers, and return every frame that the pod saw.

        Raises
        ------
        LabError
            If it is neither TCP nor UDP, or no pod opens it.
        """
        parsed = Connection.parse(connection) if isinstance(connection, str) else connection
        asked = next(iter(self.engine.resolved(parsed)))
        said = question or b"What is the answer?", answer or b"42"
        return captured(self.helper, self.topology, asked, *said)

    def _host(self, party: Party) -> Host:
        return Host(str(party), self.topology.netns(party), party.addresses, self.helper)

    def verify(
        self,
        connections: str | Iterable[str | Connection] = ALL_PAIRS,
        *,
        ports: Sequence[str] | None = None,
        outside: Iterable[str] | None = None,
    ) -> Verification:
        """Send packets, and return what the kernel did with each beside what the model says.

        Parameters
        ----------
        connections
            Connections, in their notation or as objects; of a workload every pod is asked. Or
            `"all pairs"`: every two ends of which one is a pod.
        ports
            For all pairs: ports such as `"5432/TCP"`, or types of ICMP such as `"8/ICMP"`; by
            default those where rules begin and end, and their neighbours.
        outside
            For all pairs: addresses that are in no cluster; by default the edges of all blocks.

        Raises
        ------
        LabError
            If a packet was never sent: that is no verdict.
        """
        if connections == ALL_PAIRS:
            found = list(self._all_pairs(ports, outside))
        else:
            asked = [connections] if isinstance(connections, str) else connections
            parsed = (Connection.parse(c) if isinstance(c, str) else c for c in asked)
            to = (each for one in parsed for each in self.engine.resolved(one))
            found = [probe for each in to for probe in probes_of(self.topology, each)]
        kernel = kernel_outcomes(self.helper, self.topology, list(dict.fromkeys(found)))
        return compare(self.engine, self.profile, kernel)

    def _all_pairs(
        self, ports: Sequence[str] | None, outside: Iterable[str] | None
    ) -> Iterator[Probe]:
        cluster = self.cluster
        some = boundary_ports(cluster) if ports is None else single_ports(ports)
        edges = (*boundary_addresses(cluster), *self.engine.met)
        beyond = dict.fromkeys(edges) if outside is None else map(parse_address, outside)
        return all_pairs(self.topology, some, beyond)
