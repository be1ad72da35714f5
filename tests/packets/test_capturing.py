"""Frames of real connections, and frames by hand, taken apart."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from nsimlib.errors import LabError
from nsimlib.packets.capturing import Capture
from nsimlib.packets.checking import Report
from nsimlib.packets.frames import Frame
from nsimlib.packets.lab import Lab
from tests.builders import block, cluster, node, pod, policy, rule

NODE = node("worker-1", "10.9.0.1")
WEB = pod("shop/web", "10.0.0.1", "fd00::1", node="worker-1", app="web")
DB = pod("shop/db", "10.0.0.2", node="worker-1", app="db")
CLOSED = policy("shop/p", rule(block("10.0.0.0/8")), app="db")

MACS = "020000000001020000000002"
BY_HAND = [
    (
        "a SYN over IPv4",
        f"{MACS}0800 4500002c00014000 4006 0000 0a000001 0a000002"
        "9c40 01bb 00000001 00000000 6002 faf0 0000 0000 020405b4",
        ["Ethernet frame", "IPv4 packet", "TCP segment"],
        "10.0.0.1 port 40000 -> 10.0.0.2 port 443  SYN",
    ),
    (
        "a question over UDP and IPv6",
        f"{MACS}86dd 60000000 000a 11 40 fd000000000000000000000000000001"
        "20010db8000000000000000000000035 9c40 0035 000a 0000 6869",
        ["Ethernet frame", "IPv6 packet", "UDP datagram", "payload"],
        "fd00::1 port 40000 -> 2001:db8::35 port 53  UDP, 2 bytes",
    ),
    (
        "a ping",
        f"{MACS}0800 4500001c00000000 4001 0000 0a000001 0a000002 0800 f7ff 0000 0000",
        ["Ethernet frame", "IPv4 packet", "payload"],
        "10.0.0.1 -> 10.0.0.2 ICMP",
    ),
    (
        "what is asked of neighbours",
        f"{MACS}0806 0001 0800 0604 0001",
        ["Ethernet frame", "payload"],
        "ARP, 22 bytes",
    ),
    (
        "padding behind a short packet",
        f"{MACS}0800 4500001c00000000 4011 0000 0a000001 0a000002 9c40 0035 0008 0000 {'00' * 18}",
        ["Ethernet frame", "IPv4 packet", "UDP datagram"],
        "10.0.0.1 port 40000 -> 10.0.0.2 port 53  UDP",
    ),
]


@pytest.mark.parametrize(
    ("named", "written", "layers", "summary"), BY_HAND, ids=[row[0] for row in BY_HAND]
)
def test_frames_are_taken_apart(named: str, written: str, layers: list[str], summary: str) -> None:
    assert named
    frame = Frame(bytes.fromhex(written), sent=True)
    assert [layer.name for layer in frame.layers] == layers
    assert frame.summary == summary
    for layer in frame.layers:
        assert b"".join(each.raw for each in layer.fields) == layer.raw
        assert f"{layer.name}, {len(layer.raw)} bytes" in repr(frame)
        assert f"<b>{layer.title}</b>" in frame._repr_html_()


def test_what_a_field_says() -> None:
    segment = Frame(bytes.fromhex(BY_HAND[0][1]), sent=True).layer("TCP segment")
    assert segment is not None
    assert (segment["flags"], segment["options"]) == ("SYN", "MSS 1460")
    assert Frame(bytes.fromhex(BY_HAND[0][1]), sent=True).layer("UDP datagram") is None


@pytest.fixture(scope="module")
def lab(machine: Report) -> Iterator[Lab]:
    assert machine
    with Lab(cluster(WEB, DB, policies=[CLOSED], nodes=[NODE])) as running:
        yield running


@pytest.mark.system
@pytest.mark.parametrize("there", ["203.0.113.7", "[2001:db8::7]"])
def test_a_connection_is_captured_from_its_first_frame_to_its_last(lab: Lab, there: str) -> None:
    found = lab.capture(f"shop/web -> {there}:443/TCP", b"question", b"answer")
    flags = [layer["flags"] for each in found if (layer := each.layer("TCP segment"))]
    assert len(flags) == len(found)
    assert flags[:3] == ["SYN", "SYN ACK", "ACK"]
    assert flags.count("FIN ACK") == 2
    payloads = [(each.sent, each.payload) for each in found if each.payload]
    assert payloads == [(True, b"question"), (False, b"answer")]
    assert found.with_payload.payload == b"question"
    assert found[0].sent
    assert found.ended == "the client was answered"


@pytest.mark.system
def test_frames_are_such_as_a_wire_carries(lab: Lab) -> None:
    """None is longer than the link allows, and checksums are worked out."""
    found = lab.capture("shop/web -> 203.0.113.7:443/TCP", b"x" * 10_000, b"y" * 10_000)
    assert max(len(each.raw) for each in found) == 1514
    for frame in found:
        packet, segment = frame.layers[1].raw, frame.raw[34:]
        pseudo = packet[12:20] + struct.pack("!HH", 6, len(segment))
        assert sums_up(packet)
        assert sums_up(pseudo + segment)


def sums_up(data: bytes) -> bool:
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    return total % 0xFFFF == 0


@pytest.mark.system
def test_datagrams_are_captured(lab: Lab) -> None:
    found = lab.capture("shop/web -> 203.0.113.7:53/UDP", b"question", b"answer")
    assert [(each.sent, each.payload) for each in found] == [
        (True, b"question"),
        (False, b"answer"),
    ]


@pytest.mark.system
def test_what_policy_drops_is_asked_again_and_never_answered(lab: Lab) -> None:
    found = lab.capture("shop/db -> 203.0.113.7:443/TCP")
    assert found.ended == "the client waited in vain"
    assert {frame.sent for frame in found} == {True}
    assert len(found) > 1
    with pytest.raises(LookupError, match="waited in vain"):
        _ = found.with_payload


@pytest.mark.system
@pytest.mark.parametrize(
    "connection",
    ["shop/web -> 203.0.113.7:443/SCTP", "203.0.113.7 -> shop/web:443/TCP"],
)
def test_what_cannot_be_captured_is_told(lab: Lab, connection: str) -> None:
    with pytest.raises(LabError, match="captured are TCP and UDP that a pod opens"):
        lab.capture(connection)


def test_a_capture_is_a_file_for_other_tools(tmp_path: Path) -> None:
    frame = Frame(bytes.fromhex(BY_HAND[0][1]), sent=True)
    Capture("shop/web -> shop/db:443/TCP", (frame, frame), "").to_pcap(tmp_path / "two.pcap")
    data = (tmp_path / "two.pcap").read_bytes()
    assert struct.unpack_from("=IHH", data) == (0xA1B2C3D4, 2, 4)
    assert len(data) == 24 + 2 * (16 + len(frame.raw))


def test_a_capture_lists_its_frames_and_says_where_it_is_from() -> None:
    frame = Frame(bytes.fromhex(BY_HAND[0][1]), sent=True)
    found = Capture("shop/web -> shop/db:443/TCP", (frame,), "the client waited", "Not live here")
    assert repr(found).splitlines() == [
        "Not live here",
        "shop/web -> shop/db:443/TCP: 1 frames, the client waited",
        "  0 -> 10.0.0.1 port 40000 -> 10.0.0.2 port 443  SYN",
    ]
    html = found._repr_html_()
    assert "Not live here" in html
    assert "10.0.0.1 port 40000 -&gt; 10.0.0.2 port 443  SYN" in html
