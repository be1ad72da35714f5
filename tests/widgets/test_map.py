"""The map, clicked without a browser: what the page sends is what these tests send."""

import xml.etree.ElementTree as ET
from typing import Any

import pytest

import nsimlib as ns
from nsimlib.manifests.shipped import shipped
from nsimlib.model.objects import Pod
from nsimlib.views.doors import doors
from nsimlib.views.html import verdict_html
from nsimlib.views.map_picture import MapState, map_svg, map_title
from nsimlib.views.topology import topology
from tests.views.test_topology import cluster_of

SHOP = ns.scenario("shop")
LESSON = ns.scenario("isolation-is-a-switch")
READY = ns.policy_files("isolation-is-a-switch")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def shown() -> ns.Map:
    return ns.Map(SHOP, "shop/web", "kube-system/coredns", "53/UDP")


def clicked(shown: ns.Map, **content: Any) -> None:
    """Do what a message from the page does."""
    shown._handle_custom_msg(content, [])


def by_name(shown: ns.Map) -> dict[str, ET.Element]:
    found = ET.fromstring(shown.svg).iter(f"{SVG}g")
    return {each.attrib["data-end"]: each for each in found if "data-end" in each.attrib}


def chosen(shown: ns.Map) -> set[str]:
    return {name for name, g in by_name(shown).items() if g.attrib["aria-pressed"] == "true"}


def test_it_shows_the_verdict_of_the_first_packet(shown: ns.Map) -> None:
    asked = "shop/web -> kube-system/coredns:53/UDP"
    assert shown.answer.connection == asked
    assert shown.outcome == "denied"
    assert shown.reason == verdict_html(ns.why(SHOP, asked))
    assert "Egress door of shop/web" in shown.says
    assert shown.deciding == ["shop/web-egress"]
    assert chosen(shown) == {"shop/web", "kube-system/coredns"}


def test_two_clicks_are_a_source_and_a_destination(shown: ns.Map) -> None:
    clicked(shown, pick="shop/debug")
    assert shown.verdict is None
    assert "Now choose the destination" in shown.says
    assert chosen(shown) == {"shop/debug"}
    assert 'class="way"' not in shown.svg
    clicked(shown, pick="data/db")
    assert shown.answer.connection == "shop/debug -> data/db:5432/TCP"
    assert shown.outcome == "denied"
    assert "Ingress door of data/db" in shown.says


def test_escape_goes_back_to_the_packet_before(shown: ns.Map) -> None:
    before = shown.answer.connection
    clicked(shown, pick="shop/debug")
    clicked(shown, undo=True)
    assert shown.answer.connection == before
    clicked(shown, undo=True)
    assert shown.answer.connection == before


def test_a_service_answers_and_does_not_ask(shown: ns.Map) -> None:
    before = shown.answer.connection
    clicked(shown, pick="shop/service/api")
    assert "answers and does not ask" in shown.says
    assert shown.answer.connection == before
    clicked(shown, pick="shop/web")
    clicked(shown, pick="shop/service/api")
    assert shown.answer.connection == "shop/web -> shop/service/api:80/TCP"
    assert shown.outcome == "allowed"


def test_a_pod_may_be_both_ends(shown: ns.Map) -> None:
    clicked(shown, pick="shop/debug")
    clicked(shown, pick="shop/debug")
    assert shown.outcome == "allowed"


def test_menus_choose_the_same(shown: ns.Map) -> None:
    clicked(shown, source="shop/api")
    assert shown.outcome == "allowed"
    clicked(shown, port="9153/TCP")
    assert shown.outcome == "denied"
    clicked(shown, destination="data/db")
    assert shown.port == "5432/TCP"
    clicked(shown, cni="flannel")
    assert shown.outcome == "allowed"


def test_a_port_that_the_destination_has_is_kept(shown: ns.Map) -> None:
    clicked(shown, port="53/TCP")
    clicked(shown, destination="kube-system/service/kube-dns")
    assert shown.port == "53/TCP"


def test_a_policy_is_switched_off_and_on(shown: ns.Map) -> None:
    clicked(shown, toggle="shop/web-egress")
    assert shown.outcome == "allowed"
    assert "Egress not isolated" in by_name(shown)["shop/web"].attrib["aria-label"]
    clicked(shown, toggle="shop/web-egress")
    assert shown.outcome == "denied"
    assert shown.cluster.policies == SHOP.policies


def test_all_policies_are_switched_off_and_on(shown: ns.Map) -> None:
    clicked(shown, every=False)
    assert shown.on == []
    assert 'class="shut" x="2' not in shown.svg.split("</g>")[0]
    assert shown.outcome == "allowed"
    clicked(shown, every=True)
    assert set(shown.on) == {policy.key for policy in SHOP.policies}


def test_ready_policies_start_off_or_on() -> None:
    shown = ns.Map(LESSON, "shop/web", "shop/api", policies=READY, on=["default-deny-egress"])
    assert shown.answer.connection == "shop/web -> shop/api:8080/TCP"
    assert shown.outcome == "denied"
    assert shown.deciding == ["default-deny-egress"]
    shown.toggle("web-egress-allow-api")
    assert shown.outcome == "allowed"
    assert shown.deciding == ["web-egress-allow-api"]


def test_a_policy_tells_whom_it_selects() -> None:
    shown = ns.Map(LESSON, policies=READY)
    selected = {each["name"]: each["selects"] for each in shown.policies}
    assert selected["default-deny-egress"] == ["shop/api", "shop/db", "shop/web"]
    assert selected["web-egress-allow-api"] == ["shop/web"]


