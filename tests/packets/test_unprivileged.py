"""The lab needs no privilege: run as root, this test drops to an account without any."""

import os
import pwd
import subprocess
import sys
import sysconfig
from collections.abc import Iterator

import pytest

from nsimlib.errors import LabError
from nsimlib.packets.checking import Report
from nsimlib.packets.recordings import recorded_scene
from nsimlib.packets.scenes.played import Event
from tests.conftest import ROOT, missing

pytestmark = pytest.mark.system

#: an account without rights; CI makes one
ACCOUNT = os.environ.get("NSIM_TEST_USER", "nobody")
PROGRAM = """
import os, sys
import nsimlib as ns
from nsimlib.packets.lab import Lab
with Lab(ns.scenario("shop"), sys.argv[1]) as lab:
    found = lab.verify(ports=["53/UDP", "443/TCP"], outside=["203.0.113.7", "2001:db8::7"])
    print(os.getuid(), len(found) > 500, bool(found), lab.pod("shop/web").run("id", "-u").stdout)
    print(len(lab.capture("shop/web -> 203.0.113.7:443/TCP")) > 6)
"""

SCENE = """
import os, sys
import nsimlib as ns
print(os.getuid())
for event in ns.lab_scene(sys.argv[1]).events:
    print(f"{event.what}:{event.outcome}".replace(" ", "_"))
"""


def interpreters() -> Iterator[str]:
    """Pythons that an account without rights may be able to run."""
    yield sys.executable
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    yield from (f"{folder}/{version}" for folder in ("/usr/local/bin", "/usr/bin"))


@pytest.mark.parametrize("engine", ["nftables", "calico", "fqdn"])
def test_an_ordinary_user_gets_the_same_verdicts(machine: Report, engine: str) -> None:
    assert machine
    user = os.getuid() or pwd.getpwnam(ACCOUNT).pw_uid
    for interpreter in interpreters():
        if is_open_to(interpreter, user):
            found = run(interpreter, user, PROGRAM, engine)
            assert found == [str(user), "True", "True", str(user), "True"]
            return
    missing("Python that every account may run", "install the system's python3")


@pytest.mark.parametrize("name", ["search-list", "database"])
def test_an_ordinary_user_sees_the_same_scenes(machine: Report, name: str) -> None:
    """Files over others, ports below 1024, a server that refuses root, settings, `ip`."""
    assert machine
    user = os.getuid() or pwd.getpwnam(ACCOUNT).pw_uid
    for interpreter in interpreters():
        if is_open_to(interpreter, user):
            recorded = recorded_scene(name, LabError("", ""))
            assert recorded is not None
            found = run(interpreter, user, SCENE, name)
            assert found == [str(user), *(text(each) for each in recorded.events)]
            return
    missing("Python that every account may run", "install the system's python3")


def text(event: Event) -> str:
    return f"{event.what}:{event.outcome}".replace(" ", "_")


def is_open_to(interpreter: str, user: int) -> bool:
    try:
        return bool(run(interpreter, user, "import nsimlib; print('yes')"))
    except (PermissionError, FileNotFoundError, subprocess.CalledProcessError):
        return False


def run(interpreter: str, user: int, program: str, *arguments: str) -> list[str]:
    done = subprocess.run(
        [interpreter, "-c", program, *arguments],
        cwd="/",
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}"},
        user=user,
        group=user if os.getuid() == 0 else None,
        extra_groups=[] if os.getuid() == 0 else None,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()
