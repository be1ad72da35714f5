"""System calls that Python 3.11 does not have, and the numbers they take.

Newer versions have some of them in `os`; one way for all versions is tested by every version.
"""

import ctypes
import os

__all__ = [
    "NEW_IPC",
    "NEW_NET",
    "NEW_NS",
    "NEW_PID",
    "NEW_USER",
    "NEW_UTS",
    "die_with_parent",
    "keep_capabilities",
    "mount",
    "setns",
    "unshare",
]

NEW_NS = 0x00020000
NEW_UTS = 0x04000000
NEW_IPC = 0x08000000
NEW_USER = 0x10000000
NEW_PID = 0x20000000
NEW_NET = 0x40000000

PR_SET_PDEATHSIG, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 47, 2
SIGKILL = 9
#: of capget and capset: 64 capabilities in two halves, each effective, permitted, inheritable
CAPABILITY_VERSION = 0x20080522
EFFECTIVE, PERMITTED, INHERITABLE = range(3)

libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, call: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), call)


def unshare(flags: int) -> None:
    """Leave namespaces for new ones; for a user namespace the process must have one thread."""
    _checked(libc.unshare(flags), "unshare")


def setns(namespace: int, kind: int) -> None:
    """Let the calling thread enter the namespace that a file descriptor holds."""
    _checked(libc.setns(namespace, kind), "setns")


def mount(source: str, target: str, kind: str, flags: int) -> None:
    """Mount a file system, or change how a mount behaves."""
    arguments = (each.encode() or None for each in (source, target, kind))
    _checked(libc.mount(*arguments, ctypes.c_ulong(flags), None), f"mount {target}")


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that forked it ends."""
    _checked(libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "prctl")


def keep_capabilities() -> None:
    """Keep all capabilities over `exec`, which an ordinary uid would lose."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    halves = (ctypes.c_uint32 * 6)()
    _checked(libc.capget(header, halves), "capget")
    for half in (0, 3):
        halves[half + INHERITABLE] = halves[half + PERMITTED]
    _checked(libc.capset(header, halves), "capset")
    permitted = halves[PERMITTED] | halves[3 + PERMITTED] << 32
    for capability in range(permitted.bit_length()):
        if permitted >> capability & 1:
            arguments = PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0
            _checked(libc.prctl(*map(ctypes.c_ulong, arguments)), "prctl")
