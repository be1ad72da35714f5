"""The picture says what the matrix says, in few arrows, and has words for who cannot see it."""

import re
from itertools import product
from xml.etree import ElementTree

import pytest

import nsimlib as ns
from nsimlib.evaluation.matrix import Cell
from nsimlib.views.bundles import bundle_of, pairs_of
from tests.builders import pod

LESSON = "isolation-is-a-switch"
SHOP = ns.reachability(ns.scenario("shop"))
PORTS = ("53/UDP", "5432/TCP", "8080/TCP", None)
SVG = "{http://www.w3.org/2000/svg}"


def lesson(*on: str) -> ns.Cluster:
    ready = ns.policy_files(LESSON)
    return ns.scenario(LESSON).with_policies(*(ready[name] for name in on))


@pytest.mark.parametrize("port", PORTS)
def test_groups_and_arrows_say_every_cell_of_the_matrix(port: str | None) -> None:
    pairs = pairs_of(SHOP.matrix(port))
    bundle = bundle_of(pairs)
    said = {
        pair: bundle.arrows.get((ours, theirs), Cell.DENIED)
        for ours, theirs in product(bundle.sources, bundle.destinations)
        for pair in product(ours, theirs)
        if pair in pairs
    }
    assert said == pairs


@pytest.mark.parametrize("names", [("egress-rules-without-types",), ("default-deny-both",), ()])
def test_groups_say_the_small_matrices_too(names: tuple[str, ...]) -> None:
    pairs = pairs_of(ns.reachability(lesson(*names)).matrix("5432/TCP"))
    bundle = bundle_of(pairs)
    for ours, theirs in product(bundle.sources, bundle.destinations):
        cells = {pairs[pair] for pair in product(ours, theirs) if pair in pairs}
        assert len(cells) <= 1


def test_no_policy_is_one_arrow() -> None:
    drawn = ns.picture(ns.reachability(lesson()), "80/TCP")
    assert str(drawn).count("<path d=") == 1 + 1  # the tip of the arrow is a path as well


def test_the_shop_is_no_tangle() -> None:
    assert str(ns.picture(SHOP, "5432/TCP")).count("<path d=") <= 20


@pytest.mark.parametrize("port", PORTS)
def test_is_the_same_each_time_and_well_formed(port: str | None) -> None:
    again = ns.picture(ns.reachability(ns.scenario("shop")), port)
    assert str(again) == str(ns.picture(SHOP, port))
    ElementTree.fromstring(str(again))


def test_has_a_title_and_says_the_same_in_words() -> None:
    drawn = ns.picture(SHOP, "5432/TCP")
    root = ElementTree.fromstring(str(drawn))
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == "Who may reach whom on 5432/TCP"
    described = root.findtext(f"{SVG}desc") or ""
    for line in repr(drawn).splitlines()[1:]:
        assert line in described


def test_dashes_are_explained() -> None:
    drawn = str(ns.picture(SHOP, "5432/TCP"))
    assert "dashed: some pods" in drawn
    assert "dotted: a fact is missing" in drawn
    assert "dashed" not in str(ns.picture(ns.reachability(lesson()), "80/TCP"))


def test_long_groups_say_how_many_more() -> None:
    crowd = ns.Cluster(pods=tuple(pod(f"shop/p{n:02}") for n in range(30)))
    drawn = ns.picture(ns.reachability(crowd))
    assert "and 20 more" in str(drawn)
    assert repr(drawn).count("shop/p") == 30


def test_a_large_cluster_is_drawn_by_namespace() -> None:
    crowd = ns.Cluster(pods=tuple(pod(f"ns{n % 3}/p{n:02}") for n in range(90)))
    drawn = ns.picture(ns.reachability(crowd))
    assert "namespace ns0, namespace ns1, namespace ns2" in repr(drawn)


def test_an_empty_cluster_can_be_drawn() -> None:
    assert re.search(r"<svg .*</svg>", str(ns.picture(ns.reachability(ns.Cluster()))))
