"""What an enforcer of name rules knows: learn, allow, forget. A state machine without a clock.

A worked example, with Cilium's parameters and nobody connected (F3.31)::

      0 s  Heard(db.example -> 10.0.0.1, TTL 5)     10.0.0.1 is allowed
      5 s  the answer's time is over                it is allowed: nobody has looked
     60 s  Swept                                    it is allowed: it is now kept as a zombie
    300 s  Scanned, no connection to it             it is allowed: one scan proves nothing
    600 s  Scanned, no connection to it, and Swept  it is forgotten

So a TTL of 5 s is ten minutes here, and longer for as long as some connection lives. A zombie
lives until two scans have come and gone without a connection to it, as in the agent's code
(cilium/cilium:pkg/fqdn/cache.go), and it lives while one that shares a name with it does.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from math import inf
from typing import NamedTuple

from nsimlib.dns.parameters import CILIUM, Parameters
from nsimlib.dns.records import Answer
from nsimlib.model.addresses import Address

__all__ = ["Event", "Heard", "Memory", "Scanned", "Swept"]


class Heard(NamedTuple):
    """An answer that the enforcer saw."""

    at: float
    answer: Answer


class Swept(NamedTuple):
    """The enforcer looks for what has expired."""

    at: float


class Scanned(NamedTuple):
    """The enforcer looks which addresses have open connections."""

    at: float
    alive: frozenset[Address]


Event = Heard | Swept | Scanned


class Zombie(NamedTuple):
    """An address whose answer has expired, kept for connections that may be open."""

    names: frozenset[str]
    #: when the answer expired
    since: float
    #: how many scans there had been
    scans: int
    alive_at: float = -inf


@dataclass(frozen=True)
class Memory:
    """The addresses of names as an enforcer knows them.

    >>> from nsimlib.dns.zone_files import shipped_zones
    >>> name = "orders.abc123def456.us-east-1.rds.amazonaws.com"
    >>> memory = Memory().after(Heard(0, shipped_zones("rds").answer(name)))
    >>> print(*memory.after(Swept(3600)).addresses(name))
    10.20.21.17
    """

    parameters: Parameters = CILIUM
    #: when the answer for a name and address expires
    expiry: Mapping[tuple[str, Address], float] = field(default_factory=dict)
    zombies: Mapping[Address, Zombie] = field(default_factory=dict)
    scans: int = 0
    scanned_at: float = -inf

    @cached_property
    def names(self) -> Mapping[Address, frozenset[str]]:
        """The names that each allowed address is known to have."""
        found = defaultdict[Address, set[str]](set)
        for name, address in self.expiry:
            found[address].add(name)
        for address, zombie in self.zombies.items():
            found[address] |= zombie.names
        return {address: frozenset(known) for address, known in found.items()}

    def addresses(self, name: str) -> tuple[Address, ...]:
        """The addresses that are allowed where the name is."""
        return tuple(sorted(each for each, known in self.names.items() if name in known))

    def due(self, now: float) -> float:
        """When it is next swept: at intervals, or as soon as something expires.

        A fraction of a second may be cut off short, so the next multiple may be this very moment:

        >>> from dataclasses import replace
        >>> (0.5 // 0.1 + 1) * 0.1, Memory(replace(CILIUM, sweep_interval=0.1)).due(0.5) > 0.5
        (0.5, True)
        """
        interval = self.parameters.sweep_interval
        if interval:
            multiple = now // interval + 1
            return multiple * interval if multiple * interval > now else (multiple + 1) * interval
        return min((each for each in self.expiry.values() if each > now), default=inf)

    def after(self, event: Event) -> "Memory":
        """Return what is known after an event; events come in the order of their times."""
        match event:
            case Heard():
                return self._heard(event)
            case Swept():
                return self._swept(event.at)
            case Scanned():
                return self._scanned(event)

    def _heard(self, event: Heard) -> "Memory":
        answer = event.answer
        until = event.at + max(self.parameters.min_ttl, answer.ttl)
        asked = answer.chain if self.parameters.chain else (answer.name,)
        later = {
            key: until
            for key in product(asked, answer.addresses)
            if self.expiry.get(key, -inf) < until
        }
        # Most answers come out of a cache, and say what is known.
        return replace(self, expiry={**self.expiry, **later}) if later else self

    def _scanned(self, event: Scanned) -> "Memory":
        alive_at = event.at + self.parameters.idle_grace
        zombies = {
            address: zombie._replace(alive_at=alive_at) if address in event.alive else zombie
            for address, zombie in self.zombies.items()
        }
        return replace(self, zombies=zombies, scans=self.scans + 1, scanned_at=event.at)

    def _swept(self, now: float) -> "Memory":
        gone = {key for key, until in self.expiry.items() if until <= now}
        gone |= set(self._too_many(key for key in self.expiry if key not in gone))
        if not gone and not self.zombies:
            return self
        zombies = dict(self.zombies)
        for name, address in sorted(gone):
            new = Zombie(frozenset({name}), self.expiry[name, address], self.scans)
            zombies[address] = _joined(zombies.get(address), new)
        expiry = {key: until for key, until in self.expiry.items() if key not in gone}
        return replace(self, expiry=expiry, zombies=self._kept(zombies))

    def _too_many(self, keys: Iterable[tuple[str, Address]]) -> Iterator[tuple[str, Address]]:
        """Of names with too many addresses, those that expire first (F3.33)."""
        by_name = defaultdict[str, list[tuple[str, Address]]](list)
        for key in keys:
            by_name[key[0]].append(key)
        for found in by_name.values():
            found.sort(key=lambda key: (self.expiry[key], key))
            yield from found[: max(0, len(found) - self.parameters.max_addresses)]

    def _kept(self, zombies: Mapping[Address, Zombie]) -> Mapping[Address, Zombie]:
        """Those that live, or share a name with one that does, as far as there is room."""
        living = {
            name for zombie in zombies.values() if self._lives(zombie) for name in zombie.names
        }
        kept = {address: each for address, each in zombies.items() if each.names & living}
        for name in sorted(living):
            of_name = {address: each for address, each in kept.items() if name in each.names}
            for address in _oldest(of_name, self.parameters.max_addresses):
                del kept[address]
        room = self.parameters.max_zombies if self.parameters.sweep_interval else 0
        for address in _oldest(kept, room):
            del kept[address]
        return kept

    def _lives(self, zombie: Zombie) -> bool:
        is_proven = self.scans >= zombie.scans + self.parameters.scans
        return not (is_proven and self.scanned_at > max(zombie.since, zombie.alive_at))


def _joined(old: Zombie | None, new: Zombie) -> Zombie:
    if old is None:
        return new
    return old._replace(names=old.names | new.names, since=max(old.since, new.since))


def _oldest(zombies: Mapping[Address, Zombie], room: int) -> list[Address]:
    """The addresses for which there is no room: those longest without a connection first."""

    def age(address: Address) -> tuple[float, float, int, Address]:
        zombie = zombies[address]
        return zombie.alive_at, zombie.since, len(zombie.names), address

    return sorted(zombies, key=age)[: max(0, len(zombies) - room)]
