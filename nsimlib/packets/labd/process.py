"""Birth, privileges and death of the helper.

Two processes. The outer one leaves for namespaces of its own, forks, and from then on only watches:
when the notebook's process is gone, however it went, or the inner one is, it goes too. The inner
one is process 1 of its PID namespace and owns the lab; the kernel kills it with the outer one, and
with it everything in that namespace. Nothing is ever on disk, so nothing stays behind.

The uid stays what it was, and the capabilities over the new namespaces are kept over `exec`: to
programs in the lab the user is the user, and may do there what root may.
"""

import os
import select
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from nsimlib.packets.labd import syscalls
from nsimlib.packets.labd.channel import send
from nsimlib.packets.labd.serving import error_of, serve

__all__ = ["main"]

OTHERS = syscalls.NEW_NET | syscalls.NEW_PID | syscalls.NEW_NS | syscalls.NEW_IPC | syscalls.NEW_UTS
MS_REC, MS_PRIVATE = 0x4000, 0x40000


def main(descriptor: int) -> NoReturn:
    """Serve the socket that a descriptor holds; returns to nobody."""
    notebook = os.pidfd_open(os.getppid())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = socket.socket(fileno=descriptor)
    for stage, enter in (("user namespace", _enter_user), ("namespaces", _enter_others)):
        try:
            enter()
        except OSError as error:
            send(channel, {"stage": stage, "error": error_of(error)})
            sys.exit(1)
    lifeline, held = os.pipe()
    inner = os.fork()
    if inner:
        os.close(lifeline)
        channel.close()
        _watch(notebook, inner)
    os.close(held)
    _live(channel, lifeline)


def _enter_user() -> None:
    """Enter a user namespace in which everyone is who they were."""
    uid, gid = os.getuid(), os.getgid()
    syscalls.unshare(syscalls.NEW_USER)
    about = Path("/proc/self")
    (about / "setgroups").write_text("deny", "ascii")
    (about / "uid_map").write_text(f"{uid} {uid} 1", "ascii")
    (about / "gid_map").write_text(f"{gid} {gid} 1", "ascii")


def _enter_others() -> None:
    syscalls.unshare(OTHERS)


def _watch(notebook: int, inner: int) -> NoReturn:
    """End when either of the two does; the kernel takes the inner process along."""
    poll = select.poll()
    for process in (notebook, os.pidfd_open(inner)):
        poll.register(process, select.POLLIN)
    poll.poll()
    os.kill(inner, signal.SIGKILL)
    os.waitpid(inner, 0)
    sys.exit(0)


def _live(channel: socket.socket, lifeline: int) -> NoReturn:
    """Be process 1 of the lab."""
    syscalls.die_with_parent()
    # Where the outer process died before that, its end of the pipe is closed already.
    if select.select([lifeline], [], [], 0)[0]:
        sys.exit(1)
    try:
        syscalls.keep_capabilities()
        syscalls.mount("", "/", "", MS_REC | MS_PRIVATE)
    except OSError as error:
        send(channel, {"stage": "capabilities", "error": error_of(error)})
        sys.exit(1)
    # Only programs that look into /proc miss it, where a container does not let us have our own.
    with suppress(OSError):
        syscalls.mount("proc", "/proc", "proc", 0)
    send(channel, {"ready": True})
    with suppress(ConnectionError):
        serve(channel)
    sys.exit(0)
