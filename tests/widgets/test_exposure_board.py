"""The exposure board in every position, without a browser: each cell says what `why` says."""

from itertools import chain, combinations

import pytest

import nsimlib as ns
from nsimlib.evaluation.matrix import Cell
from nsimlib.views.html import html_of

LESSON = "default-egress"
READY = ns.policy_files(LESSON)
EVERY_SET = list(chain.from_iterable(combinations(READY, n) for n in range(len(READY) + 1)))
ENDPOINTS = {
    "node credentials": "169.254.169.254:80/TCP",
    "DNS": "kube-system/coredns:53/UDP",
    "database": "10.20.21.17:5432/TCP",
}
SHOP = ("shop/web", "shop/api")


@pytest.mark.parametrize("on", EVERY_SET, ids="+".join)
def test_each_cell_says_what_the_evaluator_says(on: tuple[str, ...]) -> None:
    board = ns.ExposureBoard(ns.scenario(LESSON), ENDPOINTS, READY, on=on, workloads=SHOP)
    for name, endpoint in ENDPOINTS.items():
        for workload in SHOP:
            verdict = ns.why(board.cluster, f"{workload} -> {endpoint}")
            assert board.board[workload, name].word == verdict.outcome.value


def test_a_box_that_is_ticked_changes_the_view_once() -> None:
    board = ns.ExposureBoard(ns.scenario(LESSON), ENDPOINTS, READY, on=["default-deny"])
    seen: list[str] = []
    board.view.observe(lambda change: seen.append(change["new"]), names="value")
    board.boxes["open-to-be-safe"].value = True
    assert seen == [html_of(board.board)]
    assert repr(board) == "ExposureBoard: default-deny, open-to-be-safe"


def test_without_a_choice_every_workload_has_a_row() -> None:
    found = ns.exposure_board(ns.scenario(LESSON), ENDPOINTS)
    assert found.rows == tuple(map(str, ns.scenario(LESSON).workloads))


def test_pods_of_a_workload_that_part_are_told() -> None:
    cluster = ns.loads(
        """
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop, labels: {app: web, new: "1"},
 ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, controller: true}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: shop, labels: {app: web},
 ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, controller: true}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: new, namespace: shop},
 spec: {podSelector: {matchLabels: {new: "1"}}, policyTypes: [Egress]}}
"""
    )
    found = ns.exposure_board(cluster, {"internet": "198.51.100.10:443/TCP"})
    assert found["shop/web", "internet"] is Cell.PARTLY


def test_an_endpoint_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ns.UnknownName, match="shop/nobody"):
        ns.exposure_board(ns.scenario(LESSON), {"nobody": "shop/nobody:80/TCP"})
