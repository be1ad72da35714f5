"""The text of one condition → a `Match`, or the text itself where it is not known."""

import re
from collections.abc import Callable

from nsimlib.datapath.matches import (
    WHOLE,
    AddressType,
    Comment,
    Conntrack,
    IcmpType,
    InSet,
    Interface,
    Mark,
    Match,
    Multiport,
    Net,
    PortSpan,
    Proto,
    Span,
    Verbatim,
)
from nsimlib.model.addresses import parse_cidr
from nsimlib.model.ports import Protocol

__all__ = ["read_match"]

ENDS = {"s": "src", "d": "dst", "": ""}
WAYS = {"i": "in", "o": "out"}
ICMP = {"icmp": Protocol.ICMP, "icmp6": Protocol.ICMPV6}
QUOTED = re.compile(r"\"(.*)\"")


def read_match(text: str) -> Match:
    """Return the condition that a text says; it prints as it was read, whatever it is.

    >>> read_match("-m mark ! --mark 0x0/0x30000").negated
    True
    >>> read_match("-m u32 --u32 0x1=0x2")
    Verbatim(text='-m u32 --u32 0x1=0x2')
    """
    for pattern, make in READERS:
        if found := pattern.fullmatch(text):
            made = make(**found.groupdict(default=""))
            return made if made is not None and str(made) == text else Verbatim(text)
    return Verbatim(text)


def _net(no: str, end: str, cidr: str) -> Match | None:
    try:
        parse_cidr(cidr)
    except ValueError:
        return None
    return Net(ENDS[end], cidr, bool(no))


def _comment(text: str) -> Match:
    inner = QUOTED.fullmatch(text)
    return Comment(re.sub(r"\\(.)", r"\1", inner[1]) if inner else text)


def _mark(no: str, value: str, mask: str) -> Match:
    return Mark(int(value, 16), int(mask, 16) if mask else WHOLE, bool(no))


def _multiport(no: str, end: str, ports: str) -> Match:
    return Multiport(ENDS[end], tuple(map(_span, ports.split(","))), bool(no))


def _span(text: str) -> Span:
    first, _, last = text.partition(":")
    return int(first), int(last or first)


def _icmp(module: str, no: str, number: str, code: str) -> Match:
    return IcmpType(ICMP[module], int(number), int(code) if code else None, bool(no))


Reader = tuple[re.Pattern[str], Callable[..., Match | None]]
READERS: tuple[Reader, ...] = tuple(
    (re.compile(pattern), make)
    for pattern, make in (
        (r"(?P<no>! )?-(?P<end>[sd]) (?P<cidr>\S+)", _net),
        (
            r"(?P<no>! )?-(?P<way>[io]) (?P<name>\S+)",
            lambda no, way, name: Interface(WAYS[way], name, bool(no)),
        ),
        (r"(?P<no>! )?-p (?P<name>\S+)", lambda no, name: Proto(name, bool(no))),
        (r"-m comment --comment (?P<text>.*)", _comment),
        (
            r"-m mark (?P<no>! )?--mark (?P<value>0x[0-9a-f]+)(?:/(?P<mask>0x[0-9a-f]+))?",
            _mark,
        ),
        (
            r"-m (?P<module>conntrack|state) (?P<no>! )?--(?:ct)?state (?P<states>[A-Z,]+)",
            lambda module, no, states: Conntrack(tuple(states.split(",")), bool(no), module),
        ),
        (r"-m multiport (?P<no>! )?--(?P<end>[sd]?)ports (?P<ports>\d+[\d,:]*)", _multiport),
        (
            r"-m (?P<kind>tcp|udp|sctp) (?P<no>! )?--(?P<end>[sd])port (?P<ports>\d+(?::\d+)?)",
            lambda kind, no, end, ports: PortSpan(kind, ENDS[end], _span(ports), bool(no)),
        ),
        (
            r"-m set (?P<no>! )?--match-set (?P<name>\S+) (?P<ends>(?:src|dst)(?:,(?:src|dst))*)",
            lambda no, name, ends: InSet(name, tuple(ends.split(",")), bool(no)),
        ),
        (
            r"-m (?P<module>icmp6?) (?P<no>! )?--icmp(?:v6)?-type "
            r"(?P<number>\d+)(?:/(?P<code>\d+))?",
            _icmp,
        ),
        (
            r"-m addrtype (?P<no>! )?--(?P<end>src|dst)-type LOCAL",
            lambda no, end: AddressType(end, bool(no)),
        ),
    )
)
