"""The scrubber at both ends of every control, without a browser."""

from itertools import product
from typing import Any

import pytest

import nsimlib as ns
from nsimlib.errors import SettingError, UnknownName
from nsimlib.views.timeline import lanes


@pytest.fixture
def scrubber() -> ns.PlayScrubber:
    return ns.PlayScrubber("aurora-failover")


def test_starts_at_the_beginning_with_the_policies_meant_for_the_enforcer() -> None:
    scrubber = ns.PlayScrubber("aurora-failover", cni="cilium")
    assert (scrubber.policies.value, scrubber.time.value, scrubber.time.max) == ("by-name", 0, 360)
    assert repr(scrubber) == "PlayScrubber: aurora-failover, cilium, by-name, at 0 of 360 s"


@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_the_view_is_the_moment(scrubber: ns.PlayScrubber, place: float) -> None:
    at = place * scrubber.time.max
    scrubber.time.value = at
    assert scrubber.timeline is not None
    assert scrubber.moment == scrubber.timeline.at(at)
    assert lanes(scrubber.timeline, at=at).svg in scrubber.view.value
    assert f"At {at:g} s" in scrubber.view.value


def test_the_slider_ends_with_the_scene(scrubber: ns.PlayScrubber) -> None:
    scrubber.time.value = 1e9
    assert scrubber.time.value == 360
    scrubber.time.value = -1
    assert scrubber.time.value == 0


def test_every_scene_enforcer_and_policy_can_be_chosen(scrubber: ns.PlayScrubber) -> None:
    for scene, cni in product(
        (scrubber.scene.options[0], scrubber.scene.options[-1], "ttl-drop"),
        (scrubber.cni.options[0], scrubber.cni.options[-1], "cilium"),
    ):
        scrubber.cni.value, scrubber.scene.value = cni, scene
        for policies in scrubber.policies.options:
            scrubber.policies.value = policies
            scrubber.time.value = scrubber.time.max
            assert scrubber.timeline is not None, scrubber.view.value
            assert scrubber.timeline.title == f"{scene}, {cni}, {policies}"
            assert scrubber.time.max == scrubber.timeline.lasts
            assert "<svg" in scrubber.view.value


def test_another_scene_begins_anew_with_its_own_policies(scrubber: ns.PlayScrubber) -> None:
    scrubber.policies.value, scrubber.time.value = "one-subnet", 300
    scrubber.scene.value = "dns-trap"
    assert (scrubber.policies.value, scrubber.time.value) == ("without-dns", 0)
    assert scrubber.policies.options == ("without-dns", "with-dns")


def test_settings_are_played(scrubber: ns.PlayScrubber) -> None:
    longer = ns.PlayScrubber("aurora-failover", jvm_ttl=60)
    assert (scrubber.timeline, longer.timeline) != (None, None)
    assert longer.timeline == ns.play("aurora-failover", policies="subnets", jvm_ttl=60)


@pytest.mark.parametrize(
    ("name", "settings", "error"),
    [
        ("aurora", {}, UnknownName),
        ("dns-trap", {"cni": "calcio"}, UnknownName),
        ("dns-trap", {"policies": "x"}, UnknownName),
        ("dns-trap", {"intervall": 1}, UnknownName),
        ("dns-trap", {"lasts": 0}, SettingError),
    ],
)
def test_what_cannot_be_played_is_said_at_once(
    name: str, settings: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        ns.PlayScrubber(name, **settings)


DIALS = {"ttl": [5, 60], "jvm_ttl": [60, 5, -1], "pool": [0, 1]}


@pytest.mark.parametrize("place", [0, -1])
def test_a_dial_is_a_setting_at_both_of_its_ends(place: int) -> None:
    for name, values in DIALS.items():
        turned = ns.PlayScrubber("ttl-drop", cni="cilium", dials=DIALS)
        turned.dials[name].value = values[place]
        assert turned.settings[name] == values[place]
        expected = ns.play("ttl-drop", cni="cilium", **turned.settings)
        assert turned.timeline == expected
        assert "<svg" in turned.view.value


def test_a_dial_begins_where_it_is_told_and_says_for_ever() -> None:
    turned = ns.PlayScrubber("ttl-drop", cni="cilium", dials=DIALS, jvm_ttl=5)
    assert turned.dials["jvm_ttl"].value == 5
    assert [label for label, _ in turned.dials["jvm_ttl"].options] == ["60", "5", "for ever"]
    assert [dial.description for dial in turned.dials.values()] == list(DIALS)


def test_dials_hold_for_every_scene_that_is_chosen() -> None:
    turned = ns.PlayScrubber("ttl-drop", cni="cilium", dials=DIALS)
    turned.dials["pool"].value = 1
    turned.scene.value = "stale-pool"
    assert turned.timeline == ns.play("stale-pool", cni="cilium", ttl=5, jvm_ttl=60, pool=1)


@pytest.mark.parametrize(
    ("dials", "settings", "error"),
    [
        ({"tll": [1]}, {}, UnknownName),
        ({"ttl": [5]}, {"ttl": 7}, SettingError),
        ({"every": [0]}, {}, SettingError),
    ],
)
def test_a_dial_that_cannot_be_is_said_at_once(
    dials: dict[str, list[float]], settings: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        ns.PlayScrubber("ttl-drop", dials=dials, **settings)


def test_every_control_has_a_visible_label(scrubber: ns.PlayScrubber) -> None:
    controls = (scrubber.scene, scrubber.cni, scrubber.policies, scrubber.time)
    assert [control.description for control in controls] == [
        "scene",
        "enforcer",
        "policies",
        "seconds",
    ]
