"""The way of a question from a pod to whoever knows, leg by leg under policy.

::

    pod -> Service kube-dns -> CoreDNS -> resolver outside          as Kubernetes comes
    pod -> node-cache on its own node -> resolver outside           with NodeLocal DNSCache
                                      -> CoreDNS, over TCP          about the cluster's own names
    pod -> the nameserver of its own dnsConfig                      with the DNS policy None

A rule that lets pods reach the pods of kube-dns fits the first and misses the others (F5.5).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from nsimlib.dns.exchanges import Fate, Nameserver
from nsimlib.dns.layout import Layout, bound, layout_of, placed
from nsimlib.dns.lookups import Lookup
from nsimlib.dns.records import Source
from nsimlib.dns.resolvconf import CLUSTER_DOMAIN, Libc, ResolvConf
from nsimlib.dns.resolver import look_up
from nsimlib.dns.upstream import core_dns, inventory_zone, node_cache
from nsimlib.dns.zones import Zones
from nsimlib.errors import UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.ends import backends, parties
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.evidence import place_of
from nsimlib.evaluation.verdict import Verdict
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection, End, NodeName, ObjectName, parse_end
from nsimlib.model.objects import Pod
from nsimlib.model.ports import Port, Protocol
from nsimlib.model.shown import Shown

__all__ = ["DnsPath", "Leg", "Role", "dns_path"]

UDP, TCP = Port(53, Protocol.UDP), Port(53, Protocol.TCP)
#: the pod's own questions over UDP and over TCP are the first two legs
OVER_UDP, OVER_TCP = 0, 1


class Role(Enum):
    """Whom a leg leads to."""

    KUBE_DNS = "kube-dns"
    NODE_CACHE = "node-cache"
    CORE_DNS = "CoreDNS"
    RESOLVER = "resolver"
    OWN = "own server"

    @property
    def fact(self) -> str:
        """The fact that the way goes there."""
        return FACTS[self]


FACTS = {
    Role.KUBE_DNS: "F5.1",
    Role.NODE_CACHE: "F5.5",
    Role.CORE_DNS: "F5.6",
    Role.RESOLVER: "F5.17",
    Role.OWN: "F5.1",
}


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of the way, with its verdict."""

    role: Role
    connection: Connection
    verdict: Verdict

    @property
    def outcome(self) -> Outcome:
        """Allowed, denied, or undetermined."""
        return self.verdict.outcome

    @property
    def places(self) -> tuple[str, ...]:
        """The rules or policies that settle it; empty where no policy has a say."""
        return tuple(map(place_of, self.verdict.determining))

    def __str__(self) -> str:
        because = ", ".join(self.places) or "no policy has a say"
        way = f"{self.outcome.value:12} to {self.role.value:10}  {self.connection}"
        return f"{way}: {because} ({self.role.fact})"


@dataclass(frozen=True, repr=False)
class DnsPath(Shown):
    """The legs of a question's way, and the look-up that goes that way."""

    pod: str
    layout: Layout
    legs: tuple[Leg, ...]
    lookup: Lookup

    @property
    def cut(self) -> Leg | None:
        """The first leg that is not allowed: where the way ends. The pod may do without TCP."""
        needed = (leg for number, leg in enumerate(self.legs) if number != OVER_TCP)
        return next((leg for leg in needed if leg.outcome is not Outcome.ALLOWED), None)

    def __repr__(self) -> str:
        taken = ", what is undetermined taken for denied" if self._is_open else ""
        return "\n".join((f"{self.pod} looks up{taken}", *map(str, self.legs), repr(self.lookup)))

    @property
    def _is_open(self) -> bool:
        return any(leg.outcome is Outcome.UNDETERMINED for leg in self.legs)


