"""What the helper is made of, as far as it needs no privilege."""

import ast
import os
import socket
import struct
import sys
from ipaddress import ip_address

import pytest

from nsimlib.packets.labd.channel import receive, send
from nsimlib.packets.labd.netlink import attribute, attributes, nested
from nsimlib.packets.labd.packets import opening
from tests.conftest import ROOT

OURS, THEIRS = ip_address("10.0.0.1").packed, ip_address("10.0.0.2").packed
OURS6, THEIRS6 = ip_address("fd00::1").packed, ip_address("fd00::2").packed


def sums_up(data: bytes) -> bool:
    """Whether 16-bit words with their checksum add up to all ones (RFC 1071), the slow way."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total == 0xFFFF


@pytest.mark.parametrize(("ours", "theirs"), [(OURS, THEIRS), (OURS6, THEIRS6)])
@pytest.mark.parametrize(("protocol", "length"), [(6, 20), (17, 12)])
def test_checksums_cover_addresses_and_ports(
    protocol: int, length: int, ours: bytes, theirs: bytes
) -> None:
    packet = opening(protocol, ours, theirs, 61000, 443)
    assert struct.unpack_from("!HH", packet) == (61000, 443)
    assert len(packet) == length
    assert sums_up(ours + theirs + struct.pack("!HH", protocol, length) + packet)


def test_a_ping_has_the_checksum_that_its_receiver_wants() -> None:
    assert sums_up(opening(1, OURS, THEIRS, 7, 8))
    packet = opening(58, OURS6, THEIRS6, 7, 128)
    assert sums_up(OURS6 + THEIRS6 + struct.pack("!HH", 58, len(packet)) + packet)


def test_an_init_has_the_checksum_of_sctp() -> None:
    """CRC-32C of the packet with zeros in its place, worked out bit by bit (RFC 9260)."""
    packet = opening(132, OURS, THEIRS, 61000, 443)
    value = 0xFFFFFFFF
    for byte in packet[:8] + b"\0\0\0\0" + packet[12:]:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0x82F63B78 * (value & 1)
    assert struct.unpack_from("<I", packet, 8) == (value ^ 0xFFFFFFFF,)


def test_attributes_are_padded_and_nest() -> None:
    inner = attribute(3, b"web\0\0")
    assert len(inner) == 12
    assert dict(attributes(nested(18, inner, attribute(1, b"x")))) == {
        18: inner + attribute(1, b"x")
    }
    assert list(attributes(inner + attribute(1, b"x"))) == [(3, b"web\0\0"), (1, b"x")]


@pytest.mark.parametrize("length", [10, 1_000_000])
def test_messages_of_any_length_pass_with_descriptors(length: int) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    read, write = os.pipe()
    with ours, theirs:
        send(ours, {"text": "x" * length}, (write,))
        found = receive(theirs)
        assert found is not None
        message, (copy,) = found
        assert message == {"text": "x" * length}
        os.write(copy, b"passed")
        assert os.read(read, 6) == b"passed"
        for descriptor in (read, write, copy):
            os.close(descriptor)
        ours.close()
        assert receive(theirs) is None


def test_the_helper_imports_the_standard_library_alone() -> None:
    """It starts without the rest of nsimlib, and so at once."""
    for path in (ROOT / "nsimlib" / "packets" / "labd").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                own = name.startswith("nsimlib.packets.labd")
                assert own or name.partition(".")[0] in sys.stdlib_module_names, (path.name, name)
