"""Who is who to Cilium: one identity for pods with the same labels, one for a block (F3.14).

A packet's other end is looked up by address in the ipcache, which gives an identity, and policy
knows nothing else of it. So two pods with the same labels are one and the same to every rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import NamedTuple

from nsimlib.cni.profile import Profile
from nsimlib.evaluation.classes import outside
from nsimlib.evaluation.matching import is_judged, on_own_node
from nsimlib.model.addresses import AddressRange, Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import External, Node, Party, Pod
from nsimlib.model.peers import BlockPeer, DomainPeer
from nsimlib.model.policy import Direction

__all__ = ["ANY", "HOST", "Identities", "Identity"]


class Identity(NamedTuple):
    """A number that stands for everybody alike; `party` is one of them.

    The numbers of what is always there are Cilium's own. Those of pods and blocks count from where
    a cluster's begin, in order; on a real cluster an operator gives them out.
    """

    number: int
    name: str
    party: Party


#: in a rule's key, whoever it is (F3.38)
ANY = 0
HOST = 1
REMOTE_NODE = 6
#: everywhere outside that no rule tells apart; with one family in the cluster both are 2, world
WORLD = {Family.IPV4: (9, "world-ipv4"), Family.IPV6: (10, "world-ipv6")}
#: where numbers for pods begin, and for blocks, which every node numbers for itself
FIRST_POD, FIRST_BLOCK = 256, 1 << 24 | 1


@dataclass(frozen=True)
class Identities:
    """All identities as the node of one pod knows them."""

    cluster: Cluster
    pod: Pod
    profile: Profile

    @cached_property
    def _by_labels(self) -> dict[object, Identity]:
        found: dict[object, Identity] = {}
        for pod in self.cluster.pods:
            if is_judged(pod, self.profile):
                number, name = FIRST_POD + len(found), f"pods like {pod.key}"
                found.setdefault(_labels(pod), Identity(number, name, pod))
        return found

    @cached_property
    def _by_range(self) -> tuple[tuple[AddressRange, Identity], ...]:
        found, numbers = [], count(FIRST_BLOCK)
        for piece in outside(self.cluster, self.cluster.policies, Direction, Family):
            party = self.cluster.external(piece.start)
            number, name = WORLD[piece.family]
            if self._is_told_apart(party):
                number, name = next(numbers), str(piece)
            found.append((piece, Identity(number, name, party)))
        return tuple(found)

    def _is_told_apart(self, party: External) -> bool:
        """Whether a rule names it, or a block that it is in other than that of all addresses."""
        for peer in self._peers:
            if isinstance(peer, DomainPeer) and any(map(peer.names, party.names)):
                return True
            if isinstance(peer, BlockPeer) and peer.block.contains(party.address):
                everything = party.address.family.everything
                if peer.block.except_ or peer.block.range != everything:
                    return True
        return False

    @cached_property
    def _peers(self) -> tuple[BlockPeer | DomainPeer, ...]:
        rules = (rule for policy in self.cluster.policies for rule in policy.rules)
        peers = dict.fromkeys(peer for rule in rules for peer in rule.all_peers)
        return tuple(peer for peer in peers if isinstance(peer, BlockPeer | DomainPeer))

    def of(self, party: Party) -> Identity:
        """Return the identity of a party: of the own node, of another, of pods, of a block."""
        if isinstance(party, Pod) and is_judged(party, self.profile):
            return self._by_labels[_labels(party)]
        if isinstance(party, External):
            return next(found for piece, found in self._by_range if party.address in piece)
        own = on_own_node(self.pod, party)
        return Identity(HOST, "host", party) if own else Identity(REMOTE_NODE, "remote-node", party)

    def __iter__(self) -> Iterator[Identity]:
        yield from self._by_labels.values()
        yield from {found.number: found for _, found in self._by_range}.values()
        nodes = {self.of(node).number: self.of(node) for node in self._on_hosts()}
        yield from nodes.values()

    def _on_hosts(self) -> Iterator[Party]:
        yield from (pod for pod in self.cluster.pods if not is_judged(pod, self.profile))
        yield from self.cluster.nodes

    @property
    def ipcache(self) -> Iterator[tuple[str, Identity]]:
        """Blocks with the identity of whoever has an address there, as the map holds them.

        The longest that holds an address decides.
        """
        for family, (number, name) in WORLD.items():
            everything = family.everything
            world = Identity(number, name, self.cluster.external(everything.start))
            yield everything.cidrs[0], world
        for piece, found in self._by_range:
            if found.number >= FIRST_BLOCK:
                yield from ((cidr, found) for cidr in piece.cidrs)
        known: tuple[Pod | Node, ...] = (*self.cluster.pods, *self.cluster.nodes)
        for party in known:
            yield from ((address.cidr, self.of(party)) for address in party.addresses)


def _labels(pod: Pod) -> object:
    return pod.namespace.name, frozenset(pod.labels.items()), pod.account.name
