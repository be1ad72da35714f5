"""Ports, types of ICMP and requests in the rules of Cilium's policies → the model (F3.10-F3.12)."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from nsimlib.manifests import cilium_shapes as shapes
from nsimlib.model.domains import PatternDialect
from nsimlib.model.peers import DomainPeer
from nsimlib.model.policy import Layer7
from nsimlib.model.ports import MAX_PORT, PolicyPort, Protocol

__all__ = [
    "ICMP_TYPES",
    "OTHER_PROTOCOLS",
    "SERVER",
    "domain_names",
    "is_port_name",
    "port_number",
    "traffic",
]

AnyPorts = shapes.PortRule | shapes.PortDenyRule
#: protocols without ports, which Cilium knows if a flag is set (F3.10)
OTHER_PROTOCOLS: Final = ("GRE", "IPIP", "ESP", "AH", "VRRP", "IGMP", "IPV6")
IPV4, IPV6 = "IPv4", "IPv6"
#: types of ICMP by family and name (F3.11)
ICMP_TYPES: Final = {
    IPV4: {
        "EchoReply": 0,
        "DestinationUnreachable": 3,
        "Redirect": 5,
        "Echo": 8,
        "EchoRequest": 8,
        "RouterAdvertisement": 9,
        "RouterSelection": 10,
        "TimeExceeded": 11,
        "ParameterProblem": 12,
        "Timestamp": 13,
        "TimestampReply": 14,
        "Photuris": 40,
        "ExtendedEchoRequest": 42,
        "ExtendedEchoReply": 43,
    },
    IPV6: {
        "DestinationUnreachable": 1,
        "PacketTooBig": 2,
        "TimeExceeded": 3,
        "ParameterProblem": 4,
        "EchoRequest": 128,
        "EchoReply": 129,
        "MulticastListenerQuery": 130,
        "MulticastListenerReport": 131,
        "MulticastListenerDone": 132,
        "RouterSolicitation": 133,
        "RouterAdvertisement": 134,
        "NeighborSolicitation": 135,
        "NeighborAdvertisement": 136,
        "RedirectMessage": 137,
        "RouterRenumbering": 138,
    },
}
FAMILIES: Final = {IPV4: Protocol.ICMP, IPV6: Protocol.ICMPV6}
HTTP_PARTS: Final = ("method", "path", "host")
ANY_REQUEST: Final = "any request"
#: begins what is said of the name in a TLS handshake
SERVER: Final = "server name "
SERVICE_NAME: Final = re.compile("([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*")
MAX_NAME = 15

#: where it stands below the rule, on which ports, and what a proxy lets through
Traffic = tuple[str, tuple[PolicyPort, ...] | None, Layer7 | None]


def traffic(written: Sequence[AnyPorts], icmps: list[shapes.ICMPRule]) -> Iterator[Traffic]:
    """Yield what a rule allows or denies of whom it means, in parts if requests are limited."""
    if icmps:
        yield "", tuple(_icmps(icmps)), None
        return
    if not written:
        yield "", None, None
        return
    entries = [(tuple(_ports(entry)), _layer7(entry)) for entry in written]
    if len(entries) > 1 and any(layer7 for _, layer7 in entries):
        for number, (ports, layer7) in enumerate(entries):
            yield f".toPorts[{number}]", tuple(_placed(ports, "")), layer7
    else:
        numbered = ((f"toPorts[{i}].", ports) for i, (ports, _) in enumerate(entries))
        yield (
            "",
            tuple(port for before, ports in numbered for port in _placed(ports, before)),
            entries[0][1],
        )


def _placed(ports: tuple[PolicyPort, ...], before: str) -> Iterator[PolicyPort]:
    for number, port in enumerate(ports):
        path = f"{before}ports[{number}]"
        yield PolicyPort(port.protocol, port.port, port.end_port, path, port.other)


def _ports(entry: AnyPorts) -> Iterator[PolicyPort]:
    """The ports of an entry; any protocol is TCP, UDP and SCTP, port 0 is every port (F3.10)."""
    for each in entry.ports:
        name = each.protocol or "ANY"
        if name in OTHER_PROTOCOLS:
            yield PolicyPort(None, other=name)
            continue
        protocol = None if name == "ANY" else Protocol(name)
        if is_port_name(each.port):
            yield PolicyPort(protocol, each.port.lower())
            continue
        number = port_number(each.port)
        last = each.endPort if each.endPort > number else None
        first = max(number, 1) if last else number or None
        yield PolicyPort(protocol, first, last)


def is_port_name(text: str) -> bool:
    """Return whether a port is a name, in either case.

    >>> is_port_name("http"), is_port_name("0x50"), is_port_name("80")
    (True, True, False)
    """
    return len(text) <= MAX_NAME and SERVICE_NAME.fullmatch(text) is not None


def port_number(text: str) -> int:
    """Return the number that a port is; a zero in front makes it octal, as in Go.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not re.fullmatch("[0-9]+", text):
        raise ValueError(text)
    number = int(text, 8) if text.startswith("0") else int(text)
    if number > MAX_PORT:
        raise ValueError(text)
    return number


def _icmps(icmps: list[shapes.ICMPRule]) -> Iterator[PolicyPort]:
    for i, entry in enumerate(icmps):
        for j, each in enumerate(entry.fields):
            family = each.family or IPV4
            number = ICMP_TYPES[family].get(str(each.type))
            number = int(each.type or 0) if number is None else number
            yield PolicyPort(FAMILIES[family], number, path=f"icmps[{i}].fields[{j}]")


def _layer7(entry: AnyPorts) -> Layer7 | None:
    """What a proxy lets through, None where none is in the way."""
    rules = getattr(entry, "rules", None) or shapes.L7Rules()
    named = ((f"rules.dns[{i}]", each) for i, each in enumerate(rules.dns))
    dns = tuple(name for path, each in named for name in domain_names(each, path))
    tls = tuple(f"{SERVER}{json.dumps(each)}" for each in getattr(entry, "serverNames", ()))
    http = (*map(_request, rules.http), *tls)
    return Layer7(dns, http) if rules.dns or http else None


def _request(rule: shapes.HTTPRule) -> str:
    """One HTTP rule in words that can be read back, such as `method "GET" and path "/a"`."""
    parts = [(part, getattr(rule, part)) for part in HTTP_PARTS]
    parts += [("header", header) for header in rule.headers]
    said = (f"{part} {json.dumps(value)}" for part, value in parts if value)
    return " and ".join(said) or ANY_REQUEST


def domain_names(written: shapes.FQDNSelector, path: str) -> Iterator[DomainPeer]:
    """Yield the names that an entry means, literal or by pattern (F3.25)."""
    if written.matchName:
        yield DomainPeer(written.matchName, path, PatternDialect.EXACT)
    if written.matchPattern:
        yield DomainPeer(written.matchPattern, path, PatternDialect.CILIUM)
