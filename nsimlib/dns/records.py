"""What DNS says: records, the answer that holds them, and whoever can be asked.

Time is a plain number of seconds on the simulation's own clock. An answer keeps when its content
was true (`since`), so that its age is known however many caches it went through.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from nsimlib.model.addresses import Address, Family

__all__ = [
    "LONGEST_CHAIN",
    "Answer",
    "Choice",
    "Rcode",
    "Record",
    "RecordType",
    "Source",
    "below",
    "canonical",
]

#: a chain of CNAMEs that is longer goes round in a circle
LONGEST_CHAIN = 16


class RecordType(StrEnum):
    """The types of records that a look-up of addresses meets."""

    A = "A"
    AAAA = "AAAA"
    CNAME = "CNAME"

    @property
    def family(self) -> Family | None:
        """The address family of the type's values; None for a CNAME, which leads to a name."""
        return {"A": Family.IPV4, "AAAA": Family.IPV6}.get(self.value)


class Rcode(StrEnum):
    """How a server answers."""

    #: the name exists, though it may have no record of the type that was asked for
    NOERROR = "NOERROR"
    #: no such name
    NXDOMAIN = "NXDOMAIN"
    #: the server could not find out
    SERVFAIL = "SERVFAIL"
    #: the server does not want to say
    REFUSED = "REFUSED"


def canonical(name: str) -> str:
    """Return a domain name as names are compared: in lower case and without the last dot.

    >>> canonical("Orders.Example.")
    'orders.example'
    """
    return name.lower().removesuffix(".")


def below(name: str, domain: str) -> bool:
    """Whether a name is a domain or below it; below the root, which is empty, are all names.

    >>> below("db.corp.example", "corp.example"), below("db.acorp.example", "corp.example")
    (True, False)
    """
    return not domain or f".{name}".endswith(f".{domain}")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: an address, or the name that a CNAME leads to, and for how long it may be kept.

    >>> Record("db.example", RecordType.CNAME, 300, "orders.example")
    db.example 300 CNAME orders.example
    """

    name: str
    type: RecordType
    #: seconds
    ttl: float
    value: Address | str

    def __repr__(self) -> str:
        return f"{self.name} {self.ttl:g} {self.type} {self.value}"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of several record sets of one name an answer holds, and why that one."""

    name: str
    member: str
    because: str

    def __str__(self) -> str:
        return f"{self.name}: {self.member}, {self.because}"


@dataclass(frozen=True, repr=False)
class Answer:
    """What is said to a question: the CNAMEs on the way in their order, then the addresses.

    `negative_ttl` says how long an answer without records may be kept. `since` is when the content
    was true, and `by` who said so last: a zone, or a cache on the way.
    """

    name: str
    type: RecordType = RecordType.A
    rcode: Rcode = Rcode.NOERROR
    records: tuple[Record, ...] = ()
    negative_ttl: float = 0
    since: float = 0
    by: str = ""
    choices: tuple[Choice, ...] = ()

    @cached_property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses, in the order of the answer."""
        return tuple(each.value for each in self.records if isinstance(each.value, Address))

    @property
    def chain(self) -> tuple[str, ...]:
        """The name that was asked, and the names that CNAMEs lead to.

        >>> alias = Record("db.example", RecordType.CNAME, 300, "orders.example")
        >>> Answer("db.example", records=(alias,)).chain
        ('db.example', 'orders.example')
        """
        return (self.name, *(each.value for each in self.records if isinstance(each.value, str)))

    @property
    def negative(self) -> bool:
        """Whether it says that there is nothing: no such name, or none of this type."""
        return not self.addresses and self.rcode in (Rcode.NOERROR, Rcode.NXDOMAIN)

    @property
    def failed(self) -> bool:
        """Whether it says nothing about the name at all."""
        return self.rcode in (Rcode.SERVFAIL, Rcode.REFUSED)

    @property
    def ttl(self) -> float:
        """For how many seconds the whole of it may be kept: its shortest record decides.

        >>> alias = Record("db.example", RecordType.CNAME, 300, "orders.example")
        >>> address = Record("orders.example", RecordType.A, 5, Address(Family.IPV4, 1))
        >>> Answer("db.example", records=(alias, address)).ttl
        5
        """
        if self.failed:
            return 0
        ttls = [record.ttl for record in self.records]
        return min([*ttls, self.negative_ttl] if self.negative else ttls)

    def with_ttl(self, ttl: float, by: str) -> "Answer":
        """Return it as a cache hands it on: all that it holds may be kept for `ttl` seconds."""
        # Built by hand: every cache on the way of every question does this.
        return Answer(
            self.name,
            self.type,
            self.rcode,
            tuple(Record(each.name, each.type, ttl, each.value) for each in self.records),
            ttl if self.negative else 0,
            self.since,
            by,
            self.choices,
        )

    def __repr__(self) -> str:
        by = f" from {self.by}" if self.by else ""
        nothing = "" if self.addresses or self.rcode is not Rcode.NOERROR else ", no such records"
        head = f"{self.name} {self.type}: {self.rcode}{nothing}{by}, true at {self.since:g} s"
        return "\n".join((head, *(f"  {each}" for each in (*self.records, *self.choices))))


class Source(ABC):
    """Whoever can be asked: a zone, or a cache in front of another source."""

    @abstractmethod
    def answer(self, name: str, type: RecordType = RecordType.A, now: float = 0) -> Answer:
        """Return what it says at a time; a name it does not know is an answer too."""

    def lookup(self, name: str, now: float = 0) -> tuple[Address, ...]:
        """Return the addresses that an application gets: of both families, IPv4 first."""
        asked = (self.answer(name, kind, now) for kind in (RecordType.A, RecordType.AAAA))
        return tuple(address for answer in asked for address in answer.addresses)
