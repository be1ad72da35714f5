"""How glibc looks a name up: nameservers in turn, the search list, and when it gives up.

With one nameserver that never answers, `ndots:5` and the search list of a pod (F5.10)::

     0 s  db.corp.example.shop.svc.cluster.local     and again after 5 s
    10 s  db.corp.example                            and again after 5 s; not the other suffixes
    20 s  the application hears EAI_AGAIN

All cases here were measured with glibc 2.36.
"""

from nsimlib.dns.exchanges import Exchange, Heard, Nameservers
from nsimlib.dns.lookups import Lookup, Step, Types
from nsimlib.dns.resolvconf import ResolvConf
from nsimlib.model.addresses import Address
from nsimlib.model.ports import Protocol

__all__ = ["CONNECT_SECONDS", "look_up_with_glibc"]

TCP, UDP = Protocol.TCP, Protocol.UDP
#: until Linux gives up a connection that nobody answers, whatever `timeout` says (F5.15)
CONNECT_SECONDS = 131
#: bytes that there are for an answer at first, and what an address takes of them
BUFFER, PER_ADDRESS = 1024, 40
#: what may be heard of one suffix for the next one to be tried
GOES_ON = (Heard.NO_NAME, Heard.NO_RECORDS, Heard.SERVFAIL)
FACTS = {
    (Heard.NOTHING, UDP): ("F5.7", "F5.10"),
    (Heard.NOTHING, TCP): ("F5.15",),
    (Heard.REJECTED, UDP): ("F5.12",),
    (Heard.TRUNCATED, UDP): ("F5.16",),
}


def look_up_with_glibc(
    conf: ResolvConf, servers: Nameservers, name: str, now: float, types: Types
) -> Lookup:
    """Return what `getaddrinfo` does; with `rotate`, the process has asked nothing before."""
    return _Call(conf, servers, now, types).run(name)


class _Call:
    """One call, and the steps that it has taken."""

    def __init__(self, conf: ResolvConf, servers: Nameservers, now: float, types: Types) -> None:
        self.conf, self.servers, self.now, self.types = conf, servers, now, types
        self.steps: list[Step] = []
        self.seconds = 0.0
        self.sent = 0
        self.found: tuple[Address, ...] = ()

    def run(self, name: str) -> Lookup:
        """Look the name up, and all of it again as long as the buffer is too small for it."""
        heard, buffer = self.search(name), BUFFER
        while heard is Heard.FOUND and PER_ADDRESS * len(self.found) + len(name) + 1 > buffer:
            heard, buffer = self.search(name), 2 * buffer
        return Lookup(name, heard, tuple(self.steps), self.found)

    def search(self, name: str) -> Heard:
        """Try the name as it stands and with each suffix, in the order that its dots say."""
        bare = name.removesuffix(".")
        first = self.send(bare) if self.conf.as_is_first(name) else None
        if first is Heard.FOUND or (first and not self.conf.searches(name)):
            return first
        searched: list[Heard] = []
        for suffix in self.conf.search:
            searched.append(self.send(f"{bare}.{suffix}"))
            if searched[-1] in (Heard.FOUND, Heard.REJECTED):
                return searched[-1]
            if searched[-1] not in GOES_ON:
                break
        if first is not None:
            return first
        last = self.send(bare)
        said = (each for each in (Heard.NO_RECORDS, Heard.SERVFAIL) if each in searched)
        return last if last is Heard.FOUND else next(said, last)

    def send(self, name: str) -> Heard:
        """Ask the nameservers in turn until one says something about the name."""
        over_tcp, failures = self.conf.use_vc, list[Heard]()
        count = len(self.conf.nameservers)
        offset = self.sent if self.conf.rotate else 0
        self.sent += 1
        for _ in range(self.conf.attempts):
            for shift in range(count):
                index = (offset + shift) % count
                heard = Heard.TRUNCATED if over_tcp else self.ask(name, index, UDP)
                if heard is Heard.TRUNCATED:
                    over_tcp, heard = True, self.ask(name, index, TCP)
                rcode = heard in (Heard.SERVFAIL, Heard.REFUSED)
                if heard.settles or (over_tcp and rcode):
                    return heard
                failures.append(heard)
            if over_tcp:
                return failures[-1]
        return _summary(failures)

    def ask(self, name: str, index: int, transport: Protocol) -> Heard:
        """Ask one nameserver for both types, together unless `single-request` says otherwise."""
        apart = self.conf.single_request and transport is UDP
        heard: list[Heard] = []
        self.found = ()
        for types in ((kind,) for kind in self.types) if apart else (self.types,):
            heard.append(self.exchange(name, types, index, transport))
            if not heard[-1].settles:
                return heard[-1]
        ranked = (Heard.FOUND, Heard.NO_NAME, Heard.NO_RECORDS)
        return min(heard, key=ranked.index)

    def exchange(self, name: str, types: Types, index: int, transport: Protocol) -> Heard:
        """Send one set of questions and wait for what is heard."""
        server, at = self.conf.nameservers[index], self.seconds
        there, edns0 = self.servers[server], self.conf.edns0
        found = Exchange.of(there, name, types, transport, self.now + at, edns0)
        heard, seconds = found.heard, found.seconds
        if heard is Heard.NOTHING:
            seconds = CONNECT_SECONDS if transport is TCP else self.patience(index)
        facts = FACTS.get((heard, transport), ())
        self.steps.append(
            Step(name, types, (server,), transport, heard, at, seconds, found.answers, facts)
        )
        self.seconds += seconds
        self.found += tuple(each for answer in found.answers for each in answer.addresses)
        return heard

    def patience(self, index: int) -> int:
        """How long a nameserver has to answer: the second of three has less, the third more."""
        shared = len(self.conf.nameservers) if index else 1
        return max(1, (self.conf.timeout << index) // shared)


def _summary(failures: list[Heard]) -> Heard:
    """What several nameservers that say nothing about the name come to."""
    said = [each for each in failures if each in (Heard.SERVFAIL, Heard.REFUSED)]
    if said:
        return said[-1]
    return Heard.NOTHING if Heard.NOTHING in failures else Heard.REJECTED
