"""One real connection, captured at the interface of whoever opens it."""

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from nsimlib.datapath.calico_names import interface_of
from nsimlib.errors import LabError
from nsimlib.model.addresses import Family
from nsimlib.model.connection import Connection
from nsimlib.model.objects import Pod
from nsimlib.model.ports import Protocol
from nsimlib.model.shown import Shown
from nsimlib.packets.frames import Frame
from nsimlib.packets.helper import Helper
from nsimlib.packets.probes import Probe, probes_of
from nsimlib.packets.topology import ETHERNET, Topology, host_of, node_netns

__all__ = ["Capture", "captured"]

KINDS = {Protocol.TCP: socket.SOCK_STREAM, Protocol.UDP: socket.SOCK_DGRAM}
FAMILIES = {Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}
ALL_PROTOCOLS, OUTGOING, LONGEST = 3, 4, 65535
#: to wait for an answer, so that a question is asked twice, and after the last packet, in seconds
PATIENCE, SILENCE = 1.3, 0.05
#: of a pcap file: microseconds, version 2.4, whole frames of Ethernet
PCAP = struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, LONGEST, 1)


@dataclass(frozen=True, repr=False)
class Capture(Shown):
    """The frames of one connection, in their order, and how it ended for the client.

    `banner` says so where it was recorded elsewhere.
    """

    connection: str
    frames: tuple[Frame, ...]
    ended: str
    banner: str = ""

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, number: int) -> Frame:
        """A frame by number, from 0."""
        return self.frames[number]

    def __iter__(self) -> Iterator[Frame]:
        return iter(self.frames)

    @property
    def with_payload(self) -> Frame:
        """The first frame that carries something of the application's.

        Raises
        ------
        LookupError
            If none does, as where the connection was never opened.
        """
        for frame in self.frames:
            if frame.payload:
                return frame
        raise LookupError(f"no frame of {self.connection} carries a payload: {self.ended}")

    def to_pcap(self, path: str | Path) -> None:
        """Write a file for Wireshark or tcpdump; the frames have no times."""
        parts = (
            struct.pack("=IIII", 0, number, len(each.raw), len(each.raw)) + each.raw
            for number, each in enumerate(self.frames)
        )
        Path(path).write_bytes(PCAP + b"".join(parts))

    def __repr__(self) -> str:
        head = f"{self.connection}: {len(self.frames)} frames, {self.ended}"
        lines = (
            f"{number:3} {'->' if each.sent else '<-'} {each.summary}"
            for number, each in enumerate(self.frames)
        )
        return "\n".join((*self.banner.splitlines(), head, *lines))


def captured(
    helper: Helper, topology: Topology, connection: Connection, question: bytes, answer: bytes
) -> Capture:
    """Open a connection to a server that answers, and return what its interface saw.

    Raises
    ------
    LabError
        If nothing can be captured of it: it is neither TCP nor UDP, or opened by no pod.
    """
    probe = next(iter(probes_of(topology, connection)))
    if probe.port.protocol not in KINDS or not isinstance(probe.source, Pod):
        raise LabError("capture", f"{connection}: captured are TCP and UDP that a pod opens")
    netns, node = topology.netns(probe.source), node_netns(host_of(probe.source))
    helper.ask("switch_off_offloads", netns=netns, interfaces=[ETHERNET])
    name = interface_of(probe.source.namespace.name, probe.source.name)
    helper.ask("switch_off_offloads", netns=node, interfaces=[name])
    with _tap(helper, netns) as tap, _opened(helper, topology, probe, is_server=True) as server:
        serving = Thread(target=_serve, args=(server, answer), daemon=True)
        serving.start()
        with _opened(helper, topology, probe, is_server=False) as client:
            ended = _talk(client, probe, question)
        serving.join()
        frames = tuple(_frames(tap, probe))
    return Capture(str(connection), frames, ended)


def _tap(helper: Helper, netns: str) -> socket.socket:
    made = helper.open_socket(netns, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
    made.bind((ETHERNET, ALL_PROTOCOLS))
    made.settimeout(SILENCE)
    return made


def _opened(helper: Helper, topology: Topology, probe: Probe, is_server: bool) -> socket.socket:
    """A socket at one end, which waits for no longer than the other has patience."""
    party = probe.destination if is_server else probe.source
    address = probe.destination_address if is_server else probe.source_address
    kind = KINDS[probe.port.protocol]
    made = helper.open_socket(topology.netns(party), FAMILIES[address.family], kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.settimeout(PATIENCE)
    made.bind((str(address), probe.port.number if is_server else 0))
    if is_server and kind == socket.SOCK_STREAM:
        made.listen()
    return made


def _serve(server: socket.socket, answer: bytes) -> None:
    with suppress(TimeoutError, ConnectionError):
        if server.type == socket.SOCK_DGRAM:
            _, client = server.recvfrom(LONGEST)
            server.sendto(answer, client)
            return
        session, _ = server.accept()
        with session:
            session.settimeout(PATIENCE)
            session.recv(LONGEST)
            session.sendall(answer)
            # The client ends it, so that the frames come in one order.
            session.recv(LONGEST)


def _talk(client: socket.socket, probe: Probe, question: bytes) -> str:
    try:
        client.connect((str(probe.destination_address), probe.port.number))
        client.sendall(question)
        client.recv(LONGEST)
    except TimeoutError:
        return "the client waited in vain"
    except ConnectionError as error:
        return f"the client was refused: {error.strerror}"
    return "the client was answered"


def _frames(tap: socket.socket, probe: Probe) -> Iterator[Frame]:
    ends = {str(probe.source_address), str(probe.destination_address)}
    with suppress(TimeoutError):
        while True:
            raw, about = tap.recvfrom(LONGEST)
            frame = Frame(raw, about[2] == OUTGOING)
            packet = next((each for each in frame.layers if each.name.endswith("packet")), None)
            if packet and {packet["source"], packet["destination"]} == ends:
                yield frame
