"""Who is who to Cilium: one identity for pods with the same labels, one for a block (F3.14).

A packet's other end is looked up by address in the ipcache, which gives an identity, and policy
knows nothing else of it. So two pods with the same labels are one and the same to every rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from nsimlib.cni.profile import Profile
from nsimlib.evaluation.classes import outside
from nsimlib.evaluation.matching import is_judged, on_own_node
from nsimlib.model.addresses import Address, AddressRange, Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import External, Node, Party, Pod
from nsimlib.model.policy import Direction

__all__ = ["ANY", "Identities", "Identity"]


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
HOST, REMOTE_NODE = 1, 6
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
        pieces = outside(self.cluster, self.cluster.policies, Direction, Family)
        return tuple(
            (piece, Identity(FIRST_BLOCK + number, str(piece), self.cluster.external(piece.start)))
            for number, piece in enumerate(pieces)
        )

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
        yield from (found for _, found in self._by_range)
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
        for piece, found in self._by_range:
            yield from ((cidr, found) for cidr in piece.cidrs)
        known: tuple[Pod | Node, ...] = (*self.cluster.pods, *self.cluster.nodes)
        for party in known:
            yield from ((_single(address), self.of(party)) for address in party.addresses)


def _labels(pod: Pod) -> object:
    return pod.namespace.name, frozenset(pod.labels.items()), pod.account.name


def _single(address: Address) -> str:
    return f"{address}/{address.family.bits}"
