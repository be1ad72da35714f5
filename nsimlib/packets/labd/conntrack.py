"""Connections that the kernel tracks: which addresses are being talked to."""

import struct
from collections.abc import Iterator

from nsimlib.packets.labd.netlink import Netlink, Request, attributes

__all__ = ["destinations"]

GET_CONNECTIONS = 1 << 8 | 1
ORIGINAL, PROTOCOL_STATE = 1, 4
ADDRESSES, TO = 1, (2, 4)
TCP, STATE = 1, 1
#: TCP states in which nobody is connected any more: TIME_WAIT and CLOSE
OVER = (7, 8)


def destinations(netlink: Netlink) -> Iterator[bytes]:
    """Yield the address that each open connection was made to, before any translation."""
    for body in netlink.dump(Request(GET_CONNECTIONS, struct.pack("!BBH", 0, 0, 0), "conntrack")):
        about = dict(attributes(body[4:]))
        if not _is_over(about.get(PROTOCOL_STATE, b"")):
            ends = dict(attributes(dict(attributes(about[ORIGINAL]))[ADDRESSES]))
            yield from (ends[kind] for kind in TO if kind in ends)


def _is_over(state: bytes) -> bool:
    tcp = dict(attributes(dict(attributes(state)).get(TCP, b"")))
    return tcp.get(STATE, b"\0")[0] in OVER
