"""Caches: each in front of another source, so that they stack as they do on the way of a question.

::

    zones -> ResolverCache -> MessageCache (CoreDNS, node-cache) -> JvmCache -> Pool

What differs is for how long each believes what it heard. The record says 5 s; behind CoreDNS, a JVM
and a pool of connections, an address outlives it by half a minute, or by as long as the pool lives.
"""

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf

from nsimlib.dns.records import (
    LONGEST_CHAIN,
    Answer,
    Rcode,
    Record,
    RecordType,
    Source,
    below,
    canonical,
)

__all__ = ["Cache", "JvmCache", "MessageCache", "Pool", "ResolverCache", "Routed", "Settings"]

Key = tuple[str, RecordType]


class Cache(Source):
    """A cache of whole answers; `keep` says for how many seconds, from when it hears them."""

    def __init__(self, source: Source, label: str) -> None:
        self.source, self.label = source, label
        self._held: dict[Key, tuple[Answer, float]] = {}

    @abstractmethod
    def keep(self, answer: Answer) -> float:
        """Return for how many seconds an answer is kept."""

    def answer(self, name: str, type: RecordType = RecordType.A, now: float = 0) -> Answer:
        """Return what is held, with the time that it has left, or else what the source says."""
        held = self._held.get((canonical(name), type))
        if held is None or held[1] <= now:
            held = self.renewed(name, type, now)
        answer, until = held
        return answer if answer.failed else answer.with_ttl(until - now, self.label)

    def renewed(self, name: str, type: RecordType, now: float) -> tuple[Answer, float]:
        """Return what the source says now and when it expires, and hold it."""
        answer = self.source.answer(name, type, now)
        held = answer, now + self.keep(answer)
        self._held[canonical(name), type] = held
        return held

    def forget(self, name: str) -> None:
        """Hold nothing of a name any more."""
        for kind in RecordType:
            self._held.pop((canonical(name), kind), None)


@dataclass(frozen=True, slots=True)
class Settings:
    """What CoreDNS's `cache` can be told; a negative answer has a limit of its own.

    What is here is `cache 30`, as in the Corefile of Kubernetes (F5.17): nothing is kept for less
    than 5 s, whatever its TTL (F5.18), and neither `prefetch` nor `serve_stale` is on.
    """

    min_ttl: float = 5
    max_ttl: float = 30
    max_negative_ttl: float = 30
    servfail_ttl: float = 5
    #: how long after its end an answer is still given, while a new one is fetched
    serve_stale: float = 0


class MessageCache(Cache):
    """CoreDNS's `cache`, which node-cache has as well.

    A TTL of one second becomes five on the way to the pod (F5.18):

    >>> from nsimlib.dns.zone_files import shipped_zones
    >>> reader = "orders.cluster-ro-abc123def456.us-east-1.rds.amazonaws.com"
    >>> zones = shipped_zones("aurora")
    >>> zones.answer(reader).ttl, MessageCache(zones).answer(reader).ttl
    (1, 5)
    """

    def __init__(
        self, source: Source, label: str = "CoreDNS", settings: Settings | None = None
    ) -> None:
        super().__init__(source, label)
        self.settings = settings or Settings()

    def keep(self, answer: Answer) -> float:
        """Return the answer's TTL, within the limits."""
        if answer.failed:
            return self.settings.servfail_ttl if answer.rcode is Rcode.SERVFAIL else 0
        longest = self.settings.max_negative_ttl if answer.negative else self.settings.max_ttl
        return max(self.settings.min_ttl, min(longest, answer.ttl))

    def answer(self, name: str, type: RecordType = RecordType.A, now: float = 0) -> Answer:
        """Return what is held; with `serve_stale` also what is over, and then look again."""
        held, until = self._held.get((canonical(name), type), (None, now))
        if held is None or not until <= now < until + self.settings.serve_stale:
            return super().answer(name, type, now)
        self.renewed(name, type, now)
        return held.with_ttl(0, self.label)


