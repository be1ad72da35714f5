"""However the notebook dies, nothing of the lab outlives it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nsimlib.packets.checking import Report
from tests.conftest import ROOT

pytestmark = pytest.mark.system

#: seconds
WITHIN = 1.0
#: A notebook with a lab of which one program ignores whatever can be ignored.
NOTEBOOK = """
import os, sys, time
import nsimlib as ns
from nsimlib.packets.lab import Lab
lab = Lab(ns.scenario("shop"))
lab.start()
lab.pod("shop/web").spawn("setsid", "sh", "-c", "trap '' TERM INT HUP; sleep 60")
if sys.argv[1] == "forks" and not os.fork():
    os.setsid()
    os.closerange(0, 3)
    time.sleep(10)
    os._exit(0)
print(lab.helper.process.pid, flush=True)
if sys.argv[1] == "is busy":
    lab.pod("shop/web").run("sleep", "60")
if sys.argv[1] == "ends":
    sys.exit()
time.sleep(60)
"""


def children(pid: int) -> list[int]:
    """The processes below one; none if it is gone."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [below for child in map(int, listed.split()) for below in (child, *children(child))]


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def signalled(number: int) -> Callable[[int, int], None]:
    return lambda notebook, _: os.kill(notebook, number)


def helper_killed(_: int, helper: int) -> None:
    os.kill(helper, signal.SIGKILL)


def owner_killed(_: int, helper: int) -> None:
    os.kill(children(helper)[0], signal.SIGKILL)


def on_its_own(_: int, __: int) -> None:
    pass


DEATHS = [
    ("sleeps", signalled(signal.SIGKILL)),
    ("sleeps", signalled(signal.SIGTERM)),
    ("sleeps", helper_killed),
    ("sleeps", owner_killed),
    ("is busy", signalled(signal.SIGKILL)),
    ("forks", signalled(signal.SIGKILL)),
    ("ends", on_its_own),
]


@pytest.mark.parametrize(("does", "kill"), DEATHS, ids=lambda each: getattr(each, "__name__", each))
def test_nothing_outlives_it(machine: Report, does: str, kill: Callable[[int, int], None]) -> None:
    assert machine
    notebook = subprocess.Popen(
        [sys.executable, "-c", NOTEBOOK, does], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert notebook.stdout is not None
        helper = int(notebook.stdout.readline())
        everyone = [helper, *children(helper)]
        # the two of the helper, and the stubborn program
        assert len(everyone) >= 3 or does == "ends"
        kill(notebook.pid, helper)
        deadline = time.monotonic() + WITHIN
        while any(map(lives, everyone)) and time.monotonic() < deadline:
            time.sleep(0.005)
        assert [pid for pid in everyone if lives(pid)] == []
    finally:
        notebook.kill()
        notebook.communicate()
