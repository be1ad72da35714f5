"""Where policies could be got wrong: the addresses and ports on both sides of every edge."""

from collections.abc import Iterable, Iterator

from nsimlib.errors import SettingError
from nsimlib.model.addresses import Address, parse_cidr
from nsimlib.model.cluster import Cluster
from nsimlib.model.peers import BlockPeer
from nsimlib.model.ports import MAX_PORT, TRANSPORTS, Port, Protocol
from nsimlib.packets.addressing import can_be_sent, outside_of

__all__ = ["boundary_addresses", "boundary_ports", "single_ports"]

#: a port that policies have no reason to name (discard)
UNNAMED = 9
PINGS = {
    Protocol.ICMP: Port(8, Protocol.ICMP),
    Protocol.ICMPV6: Port(128, Protocol.ICMPV6),
}


def boundary_addresses(cluster: Cluster) -> tuple[Address, ...]:
    """Return the first and last address of every block and exception, and their neighbours.

    An address that nothing names is among them for each family; left out are those that no packet
    can have.

    >>> import nsimlib as ns
    >>> print(*boundary_addresses(ns.scenario("shop"))[:4])
    9.255.255.255 10.0.0.0 10.20.20.255 10.20.21.0
    """
    found = set(outside_of(cluster).values())
    for policy in cluster.policies:
        for rule in policy.rules:
            for peer in rule.all_peers:
                if isinstance(peer, BlockPeer):
                    found.update(_edges(peer))
    return tuple(address for address in sorted(found) if can_be_sent(address))


def _edges(peer: BlockPeer) -> Iterator[Address]:
    for cidr in (peer.block.cidr, *peer.block.except_):
        span = parse_cidr(cidr)
        for value in (span.first - 1, span.first, span.last, span.last + 1):
            if 0 <= value < 1 << span.family.bits:
                yield Address(span.family, value)


def boundary_ports(cluster: Cluster) -> tuple[Port, ...]:
    """Return the ports where rules begin and end and their neighbours, of every transport.

    Names count with every number that a pod gives them; one port is added that nothing names. Types
    of ICMP are among them, each with a ping, where some rule is about ICMP.
    """
    found = {UNNAMED}
    entries = (port for p in cluster.policies for rule in p.rules for port in rule.all_ports)
    types = set[Port]()
    for entry in entries:
        if entry.protocol in PINGS:
            types.add(PINGS[entry.protocol])
            types.update((Port(entry.port, entry.protocol),) if isinstance(entry.port, int) else ())
        elif isinstance(entry.port, str):
            named = (each.port.number for pod in cluster.pods for each in pod.ports)
            found.update(named)
        elif entry.port is not None:
            last = entry.end_port or entry.port
            found.update((entry.port - 1, entry.port, last, last + 1))
    numbers = sorted(number for number in found if 1 <= number <= MAX_PORT)
    ports = (Port(number, protocol) for protocol in TRANSPORTS for number in numbers)
    return (*ports, *sorted(types, key=str))


def single_ports(texts: Iterable[str]) -> tuple[Port, ...]:
    """Return the ports that are meant by texts such as `"80-90/TCP"` or `"8/ICMP"`.

    Raises
    ------
    SettingError
        If one cannot be read.
    """
    return tuple(dict.fromkeys(port for text in texts for port in _spanned(text)))


def _spanned(text: str) -> Iterator[Port]:
    numbers, _, word = text.partition("/")
    first, _, last = numbers.partition("-")
    try:
        protocol = Protocol(word or "TCP")
        span = range(int(first), int(last or first) + 1)
    except ValueError:
        raise SettingError("a port", text, "a number or a range, as in '53/UDP'") from None
    yield from (Port(number, protocol) for number in span)
