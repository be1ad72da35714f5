"""The places of a lab that packets come from, with sockets and programs in them."""

import socket
from dataclasses import dataclass
from typing import NamedTuple

from nsimlib.model.addresses import Address
from nsimlib.packets.helper import Helper

__all__ = ["Finished", "Host"]


class Finished(NamedTuple):
    """How a program ended and what it said."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Host:
    """A place of the lab that packets come from: a pod, a node, or the world outside."""

    name: str
    netns: str
    addresses: tuple[Address, ...]
    helper: Helper

    def socket(
        self,
        family: int = socket.AF_INET,
        kind: int = socket.SOCK_STREAM,
        protocol: int = 0,
    ) -> socket.socket:
        """Return an ordinary socket whose packets leave from here; it is yours to close."""
        return self.helper.open_socket(self.netns, int(family), int(kind), protocol)

    def run(self, *argv: str, stdin: str = "", timeout: float | None = 30) -> Finished:
        """Run a program here to its end, at most `timeout` seconds.

        Raises
        ------
        OSError
            If it cannot be started, or takes too long.
        """
        asked = {"netns": self.netns, "argv": argv, "stdin": stdin, "timeout": timeout}
        return Finished(**self.helper.ask("run", **asked))

    def spawn(self, *argv: str) -> int:
        """Start a program that runs until the lab ends, and return its process id in the lab."""
        return int(self.helper.ask("spawn", netns=self.netns, argv=argv))

    def __repr__(self) -> str:
        return f"Host({self.name!r}, {', '.join(map(str, self.addresses)) or 'any address'})"
