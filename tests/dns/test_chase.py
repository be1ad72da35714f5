"""A controller that chases a name, on the clock: how far behind it is, and when that is worst."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsimlib.dns.chase import Behind, behind, chase, chase_table
from nsimlib.dns.controller import Controller, Target, windows
from nsimlib.errors import SettingError
from nsimlib.model.peers import EVERY_POD

SETTLED = 60


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        # right after a poll that heard the old one: until the next, and 2 s
        ({"interval": 60, "ttl": 5, "after": 1}, (61, 61, 57)),
        # right before a poll, which is told the old one from a cache that others have filled
        ({"interval": 60, "ttl": 5, "after": 59}, (63, 63, 62)),
        # ... at its very second as well
        ({"interval": 60, "ttl": 5, "after": 60}, (62, 62, 62)),
        # and just in time
        ({"interval": 60, "ttl": 5, "after": "best"}, (7, 7, 7)),
        # below the TTL a shorter interval helps nobody
        ({"interval": 1, "ttl": 30}, (31, 31, 2)),
        ({"interval": 5, "ttl": 30}, (31, 31, 2)),
        # CoreDNS keeps no answer for more than 30 s, and those whom it asks keep it (F5.18)
        ({"interval": 1, "ttl": 60}, (61, 61, 2)),
        # it keeps none for less than 5 s
        ({"interval": 1, "ttl": 1}, (6, 6, 2)),
        # the grace changes what is stale, and nothing else where nobody believes longer
        ({"interval": 5, "ttl": 5, "grace": 30}, (6, 31, 2)),
        ({"interval": 5, "ttl": 5, "grace": 31}, (6, 36, 2)),
        # ... and where somebody does, ends the outage
        ({"interval": 5, "ttl": 5, "jvm_ttl": 60}, (6, 6, 53)),
        ({"interval": 5, "ttl": 5, "jvm_ttl": 60, "grace": 60}, (6, 61, 2)),
        # enforcement counts in every window
        ({"interval": 5, "ttl": 5, "apply_seconds": 0}, (4, 4, 0)),
    ],
)
def test_how_far_behind(told: dict[str, Any], expected: tuple[float, ...]) -> None:
    assert behind(chase(**told)) == expected


@pytest.mark.parametrize(
    ("interval", "ttl"), [(5, 5), (15, 5), (30, 5), (5, 15), (7, 30), (45, 30)]
)
def test_no_second_is_worse_than_the_worst_or_better_than_the_best(interval: int, ttl: int) -> None:
    worst, best = (behind(chase(interval, ttl, after=each)).missing for each in ("worst", "best"))
    for after in range(1, max(interval, ttl) + 1):
        assert best <= behind(chase(interval, ttl, after=after)).missing <= worst


@pytest.mark.laws
@given(
    interval=st.integers(1, 60),
    ttl=st.integers(5, 30),
    grace=st.integers(0, 120),
    after=st.integers(0, 60),
)
@settings(max_examples=40)
def test_a_cache_that_others_fill_adds_a_ttl_at_most(
    interval: int, ttl: int, grace: int, after: int
) -> None:
    """The formula is for a resolver that nobody else asks."""
    alone = windows(Controller(Target("", "", EVERY_POD, (), (), grace), interval, 2), ttl)
    found = behind(chase(interval, ttl, grace=grace, after=after))
    assert 2 <= found.missing <= alone.missing + ttl
    assert found.missing <= found.stale <= alone.stale + ttl


@pytest.mark.laws
@given(st.integers(1, 60), st.integers(5, 30), st.sampled_from([0, 30, 60]))
@settings(max_examples=25)
def test_a_grace_never_makes_the_new_address_wait(interval: int, ttl: int, grace: int) -> None:
    without, graced = chase(interval, ttl, after=1), chase(interval, ttl, after=1, grace=grace)
    assert behind(without).missing == behind(graced).missing
    assert behind(without).stale <= behind(graced).stale


def test_the_name_moves_once_and_both_applications_are_there() -> None:
    timeline = chase(60, 5, jvm_ttl=30, after=7)
    assert [note.at for note in timeline.notes] == [SETTLED + 7]
    assert {each.application for each in timeline.attempts} == {"shop/api", "shop/api, JVM"}
    assert timeline.title == "asked every 60 s, TTL 5 s, grace 0 s"
    assert all(outage.end < timeline.lasts for outage in timeline.outages)


def test_the_table_has_a_row_for_each_pair() -> None:
    table = chase_table([5, 60], [5, 30], grace=30)
    assert [row[:2] for row in table.rows] == [("5", "5"), ("5", "30"), ("60", "5"), ("60", "30")]
    for (interval, ttl), row in zip(product((5, 60), (5, 30)), table.rows, strict=True):
        found = Behind(*map(float, map(str, row[2:])))
        assert found == behind(chase(interval, ttl, grace=30))


@pytest.mark.parametrize(
    "told",
    [
        {"interval": 0, "ttl": 5},
        {"interval": 60, "ttl": -1},
        {"interval": 60, "ttl": 5, "grace": -1},
        {"interval": 60, "ttl": 5, "after": -1},
        {"interval": 60, "ttl": 5, "after": 1e9},
        {"interval": 60, "ttl": 5, "after": "soon"},
        {"interval": "soon", "ttl": 5},
    ],
)
def test_a_setting_that_cannot_be_is_named(told: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        chase(**told)
