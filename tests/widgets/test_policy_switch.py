"""The policy switch in every position, without a browser."""

from collections import Counter
from itertools import chain, combinations

import pytest

import nsimlib as ns
from nsimlib.evaluation.matrix import Cell
from nsimlib.evaluation.pairs import Pairs
from nsimlib.views.html import html_of

LESSON = "isolation-is-a-switch"
READY = ns.policy_files(LESSON)
START = ["default-deny-egress", "web-egress-allow-api"]
EVERY_SET = list(chain.from_iterable(combinations(READY, n) for n in range(len(READY) + 1)))


@pytest.fixture
def switch() -> ns.PolicySwitch:
    return ns.PolicySwitch(ns.scenario(LESSON), READY, on=START, port="8080/TCP")


def test_starts_in_the_surprising_state(switch: ns.PolicySwitch) -> None:
    assert switch.on == tuple(START)
    assert switch.matrix["shop/web", "shop/api"] is Cell.ALLOWED
    assert switch.matrix["shop/api", "shop/db"] is Cell.DENIED


def test_view_is_the_table_and_the_heat_map(switch: ns.PolicySwitch) -> None:
    assert switch.view.value == html_of(switch.isolation) + html_of(switch.matrix)


def test_a_box_that_is_ticked_changes_the_view_once(switch: ns.PolicySwitch) -> None:
    seen: list[str] = []
    switch.view.observe(lambda change: seen.append(change["new"]), names="value")
    switch.boxes["default-deny-both"].value = True
    assert len(seen) == 1
    assert "shop/default-deny-both" in seen[0]


@pytest.mark.parametrize("on", EVERY_SET, ids="+".join)
def test_the_view_says_what_the_evaluator_says(on: tuple[str, ...]) -> None:
    switch = ns.PolicySwitch(ns.scenario(LESSON), READY, on=on, port="8080/TCP")
    cluster = ns.scenario(LESSON).with_policies(*(READY[name] for name in on))
    for asked in (("shop/web", "shop/api"), ("shop/db", "shop/web")):
        verdict = ns.why(cluster, f"{asked[0]} -> {asked[1]}:8080/TCP")
        assert switch.matrix[asked].word == verdict.outcome.value


def test_every_port_on_offer_can_be_shown(switch: ns.PolicySwitch) -> None:
    for port in switch.port.options:
        switch.port.value = port
        assert f"{port}: row may reach column" in switch.view.value


def test_a_redraw_evaluates_each_shown_pair_once(
    switch: ns.PolicySwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[object] = Counter()
    between = Pairs.between

    def counted(pairs: Pairs, source: object, destination: object) -> object:
        asked[source, destination] += 1
        return between(pairs, source, destination)  # type: ignore[arg-type]

    shown = sum(cell is not Cell.SELF for row in switch.matrix.cells for cell in row)
    monkeypatch.setattr(Pairs, "between", counted)
    switch.boxes["default-deny-both"].value = True
    assert set(asked.values()) == {1}
    assert len(asked) == shown == 20


def test_without_texts_it_switches_the_policies_of_the_cluster() -> None:
    shop = ns.scenario("shop")
    switch = ns.PolicySwitch(shop, port="53/UDP")
    assert switch.on == tuple(policy.key for policy in shop.policies)
    assert switch.matrix == ns.reachability(shop).matrix("53/UDP")
    for box in switch.boxes.values():
        box.value = False
    assert switch.cluster.policies == ()
    assert "isolated by" not in switch.view.value


def test_repr_is_fixed(switch: ns.PolicySwitch) -> None:
    wanted = "PolicySwitch on 8080/TCP: default-deny-egress, web-egress-allow-api"
    assert repr(switch) == wanted
    for box in switch.boxes.values():
        box.value = False
    assert repr(switch) == "PolicySwitch on 8080/TCP: no policy"


def test_every_control_has_a_visible_label(switch: ns.PolicySwitch) -> None:
    assert [box.description for box in switch.boxes.values()] == list(READY)
    assert switch.port.description == "port"
