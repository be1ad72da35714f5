"""The dials of a controller at both ends of every control, without a browser."""

from itertools import product
from typing import Any

import pytest

import nsimlib as ns
from nsimlib.dns.chase import behind
from nsimlib.errors import SettingError
from nsimlib.views.chase import chase_html, chase_told


@pytest.fixture
def dials() -> ns.ChaseDials:
    return ns.ChaseDials(60, 5)


def values(dial: Any) -> list[float]:
    return [value for _, value in dial.options]


def test_begins_with_the_windows_of_the_article(dials: ns.ChaseDials) -> None:
    assert repr(dials) == (
        "ChaseDials: asked every 60 s, TTL 5 s, grace 0 s: missing 66 s, stale 66 s, out 62 s"
    )
    assert "missing: the new address is denied for 66 s" in dials.view.value


def test_both_ends_of_every_dial_together_are_drawn(dials: ns.ChaseDials) -> None:
    turned = (dials.interval, dials.ttl, dials.grace, dials.jvm_ttl)
    for ends in product(*((values(dial)[0], values(dial)[-1]) for dial in turned)):
        for dial, value in zip(turned, ends, strict=True):
            dial.value = value
        for dials.when.value in ("best", "worst"):
            interval, ttl, grace, jvm_ttl = ends
            after = dials.when.value
            played = ns.chase(interval, ttl, grace=grace, jvm_ttl=jvm_ttl, after=after)
            assert dials.behind == behind(played)
            assert dials.view.value == chase_html(played)
            assert "<svg" in dials.view.value


def test_the_view_is_drawn_anew_by_every_control(dials: ns.ChaseDials) -> None:
    for control, value in (
        (dials.interval, 5),
        (dials.ttl, 30),
        (dials.grace, 60),
        (dials.jvm_ttl, 60),
        (dials.when, "best"),
    ):
        before = dials.view.value
        control.value = value
        assert dials.view.value != before
        for line in chase_told(dials.timeline):
            assert line in dials.view.value


def test_every_control_has_a_visible_label(dials: ns.ChaseDials) -> None:
    controls = (dials.interval, dials.ttl, dials.grace, dials.jvm_ttl, dials.when)
    assert [control.description for control in controls] == [
        "interval",
        "TTL",
        "grace",
        "JVM keeps",
        "the name moves",
    ]


@pytest.mark.parametrize("told", [{"interval": 7}, {"ttl": 7}, {"grace": 7}, {"jvm_ttl": 7}])
def test_a_dial_without_its_value_is_said_at_once(told: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match="a value of its dial"):
        ns.ChaseDials(**told)


def test_a_dial_may_offer_other_values() -> None:
    dials = ns.ChaseDials(7, 5, intervals=[7, 8])
    assert values(dials.interval) == [7, 8]
