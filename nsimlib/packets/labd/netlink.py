"""Netlink: requests to the kernel in its own form, many at a time, with its own words for errors.

A message is a header (length, kind, flags, sequence, port), a body of fixed fields, and attributes
of length, kind and value, each padded to four bytes. What is asked for is answered by a number,
zero for done, in the order in which it was asked.
"""

import os
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

__all__ = ["CREATE", "Netlink", "Request", "attribute", "attributes", "nested"]

HEADER, ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=HH")
REQUEST, ACK, DUMP = 0x1, 0x4, 0x300
#: make what is not there
CREATE = 0x400
ERROR, DONE = 2, 3
SOL_NETLINK, CAP_ACK, EXT_ACK = 270, 10, 11
#: kinds carry flags in their upper bits
KIND_MASK, IS_NESTED = 0x3FFF, 0x8000
ANSWER_TEXT = 1
BUFFER = 1 << 20
#: so many at a time: requests of 300 bytes and their answers stay below any socket's buffer
BATCH = 100


class Request(NamedTuple):
    """One thing to ask; `about` names it in an error, and a bracket of others is not `answered`."""

    kind: int
    body: bytes
    about: str = ""
    flags: int = 0
    answered: bool = True


class Netlink:
    """A socket to one part of the kernel, in the network namespace it was opened in.

    One that somebody else opened may be `given`; the kernel heeds whoever made the namespace.
    """

    def __init__(self, protocol: int, given: socket.socket | None = None) -> None:
        self.socket = given or socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        self.socket.bind((0, 0))
        for option in (CAP_ACK, EXT_ACK):
            self.socket.setsockopt(SOL_NETLINK, option, 1)
        self._sequence = 0

    def __enter__(self) -> "Netlink":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, requests: Sequence[Request]) -> None:
        """Have all requests done, in their order.

        Raises
        ------
        OSError
            For the first that the kernel refuses, with its errno and its own explanation.
        """
        for first in range(0, len(requests), BATCH):
            self._ask(requests[first : first + BATCH])

    def _ask(self, requests: Sequence[Request]) -> None:
        start = self._sequence + 1
        messages = (self._message(each, ACK if each.answered else 0) for each in requests)
        self.socket.send(b"".join(messages))
        unanswered = sum(each.answered for each in requests)
        while unanswered:
            for kind, sequence, body in _messages(self.socket.recv(BUFFER)):
                if kind == ERROR:
                    unanswered -= 1
                    _raise_for(body, requests[sequence - start].about)

    def dump(self, request: Request) -> list[bytes]:
        """Return the bodies of all messages that answer a request for a list."""
        self.socket.send(self._message(request, DUMP))
        found: list[bytes] = []
        while True:
            for kind, _, body in _messages(self.socket.recv(BUFFER)):
                if kind == DONE:
                    return found
                if kind == ERROR:
                    _raise_for(body, request.about)
                found.append(body)

    def _message(self, request: Request, flags: int) -> bytes:
        self._sequence += 1
        length, flags = HEADER.size + len(request.body), flags | request.flags | REQUEST
        head = HEADER.pack(length, request.kind, flags, self._sequence, 0)
        return head + request.body


def _messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at < len(data):
        length, kind, _, sequence, _ = HEADER.unpack_from(data, at)
        yield kind, sequence, data[at + HEADER.size : at + length]
        at += length + 3 & ~3


def _raise_for(body: bytes, about: str) -> None:
    number = -struct.unpack_from("=i", body)[0]
    if number:
        words = dict(attributes(body[4 + HEADER.size :])).get(ANSWER_TEXT, b"")
        said = words.rstrip(b"\0").decode() or os.strerror(number)
        raise OSError(number, said, about)


def attribute(kind: int, value: bytes) -> bytes:
    """Return one attribute, padded."""
    length = ATTRIBUTE.size + len(value)
    return ATTRIBUTE.pack(length, kind) + value + b"\0" * (-length & 3)


def nested(kind: int, *parts: bytes) -> bytes:
    """Return an attribute that is made of attributes."""
    return attribute(kind | IS_NESTED, b"".join(parts))


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and value of the attributes in a message's rest."""
    at = 0
    while at + ATTRIBUTE.size <= len(data):
        length, kind = ATTRIBUTE.unpack_from(data, at)
        yield kind & KIND_MASK, data[at + ATTRIBUTE.size : at + length]
        at += length + 3 & ~3
