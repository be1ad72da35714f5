"""Programs in a namespace: run to their end, or left running."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from errno import ENOENT, EPERM, ETIMEDOUT
from typing import Any

from nsimlib.packets.labd.storage import become_ordinary, lay
from nsimlib.packets.labd.syscalls import NEW_NET, setns

__all__ = ["run", "spawn"]

NOTHING: Mapping[str, str] = {}
#: whom programs that refuse to be root take themselves for
NOBODY = 65534
#: where programs for administrators lie, which an ordinary user's PATH may lack
PATHS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def run(
    namespace: int,
    argv: Sequence[str],
    stdin: str = "",
    timeout: float | None = None,
    files: Mapping[str, str] = NOTHING,
    as_root: bool = True,
) -> dict[str, Any]:
    """Return how a program ended and what it said.

    It finds the texts of `files` in the place of those files. Without `as_root` it takes the lab's
    user for an ordinary one, even if that is root.

    Raises
    ------
    OSError
        If it cannot be started.
    TimeoutError
        If it takes longer than `timeout` seconds; it is killed.
    """
    environment = _environment()
    _demand(argv[0], environment)
    pipe = subprocess.PIPE
    with _started(
        argv,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        env=environment,
        start_new_session=True,
        preexec_fn=_entering(namespace, files, as_root),
    ) as started:
        try:
            stdout, stderr = started.communicate(stdin, timeout)
        except subprocess.TimeoutExpired as expired:
            # What it started holds its pipes too, and would be waited for.
            os.killpg(started.pid, signal.SIGKILL)
            raise TimeoutError(ETIMEDOUT, f"still running after {timeout} s", argv[0]) from expired
    return {"code": started.returncode, "stdout": stdout, "stderr": stderr}


def spawn(namespace: int, argv: Sequence[str], as_root: bool = True) -> int:
    """Start a program that lives until it ends or the lab does, and return its process id."""
    null, environment = subprocess.DEVNULL, _environment()
    _demand(argv[0], environment)
    started = _started(
        argv,
        stdin=null,
        stdout=null,
        stderr=null,
        env=environment,
        preexec_fn=_entering(namespace, NOTHING, as_root),
    )
    return started.pid


def _started(argv: Sequence[str], **about: Any) -> "subprocess.Popen[str]":
    try:
        return subprocess.Popen(argv, **about)
    except subprocess.SubprocessError as error:
        # What went wrong before the program began stays in the child; it is a mount or a map.
        raise OSError(EPERM, "this system keeps files from being laid over others") from error


def _entering(namespace: int, files: Mapping[str, str], as_root: bool) -> Callable[[], None]:
    def enter() -> None:
        setns(namespace, NEW_NET)
        if files:
            lay(files)
        if not as_root:
            become_ordinary(NOBODY)

    return enter


def _environment() -> dict[str, str]:
    path = os.environ.get("PATH", os.defpath)
    return {**os.environ, "PATH": os.pathsep.join((path, *PATHS))}


def _demand(program: str, environment: dict[str, str]) -> None:
    """Raise FileNotFoundError for a missing program, also where PATH has folders closed to us."""
    if not shutil.which(program, path=environment["PATH"]):
        raise FileNotFoundError(ENOENT, "no such program", program)
