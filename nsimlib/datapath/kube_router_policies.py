"""The chain of a policy under kube-router, and the sets that it names (F4.11, F4.14).

An entry of a policy has one set for all the pods that it selects, one for all its blocks, and one
for each number that a port's name stands for. What matches gets a bit of the mark. A worked
example, for the ingress of some pods from others on port 5432::

    -p tcp -m set --match-set KUBE-SRC-<others> src -m set --match-set KUBE-DST-<some> dst
        -m tcp --dport 5432 -j MARK --set-xmark 0x10000/0x10000
    (the same conditions) -m mark --mark 0x10000/0x10000 -j RETURN
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from nsimlib.datapath.ipsets import Entry, IPSet
from nsimlib.datapath.kube_router_names import named_port_set, own_set, peer_set
from nsimlib.datapath.matches import Comment, InSet, Mark, Match, PortSpan, Proto
from nsimlib.datapath.ruleset import Origin, Rule, Target
from nsimlib.model.addresses import Family, IPBlock, parse_cidr
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod, selects
from nsimlib.model.peers import BlockPeer, PodPeer
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.policy import Rule as PolicyRule
from nsimlib.model.ports import PolicyPort, Port, Protocol

__all__ = ["ALLOWED", "Entries", "allow", "ends_by_name", "set_of_pods"]

#: the bit of the mark that some policy set
ALLOWED = 0x10000
IS_ALLOWED = Mark(ALLOWED, ALLOWED)
NO_TIMEOUT = "timeout 0"
WORDS = {
    (Direction.INGRESS, "pod"): "from source pods to dest pods selected by policy name",
    (Direction.INGRESS, "any"): "from all sources to dest pods selected by policy name:",
    (Direction.INGRESS, "ipblock"): "from specified ipBlocks to dest pods selected by policy name:",
    (Direction.EGRESS, "pod"): "from source pods to dest pods selected by policy name",
    (Direction.EGRESS, "any"): "from source pods to all destinations selected by policy name:",
    (
        Direction.EGRESS,
        "ipblock",
    ): "from source pods to specified ipBlocks selected by policy name:",
}


def allow(bit: int) -> Target:
    """Return the target that sets a bit of the mark."""
    return Target("MARK", f"--set-xmark {bit:#x}/{bit:#x}")


def set_of_pods(name: str, pods: Iterable[Pod], family: Family) -> IPSet:
    """Return the addresses of pods; those on the host's network are no pods to kube-router."""
    addresses = (
        str(address)
        for pod in pods
        if not pod.host_network
        for address in pod.addresses
        if address.family is family
    )
    entries = tuple(Entry(value, timeout=0) for value in dict.fromkeys(addresses))
    return IPSet(name, "hash:ip", family, NO_TIMEOUT, entries)


def ends_by_name(rule: PolicyRule) -> bool:
    """Return whether an entry has a port by name."""
    return any(isinstance(port.port, str) for port in rule.ports or ())


