"""`nsim play`, `nsim drift`, `nsim reconcile`: what they say and how they exit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nsimlib.cli import main
from nsimlib.dns.zone_files import shipped_zones
from nsimlib.manifests import load
from tests.dns.nameserver import Nameserver

WRITER = "orders.cluster-abc123def456.us-east-1.rds.amazonaws.com"
POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: orders, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Egress]
  egress: [{ports: [{port: 5432}], to: [{ipBlock: {cidr: 10.20.21.17/32}}]}]
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {containers: [{name: api}]}
status: {podIP: 10.244.1.9}
"""
NOW = f"; 2026-03-01T08:00:00Z\n{WRITER}. 5 IN A 10.20.21.17\n"
LATER = f"{NOW}; 2026-03-01T08:05:00Z\n{WRITER}. 5 IN A 10.20.22.18\n"


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture
def server() -> Iterator[str]:
    nameserver = Nameserver(shipped_zones("aurora"))
    nameserver.start()
    yield f"127.0.0.1:{nameserver.port}"
    nameserver.stop()


class TestPlay:
    @pytest.mark.parametrize(
        ("options", "code", "says"),
        [
            (("dns-trap",), 1, "outage 30.0 to 90.0 s of shop/api: EAI_AGAIN"),
            (("dns-trap", "--cni", "flannel"), 0, "0 failed"),
            (("dns-trap", "--policies", "with-dns"), 0, "0 failed"),
            (("dns-trap", "--set", "lasts=20s"), 0, "dns-trap, calico, without-dns: 20 s"),
            (("nodelocal-trap", "--set", "node_local=false"), 0, "0 failed"),
            (("ttl-drop", "--cni", "cilium", "--set", "jvm_ttl=30"), 0, "0 failed"),
            (("aurora-failover", "--at", "25"), 1, "At 25 s"),
            (("dns-trap", "--cures"), 0, "prevents it"),
            (("dns-trap", "--set", "last=20"), 2, "no setting 'last'; did you mean"),
            (("dns-trap", "--set", "lasts=-3"), 2, "lasts cannot be -3"),
            (("dns-trap", "--set", "lasts"), 2, "lasts cannot be ''"),
            (("dnstrap",), 2, "is not one of"),
        ],
    )
    def test_says_what_happens(self, options: tuple[str, ...], code: int, says: str) -> None:
        result = ran("play", *options)
        assert (result.exit_code, says in result.output) == (code, True), result.output


class TestDrift:
    @pytest.mark.parametrize(
        ("answers", "code", "says"),
        [
            (NOW, 0, "Addresses missed: 0, blocks out of date: 0"),
            (LATER, 1, "Addresses missed: 1, blocks out of date: 1"),
            ("db.example. 5 IN A 10.20.21.17\n", 2, "answers.txt:1:1: no time above it"),
        ],
    )
    def test_against_a_recording(self, tmp_path: Path, answers: str, code: int, says: str) -> None:
        policies, recording = tmp_path / "policies.yaml", tmp_path / "answers.txt"
        policies.write_text(POLICY, encoding="utf-8")
        recording.write_text(answers, encoding="utf-8")
        result = ran("drift", policies, "--answers", recording)
        assert (result.exit_code, says in result.output) == (code, True), result.output

    def test_against_what_is_asked_now(self, tmp_path: Path, server: str) -> None:
        policies = tmp_path / "policies.yaml"
        policies.write_text(POLICY, encoding="utf-8")
        result = ran("drift", policies, "--ask", WRITER, "--nameserver", server)
        assert (result.exit_code, f"{WRITER}:5432/TCP" in result.output) == (0, True), result.output

    def test_with_nothing_to_compare(self) -> None:
        result = ran("drift", "shop")
        assert (result.exit_code, "give --answers FILE or --ask NAME" in result.output) == (2, True)


class TestReconcile:
    def test_writes_a_policy_that_is_one(self, tmp_path: Path, server: str) -> None:
        file = tmp_path / "orders.yaml"
        options = ("--name", WRITER, "--app", "app=api", "--port", "5432/TCP", "--rounds", 1)
        result = ran("reconcile", file, *options, "--namespace", "shop", "--nameserver", server)
        assert (result.exit_code, result.output) == (0, f"{file}: 10.20.21.17\n")
        (policy,) = load(file).policies
        assert policy.key == "shop/orders"

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (("--port", "http"), "expected a port number"),
            (("--port", "5432", "--nameserver", "127.0.0.1:dns"), "nameserver cannot be"),
            (("--port", "5432", "--nameserver", "ns.example"), "nameserver cannot be"),
            (("--port", "5432", "--interval", "0"), "interval"),
        ],
    )
    def test_what_cannot_be(self, tmp_path: Path, options: tuple[str, ...], says: str) -> None:
        file = tmp_path / "orders.yaml"
        result = ran("reconcile", file, "--name", "a.example", "--app", "app=api", *options)
        assert (result.exit_code, says in result.output) == (2, True), result.output
        assert not file.exists()