def dns_path(
    cluster: Cluster,
    pod: str,
    name: str,
    *,
    cni: str = "spec",
    layout: Layout | None = None,
    upstream: Source | None = None,
    conf: ResolvConf | None = None,
    libc: str = Libc.GLIBC,
    denied: Fate = Fate.DROPPED,
    now: float = 0,
) -> DnsPath:
    """Return the way of a pod's question under policy, and how long the application waits.

    Parameters
    ----------
    cluster, pod, name
        Who asks for what; of a workload, its first pod.
    cni
        The profile that policies are judged by.
    layout
        Who answers; by default what `layout_of` finds. A pod with the DNS policy None asks its own.
    upstream
        What there is outside; by default the names of the cluster's places.
    conf
        The pod's resolv.conf, of which the nameserver is the layout's; by default what it is given.
    libc
        The C library of the pod's image.
    denied
        What becomes of a denied packet, and of one whose verdict is undetermined.
    now
        When it begins, in seconds.

    Raises
    ------
    UnknownName
        If there is no such pod, or nothing that answers.

    Examples
    --------
    The DNS rule of `web` looks for kube-dns in the wrong namespace, and nobody tells the
    application so:

    >>> import nsimlib as ns
    >>> name = "orders.abc123def456.us-east-1.rds.amazonaws.com"
    >>> path = dns_path(ns.scenario("shop"), "shop/web", name)
    >>> path.cut.outcome, path.cut.places
    (denied, ('shop/web-egress',))
    >>> path.lookup.seconds, path.lookup.error
    (20.0, 'EAI_AGAIN: Temporary failure in name resolution')
    """
    asking = _pod(cluster, pod)
    layout = _asked(layout or layout_of(cluster), asking)
    legs = tuple(_legs(cluster, asking, layout, cni))
    outside = upstream or Zones((inventory_zone(cluster),))
    conf = replace(conf or _given(asking, layout), nameservers=(layout.nameserver,))
    source = _source(cluster, outside, legs[OVER_UDP].role)
    servers = {layout.nameserver: _nameserver(source, legs, denied)}
    return DnsPath(pod, layout, legs, look_up(name, conf, servers, libc=libc, now=now))


def _asked(layout: Layout, asking: Pod) -> Layout:
    """Whom the pod asks: its own nameserver, unless that is the cluster's after all."""
    own = asking.dns.nameservers[0] if asking.dns else layout.nameserver
    return replace(layout, nameserver=own)


def _given(asking: Pod, layout: Layout) -> ResolvConf:
    """The resolv.conf that kubelet writes for the pod (F5.1)."""
    if asking.dns:
        return ResolvConf(asking.dns.nameservers, asking.dns.searches)
    return ResolvConf.cluster_first(asking.namespace.name, layout.nameserver)


def _source(cluster: Cluster, outside: Source, role: Role) -> Source:
    """What the nameserver knows: one that is not the cluster's knows nothing of it."""
    match role:
        case Role.OWN:
            return outside
        case Role.NODE_CACHE:
            return node_cache(core_dns(cluster, outside), outside)
        case _:
            return core_dns(cluster, outside)


def _pod(cluster: Cluster, name: str) -> Pod:
    for party in parties(cluster, parse_end(name)):
        if isinstance(party, Pod):
            return party
    raise UnknownName("pod or workload", name, (pod.key for pod in cluster.pods))


def _legs(cluster: Cluster, asking: Pod, layout: Layout, cni: str) -> Iterator[Leg]:
    senders: list[End]
    if not layout.is_of_the_cluster:
        yield from _to_nameserver(cluster, asking, layout, Role.OWN, cni)
        return
    if layout.node_local:
        cluster, asking, node = placed(cluster, asking)
        senders = [NodeName(node.name)]
        local = bound(cluster, node, layout)
        yield from _to_nameserver(local, asking, layout, Role.NODE_CACHE, cni)
        to_core = Connection(senders[0], layout.service.cluster_ips[0], TCP)
        yield Leg(Role.CORE_DNS, to_core, why(cluster, to_core, cni=cni))
    else:
        yield from _to_nameserver(cluster, asking, layout, Role.KUBE_DNS, cni)
        behind = (party for party, _ in backends(cluster, layout.service, UDP))
        senders = [_end(each) for each in behind if isinstance(each, Pod)]
    for sender in senders:
        if layout.resolver is None:
            return
        to_resolver = Connection(sender, layout.resolver, UDP)
        yield Leg(Role.RESOLVER, to_resolver, why(cluster, to_resolver, cni=cni))


def _to_nameserver(
    cluster: Cluster, asking: Pod, layout: Layout, role: Role, cni: str
) -> Iterator[Leg]:
    for port in (UDP, TCP):
        connection = Connection(_end(asking), layout.nameserver, port)
        yield Leg(role, connection, why(cluster, connection, cni=cni))


def _end(pod: Pod) -> ObjectName:
    if pod.from_template:
        return ObjectName(pod.owner.namespace, pod.owner.name, pod.owner.kind.lower())
    return ObjectName(pod.namespace.name, pod.name, "pod")


def _nameserver(source: Source, legs: tuple[Leg, ...], denied: Fate) -> Nameserver:
    """The nameserver as the pod meets it; what is denied behind it comes to nothing."""
    udp, tcp = legs[OVER_UDP], legs[OVER_TCP]
    stopped = {leg.role for leg in legs if leg.outcome is not Outcome.ALLOWED}
    return Nameserver(
        source,
        Fate.ANSWERED if udp.outcome is Outcome.ALLOWED else denied,
        Fate.ANSWERED if tcp.outcome is Outcome.ALLOWED else denied,
        reaches={"": Role.RESOLVER not in stopped, CLUSTER_DOMAIN: Role.CORE_DNS not in stopped},
    )
