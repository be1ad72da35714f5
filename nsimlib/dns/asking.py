"""Whom the pods of a running cluster ask: the caches they share, and the way there under policy.

::

    zones -> the resolver of the VPC -> CoreDNS, or node-cache on each node -> DNS proxy -> pod
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from nsimlib.dns.agents import DnsProxy
from nsimlib.dns.caches import ResolverCache
from nsimlib.dns.exchanges import Fate, Heard, Nameserver
from nsimlib.dns.lanes import LaneKind
from nsimlib.dns.lookups import Lookup
from nsimlib.dns.path import DnsPath, Leg, Role, dns_path
from nsimlib.dns.records import Answer, RecordType, Source
from nsimlib.dns.resolvconf import CLUSTER_DOMAIN, ResolvConf
from nsimlib.dns.resolver import look_up
from nsimlib.dns.upstream import core_dns, node_cache
from nsimlib.dns.world import World
from nsimlib.dns.zones import Zones
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.evidence import RuleResult
from nsimlib.model.peers import DomainPeer
from nsimlib.model.ports import Protocol

__all__ = ["Asking", "Failure"]


class Failure(NamedTuple):
    """Why a look-up gave no address; empty where it gave one."""

    because: str
    facts: tuple[str, ...] = ()


class _Watched(Source):
    """A nameserver whose answers are taken down for as long as they are believed."""

    def __init__(self, source: Source, world: World) -> None:
        self.source, self.world = source, world

    def answer(self, name: str, type: RecordType = RecordType.A, now: float = 0) -> Answer:
        answer = self.source.answer(name, type, now)
        if answer.name in self.world.truths and answer.addresses:
            of = answer.by if type is RecordType.A else f"{answer.by}, {type}"
            found, until = answer.addresses, now + answer.ttl
            self.world.recorder.note(LaneKind.CACHED, of, answer.name, now, found, until)
        return answer


@dataclass(frozen=True)
class _Way:
    """How a pod asks under the policies in force."""

    path: DnsPath
    conf: ResolvConf
    server: Nameserver


class Asking:
    """The look-ups of the pods of a world; denied packets come to the same fate everywhere."""

    def __init__(self, world: World, denied: Fate) -> None:
        self.world, self.denied = world, denied
        self._outside = ResolverCache(world.zones)
        self.source: Source = _Watched(core_dns(world.enforcer.cluster, self._outside), world)
        self._node_caches: dict[str, Source] = {}
        self._ways: dict[object, _Way] = {}

    def look_up(self, pod: str, name: str, libc: str) -> Lookup:
        """Return how a pod looks a name up now."""
        way = self._way(pod)
        servers = {way.conf.nameservers[0]: way.server}
        return look_up(name, way.conf, servers, libc=libc, now=self.world.clock.now)

    def failure(self, pod: str, lookup: Lookup) -> Failure:
        """Return why a look-up failed: where the way is cut, or what was heard."""
        if lookup.error is None:
            return Failure("")
        path, last = self._way(pod).path, lookup.steps[-1]
        leg = next(self._stopping(path, last.transport), None)
        if leg is None or last.heard not in (Heard.NOTHING, Heard.REJECTED):
            facts = ("F3.36",) if last.heard is Heard.REFUSED else last.facts
            return Failure(f"{lookup.error}, {last.heard.value}", facts)
        places = ", ".join(leg.places)
        over = f"{leg.connection.port} to {leg.role.value}"
        heard = (fact for step in lookup.steps for fact in step.facts)
        facts = tuple(dict.fromkeys((*heard, leg.role.fact)))
        return Failure(f"{lookup.error}, {over} is {leg.outcome.value} by {places}", facts)

    def _stopping(self, path: DnsPath, transport: Protocol) -> Iterator[Leg]:
        for leg in path.legs:
            is_own = leg.role in (Role.KUBE_DNS, Role.NODE_CACHE)
            if leg.outcome is not Outcome.ALLOWED and (
                not is_own or leg.connection.port.protocol is transport
            ):
                yield leg

    def _way(self, pod: str) -> _Way:
        enforcer, layout = self.world.enforcer, self.world.layout
        # Layouts of one cluster differ in nothing else, and are long to compare.
        key = pod, enforcer.version, layout.node_local
        if key not in self._ways:
            asking = self.world.pod(pod)
            conf = ResolvConf.cluster_first(asking.namespace.name, layout.nameserver)
            path = dns_path(
                enforcer.cluster,
                asking.key,
                CLUSTER_DOMAIN,
                cni=enforcer.profile.name,
                layout=layout,
                upstream=Zones(()),
                conf=conf,
            )
            self._ways[key] = _Way(path, conf, self._nameserver(pod, path))
        return self._ways[key]

    def _nameserver(self, pod: str, path: DnsPath) -> Nameserver:
        agent, profile = self.world.agent(pod), self.world.enforcer.profile
        source = self._cached(pod) if path.layout.node_local else self.source
        patterns = _proxied(path) if profile["learns_names_from_dns"].value else self._listening()
        seconds = 0.0
        if patterns is not None:
            source = DnsProxy(source, agent, patterns)
            seconds = min(agent.memory.parameters.update_seconds, agent.memory.parameters.max_delay)
        stopped = {leg.role for leg in path.legs if leg.outcome is not Outcome.ALLOWED}
        udp, tcp = (self._fate(leg) for leg in path.legs[:2])
        reaches = {"": Role.RESOLVER not in stopped, CLUSTER_DOMAIN: Role.CORE_DNS not in stopped}
        return Nameserver(source, udp, tcp, seconds, reaches)

    def _listening(self) -> tuple[DomainPeer, ...] | None:
        """An enforcer without a proxy hears all answers, if it has rules by name at all."""
        rules = (rule for policy in self.world.enforcer.cluster.policies for rule in policy.rules)
        by_name = any(isinstance(peer, DomainPeer) for rule in rules for peer in rule.all_peers)
        return () if by_name else None

    def _fate(self, leg: Leg) -> Fate:
        return Fate.ANSWERED if leg.outcome is Outcome.ALLOWED else self.denied

    def _cached(self, pod: str) -> Source:
        node = self.world.pod(pod).node or pod
        if node not in self._node_caches:
            cache = node_cache(self.source, self._outside)
            self._node_caches[node] = _Watched(cache, self.world)
        return self._node_caches[node]


def _proxied(path: DnsPath) -> tuple[DomainPeer, ...] | None:
    """The names that a DNS proxy lets through on the way, empty for all; None without a proxy.

    A rule that allows the same without a word about names lifts what the others say (F3.13).
    """
    rules = [each.rule for each in path.legs[0].verdict.determining if isinstance(each, RuleResult)]
    names = [rule.layer7.dns for rule in rules if rule.layer7 and rule.layer7.dns]
    if not names:
        return None
    return tuple(name for some in names for name in some) if len(names) == len(rules) else ()
