"""The packet that opens a connection, byte for byte, for every protocol a policy can name.

A TCP SYN, a UDP datagram, an SCTP INIT, an ICMP echo request. The first four bytes name it, with
addresses and protocol: source and destination port, or type, code and checksum. They are what the
oracle writes down.
"""

import struct
from functools import cache, lru_cache

__all__ = ["opening"]

TCP, UDP, SCTP, ICMP, ICMPV6 = 6, 17, 132, 1, 58
SYN, WINDOW = 0x5002, 64240
PAYLOAD = b"nsim"
WORD = 0xFFFF


def opening(protocol: int, source: bytes, destination: bytes, sport: int, port: int) -> bytes:
    """Return the packet without its IP header; for ICMP, `port` is the type."""
    match protocol:
        case 6:
            fields = struct.pack("!HHIIHHHH", sport, port, 0, 0, SYN, WINDOW, 0, 0)
            return _summed(fields, 16, _pseudo(protocol, source, destination, len(fields)))
        case 17:
            fields = struct.pack("!HHHH", sport, port, 8 + len(PAYLOAD), 0) + PAYLOAD
            return _summed(fields, 6, _pseudo(protocol, source, destination, len(fields)))
        case 132:
            return _init(sport, port)
        case _:
            fields = struct.pack("!BBHHH", port, 0, 0, sport, 1)
            over = (
                _pseudo(protocol, source, destination, len(fields)) if protocol == ICMPV6 else b""
            )
            return _summed(fields, 2, over)


def _pseudo(protocol: int, source: bytes, destination: bytes, length: int) -> bytes:
    return source + destination + struct.pack("!HH", protocol, length)


def _summed(fields: bytes, at: int, pseudo: bytes) -> bytes:
    """The fields with the internet checksum in its place.

    Adding 16-bit words with the carry brought round is arithmetic modulo 65535.
    """
    checksum = WORD - int.from_bytes(pseudo + fields, "big") % WORD
    return fields[:at] + checksum.to_bytes(2, "big") + fields[at + 2 :]


@lru_cache(1 << 12)
def _init(sport: int, port: int) -> bytes:
    """An INIT chunk; its tag, window, streams and first number are as good as any."""
    chunk = struct.pack("!BBHIIHHI", 1, 0, 20, 1, 65536, 1, 1, 1)
    head = struct.pack("!HHI", sport, port, 0)
    return head + struct.pack("<I", _crc32c(head + b"\0\0\0\0" + chunk)) + chunk


def _crc32c(data: bytes) -> int:
    value = 0xFFFFFFFF
    for byte in data:
        value = _table()[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    def entry(value: int) -> int:
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        return value

    return tuple(map(entry, range(256)))
