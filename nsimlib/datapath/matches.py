"""The conditions of a rule, each of which prints itself as `iptables-save` prints it.

Text that is none of those known here is kept word for word (`Verbatim`); whether a packet meets it
nobody can say, and a walk that comes to it stops there.
"""

import re
from dataclasses import dataclass

from nsimlib.model.ports import Protocol

__all__ = [
    "WHOLE",
    "AddressType",
    "Comment",
    "Conntrack",
    "IcmpType",
    "InSet",
    "Interface",
    "Mark",
    "Match",
    "Multiport",
    "Net",
    "PortSpan",
    "Proto",
    "Span",
    "Verbatim",
    "quoted",
    "span_text",
]

#: first and last port
Span = tuple[int, int]
#: all bits of a mark
WHOLE = 0xFFFFFFFF
UNQUOTED = re.compile(r"[-_A-Za-z0-9]+")


def quoted(text: str) -> str:
    """Return a text as `iptables-save` quotes it: only if it needs to be.

    >>> print(quoted("cali-go"), quoted("Unknown interface"))
    cali-go "Unknown interface"
    """
    if UNQUOTED.fullmatch(text):
        return text
    return '"' + re.sub(r"([\"'\\])", r"\\\1", text) + '"'


def span_text(span: Span) -> str:
    """Return a port, or a range of ports as `first:last`."""
    first, last = span
    return str(first) if first == last else f"{first}:{last}"


@dataclass(frozen=True, slots=True)
class Net:
    """`-s` or `-d`: the address at one end is in a block."""

    end: str
    cidr: str
    negated: bool = False

    def __str__(self) -> str:
        return f"{_no(self.negated)}-{self.end[0]} {self.cidr}"


@dataclass(frozen=True, slots=True)
class Interface:
    """`-i` or `-o`: the interface that the packet came in by, or goes out by; `+` means any end."""

    way: str
    name: str
    negated: bool = False

    def __str__(self) -> str:
        return f"{_no(self.negated)}-{self.way[0]} {self.name}"


@dataclass(frozen=True, slots=True)
class Proto:
    """`-p`: the protocol, by name or number."""

    name: str
    negated: bool = False

    def __str__(self) -> str:
        return f"{_no(self.negated)}-p {self.name}"


@dataclass(frozen=True, slots=True)
class Comment:
    """`-m comment`: a note, which every packet meets."""

    text: str

    def __str__(self) -> str:
        return f"-m comment --comment {quoted(self.text)}"


@dataclass(frozen=True, slots=True)
class Mark:
    """`-m mark`: the bits under a mask have a value."""

    value: int
    mask: int = WHOLE
    negated: bool = False

    def __str__(self) -> str:
        mask = "" if self.mask == WHOLE else f"/{self.mask:#x}"
        return f"-m mark {_no(self.negated)}--mark {self.value:#x}{mask}"


@dataclass(frozen=True, slots=True)
class Conntrack:
    """`-m conntrack --ctstate`: connection tracking says one of these; once `-m state --state`."""

    states: tuple[str, ...]
    negated: bool = False
    module: str = "conntrack"

    def __str__(self) -> str:
        option = "ctstate" if self.module == "conntrack" else "state"
        return f"-m {self.module} {_no(self.negated)}--{option} {','.join(self.states)}"


@dataclass(frozen=True, slots=True)
class Multiport:
    """`-m multiport`: the port at one end is one of up to 15, where a range counts as two (F2.28).

    `end` is `src`, `dst`, or empty for either.
    """

    end: str
    spans: tuple[Span, ...]
    negated: bool = False

    def __str__(self) -> str:
        ports = ",".join(map(span_text, self.spans))
        return f"-m multiport {_no(self.negated)}--{self.end[:1]}ports {ports}"


@dataclass(frozen=True, slots=True)
class PortSpan:
    """`-m tcp --dport` and its like: the port at one end is in one range."""

    protocol: str
    end: str
    span: Span
    negated: bool = False

    def __str__(self) -> str:
        port = f"{_no(self.negated)}--{self.end[0]}port {span_text(self.span)}"
        return f"-m {self.protocol} {port}"


@dataclass(frozen=True, slots=True)
class InSet:
    """`-m set`: what the packet has at these ends is in an ipset; two ends are address and port."""

    name: str
    ends: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        return f"-m set {_no(self.negated)}--match-set {self.name} {','.join(self.ends)}"


@dataclass(frozen=True, slots=True)
class IcmpType:
    """`-m icmp`, `-m icmp6`: the type of an ICMP packet, and its code if one is named."""

    protocol: Protocol
    number: int
    code: int | None = None
    negated: bool = False

    def __str__(self) -> str:
        code = "" if self.code is None else f"/{self.code}"
        module = "icmp" if self.protocol is Protocol.ICMP else "icmp6"
        option = "icmp" if self.protocol is Protocol.ICMP else "icmpv6"
        return f"-m {module} {_no(self.negated)}--{option}-type {self.number}{code}"


@dataclass(frozen=True, slots=True)
class AddressType:
    """`-m addrtype`: the address at one end is the node's own; other types are not known here."""

    end: str
    negated: bool = False

    def __str__(self) -> str:
        return f"-m addrtype {_no(self.negated)}--{self.end}-type LOCAL"


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A condition that is not known here, word for word."""

    text: str

    def __str__(self) -> str:
        return self.text


Match = (
    Net
    | Interface
    | Proto
    | Comment
    | Mark
    | Conntrack
    | Multiport
    | PortSpan
    | InSet
    | IcmpType
    | AddressType
    | Verbatim
)


def _no(negated: bool) -> str:
    return "! " if negated else ""
