"""What Cilium has in the kernel for one pod: its policy map, the ipcache, addresses of names.

A packet is looked up in this order (F8.3): a Service's address has been replaced by a backend's;
what belongs to a connection as its answer passes; the other end's address gives an identity; the
policy map is asked twice, and of what it finds one entry decides. The layout of the text is ours;
`cilium-dbg bpf policy get` prints the same columns. `authentication` is not read from policies, so
the column that says it is not there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from nsimlib.cni.profile import Profile
from nsimlib.datapath.cilium_identities import ANY, HOST, Identity
from nsimlib.datapath.cilium_map import Key, Lookup, PolicyMap, map_of
from nsimlib.datapath.lookups import Answer, Asked, Visit
from nsimlib.datapath.packet import State
from nsimlib.datapath.ruleset import Origin
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import applies, learned
from nsimlib.evaluation.matching import on_own_node
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.model.peers import DomainPeer, NodePeer, UnknownPeer
from nsimlib.model.policy import Direction, Policy, Rule

__all__ = ["CiliumPod"]

#: what `hubble observe` says of a drop (F3.44)
POLICY_DENIED, DENIED_BY_RULE = "133 (Policy denied)", "181 (Policy denied by denylist)"


@dataclass(frozen=True)
class CiliumPod:
    """The maps that decide about one pod."""

    cluster: Cluster
    pod: Pod
    profile: Profile

    @cached_property
    def map(self) -> PolicyMap:
        """The policy map."""
        return map_of(self.pod, self.cluster, self.profile)

    @cached_property
    def _names(self) -> dict[int, str]:
        return {ANY: "anybody", **{each.number: each.name for each in self.map.identities}}

    def _rules(self, direction: Direction) -> Iterator[tuple[Policy, Rule]]:
        for policy in self.map.identities.cluster.policies:
            if applies(policy, self.pod, direction) and self.profile.enforces(policy):
                yield from ((policy, rule) for rule in policy.rules_for(direction))

    @property
    def names(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The patterns of names in the pod's egress rules, each with the addresses learned for it.

        Addresses are learned from answers alone that some rule has pass the DNS proxy (F3.21).
        """
        policies = dict.fromkeys(policy for policy, _ in self._rules(Direction.EGRESS))
        seen = learned(policies, self.profile) or ()
        peers = (peer for _, rule in self._rules(Direction.EGRESS) for peer in rule.all_peers)
        for peer in dict.fromkeys(peer for peer in peers if isinstance(peer, DomainPeer)):
            yield peer.pattern, tuple(self._addresses(peer, seen))

    def _addresses(self, peer: DomainPeer, seen: tuple[DomainPeer, ...]) -> Iterator[str]:
        for place in self.cluster.places:
            for name, addresses in place.names.items():
                if peer.names(name) and any(each.names(name) for each in seen):
                    yield from map(str, addresses)

    def save(self) -> str:
        """Return the maps as text, in a layout of our own."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"# policy map of {self.pod}"
        for direction in Direction:
            enforced = direction in self.map.enforced
            yield f"# {direction.word}: {'enforced' if enforced else 'not enforced'}"
        yield f"{'POLICY':<6} {'DIRECTION':<9} {'IDENTITY':<8} {'PORT/PROTO':<14} {'PROXY':<5} WHO"
        for key in self.map.keys:
            yield f"{self._row(key)}  # {key.origin}"
        yield "# ipcache"
        for cidr, identity in self.map.identities.ipcache:
            yield f"{cidr:<20} {identity.number:<8} {identity.name}"
        for pattern, addresses in self.names:
            yield f"# {pattern}: {', '.join(addresses) or 'no address learned'}"

    def _row(self, key: Key) -> str:
        action, direction, identity, *port = str(key).split(" ", 3)
        proxy = "yes" if key.origin.rule and key.origin.rule.layer7 else "no"
        cells = f"{action:<6} {direction:<9} {identity:<8} {' '.join(port):<14} {proxy:<5}"
        return f"{cells} {self._names[key.identity]}"

    def left_out(self) -> Iterator[tuple[Origin, str]]:
        """Yield the entries of policies that the map cannot say, or not in full, and why."""
        for direction in Direction:
            for policy, rule in self._rules(direction):
                origin = Origin(policy, direction, rule)
                for peer in rule.all_peers:
                    if isinstance(peer, UnknownPeer):
                        yield origin, f"whom it means is not known: {peer.what}"
                    elif isinstance(peer, NodePeer):
                        yield origin, "all other nodes are one identity here, whatever their labels"

    def ask(self, asked: Asked) -> Answer:
        """Return what the maps say of a packet."""
        visits = list(self._before(asked))
        if visits and visits[-1].met:
            return Answer(asked, tuple(visits), Outcome.ALLOWED)
        found = self.map.lookup(asked.direction, asked.peer, asked.path.port)
        return Answer(asked, (*visits, *self._visits(asked, found)), found.outcome)

    def _before(self, asked: Asked) -> Iterator[Visit]:
        """What lets a packet pass before policy is asked; the last that is met decides."""
        if asked.reply or asked.state is State.RELATED:
            yield Visit("connection table: an answer, or an error about a connection (F3.41)", True)
        elif asked.subject is asked.peer:
            yield Visit("the pod itself, through a Service: skips policy (F3.19)", True)
        elif asked.direction is Direction.INGRESS and on_own_node(asked.subject, asked.peer):
            yield Visit(f"identity {HOST}, the local host, always reaches its pods (F3.20)", True)
        elif asked.state is State.ESTABLISHED:
            yield Visit("connection table: known, and looked up all the same (F3.41)", False)

    def _visits(self, asked: Asked, found: Lookup) -> Iterator[Visit]:
        identity = found.identity
        yield Visit(f"ipcache: {_address(asked)} is {identity.number}, {identity.name}", True)
        asking = ((identity, found.own), (Identity(ANY, "anybody", identity.party), found.anybody))
        for who, key in asking:
            origin = key.origin if key else None
            yield Visit(f"look-up for {who.number}: {key or 'nothing'}", key is not None, origin)
        yield _decision(found)


def _address(asked: Asked) -> str:
    outward = asked.direction is Direction.EGRESS
    path = asked.path
    address = path.destination_address if outward else path.source_address
    before = f" (in place of {path.service_address}, F3.17)" if path.is_translated else ""
    return f"{address or asked.peer}{before if outward else ''}"


def _decision(found: Lookup) -> Visit:
    """Which of the two entries decides, and by what (F3.39)."""
    chosen, kind = found.chosen, found.match_type.value
    if chosen is None:
        if found.enforced:
            return Visit(f"no entry: dropped, {POLICY_DENIED}", True)
        return Visit("no entry, and nothing is enforced in this direction: forwarded", True)
    why = "the only one"
    if found.own and found.anybody:
        why = "the identity's own"
        if found.own.deny != found.anybody.deny:
            why = "a denial wins"
        elif found.own.length != found.anybody.length:
            why = "the longer prefix"
    if chosen.deny:
        return Visit(f"{kind}, {why}: dropped, {DENIED_BY_RULE}", True, chosen.origin)
    proxied = chosen.origin.rule is not None and chosen.origin.rule.layer7 is not None
    end = "redirected to the proxy" if proxied else "forwarded"
    return Visit(f"{kind}, {why}: {end}", True, chosen.origin)
