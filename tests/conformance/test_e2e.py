"""The NetworkPolicy tests of Kubernetes itself: every pair of pods, by both evaluators."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import permutations
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
import yaml

import nsimlib
from nsimlib import Outcome

TABLE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("e2e.yaml").read_text("utf-8"))

Pair = tuple[str, str]
Manifest = dict[str, Any]


@dataclass(frozen=True)
class Matrix:
    """The state of a cluster at one step of a test, and what is expected on one port."""

    name: str
    shows: str
    pods: tuple[str, ...]
    policies: dict[str, Any]
    labels: dict[str, dict[str, str]]
    port: str
    expected: str

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Return all ordered pairs; a pod asking itself is never judged."""
        return tuple(permutations(self.pods, 2))

    @property
    def denied(self) -> frozenset[Pair]:
        """Return the denied pairs: clause by clause, the last word counts."""
        denied: set[Pair] = set()
        for clause in clauses(self.expected):
            denials, _, exceptions = clause.partition(" but ")
            denied |= self.matching(denials)
            denied -= self.matching(exceptions)
        return frozenset(denied)

    def matching(self, patterns: str) -> set[Pair]:
        """Return the pairs that match one of the patterns, each of which must match some."""
        found: set[Pair] = set()
        for pattern in filter(None, patterns.split(", ")):
            source, destination = pattern.split("→")
            matched = {
                pair
                for pair in self.pairs
                if fnmatchcase(pair[0], source) and fnmatchcase(pair[1], destination)
            }
            assert matched, f"{self.name}: {pattern} matches no pair"
            found |= matched
        return found


def clauses(expected: str) -> list[str]:
    """Return what stands after each `deny`."""
    if expected == "all allowed":
        return []
    parts = expected.split("; ")
    assert all(part.startswith("deny ") for part in parts), expected
    return [part.removeprefix("deny ") for part in parts]


def matrices(number: int, shows: str, pods: str, steps: list[Manifest]) -> Iterator[Matrix]:
    """Play the steps of one test; what a step does not change stays."""
    policies: dict[str, Any] = {}
    labels: dict[str, dict[str, str]] = {}
    for position, step in enumerate(steps, start=1):
        policies = policies | step.get("policies", {})
        labels = labels | step.get("labels", {})
        for port, expected in step["expected"].items():
            name = f"{number}.{position}-{port}"
            yield Matrix(name, shows, tuple(pods.split()), policies, labels, port, expected)


MATRICES = tuple(matrix for test in TABLE["tests"] for matrix in matrices(**test))


def cluster(matrix: Matrix) -> nsimlib.Cluster:
    """Read the cluster of a matrix the way a user's would be read."""
    places = sorted({pod.split("/")[0] for pod in matrix.pods})
    objects = [
        *(namespace(name, matrix.labels.get(name, {})) for name in places),
        *(pod(name, matrix.labels.get(name, {})) for name in matrix.pods),
        *(policy(name, spec) for name, spec in matrix.policies.items() if spec is not None),
    ]
    return nsimlib.loads("\n---\n".join(json.dumps(each) for each in objects), matrix.name)


def namespace(name: str, labels: dict[str, str]) -> Manifest:
    """Return a namespace with the labels the test suite gives it."""
    labels = {"ns": name, "kubernetes.io/metadata.name": name} | labels
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def pod(name: str, labels: dict[str, str]) -> Manifest:
    """Return a pod at its fixed address that serves both ports over all protocols."""
    place, own = name.split("/")
    address = TABLE["addresses"][name]
    ports = [
        {"containerPort": port, "protocol": protocol, "name": f"serve-{port}-{protocol.lower()}"}
        for port in (80, 81)
        for protocol in ("TCP", "UDP", "SCTP")
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": own, "namespace": place, "labels": {"pod": own} | labels},
        "spec": {"containers": [{"name": "agnhost", "image": "agnhost", "ports": ports}]},
        "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]},
    }


def policy(name: str, spec: Manifest) -> Manifest:
    """Return a NetworkPolicy from `namespace/name` and its spec."""
    place, own = name.split("/")
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": own, "namespace": place},
        "spec": spec,
    }


def test_the_table_is_complete() -> None:
    """Hold what upstream holds: 506 is the pairs of distinct pods, summed over all matrices."""
    assert [test["number"] for test in TABLE["tests"]] == list(range(1, 49))
    assert len(MATRICES) == 65
    assert sum(len(matrix.pairs) for matrix in MATRICES) == 506


@pytest.mark.parametrize("matrix", MATRICES, ids=attrgetter("name"))
def test_each_pair_alone(matrix: Matrix) -> None:
    """Ask `why` for each pair; an undetermined pair is a failure too."""
    at, denied = cluster(matrix), matrix.denied
    found = {
        pair: nsimlib.why(at, f"{pair[0]} -> {pair[1]}:{matrix.port}", cni="spec").outcome
        for pair in matrix.pairs
    }
    assert found == {
        pair: Outcome.DENIED if pair in denied else Outcome.ALLOWED for pair in matrix.pairs
    }, matrix.shows


@pytest.mark.parametrize("matrix", MATRICES, ids=attrgetter("name"))
def test_all_pairs_at_once(matrix: Matrix) -> None:
    """Ask `reachability` once for the whole matrix."""
    reach = nsimlib.reachability(cluster(matrix), cni="spec")
    found = {pair: reach.ports(*pair) for pair in matrix.pairs}
    denied = {pair for pair, ports in found.items() if matrix.port not in ports.allowed}
    assert denied == matrix.denied, matrix.shows
    assert not any(ports.open for ports in found.values())
