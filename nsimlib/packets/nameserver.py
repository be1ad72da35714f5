"""Real nameservers on sockets of the lab, over UDP and TCP, and a client to ask them."""

import asyncio
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import cast

from nsimlib.dns.records import Answer, RecordType
from nsimlib.dns.wire import answer_of, is_truncated, question, replied
from nsimlib.model.addresses import Address, Family, parse_address
from nsimlib.packets.helper import Helper
from nsimlib.packets.real_time import RealTime

__all__ = ["PORT", "Answering", "NameServer", "look_up"]

PORT = 53
KINDS = socket.SOCK_DGRAM, socket.SOCK_STREAM
FAMILIES = {Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}
#: who asks, for what → what is said
Answering = Callable[[Address, str, RecordType], Answer]
LENGTH = struct.Struct("!H")
LONGEST = 65535


class NameServer:
    """Answers the questions that come to an address of a namespace of the lab.

    `seconds` is for how long every answer is held back once it is known.
    """

    def __init__(self, answering: Answering, seconds: float = 0) -> None:
        self.answering, self.seconds = answering, seconds
        self._closing: list[Callable[[], None]] = []

    def listen(self, time: RealTime, helper: Helper, netns: str, address: Address) -> None:
        """Begin to answer at an address.

        Raises
        ------
        OSError
            If the address is not there, or somebody else answers at it.
        """
        over_udp, over_tcp = (_bound(helper, netns, address, kind) for kind in KINDS)
        time.run(self._serve(over_udp, over_tcp))

    async def _serve(self, over_udp: socket.socket, over_tcp: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(partial(_Datagrams, self), sock=over_udp)
        server = await asyncio.start_server(self._session, sock=over_tcp)
        self._closing += [transport.close, server.close]

    def close(self) -> None:
        """Answer no longer; call it in the thread of the time that it listens in."""
        while self._closing:
            self._closing.pop()()

    async def reply(self, message: bytes, client: str, *, datagram: bool) -> bytes | None:
        """Return the answer to a message of a client, once it may go out."""
        who = parse_address(client.partition("%")[0])
        found = replied(message, partial(self.answering, who), datagram=datagram)
        if self.seconds:
            await asyncio.sleep(self.seconds)
        return found

    async def _session(self, reader: StreamReader, writer: StreamWriter) -> None:
        client = writer.get_extra_info("peername")[0]
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                message = await reader.readexactly(length)
                found = await self.reply(message, client, datagram=False)
                if found is None:
                    break
                writer.write(LENGTH.pack(len(found)) + found)
                await writer.drain()
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._running = set[asyncio.Task[None]]()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        # The loop itself holds a task by a weak reference only.
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answer(self, data: bytes, client: tuple[str, int]) -> None:
        found = await self._server.reply(data, client[0], datagram=True)
        if found is not None:
            self._transport.sendto(found, client)


def _bound(helper: Helper, netns: str, address: Address, kind: int) -> socket.socket:
    made = helper.open_socket(netns, FAMILIES[address.family], kind)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((str(address), PORT))
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


def look_up(
    opened: Callable[[int, int], socket.socket],
    server: Address,
    name: str,
    type: RecordType = RecordType.A,
    *,
    seconds: float = 5,
    over_tcp: bool = False,
) -> Answer:
    """Ask a nameserver, over UDP first and over TCP where the answer was too long for that.

    Parameters
    ----------
    opened
        Makes a socket of a family and a kind; whose it is, asks.
    seconds
        To wait for each answer.

    Raises
    ------
    TimeoutError
        If nothing comes back.
    """
    asked = question(name, type)
    if over_tcp or is_truncated(found := _asked(opened, server, asked, socket.SOCK_DGRAM, seconds)):
        found = _asked(opened, server, asked, socket.SOCK_STREAM, seconds)
    return answer_of(found, name, type, 0, str(server))


def _asked(
    opened: Callable[[int, int], socket.socket],
    server: Address,
    message: bytes,
    kind: int,
    seconds: float,
) -> bytes:
    with opened(FAMILIES[server.family], kind) as client:
        client.settimeout(seconds)
        client.connect((str(server), PORT))
        if kind == socket.SOCK_DGRAM:
            client.send(message)
            return client.recv(LONGEST)
        client.sendall(LENGTH.pack(len(message)) + message)
        (length,) = LENGTH.unpack(b"".join(_exactly(client, LENGTH.size)))
        return b"".join(_exactly(client, length))


def _exactly(client: socket.socket, length: int) -> Iterator[bytes]:
    while length:
        part = client.recv(length)
        if not part:
            raise ConnectionResetError("the nameserver ended the session")
        length -= len(part)
        yield part
