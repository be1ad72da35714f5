"""Clients as applications are: they connect, send, look names up, and know only what they see."""

import errno
import json
import platform
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Final

from nsimlib.dns.resolvconf import ResolvConf
from nsimlib.errors import LabError
from nsimlib.packets.hosts import Host

__all__ = [
    "ANSWERED",
    "CONNECTED",
    "NO_ANSWER",
    "PATIENCE",
    "LookedUp",
    "Tried",
    "connect",
    "look_up",
    "name_of",
    "send",
    "talk",
]

CONNECTED = "connected"
ANSWERED = "answered"
NO_ANSWER = "no answer"
#: how long a client of a scene waits for what never comes, in seconds: packets take 0.0001 s
PATIENCE = 0.4
PLENTY = 1 << 16
#: runs in the pod, as glibc reads the pod's own /etc/resolv.conf there
GETADDRINFO: Final = """\
import json, socket, sys, time
names = {number: name for name, number in vars(socket).items() if name.startswith("EAI_")}
began = time.monotonic()
try:
    found = socket.getaddrinfo(sys.argv[1], None, type=socket.SOCK_STREAM)
    said = {"addresses": [each[4][0] for each in found]}
except socket.gaierror as error:
    said = {"error": f"{names[error.errno]}: {error.strerror}"}
print(json.dumps({**said, "seconds": time.monotonic() - began}))
"""
NSSWITCH = "hosts: files dns\n"


@dataclass(frozen=True, slots=True)
class Tried:
    """How something ended for the client, and after how many seconds."""

    outcome: str
    seconds: float
    said: bytes = b""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What `getaddrinfo` gave the application."""

    seconds: float
    addresses: tuple[str, ...] = ()
    error: str | None = None

    @property
    def outcome(self) -> str:
        """The addresses, or their count where there are many, or what is said instead."""
        if self.error:
            return self.error
        return (
            ", ".join(self.addresses)
            if len(self.addresses) < 4
            else f"{len(self.addresses)} addresses"
        )


@contextmanager
def opened(
    host: Host, address: str, port: int, kind: int, patience: float | None
) -> Iterator[socket.socket]:
    with host.socket(kind=kind) as client:
        client.settimeout(patience)
        client.connect((address, port))
        yield client


def connect(host: Host, address: str, port: int, patience: float | None = PATIENCE) -> Tried:
    """Open a TCP connection and close it; without patience, wait until the kernel gives up."""
    began = monotonic()
    try:
        with opened(host, address, port, socket.SOCK_STREAM, patience):
            return Tried(CONNECTED, monotonic() - began)
    except OSError as error:
        return Tried(name_of(error), monotonic() - began)


def send(
    host: Host, address: str, port: int, kind: int = socket.SOCK_DGRAM, said: bytes = b"?"
) -> Tried:
    """Send something, and wait for what comes back."""
    began = monotonic()
    try:
        with opened(host, address, port, kind, PATIENCE) as client:
            return talk(client, said)
    except OSError as error:
        return Tried(name_of(error), monotonic() - began)


def talk(client: socket.socket, said: bytes) -> Tried:
    """Say something over an open connection, and wait for what comes back."""
    began = monotonic()
    client.settimeout(PATIENCE)
    try:
        client.sendall(said)
        heard = client.recv(PLENTY)
    except OSError as error:
        return Tried(name_of(error), monotonic() - began)
    return Tried(ANSWERED if heard else "closed", monotonic() - began, heard)


def name_of(error: OSError) -> str:
    """Return an error by its name in C; waiting in vain is none of the kernel's errors."""
    return NO_ANSWER if error.errno is None else errno.errorcode[error.errno]


def look_up(host: Host, name: str, conf: ResolvConf) -> LookedUp:
    """Look a name up as an application in a pod does: by glibc, with a resolv.conf of its own.

    Raises
    ------
    LabError
        If this system's C library is another one, or does not let a pod have files of its own.
    """
    if platform.libc_ver()[0] != "glibc":
        raise LabError("glibc", "the C library here is another one", "Use a system with glibc.")
    files = {"/etc/resolv.conf": f"{conf}\n", "/etc/nsswitch.conf": NSSWITCH, "/etc/hosts": ""}
    argv = (sys.executable, "-I", "-S", "-c", GETADDRINFO, name)
    try:
        done = host.run(*argv, files=files, timeout=None)
    except OSError as error:
        raise LabError("resolv.conf", str(error)) from error
    if done.code:
        raise LabError("getaddrinfo", done.stderr.strip().rpartition("\n")[2])
    found = json.loads(done.stdout)
    return LookedUp(found["seconds"], tuple(found.get("addresses", ())), found.get("error"))
