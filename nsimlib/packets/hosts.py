"""The places of a lab that packets come from, with sockets and programs in them."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from nsimlib.model.addresses import Address
from nsimlib.packets.helper import Helper

__all__ = ["Finished", "Host"]

NO_FILES: Mapping[str, str] = {}


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

    def run(
        self,
        *argv: str,
        stdin: str = "",
        timeout: float | None = 30,
        files: Mapping[str, str] = NO_FILES,
        as_root: bool = True,
    ) -> Finished:
        """Run a program here to its end, at most `timeout` seconds.

        It finds the texts of `files` in the place of those files, such as /etc/resolv.conf. What
        refuses to run as root, as PostgreSQL does, is run without `as_root`.

        Raises
        ------
        OSError
            If it cannot be started, or takes too long.
        """
        about = {"stdin": stdin, "timeout": timeout, "files": dict(files), "as_root": as_root}
        return Finished(**self.helper.ask("run", netns=self.netns, argv=argv, **about))

    def spawn(self, *argv: str, as_root: bool = True) -> int:
        """Start a program that runs until the lab ends, and return its process id in the lab."""
        return int(self.helper.ask("spawn", netns=self.netns, argv=argv, as_root=as_root))

    def __repr__(self) -> str:
        return f"Host({self.name!r}, {', '.join(map(str, self.addresses)) or 'any address'})"