@dataclass(frozen=True)
class Entries:
    """What one entry of a policy becomes for one family; `number` is its place in the list."""

    policy: Policy
    rule: PolicyRule
    number: int
    cluster: Cluster
    family: Family

    @property
    def _direction(self) -> Direction:
        return self.rule.direction

    @cached_property
    def _own(self) -> tuple[Pod, ...]:
        namespace = self.policy.namespace
        return tuple(p for p in self.cluster.pods if selects(self.policy.subject, p, namespace))

    @cached_property
    def own_set(self) -> IPSet:
        """The pods that the policy is for."""
        side = "src" if self._direction is Direction.EGRESS else "dst"
        return set_of_pods(own_set(self.policy, side, self.family), self._own, self.family)

    @cached_property
    def _selected(self) -> tuple[Pod, ...]:
        peers = [peer for peer in self.rule.peers or () if isinstance(peer, PodPeer)]
        return tuple(
            pod
            for pod in self.cluster.pods
            if any(selects(peer, pod, self.policy.namespace) for peer in peers)
        )

    @cached_property
    def _pods(self) -> IPSet:
        name = peer_set(self.policy, self._direction, self.number, "pod", self.family)
        return set_of_pods(name, self._selected, self.family)

    @cached_property
    def _blocks(self) -> IPSet:
        name = peer_set(self.policy, self._direction, self.number, "ipblock", self.family)
        peers = (peer for peer in self.rule.peers or () if isinstance(peer, BlockPeer))
        entries = (entry for peer in peers for entry in _nets(peer.block, self.family))
        by_value = {entry.value: entry for entry in entries}
        return IPSet(name, "hash:net", self.family, NO_TIMEOUT, tuple(by_value.values()))

    @cached_property
    def _by_name(self) -> tuple[tuple[Port, IPSet], ...]:
        """Each port that a name stands for, with the pods that call it so."""
        found: dict[Port, list[Pod]] = {}
        for pod in self._named_on:
            for port in self.rule.ports or ():
                for named in pod.named_ports(port.port) if isinstance(port.port, str) else ():
                    if named.protocol is port.protocol:
                        found.setdefault(named, []).append(pod)
        names = (
            named_port_set(self.policy, self._direction, self.number, which, self.family)
            for which in range(len(found))
        )
        return tuple(
            (port, set_of_pods(name, pods, self.family))
            for name, (port, pods) in zip(names, found.items(), strict=True)
        )

    @property
    def _named_on(self) -> Iterable[Pod]:
        """The pods on which a port's name is looked up: of the destination, as far as known."""
        if self._direction is Direction.INGRESS:
            return self._own
        if self.rule.peers is not None:
            return self._selected
        return self.cluster.pods_by_namespace.get(self.policy.namespace or "", ())

    @property
    def sets(self) -> Iterator[IPSet]:
        """All sets that the rules name."""
        found = [self.own_set, *(each for _, each in self._by_name)]
        found += [self._pods] if self._selected else []
        found += [self._blocks] if self._blocks.entries else []
        yield from found

    @property
    def rules(self) -> Iterator[Rule]:
        """The rules, two for each way to match: one marks, one goes back."""
        for matches in self._ways():
            origin = Origin(self.policy, self._direction, self.rule)
            yield Rule(matches, allow(ALLOWED), origin=origin)
            yield Rule((*matches, IS_ALLOWED), Target("RETURN"), origin=origin)

    def _ways(self) -> Iterator[tuple[Match, ...]]:
        for content, peers in self._peers():
            by_number = [port for port in self.rule.ports or () if not isinstance(port.port, str)]
            for port in (None,) if self.rule.ports is None else by_number:
                yield self._matches(content, peers, self.own_set, port)
            if content == "ipblock" and self._direction is Direction.EGRESS:
                continue
            for named, pods in self._by_name:
                port = PolicyPort(named.protocol, named.number)
                yield self._matches(content, peers, pods, port)

    def _peers(self) -> Iterator[tuple[str, IPSet | None]]:
        if self.rule.peers is None:
            yield "any", None
        if self._selected:
            yield "pod", self._pods
        if self._blocks.entries:
            yield "ipblock", self._blocks

    def _matches(
        self, content: str, peers: IPSet | None, pods: IPSet, port: PolicyPort | None
    ) -> tuple[Match, ...]:
        """The conditions; `pods` are those that a port's name is about, else the policy's own."""
        outward = self._direction is Direction.EGRESS
        there = pods if outward and pods is not self.own_set else peers
        source, destination = (self.own_set, there) if outward else (there, pods)
        words = WORDS[self._direction, content]
        note = f"rule to ACCEPT traffic {words} {self.policy.name}"
        note += f" namespace {self.policy.namespace}"
        sides = (("src", source), ("dst", destination))
        sets = (InSet(found.name, (side,)) for side, found in sides if found is not None)
        return (*_protocol(port), Comment(note), *sets, *_span(port))


def _protocol(port: PolicyPort | None) -> Iterator[Match]:
    if port is not None:
        yield Proto((port.protocol or Protocol.TCP).value.lower())


def _span(port: PolicyPort | None) -> Iterator[Match]:
    if port is not None and isinstance(port.port, int):
        span = (port.port, port.end_port or port.port)
        yield PortSpan((port.protocol or Protocol.TCP).value.lower(), "dst", span)


#: no set can hold the block of all addresses, so kube-router says it in pieces
EVERYTHING = {
    Family.IPV4: ("0.0.0.0/1", "128.0.0.0/1"),
    Family.IPV6: ("2000::/3", "fd00::/8"),
}


def _nets(block: IPBlock, family: Family) -> Iterator[Entry]:
    if block.range.family is not family:
        return
    for cidr, taken_out in ((block.cidr, False), *((each, True) for each in block.except_)):
        whole = parse_cidr(cidr)
        pieces = EVERYTHING[family] if whole == family.everything else whole.cidrs
        for piece in pieces:
            yield Entry(piece.removesuffix(f"/{family.bits}"), timeout=0, nomatch=taken_out)
