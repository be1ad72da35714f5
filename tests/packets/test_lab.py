"""A lab from its start to its end: sockets and programs in it, verdicts from it."""

import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import NoReturn

import pytest

from nsimlib.errors import LabError, UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.addresses import Family
from nsimlib.model.policy import Rule
from nsimlib.packets import topology
from nsimlib.packets.checking import Report
from nsimlib.packets.lab import Lab
from tests.builders import EGRESS, INGRESS, block, cluster, node, pod, pods, policy, rule

pytestmark = pytest.mark.system

NODES = node("worker-1", "10.9.0.1"), node("worker-2", "10.9.0.2", "fd09::2")
WEB = pod("shop/web", "10.0.0.1", "fd00::1", node="worker-1", app="web")
API = pod("shop/api", "10.0.0.2", "fd00::2", node="worker-1", app="api")
DB = pod("shop/db", "10.0.0.3", node="worker-2", ports="sql=5432/TCP", app="db")
BARE = pod("shop/bare")
OUT = policy(
    "shop/out",
    rule(pods(app="db"), ports="sql/TCP"),
    rule(block("203.0.113.0/24", "203.0.113.7/32"), ports="443/TCP 53/UDP 9000-9010/SCTP"),
    rule(block("2001:db8::/32"), ports="443/TCP"),
    app="web",
)
IN = policy(
    "shop/in", rule(pods(app="web"), direction=INGRESS), directions=[INGRESS, EGRESS], app="db"
)
SHOP = cluster(WEB, API, DB, BARE, policies=[OUT, IN], nodes=NODES)


@pytest.fixture(scope="module")
def lab(machine: Report) -> Iterator[Lab]:
    assert machine
    with Lab(SHOP) as running:
        yield running


def test_a_lab_says_what_it_is_and_whether_it_runs(machine: Report) -> None:
    assert machine
    made = Lab(SHOP)
    assert repr(made) == "Lab(4 pods on 3 nodes, nftables): not running"
    with made:
        assert repr(made) == "Lab(4 pods on 3 nodes, nftables): running"
        made.start()
    assert made.notes == ("shop/bare is given 100.64.0.1",)
    made.stop()
    with pytest.raises(LabError, match="does not run"):
        made.pod("shop/web").socket()


def test_what_cannot_be_enforced_is_refused_before_anything_starts() -> None:
    with pytest.raises(LabError, match="knows NetworkPolicy alone"):
        Lab(replace(SHOP, policies=(policy("all", kind="AdminNetworkPolicy"),)))
    with pytest.raises(UnknownName, match="no engine 'ebpf'"):
        Lab(SHOP, engine="ebpf")


# Verdicts

ALLOWED, DENIED = Outcome.ALLOWED, Outcome.DENIED
ROWS = [
    # between two nodes both ends are asked: egress by the name of a port, ingress by label
    ("shop/web -> shop/db:5432/TCP", [ALLOWED]),
    ("shop/web -> shop/db:5433/TCP", [DENIED]),
    ("shop/api -> shop/db:5432/TCP", [DENIED]),
    # on one node
    ("shop/web -> shop/api:80/TCP", [DENIED, DENIED]),
    ("shop/api -> shop/web:80/TCP", [ALLOWED, ALLOWED]),
    # the world, both families, all transports, both sides of an exception and of a range
    ("shop/web -> 203.0.113.6:443/TCP", [ALLOWED]),
    ("shop/web -> 203.0.113.7:443/TCP", [DENIED]),
    ("shop/web -> 203.0.113.8:53/UDP", [ALLOWED]),
    ("shop/web -> 203.0.113.8:53/TCP", [DENIED]),
    ("shop/web -> 203.0.113.8:9010/SCTP", [ALLOWED]),
    ("shop/web -> 203.0.113.8:9011/SCTP", [DENIED]),
    ("shop/web -> [2001:db8::7]:443/TCP", [ALLOWED]),
    ("shop/web -> [2001:db9::7]:443/TCP", [DENIED]),
    ("203.0.113.7 -> shop/db:5432/TCP", [DENIED]),
    ("203.0.113.7 -> shop/web:5432/TCP", [ALLOWED]),
    # a node reaches its own pods, whatever policies say (F1.24), and no others
    ("node/worker-2 -> shop/db:22/TCP", [ALLOWED]),
    ("node/worker-1 -> shop/db:22/TCP", [DENIED]),
    ("shop/web -> node/worker-2:22/TCP", [DENIED, DENIED]),
    ("shop/api -> node/worker-2:22/TCP", [ALLOWED, ALLOWED]),
    ("shop/bare -> 8.8.8.8:53/UDP", [ALLOWED]),
    # pings, where policies have no say
    ("shop/api -> 203.0.113.7:8/ICMP", [ALLOWED]),
    ("shop/api -> [2001:db8::7]:128/ICMPv6", [ALLOWED]),
]


