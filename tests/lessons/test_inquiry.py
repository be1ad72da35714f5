"""What an audit notebook is asked about, on the shop and on clusters of others."""

from pathlib import Path

import pytest

import nsimlib as ns
from nsimlib.lessons.repairs import policy_for

DUMP = """
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: x, labels: {app: a}},
   spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]},
   status: {podIP: 10.0.0.1}}
- {apiVersion: v1, kind: Pod, metadata: {name: b, namespace: 'y', labels: {app: b}},
   spec: {containers: [{name: c, image: i, ports: [{containerPort: 81}]}]},
   status: {podIP: 10.0.0.2}}
- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: 'y'},
   spec: {podSelector: {}}}
- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: bad, namespace: 'y'},
   spec: {podSelector: {}, policyTypes: [Sideways]}}
"""


@pytest.fixture
def dump(tmp_path: Path) -> str:
    path = tmp_path / "dump.yaml"
    path.write_text(DUMP)
    return str(path)


class TestLoadInput:
    def test_without_a_path_it_is_the_shop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("NSIM_DUMP", raising=False)
        assert ns.load_input() == ns.scenario("shop")

    def test_the_environment_names_a_dump(self, dump: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NSIM_DUMP", dump)
        assert [pod.key for pod in ns.load_input().pods] == ["x/a", "y/b"]
        assert ns.load_input("shop") == ns.scenario("shop")

    def test_problems_are_listed_and_stop_nothing(self, dump: str) -> None:
        report = ns.load_input(dump).report
        assert any("Sideways" in str(problem) for problem in report.problems)

    def test_a_path_that_is_not_there_is_said(self, tmp_path: Path) -> None:
        problems = ns.load_input(str(tmp_path / "none.yaml")).report.problems
        assert "does not exist" in str(problems[0])


class TestInquiry:
    def test_of_the_shop_is_the_dns_trap(self) -> None:
        asked = ns.inquiry("shop")
        assert asked.port == "53/UDP"
        assert repr(asked) == "shop/web -> kube-system/coredns:53/UDP (denied)"
        assert asked.changes.rows == (("shop/web", "kube-system/coredns", "denied", "allowed"),)
        assert ("shop/debug", "Pod") in asked.sources.rows

    def test_of_another_cluster_is_something_denied(self, dump: str) -> None:
        asked = ns.inquiry(dump)
        assert repr(asked) == "x/a -> y/b:81/TCP (denied)"
        assert ns.why(asked.after, asked.connection).outcome is ns.Outcome.ALLOWED

    def test_a_connection_that_is_given_is_taken(self, dump: str) -> None:
        asked = ns.inquiry(dump, "y/b -> x/a:80/TCP")
        assert repr(asked) == "y/b -> x/a:80/TCP (allowed)"
        assert asked.proposal == ""
        assert asked.changes.rows == ()

    def test_a_candidate_is_tried_instead(self) -> None:
        text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n" + (
            "metadata: {name: w, namespace: shop}\n"
            "spec: {podSelector: {}, policyTypes: [Egress], egress: [{}]}\n"
        )
        asked = ns.inquiry("shop", candidate=text)
        assert asked.proposal == text
        assert len(asked.changes.rows) > 1

    def test_of_a_cluster_without_pods_still_asks(self, tmp_path: Path) -> None:
        path = tmp_path / "ns.yaml"
        path.write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n")
        asked = ns.inquiry(str(path))
        assert asked.verdict.outcome is ns.Outcome.ALLOWED
        assert asked.sources.rows == ()


OPENED = (
    "shop/web -> kube-system/coredns:53/UDP",
    "shop/debug -> shop/api:8080/TCP",
    "shop/web -> shop/cache:6379/TCP",
    "shop/web -> 198.51.100.70:443/TCP",
    "shop/checkout -> [2001:db8:9::7]:443/TCP",
    "203.0.113.10 -> shop/api:8080/TCP",
    "node/worker-1 -> shop/cache:6379/TCP",
    "shop/web -> data/db:5432/TCP",
)


@pytest.mark.parametrize("connection", OPENED)
def test_a_repair_opens_its_connection_and_closes_nothing(connection: str) -> None:
    shop = ns.scenario("shop")
    after = shop.with_policies(policy_for(ns.why(shop, connection)))
    assert ns.why(after, connection).outcome is ns.Outcome.ALLOWED
    port = connection.rpartition(":")[2]
    before, now = (ns.reachability(each).matrix(port) for each in (shop, after))
    for source in before.rows:
        for destination in before.columns:
            ends = source, destination
            assert now[ends].word != "denied" or before[ends].word == "denied"


def test_a_repair_leaves_out_labels_that_change_with_a_rollout() -> None:
    shop = ns.scenario("shop")
    assert "pod-template-hash" not in policy_for(ns.why(shop, OPENED[0]))


def test_what_is_open_needs_no_repair() -> None:
    shop = ns.scenario("shop")
    assert policy_for(ns.why(shop, "shop/web -> shop/api:8080/TCP")) == ""
