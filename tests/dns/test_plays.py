"""Every scene that ships, with the outcome and the reasons that its file expects."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsimlib.dns.plays import play, play_names, scene
from nsimlib.dns.records import Rcode
from nsimlib.dns.timeline import Timeline
from nsimlib.errors import SettingError, UnknownName
from nsimlib.manifests.shipped import read_shipped
from nsimlib.model.ports import Port, Protocol

KEYS = {"cni", "policies", "settings", "outages", "results", "because", "facts", "seconds"}
KEYS |= {"gaps", "exposures"}
Expected = dict[str, Any]


def cases() -> Iterator[tuple[str, Expected]]:
    for name in play_names():
        data = cast("Expected", read_shipped("data", "plays", f"{name}.yaml"))
        yield from ((name, expected) for expected in data["expected"])


def spans(found: object) -> list[list[float]]:
    return [[each.start, each.end] for each in cast("Any", found)]


def failures(timeline: Timeline) -> Expected:
    failed = [attempt for attempt in timeline.attempts if not attempt.result.works]
    found: Expected = {
        "outages": spans(timeline.outages),
        "results": sorted({attempt.result.value for attempt in failed}),
        "facts": {fact for attempt in failed for fact in attempt.facts},
        "gaps": spans(timeline.gaps),
        "exposures": spans(timeline.exposures),
    }
    return found | {"seconds": max((attempt.seconds for attempt in failed), default=0)}


@pytest.mark.parametrize(("name", "expected"), list(cases()))
def test_scenes_end_as_expected(name: str, expected: Expected) -> None:
    assert expected.keys() <= KEYS
    about = {key: expected[key] for key in ("cni", "policies") if key in expected}
    timeline = play(name, **about, **expected.get("settings", {}))
    found = failures(timeline)
    for key in ("outages", "results", "gaps", "exposures"):
        assert found[key] == expected.get(key, []), key
    assert found["facts"] == set(expected.get("facts", ()))
    assert found["seconds"] == expected.get("seconds", found["seconds"])
    because = [attempt.because for attempt in timeline.attempts if not attempt.result.works]
    wanted = expected.get("because", "")
    assert not wanted or any(wanted in each for each in because), because


def test_every_scene_expects_a_failure_and_its_cure() -> None:
    for name in play_names():
        ends = {bool(expected.get("outages")) for each, expected in cases() if each == name}
        has_windows = name in ("aurora-failover", "reconcile-windows", "stale-pool")
        assert True in ends
        assert has_windows or False in ends, name


@given(
    name=st.sampled_from(play_names()),
    cni=st.sampled_from(["calico", "cilium"]),
    seed=st.integers(0, 3),
    applications=st.integers(1, 3),
)
@settings(max_examples=20)
def test_the_same_seed_gives_the_same_table(
    name: str, cni: str, seed: int, applications: int
) -> None:
    first, again = (
        play(name, cni=cni, seed=seed, applications=applications, lasts=120) for _ in range(2)
    )
    assert first.to_table().rows == again.to_table().rows
    assert (first.lanes, repr(first)) == (again.lanes, repr(again))


def test_seeds_differ() -> None:
    weighted = [play("weighted-multi-region", seed=seed).to_table().rows for seed in (0, 2)]
    phases = [
        [attempt.at for attempt in play("dns-trap", seed=seed, applications=2).attempts]
        for seed in (0, 1)
    ]
    assert weighted[0] != weighted[1]
    assert phases[0] != phases[1]


class TestSettings:
    def test_they_reach_whom_they_are_for(self) -> None:
        found = scene(
            "aurora-failover",
            cni="cilium",
            policies="controlled",
            min_ttl=8,
            interval="10s",
            jvm_ttl=-1,
            ttl=60,
            denied="rejected",
        )
        assert found.parameters is not None
        assert found.parameters.min_ttl == 8
        assert found.controllers[0].interval == 10
        assert found.applications[0].jvm_ttl == -1
        ttls = {each.ttl for zone in found.zones.zones for each in zone.records}
        assert (ttls, found.denied.value) == ({60}, "rejected")

    def test_words_mean_what_they_say(self) -> None:
        found = scene("dns-trap", reject="NXDOMAIN", libc="musl", port="53/UDP", asks="db.")
        assert found.parameters is not None
        (application,) = found.applications
        assert found.parameters.reject is Rcode.NXDOMAIN
        assert (application.libc, application.asks) == ("musl", "db.")
        assert application.port == Port(53, Protocol.UDP)

    def test_applications_have_names_and_times_of_their_own(self) -> None:
        found = scene("dns-trap", applications=3).applications
        assert [each.name for each in found] == [f"shop/api {n:03}" for n in (1, 2, 3)]
        assert len({each.first for each in found}) == 3

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"policies": "subnet"}, "no policies of aurora-failover 'subnet'; did you mean"),
            ({"cni": "calcio"}, "did you mean calico"),
            ({"intervall": 5}, "no setting 'intervall'; did you mean interval"),
        ],
    )
    def test_unknown_names_list_the_nearest(self, wrong: Expected, words: str) -> None:
        with pytest.raises(UnknownName, match=words):
            play("aurora-failover", **wrong)

    def test_an_unknown_scene(self) -> None:
        with pytest.raises(UnknownName, match="did you mean aurora-failover"):
            play("aurora-failoevr")

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"every": 0}, "every cannot be 0: it must be a number of seconds, more than 0"),
            ({"lasts": "soon"}, "lasts cannot be 'soon'"),
            ({"jvm_ttl": -2}, "jvm_ttl cannot be -2: it must be a number of seconds, -1 or more"),
            ({"grace": None}, "grace cannot be None"),
            ({"lasts": float("inf")}, "lasts cannot be inf"),
            ({"every": float("nan")}, "every cannot be nan"),
            ({"ttl": True}, "ttl cannot be True"),
            ({"pool": -1}, "pool cannot be -1: it must be a whole number"),
            ({"scans": 1.5}, r"scans cannot be 1\.5"),
            ({"writes": "no"}, "writes cannot be 'no': it must be true or false"),
            ({"libc": "uclibc"}, "it must be glibc or musl"),
            ({"denied": "answered"}, "it must be dropped or rejected"),
            ({"reject": "no"}, "NOERROR or NXDOMAIN or SERVFAIL or REFUSED"),
            ({"asks": "a..example"}, "it must be a domain name"),
            ({"asks": "x" * 64}, "it must be a domain name"),
            ({"port": "5432/QUIC"}, "it must be a port such as 5432/TCP"),
            ({"applications": 0}, "applications cannot be 0"),
        ],
    )
    def test_values_that_cannot_be(self, wrong: Expected, words: str) -> None:
        with pytest.raises(SettingError, match=words):
            play("aurora-failover", **wrong)
