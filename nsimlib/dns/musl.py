"""How musl looks a name up: all nameservers at once, and one allowance of time for all tries.

With nameservers that never answer (F5.11)::

    0 s    db.corp.example.shop.svc.cluster.local, to every nameserver
    2.5 s  the same again
    5 s    the application hears EAI_AGAIN; neither other suffixes nor the bare name are tried

Only "no such name" leads on to the next suffix. Two things that end a look-up with glibc at once
take musl all its time: it does not listen for ICMP errors, and it ignores the answer REFUSED in the
hope that another nameserver knows more (F3.36). What is here was read in its code.
"""

from nsimlib.dns.exchanges import Exchange, Heard, Nameservers
from nsimlib.dns.lookups import Lookup, Step, Types
from nsimlib.dns.records import Answer
from nsimlib.dns.resolvconf import ResolvConf
from nsimlib.model.addresses import Address
from nsimlib.model.ports import Protocol

__all__ = ["look_up_with_musl"]

TCP, UDP = Protocol.TCP, Protocol.UDP
#: addresses that it takes from an answer at most
MAX_ADDRESSES = 48
#: how often it repeats a question at once that a nameserver fails to answer, in each try
AT_ONCE = 2
FACTS = {
    (Heard.NOTHING, UDP): ("F5.11",),
    (Heard.NOTHING, TCP): ("F5.11",),
    (Heard.REFUSED, UDP): ("F3.36",),
    (Heard.TRUNCATED, UDP): ("F5.16",),
}


def look_up_with_musl(
    conf: ResolvConf, servers: Nameservers, name: str, now: float, types: Types
) -> Lookup:
    """Return what `getaddrinfo` does; musl asks over TCP since version 1.2.4 (F5.16)."""
    return _Call(conf, servers, now, types).run(name)


class _Call:
    """One call, and the steps that it has taken."""

    def __init__(self, conf: ResolvConf, servers: Nameservers, now: float, types: Types) -> None:
        self.conf, self.servers, self.now, self.types = conf, servers, now, types
        self.steps: list[Step] = []
        self.seconds = 0.0

    def run(self, name: str) -> Lookup:
        """Try the suffixes and then the bare name, or a name with enough dots by itself."""
        bare = name.removesuffix(".")
        suffixes = () if self.conf.as_is_first(name) else self.conf.search
        heard, answers = Heard.NOTHING, tuple[Answer, ...]()
        for candidate in (*(f"{bare}.{suffix}" for suffix in suffixes), bare):
            heard, answers = self.send(candidate)
            if heard is not Heard.NO_NAME:
                break
        found = tuple(each for answer in answers for each in answer.addresses)
        return Lookup(name, heard, tuple(self.steps), found[:MAX_ADDRESSES])

    def send(self, name: str) -> tuple[Heard, tuple[Answer, ...]]:
        """Ask all nameservers for both types, again and again until the time is over."""
        # Whole milliseconds, so that three tries in 5 s leave 2 ms for a fourth.
        allowed = self.conf.timeout * 1000
        pause = max(1, allowed // max(1, self.conf.attempts))
        for at in range(0, allowed, pause):
            asked = {each: self.ask(name, each) for each in self.conf.nameservers}
            useful = {each: found for each, found in asked.items() if _is_useful(found)}
            if useful:
                server = min(useful, key=lambda each: useful[each].seconds)
                return self.take(name, server, useful[server], (allowed - at) / 1000)
            self.fail(name, list(asked.values()), min(pause, allowed - at) / 1000)
        return Heard.NOTHING, ()

    def ask(self, name: str, server: Address) -> Exchange:
        """Ask one nameserver over UDP; an ICMP error is as good as silence."""
        found = Exchange.of(self.servers[server], name, self.types, UDP, self.now + self.seconds)
        return Exchange(Heard.NOTHING) if found.heard is Heard.REJECTED else found

    def take(
        self, name: str, server: Address, found: Exchange, left: float
    ) -> tuple[Heard, tuple[Answer, ...]]:
        """Take an answer, and ask over TCP for what was truncated in it, while time is left."""
        self.step(name, self.types, self.conf.nameservers, UDP, found, found.seconds)
        if found.heard is not Heard.TRUNCATED:
            return found.heard, found.answers
        whole = {answer.type for answer in found.answers}
        cut = tuple(kind for kind in self.types if kind not in whole)
        now = self.now + self.seconds
        rest = Exchange.of(self.servers[server], name, cut, TCP, now)
        seconds = left - found.seconds if rest.heard is Heard.NOTHING else rest.seconds
        self.step(name, cut, (server,), TCP, rest, seconds)
        if not rest.heard.settles:
            return rest.heard, ()
        both = (*found.answers, *rest.answers)
        return (Heard.FOUND if any(a.addresses for a in both) else rest.heard), both

    def fail(self, name: str, asked: list[Exchange], pause: float) -> None:
        """Note a try that led to nothing, and what was repeated at once in it."""
        worst = next((each for each in asked if each.heard is not Heard.NOTHING), asked[0])
        repeats = AT_ONCE if worst.heard is Heard.SERVFAIL else 0
        for left in range(repeats, -1, -1):
            servers = self.conf.nameservers
            if left < repeats:
                failing = zip(servers, asked, strict=True)
                servers = tuple(s for s, each in failing if each.heard is Heard.SERVFAIL)[:1]
            self.step(name, self.types, servers, UDP, worst, 0 if left else pause)

    def step(
        self,
        name: str,
        types: Types,
        servers: tuple[Address, ...],
        transport: Protocol,
        found: Exchange,
        seconds: float,
    ) -> None:
        facts = FACTS.get((found.heard, transport), ())
        at = self.seconds
        self.steps.append(
            Step(name, types, servers, transport, found.heard, at, seconds, found.answers, facts)
        )
        self.seconds += seconds


def _is_useful(found: Exchange) -> bool:
    return found.heard.settles or found.heard is Heard.TRUNCATED
