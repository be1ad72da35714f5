"""A path-MTU black hole: it connects, small things work, large ones hang; and its cures (E57).

::

    pod -- node -- fabric --[1400]-- world          everywhere else 1500 bytes

The fabric says "fragmentation needed" to whoever sends too much. Where that message is lost, the
sender never learns why nothing arrives.
"""

import socket
from asyncio import StreamReader, StreamWriter
from time import monotonic

from nsimlib.packets.scenes.clients import NO_ANSWER, talk
from nsimlib.packets.scenes.played import Played, Script
from nsimlib.packets.scenes.stage import Stage

__all__ = ["path_mtu"]

SERVER, PORT = "203.0.113.7", 443
NARROW = "1400"
#: bytes in a segment of a packet of 1500, with TCP's timestamps
FULL = 1448
#: whose messages the fabric's are; nobody else has it
ROUTER = "192.0.0.9/32"
SMALL, LARGE = b"q" * 100, b"q" * 200_000
NO_MESSAGES = "icmp type destination-unreachable icmp code frag-needed drop"
CLAMP = "tcp flags syn tcp option maxseg size set 1360"
#: what a policy does that lets open connections go on, and not what belongs to them
ESTABLISHED_ALONE = "ct state established accept\nct state related drop"
PROBING = "net/ipv4/tcp_mtu_probing"


def path_mtu() -> Played:
    """Send little and much over a narrow link, with and without the message that says so.

    The cures: let the message through (policies that accept `related` do), let TCP probe for what
    gets through, or clamp the segment size on the node.
    """
    script = Script()
    with Stage() as stage:
        stage.serve(stage.lab.world, PORT, _count)
        _try(stage, script, "1500 bytes everywhere")
        stage.run(stage.fabric, "ip", "address", "add", ROUTER, "dev", "lo")
        stage.run(stage.fabric, "ip", "link", "set", "world", "mtu", NARROW)
        stage.first_rule(NO_MESSAGES)
        _try(stage, script, "a narrow link, ICMP dropped")
        stage.first_rule(ESTABLISHED_ALONE)
        _try(stage, script, "a narrow link, policy without `related`")
        stage.first_rule(f"{NO_MESSAGES}\n{CLAMP}")
        _try(stage, script, "cure: the node clamps the segment size")
        stage.first_rule(NO_MESSAGES)
        stage.tune(stage.pod, PROBING, 2)
        _try(stage, script, "cure: TCP probes (tcp_mtu_probing 2)")
        stage.tune(stage.pod, PROBING, 0)
        stage.first_rule()
        _try(stage, script, "cure: ICMP gets through")
    return script.played("path-mtu", "It connects, and large things hang")


def _try(stage: Stage, script: Script, about: str) -> None:
    with stage.pod.socket() as client:
        client.settimeout(1)
        client.connect((SERVER, PORT))
        small = talk(client, SMALL)
        began = monotonic()
        large = talk(client, LARGE)
        sized = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    outcome = f"{len(SMALL)} bytes {small.outcome}, {len(LARGE):,} bytes {large.outcome}"
    segments = "full segments" if sized == FULL else "smaller segments"
    script.note(about, outcome, segments)
    hangs = large.outcome == NO_ANSWER
    how = ("the client's patience", "until the client gives up") if hangs else ()
    script.took(about, monotonic() - began, *how)


async def _count(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer when all of a question is there: a hundred bytes, and then the rest."""
    for size in (len(SMALL), len(LARGE)):
        await reader.readexactly(size)
        writer.write(b"done")
