"""A real resolver on the loopback, and the file that a controller writes."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nsimlib.dns.controller import Controller, Target
from nsimlib.dns.live import LiveResolver, follow
from nsimlib.dns.records import Rcode, RecordType, Source
from nsimlib.dns.zone_files import shipped_zones
from nsimlib.errors import ManifestError, SettingError
from nsimlib.manifests import loads
from nsimlib.manifests.saving import write_whole
from nsimlib.model.peers import BlockPeer, PodPeer
from nsimlib.model.ports import PolicyPort, Protocol
from nsimlib.model.selectors import LabelSelector
from tests.dns.nameserver import Nameserver

WRITER = "orders.cluster-abc123def456.us-east-1.rds.amazonaws.com"
FIRST = "orders-1.abc123def456.us-east-1.rds.amazonaws.com"
TARGET = Target(
    "shop",
    "orders",
    PodPeer(pods=LabelSelector.of(app="api")),
    (WRITER,),
    (PolicyPort(Protocol.TCP, 5432),),
    grace=60,
)


@pytest.fixture
def resolver() -> Iterator[LiveResolver]:
    server = Nameserver(shipped_zones("aurora"))
    server.start()
    yield LiveResolver("127.0.0.1", port=server.port, seconds=2)
    server.stop()


class TestLiveResolver:
    def test_a_chain_of_names(self, resolver: LiveResolver) -> None:
        assert repr(resolver.answer(f"{WRITER.upper()}.", now=7)) == (
            f"{WRITER} A: NOERROR from the network, true at 7 s\n"
            f"  {WRITER} 5 CNAME {FIRST}\n"
            f"  {FIRST} 5 A 10.20.21.17"
        )

    def test_no_such_records_and_no_such_name(self, resolver: LiveResolver) -> None:
        none, missing = resolver.answer(FIRST, RecordType.AAAA), resolver.answer(f"x{FIRST}")
        assert (none.rcode, none.addresses) == (Rcode.NOERROR, ())
        assert (missing.rcode, missing.negative) == (Rcode.NXDOMAIN, True)

    def test_nobody_answers(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            port = silent.getsockname()[1]
            answer = LiveResolver("127.0.0.1", port=port, seconds=0.05).answer(FIRST)
        assert (answer.rcode, answer.failed) == (Rcode.SERVFAIL, True)

    def test_no_address_and_no_domain_name(self, resolver: LiveResolver) -> None:
        with pytest.raises(SettingError, match=r"nameserver cannot be 'dns\.example'"):
            LiveResolver("dns.example")
        for wrong in ("a..example", f"{'x' * 64}.example"):
            with pytest.raises(SettingError, match="must be a domain name"):
                resolver.answer(wrong)

    def test_a_controller_follows_it(self, resolver: LiveResolver, tmp_path: Path) -> None:
        (done,) = follow(Controller(TARGET, 30), tmp_path / "p.yaml", resolver, rounds=1)
        assert [str(each) for each in done.seen] == ["10.20.21.17"]


class Time:
    """A clock that sleeping moves on."""

    def __init__(self, now: float = 0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def followed(path: Path, source: Source, time: Time, rounds: int) -> list[list[str]]:
    steps = follow(
        Controller(TARGET, 30), path, source, rounds=rounds, clock=time, sleep=time.sleep
    )
    found = []
    for step in steps:
        assert {str(each) for each in step.seen} == set(blocks(path))
        found.append(blocks(path))
    return found


def blocks(path: Path) -> list[str]:
    (policy,) = loads(path.read_text(encoding="utf-8")).policies
    peers = policy.rules[0].peers or ()
    return [str(peer.block.range.start) for peer in peers if isinstance(peer, BlockPeer)]


class TestFollow:
    """The writer moves at 30 s."""

    OLD, NEW = "10.20.21.17", "10.20.22.18"

    def test_the_file_is_what_is_open(self, tmp_path: Path) -> None:
        path = tmp_path / "p.yaml"
        found = followed(path, shipped_zones("aurora"), Time(), rounds=4)
        assert found == [[self.OLD], [self.OLD, self.NEW], [self.NEW], [self.NEW]]

    def test_it_is_written_when_something_changes(self, tmp_path: Path) -> None:
        path, time = tmp_path / "p.yaml", Time(120)
        steps = follow(
            Controller(TARGET, 30), path, shipped_zones("aurora"), clock=time, sleep=time.sleep
        )
        next(steps)
        written = path.stat().st_ino
        next(steps)
        assert path.stat().st_ino == written
        path.unlink()
        next(steps)
        assert blocks(path) == [self.NEW]

    def test_what_is_open_stays_for_its_grace_after_a_restart(self, tmp_path: Path) -> None:
        path, zones = tmp_path / "p.yaml", shipped_zones("aurora")
        followed(path, zones, Time(), rounds=1)
        found = followed(path, zones, Time(1000), rounds=3)
        assert found == [[self.OLD, self.NEW], [self.OLD, self.NEW], [self.NEW]]

    @pytest.mark.parametrize(
        ("held", "says"),
        [
            ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "holds ConfigMap"),
            ("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", "holds Namespace"),
            (
                "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
                "metadata: {name: other, namespace: shop}\nspec: {podSelector: {}}\n",
                "holds shop/other",
            ),
            ("kind: [", "1 problem in the manifests"),
        ],
    )
    def test_a_file_with_anything_else_in_it_is_not_written_over(
        self, tmp_path: Path, held: str, says: str
    ) -> None:
        path = tmp_path / "p.yaml"
        path.write_text(held, encoding="utf-8")
        with pytest.raises(ManifestError, match=says):
            followed(path, shipped_zones("aurora"), Time(), rounds=1)
        assert path.read_text(encoding="utf-8") == held

    def test_a_policy_that_the_server_would_refuse_is_not_written(self, tmp_path: Path) -> None:
        path, wrong = tmp_path / "p.yaml", replace(TARGET, name="Orders DB")
        steps = follow(Controller(wrong, 30), path, shipped_zones("aurora"), rounds=1)
        with pytest.raises(ManifestError, match=r"metadata\.name"):
            next(steps)
        assert list(tmp_path.iterdir()) == []


class TestWriteWhole:
    def test_the_old_file_stays_where_the_new_one_fails(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "p.yaml"
        path.write_text("old", encoding="utf-8")

        def full(_: int) -> None:
            raise OSError("no space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="no space left"):
            write_whole(path, "new")
        assert ([each.name for each in tmp_path.iterdir()], path.read_text()) == (["p.yaml"], "old")

    def test_others_may_read_it(self, tmp_path: Path) -> None:
        path = tmp_path / "p.yaml"
        write_whole(path, "one")
        modes = [path.stat().st_mode & 0o777]
        path.chmod(0o600)
        write_whole(path, "two")
        assert [*modes, path.stat().st_mode & 0o777, path.read_text()] == [0o644, 0o600, "two"]
