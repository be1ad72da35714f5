"""Programs in a namespace: run to their end, or left running."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from errno import ENOENT, ETIMEDOUT
from typing import Any

from nsimlib.packets.labd.syscalls import NEW_NET, setns

__all__ = ["run", "spawn"]

#: where programs for administrators lie, which an ordinary user's PATH may lack
PATHS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def run(
    namespace: int, argv: Sequence[str], stdin: str = "", timeout: float | None = None
) -> dict[str, Any]:
    """Return how a program ended and what it said.

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
    with subprocess.Popen(
        argv,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        env=environment,
        start_new_session=True,
        preexec_fn=_entering(namespace),
    ) as started:
        try:
            stdout, stderr = started.communicate(stdin, timeout)
        except subprocess.TimeoutExpired as expired:
            # What it started holds its pipes too, and would be waited for.
            os.killpg(started.pid, signal.SIGKILL)
            raise TimeoutError(ETIMEDOUT, f"still running after {timeout} s", argv[0]) from expired
    return {"code": started.returncode, "stdout": stdout, "stderr": stderr}


def spawn(namespace: int, argv: Sequence[str]) -> int:
    """Start a program that lives until it ends or the lab does, and return its process id."""
    null, environment = subprocess.DEVNULL, _environment()
    _demand(argv[0], environment)
    started = subprocess.Popen(
        argv,
        stdin=null,
        stdout=null,
        stderr=null,
        env=environment,
        preexec_fn=_entering(namespace),
    )
    return started.pid


def _entering(namespace: int) -> Callable[[], None]:
    return lambda: setns(namespace, NEW_NET)


def _environment() -> dict[str, str]:
    path = os.environ.get("PATH", os.defpath)
    return {**os.environ, "PATH": os.pathsep.join((path, *PATHS))}


def _demand(program: str, environment: dict[str, str]) -> None:
    """Raise FileNotFoundError for a missing program, also where PATH has folders closed to us."""
    if not shutil.which(program, path=environment["PATH"]):
        raise FileNotFoundError(ENOENT, "no such program", program)
