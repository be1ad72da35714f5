"""Lanes and what follows from two of them, outages, and how a timeline shows itself."""

import pytest

from nsimlib.dns.lanes import Lane, LaneKind, Recorder, Span, exposed, missing
from nsimlib.dns.servers import Server, Service
from nsimlib.dns.timeline import Attempt, Note, Result, Timeline
from nsimlib.dns.truth import possible, truth
from nsimlib.dns.zone_files import shipped_zones
from nsimlib.model.addresses import Address, Family

ONE, TWO, THREE = (Address(Family.IPV4, number) for number in (1, 2, 3))
INF = float("inf")


def lane(kind: LaneKind, *spans: tuple[float, float, tuple[Address, ...]]) -> Lane:
    return Lane(kind, "web", "db", tuple(Span(*span) for span in spans))


MOVES = lane(LaneKind.TRUE, (0, 10, (ONE,)), (10, INF, (TWO,)))


@pytest.mark.parametrize(
    ("allowed", "gaps", "exposures"),
    [
        ([(0, INF, (ONE, TWO))], [], [(10, 100, (ONE,))]),
        ([(0, INF, (ONE,))], [(10, 100, (TWO,))], [(10, 100, (ONE,))]),
        ([(0, 30, (ONE,)), (15, 100, (ONE, TWO))], [(10, 15, (TWO,))], [(10, 100, (ONE,))]),
        ([(0, 10, (ONE,)), (10, INF, (TWO,))], [], []),
        # what was never an address of the name is nobody's exposure
        ([(0, 10, (ONE, THREE)), (10, INF, (TWO, THREE))], [], []),
        ([], [(0, 10, (ONE,)), (10, 100, (TWO,))], []),
    ],
)
def test_gaps_and_exposures(
    allowed: list[tuple[float, float, tuple[Address, ...]]],
    gaps: list[tuple[float, float, tuple[Address, ...]]],
    exposures: list[tuple[float, float, tuple[Address, ...]]],
) -> None:
    lanes = MOVES, lane(LaneKind.ALLOWED, *allowed)
    assert [tuple(each)[1:] for each in missing(lanes, 100)] == gaps
    assert [tuple(each)[1:] for each in exposed(lanes, 100)] == exposures


class TestRecorder:
    @pytest.mark.parametrize(
        ("noted", "spans"),
        [
            ([(0, [ONE], INF), (5, [TWO], INF)], [(0, 5, (ONE,)), (5, INF, (TWO,))]),
            # what is the same goes on
            ([(0, [ONE], INF), (5, [ONE], INF)], [(0, INF, (ONE,))]),
            ([(0, [ONE], 5), (5, [ONE], 10)], [(0, 10, (ONE,))]),
            ([(0, [ONE], 5), (6, [ONE], 10)], [(0, 5, (ONE,)), (6, 10, (ONE,))]),
            ([(0, [ONE], INF), (5, [], INF)], [(0, 5, (ONE,))]),
            ([(0, [ONE], INF), (0, [TWO, ONE], INF)], [(0, INF, (ONE, TWO))]),
        ],
    )
    def test_spans(
        self,
        noted: list[tuple[float, list[Address], float]],
        spans: list[tuple[float, float, tuple[Address, ...]]],
    ) -> None:
        recorder = Recorder()
        for now, addresses, until in noted:
            recorder.note(LaneKind.CACHED, "CoreDNS", "db", now, addresses, until)
        (found,) = recorder.lanes()
        assert list(found.spans) == spans


def test_what_a_lane_holds_at_a_time() -> None:
    found = lane(LaneKind.CACHED, (1, 2, (ONE,)), (3, 4, (TWO,)))
    assert [found.at(now) for now in (0, 1, 2, 3.5, 4)] == [(), (ONE,), (), (TWO,), ()]


