"""The notebook's side of the helper process: started, asked, ended."""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final, NoReturn

from nsimlib.errors import LabError
from nsimlib.packets.labd.channel import receive, send

__all__ = ["Helper", "start"]

#: to start the helper, in seconds, and to wait for its end before it is killed
START, END = 20.0, 2.0
#: The helper needs `nsimlib.packets.labd` alone. A bare package in the place of nsimlib's own
#: spares it the import of all the rest, which takes longer than to build a lab.
BOOT: Final = """\
import sys, types
package = types.ModuleType("nsimlib")
package.__path__ = [sys.argv[1]]
sys.modules["nsimlib"] = package
from nsimlib.packets.labd.process import main
main(int(sys.argv[2]))
"""
PACKAGE = Path(__file__).parents[1]

USER_NAMESPACES = (
    "This system keeps ordinary users from making user namespaces. "
    "Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile with "
    "`userns,`. Elsewhere: sysctl user.max_user_namespaces and kernel.unprivileged_userns_clone. "
    "In a container: run it with seccomp=unconfined."
)
REMEDIES = {
    "user namespace": USER_NAMESPACES,
    # AppArmor lets some users in and takes from them there what they came for.
    "capabilities": USER_NAMESPACES,
    "namespaces": "See sysctl user.max_net_namespaces and user.max_pid_namespaces.",
}


class Helper:
    """A running helper process; `close` ends it and everything in it."""

    def __init__(self, process: "subprocess.Popen[bytes]", channel: socket.socket) -> None:
        self.process, self._channel = process, channel
        self._lock, self._number = Lock(), 0

    def ask(self, do: str, **arguments: Any) -> Any:
        """Return the answer to a request.

        Raises
        ------
        OSError
            As the helper met it: errno, what was said, and what it was about.
        LabError
            If the helper is gone.
        """
        return self._ask(do, arguments)[0]

    def load(self, netns: str, rules: Iterable[str]) -> None:
        """Put rules into a namespace of the lab: texts for `nft -f`, a transaction each.

        Raises
        ------
        LabError
            With what nft says.
        """
        try:
            self.ask("load", netns=netns, rules=list(rules))
        except FileNotFoundError as error:
            raise LabError("nft", str(error), "Install the package nftables.") from error
        except OSError as error:
            raise LabError("nft", error.strerror or str(error)) from error

    def open_socket(self, netns: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """Return a socket that lives in a namespace of the lab."""
        about = {"netns": netns, "family": family, "kind": kind, "protocol": protocol}
        return socket.socket(fileno=self._ask("open_socket", about)[1][0])

    def _ask(self, do: str, arguments: dict[str, Any]) -> tuple[Any, list[int]]:
        with self._lock:
            self._number += 1
            try:
                send(self._channel, {"id": self._number, "do": do, "with": arguments})
                found = self._answer()
            except OSError as error:
                raise LabError("helper", f"does not answer: {error}") from error
            if found is None:
                raise LabError("helper", f"ended unasked. {self.last_words()}")
        message, descriptors = found
        if "error" in message:
            _raise(message["error"])
        return message["result"], descriptors

    def _answer(self) -> tuple[dict[str, Any], list[int]] | None:
        """The answer to the last request; those to requests that were interrupted are let go."""
        while found := receive(self._channel):
            if found[0]["id"] == self._number:
                return found
            for descriptor in found[1]:
                os.close(descriptor)
        return None

    def last_words(self) -> str:
        """End the helper and return the last line that it wrote."""
        self._end()
        assert self.process.stderr is not None
        with self.process.stderr as words:
            return words.read().decode().strip().rpartition("\n")[2]

    def close(self) -> None:
        """End the helper; whatever it is busy with, nothing of it is left afterwards."""
        self._end()
        assert self.process.stderr is not None
        self.process.stderr.close()

    def _end(self) -> None:
        self._channel.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(END)
        self.process.kill()
        self.process.wait()


def _raise(error: dict[str, str]) -> NoReturn:
    number = getattr(errno, error["errno"], errno.EIO)
    raise OSError(number, error["said"], error["about"] or None)


def start() -> Helper:
    """Start a helper in namespaces of its own.

    Raises
    ------
    LabError
        If this machine does not allow it; it says which step was refused, and what to change.
    """
    if sys.platform != "linux":
        raise LabError("Linux", f"this is {sys.platform}", "Use a Linux machine, VM or WSL 2.")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", BOOT, str(PACKAGE), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    helper = Helper(process, ours)
    ours.settimeout(START)
    try:
        found = receive(ours)
    except TimeoutError:
        found = None
    ours.settimeout(None)
    if found is None:
        raise LabError("helper", f"did not start. {helper.last_words()}")
    message = found[0]
    if "error" in message:
        helper.close()
        error, stage = message["error"], message["stage"]
        raise LabError(stage, f"{error['errno']}: {error['said']}", REMEDIES[stage])
    return helper
