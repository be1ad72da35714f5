"""Network namespaces, held as file descriptors: no process has to live in them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from nsimlib.packets.labd.plan import HOME
from nsimlib.packets.labd.syscalls import NEW_NET, setns, unshare

__all__ = ["Namespaces"]

CURRENT = "/proc/thread-self/ns/net"


class Namespaces:
    """All network namespaces of a lab, by name."""

    def __init__(self) -> None:
        self._held = {HOME: os.open(CURRENT, os.O_RDONLY)}

    def descriptor(self, name: str) -> int:
        """The file descriptor that holds a namespace."""
        return self._held[name]

    def make(self, name: str) -> None:
        """Make a namespace; the calling thread stays where it is."""
        unshare(NEW_NET)
        try:
            self._held[name] = os.open(CURRENT, os.O_RDONLY)
        finally:
            setns(self._held[HOME], NEW_NET)

    @contextmanager
    def entered(self, name: str) -> Iterator[None]:
        """Have the calling thread in a namespace: what it opens there stays there."""
        setns(self._held[name], NEW_NET)
        try:
            yield
        finally:
            setns(self._held[HOME], NEW_NET)
