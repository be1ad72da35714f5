"""The prefix slider at both ends of every control, without a browser."""

from xml.etree import ElementTree

import pytest

import nsimlib as ns
from nsimlib.cni.profile import profile_names
from nsimlib.errors import SettingError
from nsimlib.views.block_reach import block_reach_html, block_reach_picture

TAG = "{http://www.w3.org/2000/svg}"
WANTED = ("orders-db", "orders-standby")
EXCEPTIONS = {"nodes": "10.20.0.0/20", "pods": "10.244.0.0/16"}


@pytest.fixture
def slider() -> ns.PrefixSlider:
    return ns.PrefixSlider(
        ns.scenario("static-cidr"),
        "shop/api",
        "10.20.21.17",
        ["5432/TCP", "22/TCP"],
        wanted=WANTED,
        exceptions=EXCEPTIONS,
        prefix=16,
    )


def besides(slider: ns.PrefixSlider, port: str = "") -> dict[str, int]:
    found = slider.reach
    counts = {k: len(found.reached(port, k)) for k in found.kinds if k not in WANTED}
    return {kind: count for kind, count in counts.items() if count}


@pytest.mark.parametrize(
    ("prefix", "reached"),
    [
        (32, {}),
        (24, {"other-databases": 1}),
        (23, {"other-databases": 1, "build-machines": 12}),
        (22, {"other-databases": 3, "build-machines": 12}),
        (16, {"other-databases": 4, "build-machines": 12, "file-share": 1, "nodes": 3}),
        (8, {"other-databases": 5, "build-machines": 12, "file-share": 1, "nodes": 3, "pods": 3}),
    ],
)
def test_a_longer_prefix_lets_fewer_in(
    slider: ns.PrefixSlider, prefix: int, reached: dict[str, int]
) -> None:
    slider.prefix.value = prefix
    assert besides(slider) == reached


def test_only_the_widest_block_has_the_metadata_service_in_it(slider: ns.PrefixSlider) -> None:
    for prefix in range(33):
        slider.prefix.value = prefix
        assert ("instance-metadata" in besides(slider)) == (prefix == 0)


def test_the_standby_is_reached_up_to_twenty_two(slider: ns.PrefixSlider) -> None:
    for prefix in range(33):
        slider.prefix.value = prefix
        assert bool(slider.reach.reached(kind="orders-standby")) == (prefix <= 22)


def test_the_view_is_drawn_anew_by_every_control(slider: ns.PrefixSlider) -> None:
    changes = (
        (slider.prefix, 8),
        (slider.cni, "cilium"),
        (slider.cni, "calico"),
        (slider.only, False),
        (slider.boxes["pods"], True),
        (slider.boxes["nodes"], True),
    )
    for control, value in changes:
        before = slider.view.value
        control.value = value
        assert slider.view.value != before
        assert slider.view.value.endswith(block_reach_html(slider.rule, slider.reach, WANTED))
        assert f"With {slider.cni.value} as the enforcer" in slider.view.value


def test_without_the_port_every_port_is_open(slider: ns.PrefixSlider) -> None:
    assert besides(slider, "22/TCP") == {}
    slider.only.value = False
    assert besides(slider, "22/TCP") == besides(slider, "5432/TCP")
    assert "ports" not in slider.rule.manifest


def test_an_exception_takes_out_what_is_in_it(slider: ns.PrefixSlider) -> None:
    slider.boxes["nodes"].value = True
    assert "nodes" not in besides(slider)
    slider.boxes["pods"].value = True
    assert slider.rule.refused == ("10.244.0.0/16",)
    assert "10.244.0.0/16 is not inside 10.20.0.0/16 and smaller" in slider.view.value
    assert "except: [10.20.0.0/20]" in slider.view.value


def test_a_block_means_neither_nodes_nor_pods_to_cilium(slider: ns.PrefixSlider) -> None:
    slider.cni.value, slider.prefix.value = "cilium", 0
    assert not {"nodes", "pods"} & set(besides(slider))


@pytest.mark.parametrize("cni", profile_names())
def test_every_enforcer_can_be_chosen(slider: ns.PrefixSlider, cni: str) -> None:
    for slider.prefix.value in (0, 32):
        slider.cni.value = cni
        assert "<svg" in slider.view.value


@pytest.mark.parametrize("prefix", [0, 23, 32])
def test_everything_is_drawn_within_its_frame(slider: ns.PrefixSlider, prefix: int) -> None:
    slider.prefix.value = prefix
    drawn = block_reach_picture(slider.rule, slider.reach, WANTED)
    root = ElementTree.fromstring(drawn.svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for node in root.iter(f"{TAG}rect"):
        x, y, wide, high = (float(node.attrib[k]) for k in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= width
        assert 0 <= y <= y + high <= height
    signs = [node.text for node in root.iter(f"{TAG}text")]
    assert signs.count("*") == 32 - prefix
    assert signs.count("!") == sum(besides(slider).values())
    assert root.attrib["aria-label"].split() == drawn.says.split()


def test_every_control_has_a_visible_label(slider: ns.PrefixSlider) -> None:
    assert slider.prefix.description == "prefix length"
    assert slider.only.description == "only 5432/TCP"
    assert slider.boxes["nodes"].description == "except nodes, 10.20.0.0/20"
    assert repr(slider).startswith("PrefixSlider: calico: addresses in 10.20.0.0/16: 65,536")


def test_an_address_that_is_none_is_said_at_once() -> None:
    with pytest.raises(SettingError, match="address"):
        ns.PrefixSlider(ns.scenario("static-cidr"), "shop/api", "fd00::1", ["5432/TCP"])