def test_the_kernel_says_what_the_model_says(lab: Lab) -> None:
    found = lab.verify([connection for connection, _ in ROWS])
    kernel: dict[str, list[Outcome]] = {}
    for row in found.rows:
        probe = str(row.probe).partition(" (")[0]
        kernel.setdefault(probe, []).append(row.kernel)
    assert kernel == dict(ROWS)
    assert found
    assert (found.undetermined, found.verdicts) == ((), ())


def test_a_comparison_is_a_table(lab: Lab) -> None:
    found = lab.verify(["shop/web -> 203.0.113.7:443/TCP", "shop/web -> shop/api:80/TCP"])
    assert repr(found) == (
        "Kernel (nftables) against model (spec): 3 probes, 3 agree, 0 differ, "
        "0 left open by the model"
    )
    assert found.to_table().rows == (
        ("shop/web (10.0.0.1)", "203.0.113.7", "443/TCP", "denied", "denied", True),
        ("shop/web (10.0.0.1)", "shop/api (10.0.0.2)", "80/TCP", "denied", "denied", True),
        ("shop/web (fd00::1)", "shop/api (fd00::2)", "80/TCP", "denied", "denied", True),
    )


def test_the_model_may_leave_open_what_the_kernel_has_to_decide(lab: Lab) -> None:
    """Whether a pod may reach its own node the text does not settle (F1.25); here it does."""
    found = lab.verify("shop/web -> node/worker-1:22/TCP")
    assert [(row.kernel, row.agree) for row in found.undetermined] == [(ALLOWED, None)]
    assert found


def test_all_pairs_may_be_narrowed(lab: Lab) -> None:
    found = lab.verify(ports=["443-444/TCP"], outside=["203.0.113.7"])
    ends = 4 + 2 + 1
    both_families = 2 + 2 * 2  # web and api, and each of them and the second node
    assert len(found) == 2 * (ends * (ends - 1) - 2 * 3 + both_families)
    assert found


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        ("shop/web -> 224.0.0.1:80/TCP", "224.0.0.1 is no host's address"),
        ("shop/web -> shop/web:80/TCP", "never leaves where it is"),
        ("shop/db -> [2001:db8::1]:80/TCP", "share no address family"),
        ("8.8.8.8 -> 9.9.9.9:80/TCP", "never leaves where it is"),
        ("reply of shop/web -> shop/db:5432/TCP", "judge the opening"),
    ],
)
def test_what_cannot_be_sent_is_no_verdict(lab: Lab, connection: str, said: str) -> None:
    with pytest.raises(LabError) as caught:
        lab.verify(connection)
    assert said in str(caught.value)


def test_a_lost_packet_is_no_verdict(machine: Report) -> None:
    assert machine
    closed = "table inet own { chain out { type filter hook output priority 0; policy drop; }; }"
    with Lab(SHOP) as lab:
        # A rule in the pod's own namespace shows at once (F5.13), unlike one of its node.
        lab.load(lab.pod("shop/api").netns, [closed])
        with pytest.raises(LabError, match=r"1 were never sent.*EPERM"):
            lab.verify("shop/api -> 8.8.8.8:53/UDP")


@pytest.mark.parametrize("engine", ["nftables", "calico", "fqdn"])
def test_where_ipv6_cannot_be_had_the_lab_does_without(
    machine: Report, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """As in a container that keeps /proc/sys from being written, and with IPv6 switched off."""
    assert machine
    monkeypatch.setattr(topology, "FORWARDING", {"net/ipv6/conf/all/no-such-setting": "1"})
    with Lab(SHOP, engine) as lab:
        assert lab.notes[0] == "without IPv6: No such file or directory"
        found = lab.verify(ports=["443/TCP"])
    assert not found.differences
    assert {row.probe.source_address.family for row in found.rows} == {Family.IPV4}


# Sockets and programs


def served(lab: Lab, family: int = socket.AF_INET) -> socket.socket:
    made = lab.world.socket(family)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 443))
    made.listen()
    return made


@pytest.mark.parametrize(
    ("family", "allowed", "denied"),
    [
        (socket.AF_INET, "203.0.113.6", "203.0.113.7"),
        (socket.AF_INET6, "2001:db8::7", "2001:db9::7"),
    ],
)
def test_sockets_of_a_pod_hold_real_sessions(
    lab: Lab, family: int, allowed: str, denied: str
) -> None:
    with served(lab, family) as server, lab.pod("shop/web").socket(family) as client:
        client.settimeout(5)
        client.connect((allowed, 443))
        session, peer = server.accept()
        with session:
            assert peer[0] in ("10.0.0.1", "fd00::1")
            assert session.getsockname()[0] == allowed
            client.sendall(b"question")
            assert session.recv(100) == b"question"
            session.sendall(b"answer")
            assert client.recv(100) == b"answer"
    with lab.pod("shop/web").socket(family) as client:
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.connect((denied, 443))