class JvmCache(Cache):
    """The cache inside a Java application, which knows nothing of TTLs (F5.20).

    `ttl` and `negative_ttl` are `networkaddress.cache.ttl` and `networkaddress.cache.negative.ttl`:
    -1 is for ever, 0 never. Without a value it is 30 s, and for ever under a security manager.
    """

    def __init__(
        self,
        source: Source,
        *,
        ttl: float | None = None,
        negative_ttl: float = 10,
        security_manager: bool = False,
    ) -> None:
        super().__init__(source, "the JVM")
        default = -1 if security_manager else 30
        self.ttl, self.negative_ttl = default if ttl is None else ttl, negative_ttl

    def keep(self, answer: Answer) -> float:
        """Return what the properties say."""
        seconds = self.ttl if answer.addresses else self.negative_ttl
        return inf if seconds < 0 else seconds


class Pool(Cache):
    """A connection of a pool: it stays with the address it was opened to (F5.21).

    `max_lifetime` is when the pool replaces it. `forget` is what happens to one that breaks.
    """

    def __init__(self, source: Source, *, max_lifetime: float = inf) -> None:
        super().__init__(source, "the pool")
        self.max_lifetime = max_lifetime

    def keep(self, answer: Answer) -> float:
        """Return the lifetime of a connection; where there is no address there is none."""
        return self.max_lifetime if answer.addresses else 0


class ResolverCache(Source):
    """A resolver such as the VPC's: it keeps each record for its own TTL, and not the answer.

    So an alias is believed for as long as its own TTL says, while the address behind it is asked
    for again and again.

    >>> from nsimlib.dns.zone_files import shipped_zones
    >>> resolver = ResolverCache(shipped_zones("alias"))
    >>> first, later = (resolver.answer("db.corp.example", now=now) for now in (0, 100))
    >>> later
    db.corp.example A: NOERROR from the resolver, true at 0 s
      db.corp.example 200 CNAME orders.abc123def456.us-east-1.rds.amazonaws.com
      orders.abc123def456.us-east-1.rds.amazonaws.com 5 A 10.20.22.18
    """

    def __init__(self, source: Source, label: str = "the resolver") -> None:
        self.source, self.label = source, label
        #: records of one name and type, when they were fetched and when they expire
        self._held: dict[Key, tuple[Answer, float, float]] = {}

    def answer(self, name: str, type: RecordType = RecordType.A, now: float = 0) -> Answer:
        """Return what is put together from records that are held and records that are fetched."""
        whole = self._part(canonical(name), type, now)
        last = whole
        while last.records and not last.addresses and len(whole.records) <= LONGEST_CHAIN:
            last = self._part(last.chain[-1], type, now)
            whole = replace(
                last,
                name=whole.name,
                records=(*whole.records, *last.records),
                since=min(whole.since, last.since),
                choices=(*whole.choices, *last.choices),
            )
        return replace(whole, type=type)

    def _part(self, name: str, type: RecordType, now: float) -> Answer:
        """The records of one name, with the time that they have left."""
        if not self._holds(name, type, now):
            heard = self.source.answer(name, type, now)
            if heard.failed:
                return heard
            self._take(heard, now)
        kind = type if (name, type) in self._held else RecordType.CNAME
        answer, _, until = self._held[name, kind]
        return answer.with_ttl(until - now, self.label)

    def _holds(self, name: str, type: RecordType, now: float) -> bool:
        for kind in (type, RecordType.CNAME):
            _, at, until = self._held.get((name, kind), (None, None, now))
            # What was fetched just now counts for this question, even with a TTL of 0.
            if at == now or now < until:
                return True
            self._held.pop((name, kind), None)
        return False

    def _take(self, heard: Answer, now: float) -> None:
        parts = defaultdict[tuple[str, RecordType], list[Record]](list)
        for record in heard.records:
            parts[record.name, record.type].append(record)
        for (name, kind), records in parts.items():
            choices = tuple(each for each in heard.choices if each.name == name)
            part = replace(heard, name=name, type=kind, records=tuple(records), choices=choices)
            part = replace(part, rcode=Rcode.NOERROR, negative_ttl=0)
            self._held[name, kind] = part, now, now + min(each.ttl for each in records)
        if not heard.addresses:
            last = heard.chain[-1]
            nothing = replace(heard, name=last, records=(), choices=())
            self._held[last, heard.type] = nothing, now, now + heard.negative_ttl


class Routed(Source):
    """Several sources, each for a domain and what is below it; the longest domain counts."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.sources = sources

    def answer(self, name: str, type: RecordType = RecordType.A, now: float = 0) -> Answer:
        """Return what the source for the name says."""
        domains = [domain for domain in self.sources if below(canonical(name), domain)]
        return self.sources[max(domains, key=len)].answer(name, type, now)
