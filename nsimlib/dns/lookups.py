"""A look-up as it went: every sending of questions, what was heard, and how long that took."""

from dataclasses import dataclass
from itertools import product
from math import fsum
from typing import NamedTuple

from nsimlib.dns.exchanges import Heard
from nsimlib.dns.records import Answer, RecordType
from nsimlib.model.addresses import Address
from nsimlib.model.ports import Protocol
from nsimlib.model.shown import Shown

__all__ = ["BOTH", "Lookup", "Query", "Step", "Types"]

Types = tuple[RecordType, ...]

#: what `getaddrinfo` asks for where nothing was said
BOTH = (RecordType.A, RecordType.AAAA)

#: what an application is told, as `gai_strerror` says it in glibc
ERRORS = {
    Heard.NO_NAME: "EAI_NONAME: Name or service not known",
    Heard.NO_RECORDS: "EAI_NODATA: No address associated with hostname",
}
OTHERWISE = "EAI_AGAIN: Temporary failure in name resolution"


class Query(NamedTuple):
    """One question to one nameserver."""

    name: str
    type: RecordType
    server: Address
    transport: Protocol


@dataclass(frozen=True, slots=True)
class Step:
    """Questions that were sent together, and what was heard until the client went on.

    `at` counts the seconds since the look-up began; `facts` say why it took so long.
    """

    name: str
    types: Types
    servers: tuple[Address, ...]
    transport: Protocol
    heard: Heard
    at: float = 0
    seconds: float = 0
    answers: tuple[Answer, ...] = ()
    facts: tuple[str, ...] = ()

    @property
    def queries(self) -> tuple[Query, ...]:
        """The questions one by one, in the order in which they were sent."""
        asked = product(self.types, self.servers)
        return tuple(Query(self.name, kind, server, self.transport) for kind, server in asked)

    def __str__(self) -> str:
        servers = ", ".join(map(str, self.servers))
        facts = f" ({', '.join(self.facts)})" if self.facts else ""
        return (
            f"{self.at:6.1f} s  {'+'.join(self.types)} {self.name} -> {servers}:53/"
            f"{self.transport.value}: {self.heard.value} after {self.seconds:g} s{facts}"
        )


@dataclass(frozen=True, repr=False)
class Lookup(Shown):
    """What `getaddrinfo` did for one name, and what the application was told."""

    name: str
    heard: Heard
    steps: tuple[Step, ...] = ()
    addresses: tuple[Address, ...] = ()

    @property
    def seconds(self) -> float:
        """How long the application waited."""
        return fsum(step.seconds for step in self.steps)

    @property
    def queries(self) -> tuple[Query, ...]:
        """All questions, in the order in which they were sent."""
        return tuple(query for step in self.steps for query in step.queries)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that were asked for, each once."""
        return tuple(dict.fromkeys(step.name for step in self.steps))

    @property
    def error(self) -> str | None:
        """What the application is told instead of addresses, or None."""
        return None if self.heard is Heard.FOUND else ERRORS.get(self.heard, OTHERWISE)

    def __repr__(self) -> str:
        result = self.error or ", ".join(map(str, self.addresses))
        asked = f"{len(self.queries)} queries" if len(self.queries) != 1 else "1 query"
        head = f"{self.name}: {result}; {self.seconds:g} s, {asked}"
        return "\n".join((head, *map(str, self.steps)))
