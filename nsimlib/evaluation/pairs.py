"""Pairs of ends under one profile: compiled when first asked, revised where policies change."""

from collections.abc import Iterable, Iterator
from functools import cached_property, reduce
from itertools import product

from nsimlib.cni.profile import Profile
from nsimlib.evaluation.allports import Judge, Ports
from nsimlib.evaluation.ends import address_pairs, populated
from nsimlib.evaluation.matching import on_own_node
from nsimlib.evaluation.rows import Rows
from nsimlib.evaluation.universe import Universe
from nsimlib.model.addresses import Address
from nsimlib.model.cluster import Cluster
from nsimlib.model.memory import paused_collection
from nsimlib.model.objects import External, Node, Party, Pod
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.ports import NO_PORTS

__all__ = ["MADE_OF", "Pairs"]

#: what a cluster holds besides policies that can change who may reach whom
MADE_OF = ("namespaces", "pods", "nodes", "places", "tiers")


class Pairs:
    """What one end may open to another, for any two ends of a cluster."""

    def __init__(
        self, cluster: Cluster, profile: Profile, vocabulary: tuple[Policy, ...] = ()
    ) -> None:
        self.cluster, self.profile = populated(cluster, profile), profile.within(cluster)
        self._asked, self._vocabulary = profile, vocabulary
        self._judge = Judge(self.cluster.policies, self.profile)

    @cached_property
    def universe(self) -> Universe:
        """The numbered ends of the cluster."""
        with paused_collection():
            return Universe(self.cluster, self.profile, self._vocabulary)

    @cached_property
    def rows(self) -> Rows:
        """The compiled cluster."""
        universe = self.universe
        with paused_collection():
            return Rows.compiled(universe)

    def after(self, cluster: Cluster) -> "Pairs":
        """Return the pairs of a changed cluster, worked out only where policies changed.

        Where more changed than policies, or a new policy names labels, addresses or ports that no
        earlier one did, everything is worked out anew.
        """
        changed = populated(cluster, self.profile)
        removed, added = _policy_changes(self.cluster, changed)
        pairs = Pairs(changed, self._asked, (*self.universe.vocabulary, *added))
        known = all(
            self.rows.profiles.knows(policy) or any(policy is p for p in self.universe.vocabulary)
            for policy in added
        )
        if known and _same_ends(self.cluster, changed):
            vars(pairs)["universe"] = self.universe
            vars(pairs)["rows"] = self.rows.after(removed, added)
        return pairs

    def between(self, source: Party, destination: Party) -> Ports:
        """Return what one party may open to another; a pod to itself included."""
        if _is_a_case_of_its_own(source, destination):
            return self._judge.between(source, destination)
        return self.of_classes(source, destination)

    def of_classes(self, source: Party, destination: Party) -> Ports:
        """Return what any pod like the one may open to any pod like the other, nodes apart."""
        if any(map(self._is_uncut, (source, destination))):
            return self._judge.between(source, destination)
        found: list[Ports] = []
        for ours, theirs in address_pairs(source, destination):
            sent = self._end(Direction.EGRESS, source, destination, theirs)
            let_in = self._end(Direction.INGRESS, destination, source, ours)
            found.append(self.rows.ports(sent[0] & let_in[0], sent[1] & let_in[1]))
        return reduce(Ports.wherever, found)

    def _is_uncut(self, end: Party) -> bool:
        """Whether it is an address of a family that nothing in the cluster is in."""
        return isinstance(end, External) and end.address.family not in self.universe.families

    def _end(
        self, direction: Direction, subject: Party, peer: Party, address: Address | None
    ) -> tuple[int, int]:
        if not isinstance(subject, Pod) or isinstance(peer, Node):
            return self.rows.atoms.everything, self.rows.atoms.everything
        end = self.universe.number_of(direction, peer, address)
        return self.rows.through(direction, self.universe.class_of[subject], end)

    def group(self, sources: Iterable[Party], destinations: Iterable[Party]) -> tuple[Ports, Ports]:
        """Return what holds for every pair of the two groups, and what holds for some."""
        theirs = self._by_class(destinations)
        found = [
            self.between(ours, their)
            for members in self._by_class(sources)
            for others in theirs
            for ours, their in _witnesses(members, others)
        ]
        if not found:
            return Ports(NO_PORTS), Ports(NO_PORTS)
        return reduce(Ports.also, found), reduce(Ports.either, found)

    def _by_class(self, group: Iterable[Party]) -> list[list[Party]]:
        kept: dict[object, list[Party]] = {}
        for party in group:
            key = self.universe.class_of[party] if isinstance(party, Pod) else party
            kept.setdefault(key, []).append(party)
        return list(kept.values())


def _same_ends(before: Cluster, after: Cluster) -> bool:
    """Whether nothing but policies changed; what a cluster is made of is never changed in place."""
    return all(getattr(before, each) is getattr(after, each) for each in MADE_OF)


def _policy_changes(
    before: Cluster, after: Cluster
) -> tuple[tuple[Policy, ...], tuple[Policy, ...]]:
    """Return the policies taken out and those put in; one that changed is both."""
    start = _shared(before.policies, after.policies)
    old, new = before.policies[start:], after.policies[start:]
    end = _shared(old[::-1], new[::-1])
    old, new = old[: len(old) - end], new[: len(new) - end]
    kept = set(map(id, old)) & set(map(id, new))
    return tuple(p for p in old if id(p) not in kept), tuple(p for p in new if id(p) not in kept)


def _shared(one: tuple[Policy, ...], other: tuple[Policy, ...]) -> int:
    """How many policies both begin with; slices of tuples compare at the speed of C."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _is_a_case_of_its_own(source: Party, destination: Party) -> bool:
    """Whether more counts than the classes of two ends: one pod, or one node and its pod."""
    return (
        source == destination
        or isinstance(source, Node)
        or isinstance(destination, Node)
        or on_own_node(source, destination)
        or on_own_node(destination, source)
    )


def _witnesses(ours: list[Party], theirs: list[Party]) -> Iterator[tuple[Party, Party]]:
    """Yield pairs that speak for all pairs of two classes: one, or two where nodes count."""
    pairs = [(a, b) for a, b in product(ours[:2], theirs[:2]) if a != b] or [(ours[0], theirs[0])]
    if not any(isinstance(end, Pod) and end.host_network for end in (ours[0], theirs[0])):
        yield pairs[0]
        return
    seen: set[bool] = set()
    for pair in product(ours, theirs):
        own = _is_a_case_of_its_own(*pair)
        if own not in seen and (pair[0] != pair[1] or len(ours) == len(theirs) == 1):
            seen.add(own)
            yield pair
