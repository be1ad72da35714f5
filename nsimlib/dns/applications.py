"""Applications: what each believes of a name, which connections it holds, and how it fails."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import cycle
from math import inf
from typing import NamedTuple

from nsimlib.dns.asking import Asking, Failure
from nsimlib.dns.caches import JvmCache
from nsimlib.dns.clock import Life
from nsimlib.dns.enforcement import Watch
from nsimlib.dns.exchanges import Fate, Heard
from nsimlib.dns.lanes import LaneKind
from nsimlib.dns.lookups import Lookup
from nsimlib.dns.records import Answer, Record, RecordType, Source, canonical
from nsimlib.dns.servers import Server, Service
from nsimlib.dns.timeline import Attempt, Result
from nsimlib.model.addresses import Address, Family
from nsimlib.model.ports import Port

__all__ = ["Application", "Client"]

TYPES = {Family.IPV4: RecordType.A, Family.IPV6: RecordType.AAAA}


@dataclass(frozen=True, slots=True)
class Application:
    """A client in a pod that does something with a server every so often; times in seconds.

    It has a pool of connections, or opens one each time. It looks its name up whenever it opens
    one, unless it believes an earlier answer still, as a Java application does (F5.20, F5.21).
    """

    pod: str
    asks: str
    port: Port
    #: what it is called; its pod's name where it is the only one there
    name: str = ""
    #: seconds from the beginning of an attempt to the next, and to the first
    every: float = 1
    first: float = 0
    libc: str = "glibc"
    #: the size of its pool of connections; 0 is none
    pool: int = 0
    #: when a pool replaces a connection, whatever it leads to
    pool_lifetime: float = inf
    #: `networkaddress.cache.ttl`; None where the application keeps no names
    jvm_ttl: float | None = None
    jvm_negative_ttl: float = 10
    #: how long it waits for a connection, and for the answer to a request
    connect_timeout: float = 5
    request_timeout: float = 5
    #: whether what it does is a write
    writes: bool = True

    @property
    def watch(self) -> Watch:
        """What policy has to allow it."""
        return Watch(self.pod, canonical(self.asks), self.port)

    def jvm(self, source: Source) -> JvmCache | None:
        """Return the cache of its JVM in front of a source, if it has one."""
        if self.jvm_ttl is None:
            return None
        return JvmCache(source, ttl=self.jvm_ttl, negative_ttl=self.jvm_negative_ttl)


class _Connection(NamedTuple):
    address: Address
    opened: float
    until: float


class Client:
    """One application while it runs; `report` is given each attempt."""

    def __init__(
        self,
        application: Application,
        asking: Asking,
        servers: Mapping[Address, Server],
        report: Callable[[Attempt], None],
    ) -> None:
        self.application, self.asking, self.world = application, asking, asking.world
        self.servers, self.report = servers, report
        self.agent = self.world.agent(application.pod)
        self.label = application.name or application.pod
        self._jvm = application.jvm(asking.source)
        self._believed = Lookup(application.asks, Heard.NOTHING), -inf
        self._failure = Failure("")
        self._open: dict[int, _Connection] = {}

    def life(self) -> Life:
        """Try again and again, one attempt at a time, with the connections of the pool in turn."""
        clock, every = self.world.clock, self.application.every
        yield self.application.first
        for slot in cycle(range(max(self.application.pool, 1))):
            begun = clock.now
            yield from self._attempt(begun, slot)
            yield max(0.0, begun + every - clock.now)

    def _attempt(self, begun: float, slot: int) -> Life:
        held = self._open.get(slot)
        if held is None:
            yield from self._connect(begun, slot)
        elif self._server(held.address).at(begun) is Service.DOWN and begun < held.until:
            # Nobody says so: the request goes out, and no answer comes.
            yield self.application.request_timeout
            self._close(slot)
            self._unanswered(begun, held.address, Service.DOWN)
        elif held.until <= begun or self._server(held.address).lost(held.opened, begun):
            self._close(slot)
            yield from self._connect(begun, slot)
        else:
            yield from self._use(begun, slot, held.address)

    def _use(self, begun: float, slot: int, address: Address) -> Life:
        """Do something over a connection of the pool, unless policy has changed its mind."""
        if self.world.enforcer.rechecks:
            ruling = self.world.ruling(self.application.watch, address)
            if not ruling.allowed:
                yield self.application.request_timeout
                self._close(slot)
                facts = (*ruling.facts, *self.world.enforcer.profile["open_connections"].facts)
                self._report(begun, address, Result.CUT, ruling.because, facts)
                return
        self._served(begun, address, Result.REUSED, "over an open connection")

    def _connect(self, begun: float, slot: int) -> Life:
        """Look the name up and open a connection."""
        lookup, until = self._believed
        if until <= begun:
            about = self.application
            lookup = self.asking.look_up(about.pod, about.asks, about.libc)
            # Why it fails is asked now: policies may be others when the waiting is over.
            self._failure = self.asking.failure(about.pod, lookup)
            yield lookup.seconds
            self._believe(lookup)
        if not lookup.addresses:
            because, facts = self._failure
            self._report(begun, None, Result.NO_ADDRESS, because, facts)
            return
        address = lookup.addresses[0]
        ruling = self.world.ruling(self.application.watch, address)
        service = self._server(address).at(self.world.clock.now)
        silent = (
            self.asking.denied is Fate.DROPPED if not ruling.allowed else service is Service.DOWN
        )
        if silent:
            yield self.application.connect_timeout
        if not ruling.allowed:
            self._report(begun, address, Result.DENIED, ruling.because, ruling.facts)
        elif service in (Service.DOWN, Service.REFUSING):
            self._unanswered(begun, address, service)
        else:
            self._keep(slot, address)
            self._served(begun, address, Result.CONNECTED, ruling.because)

    def _believe(self, lookup: Lookup) -> None:
        """What a JVM keeps of a look-up, from when it has it."""
        if self._jvm is not None:
            now = self.world.clock.now
            until = now + self._jvm.keep(_as_answer(lookup, now))
            self._believed = lookup, until
            self._note(LaneKind.BELIEVED, lookup.addresses, until)

    def _keep(self, slot: int, address: Address) -> None:
        """Keep a connection, if there is a pool to keep it in."""
        now = self.world.clock.now
        self.agent.used(address, now)
        if self.application.pool:
            self._open[slot] = _Connection(address, now, now + self.application.pool_lifetime)
            self.agent.connections[address] += 1
            self._note(LaneKind.POOLED, {each.address for each in self._open.values()})

    def _close(self, slot: int) -> None:
        held = self._open.pop(slot)
        self.agent.connections[held.address] -= 1
        self.agent.used(held.address, self.world.clock.now)
        self._note(LaneKind.POOLED, {each.address for each in self._open.values()})

    def _server(self, address: Address) -> Server:
        return self.servers.get(address) or Server(address)

    def _served(self, begun: float, address: Address, result: Result, because: str) -> None:
        """What comes of a request that reaches the server."""
        service = self._server(address).at(self.world.clock.now)
        if self.application.writes and service is Service.READ_ONLY:
            facts = ("F5.21",) if self._jvm is None else ("F5.20", "F5.21")
            because = self._moved(begun, address, "is a replica and does not write")
            self._report(begun, address, Result.READ_ONLY, because, facts)
        else:
            self._report(begun, address, result, because)

    def _unanswered(self, begun: float, address: Address, service: Service) -> None:
        because = self._moved(begun, address, f"is {service.value}")
        self._report(begun, address, Result.UNANSWERED, because)

    def _moved(self, begun: float, address: Address, what: str) -> str:
        """What is the matter with an address, and since when its name has led elsewhere."""
        since = self.world.left(self.application.watch.name, address, begun)
        return f"{address} {what}" + (
            "" if since is None else f", and the name left it at {since:g} s"
        )

    def _report(
        self,
        begun: float,
        address: Address | None,
        result: Result,
        because: str,
        facts: tuple[str, ...] = (),
    ) -> None:
        seconds = self.world.clock.now - begun
        name = self.application.asks
        self.report(Attempt(begun, self.label, name, address, result, because, facts, seconds))

    def _note(self, kind: LaneKind, addresses: Iterable[Address], until: float = inf) -> None:
        now, name = self.world.clock.now, self.application.watch.name
        self.world.recorder.note(kind, self.label, name, now, addresses, until)


def _as_answer(lookup: Lookup, now: float) -> Answer:
    """A look-up as what a cache is given: addresses, or none."""
    records = (Record(lookup.name, TYPES[a.family], 0, a) for a in lookup.addresses)
    return Answer(lookup.name, records=tuple(records), since=now)
