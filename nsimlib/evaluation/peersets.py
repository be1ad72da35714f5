"""Peers of a rule → the set of ends that they match, joined as sets where peers are joined.

A rule that asks for `role == 'db'` and not 10.0.9.0/24 is `AllOf(pods, Not(block))`: the faces with
the label, less what the block covers. What only may match stays apart at every step.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce

from nsimlib.evaluation.bits import Bits, bits, nobody
from nsimlib.evaluation.classes import names_nodes
from nsimlib.evaluation.matching import Side, match_peer, node_of
from nsimlib.evaluation.universe import Matching, Universe
from nsimlib.model.peers import AllOf, AnyOf, BlockPeer, Not, Peer, PodPeer
from nsimlib.model.policy import Policy, Rule

__all__ = ["PeerSets"]


class PeerSets:
    """Works out, and keeps, which ends the peers of each rule match."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self.by_node = names_nodes(universe.vocabulary)
        self._found: dict[object, Matching] = {}

    def of(self, policy: Policy, rule: Rule, side: Side) -> Matching:
        """Return the ends that some peer of a rule matches, for the subject of a side."""
        if rule.peers is None:
            return Matching(bits(self.universe.ends(rule.direction)), nobody())
        key = id(rule), node_of(side.subject) if self.by_node else None, side.learned
        if key not in self._found:
            found = Matching(nobody(), nobody())
            for peer in rule.peers:
                found = found.also(self._by_peer(policy, peer, side))
            self._found[key] = found
        return self._found[key]

    def _by_peer(self, policy: Policy, peer: Peer, side: Side) -> Matching:
        match peer:
            case PodPeer() | BlockPeer():
                return self.universe.matching(peer, policy.namespace, side.direction)
            case AllOf():
                parts = (self._by_peer(policy, part, side) for part in peer.parts)
                return reduce(Matching.both, parts, Matching(self._everyone(side), nobody()))
            case AnyOf():
                parts = (self._by_peer(policy, part, side) for part in peer.parts)
                return reduce(Matching.also, parts, Matching(nobody(), nobody()))
            case Not():
                inner = self._by_peer(policy, peer.part, side)
                return inner.opposite(self._everyone(side))
            case _:
                return self._one_by_one(policy, peer, side)

    def _everyone(self, side: Side) -> Bits:
        return bits(self.universe.ends(side.direction))

    def _one_by_one(self, policy: Policy, peer: Peer, side: Side) -> Matching:
        truths = {
            number: match_peer(peer, policy, each).matched for number, each in self._sides(side)
        }
        sure, unsure = (
            bits(n for n, truth in truths.items() if truth is wanted) for wanted in (True, None)
        )
        return Matching(sure, unsure)

    def _sides(self, side: Side) -> Iterator[tuple[int, Side]]:
        universe = self.universe
        for number, face in enumerate(universe.faces):
            known = () if face.address is None else (face.address,)
            yield number, replace(side, peer=face.pod, addresses=known)
        for number in universe.ends(side.direction)[len(universe.faces) :]:
            external = universe.external(side.direction, number)
            yield number, replace(side, peer=external, addresses=external.addresses)
