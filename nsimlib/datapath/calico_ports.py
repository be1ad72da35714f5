"""The ports of a rule → what rules of Felix say of the protocol and the port, a group for each.

Ports of one protocol come together, those that touch as one range, and no rule names more than 15:
a port counts as one, a range as two (F2.28).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nsimlib.datapath.matches import Span
from nsimlib.model.ports import TRANSPORTS, PolicyPort, PortSet, Protocol

__all__ = ["ANY_PORT", "NUMBERED", "PortGroup", "blocks_of", "port_groups", "protocol_name"]

MAX_SLOTS = 15
#: what /etc/protocols calls the numbers that rules are likely to name
NUMBERED = {
    "2": "igmp",
    "4": "ipencap",
    "41": "ipv6",
    "47": "gre",
    "50": "esp",
    "51": "ah",
    "89": "ospf",
    "103": "pim",
    "112": "vrrp",
}


@dataclass(frozen=True, slots=True)
class PortGroup:
    """Ports of one protocol. Without any, every port is meant; without a protocol, every packet."""

    protocol: Protocol | None = None
    spans: tuple[Span, ...] = ()
    named: tuple[str, ...] = ()
    icmp: int | None = None
    #: a protocol that has neither ports nor types, by name
    other: str = ""


ANY_PORT = PortGroup()


def protocol_name(group: PortGroup) -> str:
    """Return how `iptables-save` calls the protocol, empty where any is meant.

    >>> protocol_name(PortGroup(Protocol.ICMPV6)), protocol_name(PortGroup(other="47"))
    ('ipv6-icmp', 'gre')
    """
    if group.protocol is None:
        return NUMBERED.get(group.other, group.other.lower())
    return "ipv6-icmp" if group.protocol is Protocol.ICMPV6 else group.protocol.value.lower()


def port_groups(
    ports: tuple[PolicyPort, ...] | None, *, simplify: bool = True
) -> tuple[PortGroup, ...]:
    """Return the groups of a rule's ports; `simplify` joins ports that touch, as Calico does.

    >>> ports = PolicyPort(None, 443), PolicyPort(Protocol.TCP, 444)
    >>> [group.spans for group in port_groups(ports)]
    [((443, 443),), ((443, 444),), ((443, 443),)]
    """
    if ports is None:
        return (ANY_PORT,)
    by_name = dict[str, list[PolicyPort]]()
    others = tuple(PortGroup(other=port.other) for port in ports if port.other)
    for port in (port for port in ports if not port.other):
        for protocol in (port.protocol,) if port.protocol else TRANSPORTS:
            by_name.setdefault(protocol.value, []).append(port)
    grouped = (
        _group(Protocol(name), found, simplify=simplify) for name, found in sorted(by_name.items())
    )
    return (*(each for some in grouped for each in some), *others)


def _group(protocol: Protocol, ports: list[PolicyPort], *, simplify: bool) -> tuple[PortGroup, ...]:
    if any(port.port is None for port in ports):
        return (PortGroup(protocol),)
    if not protocol.has_ports:
        return tuple(PortGroup(protocol, icmp=int(port.port or 0)) for port in ports)
    named = dict.fromkeys(port.port for port in ports if isinstance(port.port, str))
    spans = tuple(_spans(ports))
    if simplify:
        spans = PortSet({protocol: spans}).spans(protocol)
    return (PortGroup(protocol, spans, tuple(named)),)


def _spans(ports: Iterable[PolicyPort]) -> Iterator[Span]:
    for port in ports:
        if isinstance(port.port, int):
            yield port.port, port.end_port or port.port


def blocks_of(spans: tuple[Span, ...]) -> tuple[tuple[Span, ...], ...]:
    """Return the ports in blocks that one rule can name.

    >>> [len(block) for block in blocks_of(((1, 1), *((n, n + 1) for n in range(10, 40, 3))))]
    [8, 3]
    """
    blocks: list[list[Span]] = []
    free = 0
    for first, last in spans:
        needed = 1 if first == last else 2
        if needed > free:
            blocks.append([])
            free = MAX_SLOTS
        blocks[-1].append((first, last))
        free -= needed
    return tuple(map(tuple, blocks))