def test_every_pair_and_every_reading_can_be_asked(shown: ns.Map) -> None:
    for _, _, destination in shown.destinations:
        shown.choose(destination=destination)
        assert shown.outcome or "nothing answers" in shown.says
    for reading in shown.readings:
        shown.choose(cni=reading)
        assert shown.outcome


def test_what_cannot_be_asked_is_said(shown: ns.Map) -> None:
    clicked(shown, destination="shop/service/api")
    clicked(shown, port="9999/TCP")
    assert "cannot be asked" in shown.says
    assert shown.outcome == ""
    assert "no port of Service" in shown.reason


@pytest.mark.parametrize(
    ("source", "destination", "tiles"),
    [
        ("shop/web-7c9d5f8b64-h2xkq", "data/db-0", {"shop/web", "data/db"}),
        ("shop/web", "203.0.113.77", {"shop/web", "api.payments.example"}),
        ("shop/web", "192.0.2.1", {"shop/web", "198.51.100.10"}),
        ("shop/web", "kube-system/kube-dns", {"shop/web", "kube-system/service/kube-dns"}),
        ("shop/web", "10.96.0.10", {"shop/web", "kube-system/service/kube-dns"}),
    ],
)
def test_pods_and_addresses_have_the_tile_they_belong_to(
    source: str, destination: str, tiles: set[str]
) -> None:
    shown = ns.Map(SHOP, source, destination, port := "53/UDP")
    assert shown.answer.connection == f"{source} -> {destination}:{port}"
    assert chosen(shown) == tiles


@pytest.mark.parametrize("end", ["shop/wbe", "node/worker-1"])
def test_an_end_that_is_not_on_the_map_is_named(end: str) -> None:
    with pytest.raises(ns.UnknownName):
        ns.Map(SHOP, end, "shop/api")


def test_a_policy_that_is_not_on_the_map_names_the_nearest(shown: ns.Map) -> None:
    with pytest.raises(ns.UnknownName, match="did you mean shop/web-egress"):
        shown.toggle("shop/web-egres")
    with pytest.raises(ns.UnknownName, match="did you mean default-deny-egress"):
        ns.Map(LESSON, policies=READY, on=["default-deny-egres"])


@pytest.mark.parametrize("pods", [1, 5, 60, 300])
def test_a_cluster_of_any_size_is_shown(pods: int) -> None:
    shown = ns.Map(cluster_of(pods, 1 + pods // 20))
    assert len(by_name(shown)) == pods + 1
    assert shown.outcome == "allowed"


def test_only_some_namespaces_are_drawn_and_all_are_judged() -> None:
    shown = ns.Map(SHOP, "shop/web", "shop/api", "8080/TCP", namespaces=["shop"])
    assert "data/db" not in by_name(shown)
    assert shown.reason == ns.Map(SHOP, "shop/web", "shop/api", "8080/TCP").reason
    with pytest.raises(ns.UnknownName, match="end on the map"):
        shown.choose(destination="data/db")


def test_a_cluster_of_nothing_is_the_world() -> None:
    assert ns.Map(ns.Cluster()).outcome == "allowed"


class TestWithoutKernel:
    def test_a_saved_notebook_has_a_picture_that_says_the_same(self, shown: ns.Map) -> None:
        data, _ = shown._repr_mimebundle_()
        picture = ET.fromstring(data["image/svg+xml"])
        caption = " ".join("".join(each.itertext()) for each in picture.iter(f"{SVG}text"))
        assert shown.says in " ".join(caption.split())
        assert data["text/plain"] == repr(shown) == f"Map: {shown.says}"
        assert "application/vnd.jupyter.widget-view+json" in data

    def test_it_is_the_same_on_every_run(self, shown: ns.Map) -> None:
        again = ns.Map(SHOP, "shop/web", "kube-system/coredns", "53/UDP")
        assert again.answer.svg() == shown.answer.svg()

    def test_a_picture_has_no_buttons_that_do_nothing(self, shown: ns.Map) -> None:
        assert 'role="img"' in shown.answer.svg()
        assert 'role="button"' not in shown.answer.svg()

    def test_it_brings_everything_along(self, shown: ns.Map) -> None:
        assert "url(" not in shown.answer.svg()
        assert "href" not in shown.answer.svg()


class TestForAll:
    def test_every_end_has_a_spoken_name_and_one_is_a_button(self, shown: ns.Map) -> None:
        for name, g in by_name(shown).items():
            assert g.attrib["role"] == "button"
            assert g.attrib["aria-label"]
            assert g.attrib["tabindex"] == "-1", f"{name}: the script lets one of them be reached"

    def test_doors_are_told_in_words(self, shown: ns.Map) -> None:
        said = by_name(shown)["data/db"].attrib["aria-label"]
        assert "Egress isolated by data/default-deny" in said
        assert "Ingress isolated by data/default-deny and data/db-ingress" in said

    def test_names_are_escaped(self) -> None:
        space = ns.scenario("shop").namespaces["shop"]
        cluster = ns.Cluster(namespaces={"shop": space}, pods=(Pod(space, "a<b>&", {}),))
        state = MapState(topology(cluster), doors(cluster), map_title(cluster), "<i>")
        said = "".join(ET.fromstring(map_svg(state)).itertext())
        assert "a<b>&" in said
        assert "<i>" in said

    def test_the_page_asks_for_nothing_from_elsewhere(self) -> None:
        folder = shipped("widgets")
        for file in (folder / "map.js", folder / "map.css"):
            text = file.read_text(encoding="utf-8")
            assert "http" not in text
            assert "import" not in text
