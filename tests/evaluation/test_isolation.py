"""The tables of who is isolated, and by what."""

from dataclasses import replace

import pytest

from nsimlib.evaluation.coverage import coverage
from nsimlib.evaluation.isolation import isolation, policy_table
from nsimlib.model.policy import Direction
from tests.builders import EGRESS, INGRESS, cluster, pod, policy, rule

SHOP = cluster(
    pod("shop/web", app="web"),
    pod("shop/db", app="db"),
    pod("shop/proxy", host_network=True),
    pod("ops/free"),
    policies=[
        policy("shop/all"),
        policy("shop/db", rule(direction=INGRESS), rule(), directions=[INGRESS], app="db"),
        # no kind that anybody enforces, and one that isolates nobody
        policy("shop/foreign", kind="Foreign", directions=Direction),
        policy("shop/silent", directions=Direction, isolates=False),
    ],
)


def test_coverage_counts_isolated_pods_by_namespace() -> None:
    assert coverage(SHOP).rows == (("ops", 1, 0, 0, 0), ("shop", 3, 2, 1, 1))


def test_coverage_follows_the_profile() -> None:
    assert coverage(SHOP, cni="workloads").rows[1] == ("shop", 3, 3, 1, 0)


@pytest.mark.parametrize(
    "row",
    [
        ("ops/free", "not isolated", "not isolated"),
        ("shop/db", "isolated by shop/all", "isolated by shop/db"),
        ("shop/proxy", "on its node's network", "on its node's network"),
        ("shop/web", "isolated by shop/all", "not isolated"),
    ],
)
def test_isolation_names_the_policies(row: tuple[str, str, str]) -> None:
    assert row in isolation(SHOP).rows


def test_policies_with_what_has_no_effect() -> None:
    assert policy_table(SHOP).rows[:2] == (
        ("shop/all", 3, "written", EGRESS.value, 0, 0),
        ("shop/db", 1, "written", INGRESS.value, 1, "1, no effect"),
    )


def test_policies_say_when_their_types_were_filled_in() -> None:
    (first, *others) = SHOP.policies
    filled = replace(SHOP, policies=(replace(first, directions_defaulted=True), *others))
    assert [row[2] for row in policy_table(filled).rows[:2]] == ["filled in", "written"]
