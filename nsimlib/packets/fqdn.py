"""The FQDN engine: rules by name, as an enforcer with a DNS proxy has them (F3.21).

::

    pod --- question ---> node: dnat to the proxy --- the proxy asks, learns, fills the sets,
    pod <---- answer ---------------------------- and only then hands the answer on
    pod --- packet -----> forward: ip daddr @names_0_4 tcp dport { 5432 } return

The proxy refuses what no DNS rule lets a pod ask for. What it learns, keeps and forgets is what
`dns.learning` says, with the same parameters: the simulation's agent runs here on real time. An
address whose time the TTL alone decides carries it as a timeout in the kernel's set. Whoever is
connected stays connected, for answers and what follows are established (ct state).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property

from nsimlib.datapath.calico_names import interface_of
from nsimlib.dns.agents import DnsProxy
from nsimlib.dns.caches import Routed
from nsimlib.dns.layout import Layout, layout_of
from nsimlib.dns.parameters import CILIUM, Parameters
from nsimlib.dns.records import Answer, RecordType, Source
from nsimlib.dns.resolvconf import CLUSTER_DOMAIN
from nsimlib.dns.upstream import cluster_zone, inventory_zone
from nsimlib.dns.zones import Zones
from nsimlib.errors import UnknownName
from nsimlib.evaluation.ends import backends
from nsimlib.model.addresses import Address
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection, DomainName
from nsimlib.model.objects import Place, Pod
from nsimlib.model.peers import DomainPeer
from nsimlib.model.policy import Direction
from nsimlib.model.ports import Port, Protocol
from nsimlib.packets.addressing import PROXIES
from nsimlib.packets.engines import Engine
from nsimlib.packets.grants import Dialect, Rights, refuse_what_is_not_understood, rights
from nsimlib.packets.helper import Helper
from nsimlib.packets.learner import Learner
from nsimlib.packets.name_rules import local_statements, name_statements
from nsimlib.packets.nameserver import PORT, Answering, NameServer
from nsimlib.packets.nftables import parted, policy_statements
from nsimlib.packets.real_time import RealTime
from nsimlib.packets.topology import Topology, node_netns

__all__ = ["FqdnEngine"]

DIALECT = Dialect(
    "fqdn",
    ("NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"),
    names=True,
    blocks_mean_everyone=False,
)


class FqdnEngine(Engine):
    """Policies with domain names, an agent with a DNS proxy on every node, and kube-dns.

    `names` is who knows the names outside, and may be replaced while the lab runs; the time that it
    is asked about are the seconds since the start. Questions that no proxy takes are answered by
    the pods behind kube-dns.
    """

    name, cni = "fqdn", "cilium"

    def __init__(
        self,
        cluster: Cluster,
        topology: Topology,
        names: Source | None = None,
        remembers: Parameters = CILIUM,
    ) -> None:
        super().__init__(cluster, topology)
        self._read = cluster.resolved
        refuse_what_is_not_understood(self._read.policies, DIALECT)
        self.names = names or Zones((inventory_zone(cluster),))
        self.parameters = remembers
        self._own = Zones((cluster_zone(cluster),))
        self._time: RealTime | None = None
        self._learners: dict[str, Learner] = {}
        self._servers: list[NameServer] = []

    @cached_property
    def layout(self) -> Layout | None:
        """Who answers the pods of the cluster, None where nobody does."""
        with suppress(UnknownName):
            return layout_of(self.cluster)
        return None

    @property
    def now(self) -> float:
        """Seconds since the policies were put into the kernel; 0 before."""
        return self._time.now if self._time else 0.0

    def known(self, node: str) -> Mapping[Address, frozenset[str]]:
        """Return the addresses that are known on a node now, with their names."""
        return self._learners[node].memory.names if node in self._learners else {}

    @property
    def own_addresses(self) -> tuple[Address, ...]:
        """Where the proxy of every node listens."""
        return tuple(PROXIES[family] for family in self.topology.families)

    def enforce(self, helper: Helper) -> None:
        """Put the policies into the nodes, have a proxy on each, and kube-dns answer."""
        self._time = RealTime()
        # An agent holds an answer back while its addresses become allowed, but not for ever.
        held_back = min(self.parameters.update_seconds, self.parameters.max_delay)
        for node, pods in self.topology.pods.items():
            netns = node_netns(node)
            policies = policy_statements(self._read, pods, DIALECT, self._numbers)
            helper.load(netns, parted((*policies, *local_statements())))
            asking = {pod: self._asking[pod] for pod in pods if pod in self._asking}
            of = {interface_of(pod.namespace.name, pod.name): asking[pod] for pod in asking}
            helper.load(netns, parted(name_statements(of, self._kube_dns)))
            if asking:
                self._time.run(self._learn(helper, node))
                self._listen(helper, netns, self.own_addresses, self._proxied(node), held_back)
        for pod in self._answering:
            self._listen(helper, self.topology.netns(pod), pod.addresses, self._said)

    async def _learn(self, helper: Helper, node: str) -> None:
        assert self._time is not None
        made = Learner(helper, node_netns(node), self.parameters, self._time, self._numbers)
        self._learners[node] = made

    def _listen(
        self,
        helper: Helper,
        netns: str,
        addresses: Iterable[Address],
        answering: Answering,
        held_back: float = 0,
    ) -> None:
        assert self._time is not None
        server = NameServer(answering, held_back)
        self._servers.append(server)
        for address in addresses:
            if address.family in self.topology.families:
                server.listen(self._time, helper, netns, address)

    def stop(self) -> None:
        """End the proxies and the nameservers; what was learned is forgotten."""
        if self._time is not None:
            self._time.run(self._end())
            self._time.stop()
        self._time = None

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        for learner in self._learners.values():
            learner.close()
        self._servers.clear()
        self._learners.clear()

    # Who answers what

    def _said(self, _: Address, name: str, type: RecordType) -> Answer:
        known = Routed({CLUSTER_DOMAIN: self._own, "": self.names})
        return known.answer(name, type, self.now)

    def _proxied(self, node: str) -> Answering:
        names = {
            each: found.for_names for pod, found in self._asking.items() for each in pod.addresses
        }

        def answer(client: Address, name: str, type: RecordType) -> Answer:
            if client not in names:
                return Answer(name, type, self.parameters.reject)
            known = Routed({CLUSTER_DOMAIN: self._own, "": self.names})
            return DnsProxy(known, self._learners[node], names[client]).answer(name, type, self.now)

        return answer

    @cached_property
    def _asking(self) -> Mapping[Pod, Rights]:
        """The pods whose questions meet a proxy."""
        pods = (pod for those in self.topology.pods.values() for pod in those)
        found = ((pod, rights(self._read, pod, Direction.EGRESS, DIALECT)) for pod in pods)
        return {pod: each for pod, each in found if each is not None and each.asked}

    @cached_property
    def _numbers(self) -> Mapping[DomainPeer, int]:
        """The number of each name in policies; the same name twice has one."""
        rules = (rule for policy in self._read.policies for rule in policy.rules)
        peers = [p for rule in rules for p in rule.all_peers if isinstance(p, DomainPeer)]
        distinct = list(dict.fromkeys((peer.pattern, peer.dialect) for peer in peers))
        return {peer: distinct.index((peer.pattern, peer.dialect)) for peer in peers}

    @cached_property
    def _answering(self) -> tuple[Pod, ...]:
        """The pods behind kube-dns that have a network of their own."""
        if self.layout is None:
            return ()
        asked = Port(PORT, Protocol.UDP)
        behind = (party for party, _ in backends(self.cluster, self.layout.service, asked))
        return tuple(each for each in behind if isinstance(each, Pod) and not each.host_network)

    @cached_property
    def _kube_dns(self) -> Mapping[Address, tuple[Address, ...]]:
        if self.layout is None:
            return {}
        behind = tuple(address for pod in self._answering for address in pod.addresses)
        return dict.fromkeys(self.layout.service.cluster_ips, behind)

    # What the model has to know

    def seen_on(self, node: str) -> Cluster:
        """Return the cluster with the names that are known on a node, and no others."""
        by_name: dict[str, list[Address]] = {}
        for address, names in sorted(self.known(node).items()):
            for name in sorted(names):
                by_name.setdefault(name, []).append(address)
        places = (replace(place, names={}) for place in self.cluster.places)
        known = Place("known", names={name: tuple(found) for name, found in by_name.items()})
        return replace(self.cluster, places=(*places, known))

    @property
    def met(self) -> tuple[Address, ...]:
        """The addresses that are known on some node."""
        return tuple(dict.fromkeys(each for node in self._learners for each in self.known(node)))

    def resolved(self, connection: Connection) -> Iterator[Connection]:
        """Yield a connection to each address that a name has now."""
        if not isinstance(connection.destination, DomainName):
            yield connection
            return
        name = connection.destination.name
        found = self.names.lookup(name, self.now)
        if not found:
            raise UnknownName("address for the domain name", name, ())
        yield from (replace(connection, destination=address) for address in found)
