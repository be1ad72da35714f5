"""Ports cut into atoms that no rule cuts further, so that a set of ports is one integer."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import pairwise

from nsimlib.model.ports import MAX_PORT, TRANSPORTS, Port, PortSet, Protocol

__all__ = ["PortAtoms"]


class PortAtoms:
    """All ports in pieces, and port sets as masks over the pieces.

    >>> atoms = PortAtoms([PortSet.of("53/UDP"), PortSet.of("80-90/TCP")])
    >>> atoms.ports(atoms.mask(PortSet.of("80-90/TCP")))
    80-90/TCP
    """

    def __init__(self, named: Iterable[PortSet]) -> None:
        edges: dict[Protocol, set[int]] = {protocol: {1, MAX_PORT + 1} for protocol in TRANSPORTS}
        for ports in named:
            for protocol, (first, last) in ports:
                edges[protocol].update((first, last + 1))
        self._starts = [
            (TRANSPORTS.index(protocol), first, following - 1, protocol)
            for protocol, cuts in edges.items()
            for first, following in pairwise(sorted(cuts))
        ]
        self._keys = [start[:2] for start in self._starts]
        self.everything = (1 << len(self._starts)) - 1
        self._masks: dict[PortSet, int] = {}
        self._ports: dict[int, PortSet] = {}

    def __iter__(self) -> Iterator[tuple[int, Port]]:
        """Yield the mask of each piece with a port that speaks for it."""
        for number, (_, first, _, protocol) in enumerate(self._starts):
            yield 1 << number, Port(first, protocol)

    def mask(self, ports: PortSet) -> int:
        """Return the pieces of a set of ports that no piece is cut by."""
        if ports not in self._masks:
            mask = 0
            for protocol, (first, last) in ports:
                row = TRANSPORTS.index(protocol)
                low = bisect_left(self._keys, (row, first))
                high = bisect_left(self._keys, (row, last + 1))
                mask |= (1 << high) - (1 << low)
            self._masks[ports] = mask
        return self._masks[ports]

    def fits(self, ports: PortSet) -> bool:
        """Return whether no piece is cut by the set."""
        return self.ports(self.touching(ports)) == ports

    def touching(self, ports: PortSet) -> int:
        """Return the pieces that share a port with the set."""
        mask = 0
        for number, (_, first, last, protocol) in enumerate(self._starts):
            if any(a <= last and first <= b for a, b in ports.spans(protocol)):
                mask |= 1 << number
        return mask

    def ports(self, mask: int) -> PortSet:
        """Return the set of ports that a mask stands for."""
        if mask not in self._ports:
            spans: dict[Protocol, list[tuple[int, int]]] = {protocol: [] for protocol in TRANSPORTS}
            for number, (_, first, last, protocol) in enumerate(self._starts):
                if mask >> number & 1:
                    spans[protocol].append((first, last))
            self._ports[mask] = PortSet(spans)
        return self._ports[mask]

    def at(self, port: Port) -> int:
        """Return the one piece that a port lies in."""
        return self.touching(PortSet.single(port))
