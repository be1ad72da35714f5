"""Everything that a rule can name, numbered: faces of pod classes first, then the world outside.

A face is a class of pods under one of its addresses; a class with both families has two. Classes
are numbered namespace by namespace, so that what a namespace selector selects is a few runs. The
outside is numbered behind the faces, for each direction in pieces of its own: egress rules cut
destinations, ingress rules cut sources.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import chain, islice
from operator import or_
from typing import NamedTuple

from nsimlib.cni.profile import Profile
from nsimlib.evaluation.bits import Bits, bits, nobody
from nsimlib.evaluation.classes import label_keys, outside, pod_classes
from nsimlib.evaluation.faces import faces_of, family_of, postings
from nsimlib.model.addresses import Address, AddressRange, Family, IPBlock
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import External, Namespace, Pod, visible_labels
from nsimlib.model.peers import BlockPeer, Peer, PodPeer
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.selectors import (
    LabelSelector,
    Operator,
    Requirement,
    Selector,
    asks_for_implied,
    selects_all,
)

__all__ = ["Matching", "Universe"]


class Matching(NamedTuple):
    """Ends that surely match, and ends of which it is not known."""

    sure: Bits
    unsure: Bits

    def also(self, other: "Matching") -> "Matching":
        """Return what matches either of two."""
        sure = self.sure | other.sure
        return Matching(sure, (self.unsure | other.unsure) - sure)

    def both(self, other: "Matching") -> "Matching":
        """Return what matches both of two."""
        sure = self.sure & other.sure
        possible = (self.sure | self.unsure) & (other.sure | other.unsure)
        return Matching(sure, possible - sure)

    def opposite(self, everyone: Bits) -> "Matching":
        """Return what of everyone does not match."""
        return Matching(everyone - self.sure - self.unsure, self.unsure)


class Universe:
    """The numbered ends of a cluster, and sets of them by selector and by block.

    `vocabulary` holds the policies that may tell ends apart, the cluster's own among them; two
    clusters with one vocabulary have the same pieces and can be compared.
    """

    def __init__(
        self, cluster: Cluster, profile: Profile, vocabulary: tuple[Policy, ...] = ()
    ) -> None:
        self.cluster, self.profile = cluster, profile
        self.vocabulary = vocabulary or cluster.policies
        self.classes = pod_classes(cluster, self.vocabulary)
        self._keys = label_keys(self.vocabulary)
        shown = [tuple(faces_of(each.pod)) for each in self.classes]
        self.faces = tuple(chain.from_iterable(shown))
        numbers = iter(range(len(self.faces)))
        self.faces_of = [tuple(islice(numbers, len(each))) for each in shown]
        self._class_of_face = [n for n, faces in enumerate(self.faces_of) for _ in faces]
        self.class_of = {pod: n for n, each in enumerate(self.classes) for pod in each.members}
        self.families = _families(cluster, self.vocabulary)
        self.pieces = {d: outside(cluster, self.vocabulary, [d], self.families) for d in Direction}
        self._index()

    def _index(self) -> None:
        by_namespace, by_label, by_address = postings(self.faces, self.profile)
        self._in_namespace = {name: bits(found) for name, found in by_namespace.items()}
        self._labelled = {label: bits(found) for label, found in by_label.items()}
        self._addressed = {family: sorted(found) for family, found in by_address.items()}
        self.judged = reduce(or_, self._in_namespace.values(), nobody())
        unknown = (n for n, face in enumerate(self.faces) if face.address is None)
        self._unknown_address = bits(unknown)
        self._namespaces: dict[tuple[str, str], list[Namespace]] = defaultdict(list)
        for namespace in self.cluster.namespaces.values():
            for label in namespace.labels.items():
                self._namespaces[label].append(namespace)
        self._selected: dict[object, Bits] = {}
        self._met: dict[object, Bits] = {}
        self._starts = {d: [(p.family, p.first) for p in self.pieces[d]] for d in Direction}

    def knows(self, policy: Policy) -> bool:
        """Return whether the policy's selectors and blocks cut no class and no piece further."""
        return all(
            self._knows(peer, rule.direction) for rule in policy.rules for peer in rule.all_peers
        ) and self._knows(policy.subject, Direction.EGRESS)

    def _knows(self, peer: Peer, direction: Direction) -> bool:
        match peer:
            case PodPeer():
                return peer.pods is None or peer.pods.keys <= self._keys
            case BlockPeer():
                edges = (
                    (piece.family, edge)
                    for piece in peer.block.ranges
                    for edge in (piece.first, piece.last + 1)
                    if edge <= piece.family.everything.last
                )
                return all(self._is_cut(direction, *edge) for edge in edges)
            case _:
                return False

    def _is_cut(self, direction: Direction, family: Family, first: int) -> bool:
        starts = self._starts[direction]
        at = bisect_left(starts, (family, first))
        return at < len(starts) and starts[at] == (family, first)

    def ends(self, direction: Direction) -> range:
        """Return the numbers of all that a rule of this direction can name."""
        return range(len(self.faces) + len(self.pieces[direction]))

    @property
    def one_face_each(self) -> bool:
        """Whether faces and classes are the same, as in a cluster of one family."""
        return len(self.faces) == len(self.classes)

    def classes_of(self, faces: Bits) -> Bits:
        """Return classes for faces, and pieces outside numbered behind the classes."""
        count, fewer = len(self.faces), len(self.faces) - len(self.classes)
        return bits(self._class_of_face[n] if n < count else n - fewer for n in faces)

    def meetings(self, number: int) -> Iterator[tuple[int, Bits]]:
        """Yield the faces of a class, each with the sources whose addresses it meets.

        This is `address_pairs` for whole sets; each source is met once at a time.
        """
        if self.one_face_each and len(self.families) == 1:
            yield self.faces_of[number][0], bits(self.ends(Direction.INGRESS))
            return
        theirs = self._families_of(number)
        for face in self.faces_of[number]:
            family = family_of(self.faces[face])
            for turn in range(1 if theirs else len(Family)):
                key = theirs, family, turn
                if key not in self._met:
                    self._met[key] = bits(self._meeting_sources(theirs, family, turn))
                yield face, self._met[key]

    def _meeting_sources(
        self, theirs: frozenset[Family], family: Family | None, turn: int
    ) -> Iterator[int]:
        for number, faces in enumerate(self.faces_of):
            ours = self._families_of(number)
            if not theirs:
                yield from faces[turn : turn + 1]
            elif not ours & theirs:
                yield faces[0]
            else:
                yield from (n for n in faces if family_of(self.faces[n]) is family)
        behind = len(self.faces)
        for number, piece in enumerate(self.pieces[Direction.INGRESS], behind):
            if not turn and (piece.family is family or piece.family not in theirs):
                yield number

    def _families_of(self, number: int) -> frozenset[Family]:
        found = (family_of(self.faces[face]) for face in self.faces_of[number])
        return frozenset(family for family in found if family is not None)

    def number_of(
        self, direction: Direction, party: Pod | External, address: Address | None
    ) -> int:
        """Return the number of an end under one of its addresses."""
        if isinstance(party, External):
            return self.piece_at(direction, party.address)
        faces = self.faces_of[self.class_of[party]]
        if len(faces) == 1:
            return faces[0]
        family = address.family if address else None
        return next(n for n in faces if family_of(self.faces[n]) is family)

    def external(self, direction: Direction, number: int) -> External:
        """Return what stands for the piece of the outside with this number."""
        piece = self.pieces[direction][number - len(self.faces)]
        return self.cluster.external(piece.start)

    def piece_at(self, direction: Direction, address: Address) -> int:
        """Return the number of the piece that an address outside lies in."""
        behind = bisect_left(self._starts[direction], (address.family, address.value + 1))
        return len(self.faces) + behind - 1

    def matching(
        self, peer: PodPeer | BlockPeer, own: str | None, direction: Direction
    ) -> Matching:
        """Return the ends that a peer by labels or by block matches."""
        if isinstance(peer, PodPeer):
            return Matching(self.selected(peer, own), nobody())
        return self._covered(peer, direction)

    def selected(self, peer: PodPeer, own_namespace: str | None) -> Bits:
        """Return the faces that a peer or a subject selects by labels."""
        own = own_namespace if peer.namespaces is None else None
        key = peer.namespaces, peer.pods, own
        if key not in self._selected:
            if peer.namespaces is None:
                scope = self._in_namespace.get(own or "", nobody())
            else:
                scope = self._in_namespaces(peer.namespaces)
            self._selected[key] = scope if peer.pods is None else self._by_labels(peer.pods, scope)
        return self._selected[key]

    def _in_namespaces(self, selector: Selector) -> Bits:
        if selects_all(selector):
            return self.judged
        if selector not in self._selected:
            found = (
                self._in_namespace[each.name]
                for each in self._candidates(selector)
                if each.name in self._in_namespace and selector.matches(each.labels)
            )
            self._selected[selector] = reduce(or_, found, nobody())
        return self._selected[selector]

    def _candidates(self, selector: Selector) -> Iterable[Namespace]:
        """Namespaces among which are all that the selector matches, by a label it asks for."""
        for each in selector.requirements if isinstance(selector, LabelSelector) else ():
            if each.operator is Operator.IN:
                pairs = ((each.key, value) for value in dict.fromkeys(each.values))
                return chain.from_iterable(self._namespaces.get(pair, ()) for pair in pairs)
        return self.cluster.namespaces.values()

    def _by_labels(self, selector: Selector, scope: Bits) -> Bits:
        if isinstance(selector, LabelSelector) and not asks_for_implied(selector):
            for requirement in selector.requirements:
                scope = self._meeting(requirement, scope)
            return scope
        pods = ((n, self.faces[n].pod) for n in scope)
        return bits(n for n, pod in pods if selector.matches(visible_labels(pod, selector)))

    def _meeting(self, requirement: Requirement, scope: Bits) -> Bits:
        key, none = requirement.key, nobody()
        having = (self._labelled.get((key, value), none) for value in requirement.values)
        match requirement.operator:
            case Operator.IN:
                return scope & reduce(or_, having, none)
            case Operator.NOT_IN:
                return scope - reduce(or_, having, none)
            case Operator.EXISTS:
                return scope & self._labelled.get((key, None), none)
            case Operator.DOES_NOT_EXIST:
                return scope - self._labelled.get((key, None), none)

    def _covered(self, peer: BlockPeer, direction: Direction) -> Matching:
        """What a block covers: pieces outside, and pods and hosts if the profile has them met."""
        found = list(self._pieces_in(peer.block, direction))
        found += (n for piece in peer.block.ranges for n in self._faces_in(piece))
        covered = bits(found)
        unknown = self._unknown_address if peer.block.ranges else nobody()
        hosts = bits(range(len(self.faces))) - self.judged
        asked = (("ipblock_matches_pods", self.judged), ("ipblock_matches_nodes", hosts))
        for question, faces in () if peer.meets_all else asked:
            is_met = self.profile[question].value
            if is_met is False:
                covered, unknown = covered - faces, unknown - faces
            elif is_met is None:
                covered, unknown = covered - faces, unknown | (covered & faces)
        return Matching(covered, unknown)

    def _pieces_in(self, block: IPBlock, direction: Direction) -> Iterator[int]:
        starts = self._starts[direction]
        for piece in block.ranges:
            first = bisect_left(starts, (piece.family, piece.first))
            behind = bisect_left(starts, (piece.family, piece.last + 1))
            yield from range(len(self.faces) + first, len(self.faces) + behind)

    def _faces_in(self, piece: AddressRange) -> Iterator[int]:
        addressed = self._addressed.get(piece.family, [])
        first = bisect_left(addressed, (piece.first,))
        behind = bisect_left(addressed, (piece.last + 1,))
        return (number for _, number in addressed[first:behind])


def _families(cluster: Cluster, policies: Iterable[Policy]) -> tuple[Family, ...]:
    """The families in use: those of pods and of blocks, and IPv4 in any case."""
    pods = {address.family for pod in cluster.pods for address in pod.addresses}
    blocks = {
        peer.block.range.family
        for policy in policies
        for rule in policy.rules
        for peer in rule.all_peers
        if isinstance(peer, BlockPeer)
    }
    return tuple(sorted({Family.IPV4} | pods | blocks))