def test_programs_run_in_a_pod(lab: Lab) -> None:
    done = lab.pod("shop/web").run("cat", stdin="said")
    assert (done.code, done.stdout) == (0, "said")
    assert lab.pod("shop/web").run("sh", "-c", "echo no >&2; exit 3") == (3, "", "no\n")
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        lab.pod("shop/web").run("no-such-program")
    with pytest.raises(TimeoutError):
        lab.pod("shop/web").run("sh", "-c", "sleep 60; true", timeout=0.1)


def test_a_program_finds_files_of_its_own_and_the_next_one_does_not(lab: Lab) -> None:
    pod, files = lab.pod("shop/web"), {"/etc/resolv.conf": "nameserver 10.96.0.10\n", "/no": ""}
    assert pod.run("cat", "/etc/resolv.conf", files=files).stdout == "nameserver 10.96.0.10\n"
    assert pod.run("cat", "/etc/resolv.conf").stdout == Path("/etc/resolv.conf").read_text("utf-8")


def test_a_program_that_refuses_root_runs_as_another_who_owns_the_same(lab: Lab) -> None:
    pod, file = lab.pod("shop/web"), f"{lab.helper.ask('folder')}/file"
    assert pod.run("touch", file).code == 0
    assert pod.run("id", "-u", as_root=False).stdout.strip() == str(os.getuid() or 65534)
    assert pod.run("sh", "-c", f"[ -O {file} ] && rm {file}", as_root=False).code == 0


def test_the_folder_is_nowhere_but_in_the_lab(lab: Lab) -> None:
    folder = lab.helper.ask("folder")
    lab.world.run("touch", f"{folder}/nsim-test-file")
    assert not Path(folder, "nsim-test-file").exists()
    assert lab.world.run("ls", folder).stdout.split() == ["nsim-test-file"]


def test_programs_are_left_running_in_a_pod(lab: Lab) -> None:
    number = lab.pod("shop/web").spawn("sleep", "60")
    assert lab.world.run("kill", "-0", str(number)).code == 0
    assert lab.world.run("kill", str(number)).code == 0


def test_an_interrupt_leaves_the_lab_alone(lab: Lab) -> None:
    os.kill(lab.helper.process.pid, signal.SIGINT)
    assert lab.verify("shop/web -> shop/db:5432/TCP")


def test_an_answer_that_nobody_waited_for_is_not_taken_for_another(lab: Lab) -> None:
    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            lab.world.run("sh", "-c", "sleep 0.2; echo late")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert lab.world.run("echo", "said").stdout == "said\n"


def test_a_helper_that_is_gone_is_told(machine: Report) -> None:
    assert machine
    with Lab(SHOP) as lab:
        lab.helper.process.kill()
        with pytest.raises(LabError, match=r"helper: (ended|does not answer)"):
            lab.world.run("true")


# Nothing leaves


def test_every_interface_leads_to_another_of_the_lab(lab: Lab) -> None:
    plan = lab.topology.plan()
    wanted: dict[str, set[str]] = {name: {"lo"} for name in plan["netns"]}
    for pair in plan["links"]:
        for end in pair:
            wanted[end.netns].add(end.name)
    ours = str(Path("/proc/self/ns/net").readlink())
    for netns, names in wanted.items():
        asked = {"netns": netns, "stdin": "", "timeout": 5}
        listed = lab.helper.ask("run", argv=["cat", "/proc/net/dev"], **asked)["stdout"]
        assert {line.split(":")[0].strip() for line in listed.splitlines()[2:]} == names
        theirs = lab.helper.ask("run", argv=["readlink", "/proc/self/ns/net"], **asked)["stdout"]
        assert theirs.strip() != ours


def test_a_listener_of_the_machine_hears_nothing(lab: Lab) -> None:
    with socket.socket() as outside:
        outside.bind(("0.0.0.0", 0))
        outside.listen()
        outside.settimeout(0.05)
        for address in ("198.51.100.1", "127.0.0.1"):
            with lab.pod("shop/api").socket() as client, pytest.raises(ConnectionRefusedError):
                client.connect((address, outside.getsockname()[1]))
        with pytest.raises(TimeoutError):
            outside.accept()


@pytest.mark.parametrize("engine", ["nftables", "calico"])
def test_large_policies_load(machine: Report, engine: str) -> None:
    """More rules and elements than the kernel takes from an ordinary user at once."""
    assert machine
    numbers = range(6)
    those = [pod(f"shop/pod-{n}", f"192.168.0.{n + 1}", app=f"app-{n}") for n in numbers]
    policies = [policy(f"shop/p-{n}", *blocks_of(n), app=f"app-{n}") for n in numbers]
    with Lab(cluster(*those, policies=policies), engine) as lab:
        asked = ["shop/pod-5 -> 10.5.249.223:80/TCP", "shop/pod-5 -> 10.5.249.224:80/TCP"]
        assert [row.kernel for row in lab.verify(asked).rows] == [ALLOWED, DENIED]


def blocks_of(number: int) -> Iterator[Rule]:
    """A thousand blocks that do not touch."""
    for third, last in product(range(250), range(0, 256, 64)):
        yield rule(block(f"10.{number}.{third}.{last}/27"), ports="80/TCP")
