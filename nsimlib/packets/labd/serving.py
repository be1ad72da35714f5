"""Requests of the notebook, one at a time, each answered by a result or by an error with a name."""

import os
import socket
from errno import EIO, ETIMEDOUT, errorcode
from functools import cached_property
from typing import Any

from nsimlib.packets.labd.building import build
from nsimlib.packets.labd.channel import receive, send
from nsimlib.packets.labd.commands import run, spawn
from nsimlib.packets.labd.netns import Namespaces
from nsimlib.packets.labd.nft import load_rules
from nsimlib.packets.labd.offloads import switch_off_offloads
from nsimlib.packets.labd.probing import Prober
from nsimlib.packets.labd.storage import make_folder

__all__ = ["error_of", "serve"]


class Service:
    """What the helper can be asked to do; each method is the request of its name."""

    def __init__(self) -> None:
        self.namespaces = Namespaces()
        self.prober = Prober(self.namespaces)

    def build(self, plan: dict[str, Any]) -> None:
        """Build all namespaces of a plan."""
        build(self.namespaces, plan)

    def probe(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Send probes and say what became of them."""
        return self.prober.probe(asked)

    def load(self, netns: str, rules: list[str]) -> None:
        """Put rules for the packet filter into a namespace, one transaction after the other."""
        with self.namespaces.entered(netns):
            for each in rules:
                load_rules(each)

    def folder(self) -> str:
        """Return a folder in memory that the lab alone sees."""
        return self._folder

    @cached_property
    def _folder(self) -> str:
        return make_folder()

    def run(self, netns: str, **how: Any) -> dict[str, Any]:
        """Run a program to its end."""
        if how.get("files"):
            self.folder()
        return run(self.namespaces.descriptor(netns), **how)

    def spawn(self, netns: str, **how: Any) -> int:
        """Start a program."""
        return spawn(self.namespaces.descriptor(netns), **how)

    def switch_off_offloads(self, netns: str, interfaces: list[str]) -> None:
        """Have interfaces send frames as a wire would carry them."""
        with self.namespaces.entered(netns):
            switch_off_offloads(interfaces)

    def open_socket(self, netns: str, family: int, kind: int, protocol: int) -> socket.socket:
        """Open a socket in a namespace; it works there wherever it is passed to."""
        with self.namespaces.entered(netns):
            return socket.socket(family, kind, protocol)


def serve(channel: socket.socket) -> None:
    """Answer requests until the other side is gone."""
    service = Service()
    while found := receive(channel):
        message, _ = found
        try:
            result = getattr(service, message["do"])(**message["with"])
        except OSError as error:
            send(channel, {"id": message["id"], "error": error_of(error)})
        else:
            _answer(channel, message["id"], result)


def _answer(channel: socket.socket, number: int, result: Any) -> None:
    if isinstance(result, socket.socket):
        with result:
            send(channel, {"id": number, "result": None}, (result.fileno(),))
    else:
        send(channel, {"id": number, "result": result})


def error_of(error: OSError) -> dict[str, str]:
    """Return an error as it travels: its name, what was said, and what it was about."""
    is_late = isinstance(error, TimeoutError)
    name = errorcode.get(error.errno or (ETIMEDOUT if is_late else EIO), "EIO")
    said = error.strerror or str(error) or os.strerror(error.errno or 0)
    return {"errno": name, "said": said, "about": str(error.filename or "")}
