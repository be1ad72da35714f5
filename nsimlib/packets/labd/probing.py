"""Probes: packets sent from many namespaces, and what became of each.

The oracle is a table of its own in every namespace where a path begins or ends. It writes a probe
down where it has left its sender, before any policy (`sent`), and where it is about to reach its
destination, after every policy (`arrived`), and drops it there: nothing answers. A probe in both
sets was let through, one in the first alone was not. One in neither was never sent, and nothing is
said of it. There is no clock in this, and nothing is asked of whoever enforces the policy.

Forwarding runs in the sender's own softirq, from queue to queue of one CPU. A datagram that takes
the longest way there is, sent after a burst, comes out after all of the burst has.
"""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from errno import errorcode
from ipaddress import ip_address
from itertools import islice
from typing import Any

from nsimlib.packets.labd.netns import Namespaces
from nsimlib.packets.labd.packets import opening
from nsimlib.packets.labd.setdump import elements, empty, open_netfilter

__all__ = ["Prober"]

#: the mark of a probe, which the oracle knows it by: DSCP 1
TRAFFIC_CLASS = 0x04
TABLE, SENT, ARRIVED = "oracle", ("sent4", "sent6"), ("arrived4", "arrived6")
#: a quarter of what a CPU's queue holds (net.core.netdev_max_backlog)
BURST = 250
#: what is sent before the sets are read, and what a set may hold before: 65,535 is the most
BATCH, FULL = 32_000, 8_000
#: no policy names these, and nothing on the machine has them
FIRST_PORT, PORTS = 61_000, 4_000
#: two fences go further than any probe has to: by the fabric and two nodes
FENCES, PATIENCE = 2, 10.0


class Prober:
    """Sends probes in bursts, and reads the oracle's sets before they are full.

    Emptying a set takes the kernel as long as a thousand probes. So every request has a source port
    of its own, by which its probes are told from earlier ones, and only long sets are emptied.
    """

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        self._source_port = FIRST_PORT

    def probe(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Send what is asked for and say what became of it.

        `asked["volleys"]` are `netns, source, protocol, targets`, a target `[destination, port]`;
        `asked["watched"]` the namespaces with an oracle; `asked["fence"]` sender, receiver and
        address. The answer has for each volley a text of one sign for each target: `+` arrived, `-`
        dropped, `?` never sent, and in `refused` why the sender's own kernel sent nothing.
        """
        self._source_port = FIRST_PORT + (self._source_port + 1 - FIRST_PORT) % PORTS
        self._pending: list[bytes] = []
        self._signs: list[str] = []
        self._refused: dict[str, str] = {}
        self._watched: list[str] = asked["watched"]
        with _one_cpu(), Fence(self._namespaces, *asked["fence"]) as self._fence:
            for volley in asked["volleys"]:
                self._send(*volley)
            self._read()
        found = iter("".join(self._signs))
        texts = ["".join(islice(found, len(volley[3]))) for volley in asked["volleys"]]
        return {"signs": texts, "refused": self._refused}

    def _send(self, netns: str, source: str, protocol: int, targets: list[tuple[str, int]]) -> None:
        ours = ip_address(source)
        with self._namespaces.entered(netns):
            by = _raw_socket(ours.version, protocol)
        with by:
            by.bind((source, 0))
            for to, port in targets:
                theirs = ip_address(to).packed
                packet = opening(protocol, ours.packed, theirs, self._source_port, port)
                named = struct.pack("!B3x2s2x2s2x", protocol, packet[:2], packet[2:4])
                try:
                    by.sendto(packet, (to, 0))
                except OSError as error:
                    self._refused[to] = errorcode.get(error.errno or 0, str(error))
                self._count(ours.packed + theirs + named)

    def _count(self, key: bytes) -> None:
        self._pending.append(key)
        if len(self._pending) >= BATCH:
            self._read()
        elif len(self._pending) % BURST == 0:
            self._fence.wait()

    def _read(self) -> None:
        """Note what became of the probes that are pending."""
        self._fence.wait()
        sent, arrived = set[bytes](), set[bytes]()
        for name in self._watched:
            with self._namespaces.entered(name), open_netfilter() as netlink:
                held = {each: list(elements(netlink, TABLE, each)) for each in (*SENT, *ARRIVED)}
                if max(map(len, held.values())) > FULL:
                    empty(netlink, TABLE, held)
            sent.update(*(held[each] for each in SENT))
            arrived.update(*(held[each] for each in ARRIVED))
        self._signs.extend(_sign(key in sent, key in arrived) for key in self._pending)
        self._pending.clear()


def _sign(was_sent: bool, has_arrived: bool) -> str:
    if not was_sent:
        return "?"
    return "+" if has_arrived else "-"


def _raw_socket(version: int, protocol: int) -> socket.socket:
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    made = socket.socket(family, socket.SOCK_RAW, protocol)
    if version == 6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, TRAFFIC_CLASS)
    else:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, TRAFFIC_CLASS)
    return made


class Fence:
    """A datagram that takes the long way, by no policy, and is waited for."""

    def __init__(self, namespaces: Namespaces, sender: str, receiver: str, address: str) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with namespaces.entered(receiver):
            self.receiver = socket.socket(family, socket.SOCK_DGRAM)
        with namespaces.entered(sender):
            self.sender = socket.socket(family, socket.SOCK_DGRAM)
        self.receiver.bind((address, 0))
        self.receiver.settimeout(PATIENCE)
        self.sender.connect(self.receiver.getsockname())

    def __enter__(self) -> "Fence":
        return self

    def __exit__(self, *_: object) -> None:
        self.sender.close()
        self.receiver.close()

    def wait(self) -> None:
        """Return when all that was sent before has gone as far as it goes."""
        for _ in range(FENCES):
            self.sender.send(b"fence")
            self.receiver.recv(16)


@contextmanager
def _one_cpu() -> Iterator[None]:
    """Stay on one CPU, so that all packets go through the same queue."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
