"""One exchange with a nameserver: what happens to the packets, and what is heard in return."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from nsimlib.dns.records import Answer, Rcode, RecordType, Source, below
from nsimlib.model.addresses import Address
from nsimlib.model.ports import Protocol

__all__ = ["Exchange", "Fate", "Heard", "Nameserver", "Nameservers", "message_size"]

#: what a client takes over UDP unless it says otherwise (RFC 1035)
PLAIN_SIZE = 512
#: what glibc offers to take with `edns0`; an answer that offers it back is 11 bytes longer
EDNS0_SIZE, EDNS0_BYTES = 1200, 11
#: what CoreDNS puts into one datagram at most, whatever the client takes (F5.16)
SERVER_SIZE = 1232


class Fate(Enum):
    """What happens to packets for a nameserver."""

    ANSWERED = "answered"
    #: nothing comes back: the usual denial
    DROPPED = "dropped"
    #: an ICMP error or a TCP reset comes back at once
    REJECTED = "rejected"


class Heard(Enum):
    """How an exchange ends for the client."""

    FOUND = "found"
    NO_RECORDS = "no such records"
    NO_NAME = "no such name"
    TRUNCATED = "truncated"
    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"
    NOTHING = "no answer"
    REJECTED = "connection refused"

    @property
    def settles(self) -> bool:
        """Whether it says something about the name."""
        return self in (Heard.FOUND, Heard.NO_RECORDS, Heard.NO_NAME)


@dataclass(frozen=True, slots=True)
class Nameserver:
    """Somebody who answers on port 53, and how far packets get on the way there."""

    source: Source
    udp: Fate = Fate.ANSWERED
    tcp: Fate = Fate.ANSWERED
    #: how long an answer takes, which is less than its clients wait
    seconds: float = 0
    #: whether it gets answers about a domain, of which the longest counts
    reaches: Mapping[str, bool] = field(default_factory=lambda: {"": True}, hash=False)

    def fate(self, name: str, transport: Protocol) -> Fate:
        """Return what becomes of a question for a name."""
        fate = self.tcp if transport is Protocol.TCP else self.udp
        domain = max((each for each in self.reaches if below(name, each)), key=len, default="")
        cut_off = fate is Fate.ANSWERED and not self.reaches.get(domain, False)
        return Fate.DROPPED if cut_off else fate


Nameservers = Mapping[Address, Nameserver]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was heard of a nameserver, the answers that came whole, and how long it took."""

    heard: Heard
    answers: tuple[Answer, ...] = ()
    seconds: float = 0

    @classmethod
    def of(
        cls,
        server: Nameserver,
        name: str,
        types: tuple[RecordType, ...],
        transport: Protocol,
        now: float,
        edns0: bool = False,
    ) -> "Exchange":
        """Return what comes of asking for a name; how long silence lasts is the client's affair."""
        over_tcp = transport is Protocol.TCP
        fate = server.fate(name, transport)
        if fate is not Fate.ANSWERED:
            return cls(Heard.REJECTED if fate is Fate.REJECTED else Heard.NOTHING)
        answers = tuple(server.source.answer(name, kind, now) for kind in types)
        whole = tuple(answer for answer in answers if over_tcp or _fits(answer, edns0))
        heard = _heard(answers) if whole == answers else Heard.TRUNCATED
        return cls(heard, whole, server.seconds)


def _heard(answers: tuple[Answer, ...]) -> Heard:
    if any(answer.addresses for answer in answers):
        return Heard.FOUND
    rcodes = {answer.rcode for answer in answers}
    for rcode in (Rcode.SERVFAIL, Rcode.REFUSED):
        if rcode in rcodes:
            return Heard(rcode.value)
    return Heard.NO_NAME if Rcode.NXDOMAIN in rcodes else Heard.NO_RECORDS


def _fits(answer: Answer, edns0: bool) -> bool:
    size = message_size(answer) + (EDNS0_BYTES if edns0 else 0)
    return size <= min(EDNS0_SIZE if edns0 else PLAIN_SIZE, SERVER_SIZE)


def message_size(answer: Answer) -> int:
    """Return how many bytes an answer is long, without EDNS.

    Thirty addresses are the most that go into one plain answer over UDP:

    >>> from nsimlib.dns.records import Record
    >>> from nsimlib.model.addresses import Family
    >>> found = [Record("n.example", RecordType.A, 60, Address(Family.IPV4, n)) for n in range(31)]
    >>> [message_size(Answer("n.example", records=tuple(found[:n]))) for n in (1, 30, 31)]
    [43, 507, 523]
    """
    # Sizes do not hang on TTLs, which are others at every moment.
    parts = tuple((each.name, each.type, each.value) for each in answer.records)
    return _message_size(answer.name, answer.type, parts)


@lru_cache(maxsize=1 << 10)
def _message_size(
    name: str, type: RecordType, records: tuple[tuple[str, RecordType, Address | str], ...]
) -> int:
    import dns.message
    import dns.rrset

    message = dns.message.make_response(dns.message.make_query(name, str(type)))
    for owner, kind, value in records:
        text = f"{value}." if kind is RecordType.CNAME else str(value)
        message.answer.append(dns.rrset.from_text(f"{owner}.", 0, "IN", str(kind), text))
    return len(message.to_wire())
