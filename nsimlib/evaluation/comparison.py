"""Which pairs of ends have other ports in one cluster than in another, in few sets.

Where only policies differ, both clusters are compiled over one universe and compared set by set
(`joint`). Otherwise pods are matched (`matched`) and both are laid over one another (`overlay`).

A pod and its own node are a case of their own (F1.24): such pairs are compared pod by pod, and what
is said of sets does not hold for them.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from itertools import chain, product
from typing import NamedTuple

from nsimlib.cni.profile import Profile
from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.ends import populated
from nsimlib.evaluation.joint import Joint
from nsimlib.evaluation.matched import aligned, pod_units, twins
from nsimlib.evaluation.matching import on_own_node
from nsimlib.evaluation.overlay import NOTHING, Overlay
from nsimlib.evaluation.pairs import MADE_OF, Pairs
from nsimlib.model.addresses import AddressRange, Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction

__all__ = ["NOTHING", "Changed", "Comparison", "real_pairs"]

EGRESS, INGRESS = Direction.EGRESS, Direction.INGRESS
End = Pod | AddressRange
#: a pod before and after
Twins = tuple[Pod, Pod]


class Changed(NamedTuple):
    """Every source with every destination had some ports before, and has others after."""

    sources: tuple[End, ...]
    destinations: tuple[End, ...]
    before: Ports
    after: Ports
    #: speaks of a pod and its own node, and of nothing else
    same_node: bool = False


class Comparison:
    """Two clusters under one profile, each with the policies of both as its vocabulary."""

    def __init__(self, before: Cluster, after: Cluster, profile: Profile) -> None:
        old = populated(before, profile)
        new = aligned(old, populated(after, profile))
        known = set(map(id, old.policies))
        vocabulary = (*old.policies, *(p for p in new.policies if id(p) not in known))
        self.before = Pairs(old, profile, vocabulary)
        self.only_policies = all(getattr(old, each) is getattr(new, each) for each in MADE_OF)
        if self.only_policies:
            self.after = self.before.after(new)
        else:
            self.after = Pairs(new, profile, vocabulary)

    @property
    def families(self) -> tuple[Family, ...]:
        """The address families in use in one of the clusters."""
        return tuple(sorted({*self.before.universe.families, *self.after.universe.families}))

    def changed(self) -> Iterator[Changed]:
        """Yield all pairs of ends whose ports differ, each pair once."""
        found = self._by_class() if self.only_policies else self._by_unit()
        for each in found:
            yield from self._real(each)
        yield from self._on_own_nodes()

    def _real(self, changed: Changed) -> Iterator[Changed]:
        """Yield it with only those ends for which it holds of some pair, if there are any."""
        if not self._hosting:
            yield from [changed] if next(real_pairs(changed), None) else ()
            return
        sources, destinations = (
            tuple(end for end in ends if any(self._are_real(end, other) for other in others))
            for ends, others in (changed[:2], changed[1::-1])
        )
        if sources:
            yield changed._replace(sources=sources, destinations=destinations)

    def _are_real(self, one: End, other: End) -> bool:
        if isinstance(one, AddressRange) or isinstance(other, AddressRange):
            return True
        earlier = self._earlier.get(one.key, one), self._earlier.get(other.key, other)
        return one is not other and not _own_node(one, other) and not _own_node(*earlier)

    @cached_property
    def _hosting(self) -> frozenset[str | None]:
        """The nodes that have pods on their network in one of the clusters."""
        pods = chain(self.before.cluster.pods, self.after.cluster.pods)
        return frozenset(pod.node for pod in pods if pod.host_network)

    @cached_property
    def _earlier(self) -> dict[str, Pod]:
        """The pods that are no longer what they were, by their keys."""
        if self.only_policies:
            return {}
        return {new.key: old for old, new in twins(self.before, self.after) if old is not new}

    @cached_property
    def _joint(self) -> Joint:
        return Joint(self.before.rows, self.after.rows)

    def _by_class(self) -> Iterator[Changed]:
        universe = self.before.universe
        members: list[tuple[End, ...]] = [each.members for each in universe.classes]
        sources, destinations = (
            [*members, *((piece,) for piece in universe.pieces[d])] for d in (INGRESS, EGRESS)
        )
        for block in self._joint.blocks():
            yield Changed(
                tuple(chain.from_iterable(sources[n] for n in block.sources)),
                tuple(chain.from_iterable(destinations[n] for n in block.destinations)),
                block.before,
                block.after,
            )

    def _by_unit(self) -> Iterator[Changed]:
        overlay = Overlay((self.before, self.after), pod_units(self.before, self.after))
        for sources, destinations, (before, after) in overlay.differing():
            yield Changed(sources, destinations, before, after)

    def _on_own_nodes(self) -> Iterator[Changed]:
        """Compare each pod on its node's network with the other pods of that node."""
        for one, other in self._neighbours():
            if any(map(_own_node, one, other)) and (
                self._is_touched(one) or self._is_touched(other)
            ):
                before = self.before.between(one[0], other[0])
                after = self.after.between(one[1], other[1])
                if before != after:
                    yield Changed((one[1],), (other[1],), before, after, same_node=True)

    def _neighbours(self) -> Iterator[tuple[Twins, Twins]]:
        """Yield pods with others of their node if one of them is on its network, both ways."""
        by_node: dict[str | None, list[Twins]] = defaultdict(list)
        for pair in twins(self.before, self.after) if self._hosting else ():
            for node in self._hosting.intersection(pod.node for pod in pair):
                by_node[node].append(pair)
        # Two pods that moved together are neighbours on two nodes, and one pair all the same.
        found: dict[tuple[str, str], tuple[Twins, Twins]] = {}
        for pairs in by_node.values():
            hosts = [pair for pair in pairs if any(pod.host_network for pod in pair)]
            for host, other in product(hosts, pairs):
                if host is not other:
                    keys = host[0].key, other[0].key
                    found |= {keys: (host, other), keys[::-1]: (other, host)}
        yield from found.values()

    def _is_touched(self, pods: Twins) -> bool:
        """Whether other policies apply to a pod, or anything else may have changed."""
        if not self.only_policies:
            return True
        number = self.before.universe.class_of[pods[0]]
        return any(number in changed for changed in self._joint.changed.values())


def _own_node(source: End, destination: End) -> bool:
    if isinstance(source, AddressRange) or isinstance(destination, AddressRange):
        return False
    return on_own_node(source, destination) or on_own_node(destination, source)


def real_pairs(changed: Changed) -> Iterator[tuple[End, End]]:
    """Yield the pairs it holds for: no pod with itself, none with a pod on its own node."""
    for source, destination in product(changed.sources, changed.destinations):
        if source is not destination and not _own_node(source, destination):
            yield source, destination