class TestTruth:
    @pytest.mark.parametrize(
        ("zones", "name", "spans"),
        [
            (
                "rds",
                "orders.abc123def456.us-east-1.rds.amazonaws.com",
                {0: "10.20.21.17", 90: "10.20.22.18"},
            ),
            ("alias", "db.corp.example", {0: "10.20.21.17", 90: "10.20.22.18"}),
            (
                "multi-region",
                "reads.shop.example",
                {0: "10.20.21.17 10.40.21.9", 120: "10.40.21.9"},
            ),
            ("multi-region", "writes.shop.example", {0: "10.20.21.17", 120: "10.40.21.9"}),
        ],
    )
    def test_changes_with_the_zones(self, zones: str, name: str, spans: dict[float, str]) -> None:
        found = truth(shipped_zones(zones), name).spans
        assert {each.start: " ".join(map(str, each.addresses)) for each in found} == spans

    def test_a_name_that_does_not_exist_has_no_address(self) -> None:
        assert possible(shipped_zones("rds"), "no.example", 0) == set()
        assert truth(shipped_zones("rds"), "no.example").spans == ()


@pytest.mark.parametrize(
    ("now", "service", "lost"),
    [
        (0, Service.SERVING, False),
        (20, Service.DOWN, True),
        (24, Service.DOWN, True),
        (25, Service.READ_ONLY, True),
        (99, Service.READ_ONLY, True),
    ],
)
def test_servers(now: float, service: Service, lost: bool) -> None:
    server = Server(ONE, ((20, Service.DOWN), (25, Service.READ_ONLY)))
    assert (server.at(now), server.lost(10, now)) == (service, lost)


def test_a_connection_opened_since_is_not_lost() -> None:
    assert not Server(ONE, ((20, Service.DOWN), (25, Service.SERVING))).lost(25, 30)


def attempt(at: float, result: Result, because: str = "", application: str = "web") -> Attempt:
    address = None if result is Result.NO_ADDRESS else ONE
    return Attempt(at, application, "db", address, result, because, ("F5.21",), 0.5)


TIMELINE = Timeline(
    "a test",
    60,
    (
        attempt(0, Result.CONNECTED, "allowed"),
        attempt(10, Result.NO_ADDRESS, "no DNS"),
        attempt(15, Result.NO_ADDRESS, "no DNS", "api"),
        attempt(20, Result.DENIED, "not allowed"),
        attempt(30, Result.REUSED),
        attempt(40, Result.UNANSWERED, "down"),
    ),
    (MOVES, lane(LaneKind.ALLOWED, (0, INF, (ONE, TWO)))),
    (Note(10, "the name moves"),),
)


class TestTimeline:
    def test_outages_last_until_the_next_attempt_that_works(self) -> None:
        assert [tuple(each) for each in TIMELINE.outages] == [
            ("web", 10, 30, 2, ("no DNS", "not allowed")),
            ("api", 15, 60, 1, ("no DNS",)),
            ("web", 40, 60, 1, ("down",)),
        ]

    def test_a_moment(self) -> None:
        table = TIMELINE.at(16).to_table()
        assert table.rows == (
            ("true", "web", "0.0.0.2"),
            ("allowed", "web", "0.0.0.1, 0.0.0.2"),
            ("no address", "api", "no DNS"),
            ("no address", "web", "no DNS"),
        )

    def test_a_table_of_attempts(self) -> None:
        table = TIMELINE.to_table()
        assert table.rows[3] == (20, "web", "db", "0.0.0.1", "denied", 0.5, "not allowed", "F5.21")
        assert len(table.rows) == 6

    def test_it_shows_itself(self) -> None:
        assert repr(TIMELINE) == (
            "a test: 60 s, 6 attempts, 4 failed\n"
            "      10.0 s  the name moves\n"
            "  outage 10.0 to 30.0 s of web: no DNS; not allowed\n"
            "  outage 15.0 to 60.0 s of api: no DNS\n"
            "  outage 40.0 to 60.0 s of web: down\n"
            "  exposure 10.0 to 60.0 s of web: 0.0.0.1"
        )

    def test_it_shows_a_few_outages(self) -> None:
        many = [attempt(0, Result.DENIED, "x", f"web {n}") for n in range(9)]
        assert "  and 4 outages more" in repr(Timeline("many", 1, tuple(many)))
