"""The lanes of a timeline: every scene, what is drawn, and how it shows itself."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

import nsimlib as ns
from nsimlib.dns.simulation import simulate
from nsimlib.views.html import html_of
from nsimlib.views.timeline import CLIENTS, WIDTH

FAILOVER = ns.play("aurora-failover", policies="controlled")
TAG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter(f"{TAG}text")]


def tips(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter(f"{TAG}title")]


@pytest.mark.parametrize("name", ns.play_names())
@pytest.mark.parametrize("cni", ["calico", "cilium"])
def test_every_scene_is_drawn_within_its_frame(name: str, cni: str) -> None:
    timeline = ns.play(name, cni=cni)
    for at in (None, 0, timeline.lasts):
        root = ElementTree.fromstring(ns.lanes(timeline, at).svg)
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        assert width == WIDTH
        for node in root.iter(f"{TAG}rect"):
            x, y, wide, high = (float(node.attrib[key]) for key in ("x", "y", "width", "height"))
            assert 0 <= x <= x + wide <= width
            assert 0 <= y <= y + high <= height
            assert wide > 0


def test_a_bar_is_as_long_as_what_it_stands_for() -> None:
    found = tips(ns.lanes(FAILOVER).svg)
    assert "2 to 62 s: 10.20.21.17" in found
    assert "30 to 62 s: exposure of 32 s: 10.20.21.17" in found
    assert any(tip.startswith("20 to 30 s: 2 attempts from 20 s: unanswered;") for tip in found)


def test_an_address_keeps_its_letter_and_lanes_say_whose_they_are() -> None:
    found = texts(ns.lanes(FAILOVER).svg)
    assert {"A 10.20.21.17", "B 10.20.22.18"} <= {*found}
    assert {"the name has", "CoreDNS believes", "allowed: shop/api on 5432/TCP"} <= {*found}
    assert "5  30 s: orders-2 is promoted, and orders-1 will come back as a reader" in found


def test_many_addresses_are_counted() -> None:
    assert "60 addresses" in texts(ns.lanes(ns.play("truncation")).svg)


def test_of_many_applications_those_that_failed_longest_have_lanes() -> None:
    found = texts(ns.lanes(ns.play("dns-trap", applications=20)).svg)
    assert sum(bool(re.fullmatch(r"shop/api \d{3}", text)) for text in found) == CLIENTS
    assert f"and {20 - CLIENTS} applications more" in found


def test_a_moment_has_a_line_and_its_words() -> None:
    drawn = ns.lanes(FAILOVER, 45)
    assert tips(drawn.svg)[-1] == "45 s"
    assert "At 45 s" in drawn.says
    assert "At 45 s" not in ns.lanes(FAILOVER).says


def test_colour_is_never_the_only_sign() -> None:
    for node in ElementTree.fromstring(ns.lanes(FAILOVER).svg).iter(f"{TAG}g"):
        assert node.find(f"{TAG}title") is not None


def test_names_in_a_scene_are_escaped() -> None:
    scene = ns.scene("dns-trap")
    bold = replace(scene.applications[0], name="<b>&x")
    drawn = html_of(simulate(replace(scene, applications=(bold,))))
    assert "<b>&x" not in drawn
    assert "&lt;b&gt;&amp;x" in drawn


@pytest.mark.parametrize(
    "shown",
    [
        FAILOVER,
        FAILOVER.at(45),
        ns.cures("dns-trap"),
        ns.drift(ns.scenario("shop"), []),
        ns.pattern_table("*.x.io"),
    ],
    ids=lambda shown: type(shown).__name__,
)
def test_what_names_and_time_give_shows_itself_in_a_notebook(shown: object) -> None:
    html = shown._repr_html_()  # type: ignore[attr-defined]
    assert html.count("<div") == html.count("</div>")
    assert not re.search(r"<script|<link|@import|url\(|\bon\w+=", html)
    assert " at 0x" not in repr(shown) + html
