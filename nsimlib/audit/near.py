"""Which rules and peers may hold another, found by what they name and not by asking all.

Whoever is not near holds nothing of it, so that what rules say can be compared in policies of
any length.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace

from nsimlib.model.objects import NAME_LABEL
from nsimlib.model.peers import BlockPeer, Peer, PodPeer
from nsimlib.model.policy import Rule
from nsimlib.model.ports import TRANSPORTS
from nsimlib.model.selectors import LabelSelector, Operator, Selector

__all__ = ["Intervals", "NearPeers", "NearRules"]

#: what a selector asks for, by which whoever is narrower can find it
Asked = tuple[str, str, str] | None


class Intervals:
    """Numbered intervals of several spaces, such as the addresses of each family.

    >>> found = Intervals([("v4", 0, 9, 1), ("v4", 5, 5, 2), ("v4", 20, 29, 3)])
    >>> sorted(found.overlapping("v4", 5, 20)), sorted(found.overlapping("v4", 10, 19))
    ([1, 2, 3], [])
    """

    def __init__(self, intervals: Iterable[tuple[Hashable, int, int, int]]) -> None:
        self._sorted = defaultdict[Hashable, dict[int, list[tuple[int, int, int]]]](dict)
        for space, first, last, number in intervals:
            # Of intervals of like size, those that reach a number begin shortly before it.
            alike = self._sorted[space].setdefault((last - first).bit_length(), [])
            alike.append((first, last, number))
        for sizes in self._sorted.values():
            for found in sizes.values():
                found.sort()

    def overlapping(self, space: Hashable, first: int, last: int) -> Iterator[int]:
        """Yield the numbers of those that share something with an interval."""
        for bits, found in self._sorted[space].items():
            start = bisect_left(found, (first - (1 << bits), 0, 0))
            end = bisect_right(found, last, key=lambda each: each[0])
            yield from (number for _, upto, number in found[start:end] if upto >= first)


class NearPeers:
    """Peers of a namespace, each under a number."""

    def __init__(self, peers: Iterable[tuple[int, Peer]], namespace: str | None) -> None:
        self._namespace = namespace
        self._named = defaultdict[object, list[int]](list)
        blocks = list[tuple[Hashable, int, int, int]]()
        for number, peer in peers:
            match peer:
                case BlockPeer():
                    ranges = ((r.family, r.first, r.last, number) for r in peer.block.ranges)
                    blocks += ranges
                case PodPeer():
                    for asked in self._first_asked(peer):
                        self._named[asked].append(number)
            self._named[replace(peer, path="")].append(number)
        self._blocks = Intervals(blocks)

    def of(self, peer: Peer) -> Iterator[int]:
        """Yield the numbers of those that may match what a peer matches, some more than once."""
        yield from self._named[replace(peer, path="")]
        match peer:
            case BlockPeer():
                for each in peer.block.ranges:
                    yield from self._blocks.overlapping(each.family, each.first, each.last)
            case PodPeer():
                for asked in self._all_asked(peer):
                    yield from self._named[asked]

    def _first_asked(self, peer: PodPeer) -> Sequence[Asked]:
        """A label of whoever a peer matches, in each of its values; None if it asks for none."""
        for what, selector in self._selectors(peer):
            for key, values in _required(selector):
                return [(what, key, value) for value in values]
        return [None]

    def _all_asked(self, peer: PodPeer) -> Iterator[Asked]:
        """Under which labels a wider peer would be."""
        yield None
        for what, selector in self._selectors(peer):
            for key, values in _required(selector):
                yield from ((what, key, value) for value in values)

    def _selectors(self, peer: PodPeer) -> Iterator[tuple[str, Selector | None]]:
        own = LabelSelector.of({NAME_LABEL: self._namespace or ""})
        yield "pod", peer.pods
        yield "namespace", own if peer.namespaces is None else peer.namespaces


def _required(selector: Selector | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(selector, LabelSelector):
        for each in selector.requirements:
            if each.operator is Operator.IN and each.values:
                yield each.key, each.values


class NearRules:
    """Rules of one namespace and direction, by their place in a sequence."""

    def __init__(self, rules: Sequence[Rule], namespace: str | None) -> None:
        self.rules = rules
        peers = ((n, peer) for n, rule in enumerate(rules) for peer in rule.peers or ())
        self._peers = NearPeers(peers, namespace)
        self._ports = Intervals(part for n, rule in enumerate(rules) for part in _ports(rule, n))
        self._named = defaultdict[object, list[int]](list)
        for number, rule in enumerate(rules):
            for port in rule.ports or ():
                if isinstance(port.port, str):
                    self._named[port.port].append(number)
        self._any_port = [n for n, rule in enumerate(rules) if rule.ports is None]
        self._any_peer = [n for n, rule in enumerate(rules) if rule.peers is None]

    def of(self, rule: Rule) -> list[int]:
        """Return the places of all rules that may allow some of what one allows, in order."""
        return sorted(_fewer(self._by_peers(rule), self._by_ports(rule)))

    def _by_peers(self, rule: Rule) -> Iterator[int]:
        yield from self._any_peer
        for peer in rule.peers or ():
            yield from self._peers.of(peer)

    def _by_ports(self, rule: Rule) -> Iterator[int]:
        yield from self._any_port
        for port in rule.ports or ():
            if isinstance(port.port, str):
                yield from self._named[port.port]
                # Whoever allows all numbers of a protocol, and 1 is one, allows its names too.
                yield from self._ports.overlapping(port.protocol or TRANSPORTS[0], 1, 1)
        for space, first, last, _ in _ports(rule, 0):
            yield from self._ports.overlapping(space, first, last)


def _fewer(*ways: Iterator[int]) -> set[int]:
    """What the first of several ways yields that comes to its end; each yields enough."""
    found = [(way, set[int]()) for way in ways]
    while True:
        for way, numbers in found:
            if (number := next(way, None)) is None:
                return numbers
            numbers.add(number)


def _ports(rule: Rule, number: int) -> Iterator[tuple[Hashable, int, int, int]]:
    for port in rule.ports or ():
        yield from ((protocol, first, last, number) for protocol, (first, last) in port.numbers())
