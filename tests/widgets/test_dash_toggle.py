"""The dash toggle in every position, without a browser: the table says what the evaluator says."""

import pytest

import nsimlib as ns

LESSON = "selectors-that-lie"
READY = ns.policy_files(LESSON)
REACHED = {
    "one-entry": {"kube-system/coredns-1", "kube-system/coredns-2"},
    "two-entries": {
        "kube-system/coredns-1",
        "kube-system/coredns-2",
        "kube-system/dashboard",
        "kube-system/metrics-server",
    },
    "name-label": set(),
    "no-namespace": set(),
    "empty-selector": {"shop/cache", "data/cache"},
}


@pytest.mark.parametrize("name", READY)
def test_each_policy_reaches_what_its_entries_match(name: str) -> None:
    toggle = ns.DashToggle(ns.scenario(LESSON), READY, "shop/web", "53/UDP")
    toggle.chosen.value = name
    reached = {row[0] for row in toggle.table.rows if row[-1] == "allowed"}
    assert reached == REACHED[name]
    assert f"reaches {len(reached)} of 7" in toggle.view.value
    assert f"name: {name}" in toggle.view.value
    assert name in repr(toggle)


def test_it_starts_where_it_is_told_to() -> None:
    toggle = ns.DashToggle(ns.scenario(LESSON), READY, "shop/web", "53/UDP", on="two-entries")
    assert repr(toggle).startswith("DashToggle on two-entries: shop/web reaches 4 of 7")
