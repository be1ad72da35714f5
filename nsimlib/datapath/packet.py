"""A packet as a node's rules see it, and what connection tracking says of it."""

from dataclasses import dataclass
from enum import Enum

from nsimlib.model.addresses import Address
from nsimlib.model.ports import Port, Protocol

__all__ = ["NUMBERS", "Packet", "State", "protocol_names"]


class State(Enum):
    """What connection tracking says; the values are those of `--ctstate`."""

    NEW = "NEW"
    ESTABLISHED = "ESTABLISHED"
    #: belongs to a connection that is tracked, such as an ICMP error about it (F2.18)
    RELATED = "RELATED"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet on one node, after the destination was translated and before any mark is set.

    `port` is the destination's, a type for ICMP. An interface is empty where the packet comes from
    the node itself, or stays there. `source_port` is None where nobody said it.
    """

    source: Address
    destination: Address
    port: Port
    coming_in: str = ""
    going_out: str = ""
    state: State = State.NEW
    source_port: int | None = None
    #: whether the destination was another one before, a Service's
    translated: bool = False
    #: the addresses that are the node's own
    local: frozenset[Address] = frozenset()
    mark: int = 0


#: the numbers that the kernel knows protocols by
NUMBERS = {
    Protocol.ICMP: 1,
    Protocol.TCP: 6,
    Protocol.UDP: 17,
    Protocol.ICMPV6: 58,
    Protocol.SCTP: 132,
}
#: other names of a protocol; rules print those of /etc/protocols
ALIASES = {Protocol.ICMPV6: ("ipv6-icmp", "icmp6")}


def protocol_names(protocol: Protocol) -> frozenset[str]:
    """Return all that `-p` may say for a protocol.

    >>> sorted(protocol_names(Protocol.UDP))
    ['17', 'udp']
    """
    names = protocol.value.lower(), str(NUMBERS[protocol])
    return frozenset((*names, *ALIASES.get(protocol, ())))
