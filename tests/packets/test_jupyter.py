"""A lab in a real Jupyter kernel: interrupted, restarted, killed."""

import time
from collections.abc import Iterator

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from nsimlib.packets.checking import Report
from tests.conftest import ROOT
from tests.packets.test_death import WITHIN, children, lives

pytestmark = pytest.mark.system

START = """
import nsimlib as ns
lab = ns.Lab(ns.scenario("shop"), "{}")
lab.start()
print(lab.helper.process.pid)
"""
PATIENCE = 60.0
Kernel = tuple[KernelManager, BlockingKernelClient]


@pytest.fixture
def kernel(machine: Report) -> Iterator[Kernel]:
    assert machine
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(ROOT), extra_arguments=["--log-level=ERROR"])
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=PATIENCE)
    try:
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def said(client: BlockingKernelClient, code: str) -> str:
    """What a cell prints; an error is printed by its name."""
    found: list[str] = []

    def heard(message: dict[str, dict[str, str]]) -> None:
        content = message["content"]
        found.append(content.get("text", content.get("ename", "")))

    client.execute_interactive(code, timeout=PATIENCE, output_hook=heard)
    return "".join(found).strip()


def everyone(client: BlockingKernelClient, engine: str = "nftables") -> list[int]:
    helper = int(said(client, START.format(engine)))
    return [helper, *children(helper)]


def gone(processes: list[int]) -> bool:
    deadline = time.monotonic() + WITHIN
    while any(map(lives, processes)) and time.monotonic() < deadline:
        time.sleep(0.005)
    return not any(map(lives, processes))


ASKED = "print(bool(lab.verify(ports=['53/UDP'])))"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["nftables", "fqdn"])
def test_an_interrupted_cell_leaves_the_lab_running(kernel: Kernel, engine: str) -> None:
    manager, client = kernel
    processes = everyone(client, engine)
    # Else the kernel drops what it is asked in the moment after an error.
    client.execute("lab.world.run('sleep', '1')", stop_on_error=False)
    time.sleep(0.3)
    manager.interrupt_kernel()
    assert client.get_shell_msg(timeout=PATIENCE)["content"]["ename"] == "KeyboardInterrupt"
    assert said(client, ASKED) == "True"
    assert all(map(lives, processes))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["nftables", "fqdn"])
def test_a_restarted_kernel_has_left_nothing(kernel: Kernel, engine: str) -> None:
    manager, client = kernel
    processes = everyone(client, engine)
    manager.restart_kernel(now=False)
    client.wait_for_ready(timeout=PATIENCE)
    assert gone(processes)
    assert said(client, "lab") == "NameError"
    assert all(map(lives, everyone(client, engine)))


@pytest.mark.slow
def test_a_killed_kernel_leaves_nothing(kernel: Kernel) -> None:
    manager, client = kernel
    processes = everyone(client, "fqdn")
    manager.signal_kernel(9)
    assert gone(processes)
