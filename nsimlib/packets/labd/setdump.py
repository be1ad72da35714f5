"""The oracle's sets, read and emptied by netlink: twenty times as fast as by the `nft` program."""

import struct
from collections.abc import Iterable, Iterator

from nsimlib.packets.labd.netlink import Netlink, Request, attribute, attributes

__all__ = ["elements", "empty", "open_netfilter"]

NETFILTER, NFTABLES = 12, 10
BATCH_BEGIN, BATCH_END = 16, 17
GET_ELEMENTS, DELETE_ELEMENTS = NFTABLES << 8 | 13, NFTABLES << 8 | 14
TABLE, SET, ELEMENTS = 1, 2, 3
KEY, VALUE = 1, 1
INET = 1


def open_netfilter() -> Netlink:
    """Return a socket to the packet filter of the namespace that the thread is in."""
    return Netlink(NETFILTER)


def elements(netlink: Netlink, table: str, name: str) -> Iterator[bytes]:
    """Yield the keys of a set as the kernel holds them: each part padded to four bytes."""
    for body in netlink.dump(Request(GET_ELEMENTS, _set(table, name), f"set {name}")):
        for kind, listed in attributes(body[4:]):
            if kind == ELEMENTS:
                yield from (_key(element) for _, element in attributes(listed))


def _key(element: bytes) -> bytes:
    return dict(attributes(dict(attributes(element))[KEY]))[VALUE]


def empty(netlink: Netlink, table: str, names: Iterable[str]) -> None:
    """Take all elements out of some sets, at once."""
    begin = Request(BATCH_BEGIN, _head(0, NFTABLES), answered=False)
    end = Request(BATCH_END, _head(0, NFTABLES), answered=False)
    removed = (Request(DELETE_ELEMENTS, _set(table, name), f"set {name}") for name in names)
    netlink.ask([begin, *removed, end])


def _set(table: str, name: str) -> bytes:
    return _head(INET) + _text(TABLE, table) + _text(SET, name)


def _head(family: int, resource: int = 0) -> bytes:
    return struct.pack("!BBH", family, 0, resource)


def _text(kind: int, text: str) -> bytes:
    return attribute(kind, text.encode() + b"\0")
