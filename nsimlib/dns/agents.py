"""The agent on a node: what it learned from the answers that passed it, on the clock."""

from collections import Counter
from collections.abc import Callable, Iterable
from math import inf

from nsimlib.dns.clock import Life, Time
from nsimlib.dns.learning import Event, Heard, Memory, Scanned, Swept
from nsimlib.dns.parameters import Parameters
from nsimlib.dns.records import Answer, RecordType, Source
from nsimlib.model.addresses import Address
from nsimlib.model.peers import DomainPeer

__all__ = ["Agent", "DnsProxy"]


#: for how long a closed connection is tracked still (bpf-ct-timeout-regular-tcp-fin)
CLOSING_SECONDS = 10


class Agent:
    """What is learned on one node counts for all its pods (F3.28).

    `changed` is called whenever an address is learned or forgotten.
    """

    def __init__(self, parameters: Parameters, clock: Time, changed: Callable[[], None]) -> None:
        self.clock, self.changed = clock, changed
        self.memory = Memory(parameters)
        self.connections = Counter[Address]()
        self._used: dict[Address, float] = {}
        #: when a sweep is set for, where they come as something expires
        self._due = inf
        #: when addresses were forgotten
        self.forgotten: dict[Address, float] = {}
        if parameters.sweep_interval:
            clock.start(self._tending(parameters.scan_interval))

    def names(self, address: Address) -> frozenset[str]:
        """The names that an address is known to have."""
        return self.memory.names.get(address, frozenset())

    def used(self, address: Address, now: float) -> None:
        """Track a connection that is opened or closed now."""
        self._used[address] = now

    def hear(self, answer: Answer, at: float) -> None:
        """Learn from an answer that comes at a time, which takes `update_seconds`."""
        if not answer.addresses:
            return
        learned = at + self.memory.parameters.update_seconds
        if learned > self.clock.now:
            self.clock.call(learned - self.clock.now, lambda: self._take(Heard(at, answer)))
        else:
            self._take(Heard(at, answer))

    def _take(self, event: Event) -> None:
        before = self.memory.names
        self.memory = self.memory.after(event)
        if not self.memory.parameters.sweep_interval:
            self._sweep_when_due()
        if self.memory.names != before:
            self.forgotten |= dict.fromkeys(before.keys() - self.memory.names, self.clock.now)
            self.changed()

    def _sweep_when_due(self) -> None:
        now, due = self.clock.now, self.memory.due(self.clock.now)
        is_set = now < self._due <= due
        if due < inf and not is_set:
            self._due = due
            self.clock.call(due - now, lambda: self._take(Swept(due)))

    def _tending(self, interval: float) -> Life:
        """Scan and sweep, each at its times; the scan comes first where both do."""
        scan, sweep = interval, self.memory.due(0)
        while True:
            until = min(scan, sweep)
            yield until - self.clock.now
            if scan == until:
                self._take(Scanned(until, self.alive(until)))
                scan += interval
            if sweep == until:
                self._take(Swept(until))
                sweep = self.memory.due(until)

    def alive(self, now: float) -> frozenset[Address]:
        """Return the addresses with connections, those that were closed just now among them."""
        since = now - CLOSING_SECONDS
        is_open = (each for each, count in self.connections.items() if count)
        return frozenset((*is_open, *(each for each, at in self._used.items() if at > since)))


class DnsProxy(Source):
    """A DNS proxy in front of a nameserver: it refuses questions, and its agent hears answers.

    Every question passes whose name a pattern names; without patterns, every question does.
    """

    def __init__(self, source: Source, agent: Agent, patterns: Iterable[DomainPeer] = ()) -> None:
        self.source, self.agent, self.patterns = source, agent, tuple(patterns)

    def answer(self, name: str, type: RecordType = RecordType.A, now: float = 0) -> Answer:
        """Return what the nameserver says, if the question passes."""
        if self.patterns and not any(pattern.names(name) for pattern in self.patterns):
            reject = self.agent.memory.parameters.reject
            return Answer(name, type, reject, since=now, by="the DNS proxy")
        answer = self.source.answer(name, type, now)
        self.agent.hear(answer, now)
        return answer
