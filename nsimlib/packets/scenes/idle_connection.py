"""Idle conntrack: the node forgets a connection that says nothing, and its next packet is nobody's.

An open connection passes because it is tracked. Where the entry is gone the packet belongs to none,
and enforcers such as Calico drop what is invalid.
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from time import sleep

from nsimlib.packets.scenes.clients import talk
from nsimlib.packets.scenes.played import Played, Script
from nsimlib.packets.scenes.stage import Stage, echo

__all__ = ["idle_connection"]

SERVER, PORT = "203.0.113.7", 5432
#: seconds; by default five days
FORGOTTEN_AFTER = 2
SETTINGS = {
    "net/netfilter/nf_conntrack_tcp_timeout_established": FORGOTTEN_AFTER,
    # Otherwise a packet in the middle of a connection makes a new entry of it.
    "net/netfilter/nf_conntrack_tcp_loose": 0,
}
CALICO = "ct state invalid drop"
SHORTENED = f"nf_conntrack_tcp_timeout_established {FORGOTTEN_AFTER}, for 432000"
KEEPALIVE = {socket.TCP_KEEPIDLE: 1, socket.TCP_KEEPINTVL: 1}


def idle_connection() -> Played:
    """Keep three connections open, of which two are silent and one of those sends keepalives."""
    script = Script()
    with Stage() as stage, ExitStack() as clients:
        stage.serve(stage.lab.world, PORT, echo)
        for path, value in SETTINGS.items():
            stage.tune(stage.node, path, value)
        stage.first_rule(CALICO)
        busy, silent, kept = (clients.enter_context(each) for each in _connected(stage))
        for option, value in KEEPALIVE.items():
            kept.setsockopt(socket.IPPROTO_TCP, option, value)
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        _ask(script, "all three ask at once", "all are tracked", busy, silent, kept)
        for _ in range(3):
            sleep(FORGOTTEN_AFTER / 2)
            talk(busy, b"?")
        sleep(0.2)
        _ask(script, "one that asks every second", "it is still tracked", busy)
        what = f"one that is silent for {FORGOTTEN_AFTER} s and more"
        _ask(script, what, "its packet is invalid, and dropped", silent, shortened=True)
        _ask(script, "one that is silent, with keepalives", "it is still tracked", kept)
        stage.first_rule()
        _ask(script, "the silent one again, where invalid packets pass", "", silent)
    return script.played("idle-connection", "Forgotten while it was silent")


def _connected(stage: Stage) -> Iterator[socket.socket]:
    for _ in range(3):
        client = stage.pod.socket()
        client.connect((SERVER, PORT))
        yield client


def _ask(
    script: Script, about: str, because: str, *clients: socket.socket, shortened: bool = False
) -> None:
    tried = [talk(client, b"?") for client in clients]
    script.note(about, ", ".join(dict.fromkeys(each.outcome for each in tried)), because)
    how = (SHORTENED, "after 5 days") if shortened else ()
    script.took(about, max(each.seconds for each in tried), *how)
