"""What an agent remembers after events, and laws of remembering and forgetting."""

from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsimlib.dns.learning import Event, Heard, Memory, Scanned, Swept
from nsimlib.dns.parameters import CILIUM, OPTIONS, STRICT, Parameters, parameter_table
from nsimlib.dns.records import Answer, Record, RecordType
from nsimlib.model.addresses import Address, Family

NAME, OTHER = "db.example", "reports.example"


def address(number: int) -> Address:
    return Address(Family.IPV4, number)


def answer(*numbers: int, name: str = NAME, ttl: float = 5) -> Answer:
    found = (Record(name, RecordType.A, ttl, address(number)) for number in numbers)
    return Answer(name, records=tuple(found))


def hear(at: float, *numbers: int, name: str = NAME, ttl: float = 5) -> Heard:
    return Heard(at, answer(*numbers, name=name, ttl=ttl))


def scan(at: float, *alive: int) -> Scanned:
    return Scanned(at, frozenset(map(address, alive)))


def remembered(*events: Event, parameters: Parameters = CILIUM) -> Memory:
    return reduce(Memory.after, events, Memory(parameters))


def numbers(memory: Memory) -> set[int]:
    return {each.value for each in memory.names}


FEW = replace(CILIUM, max_addresses=2)
NO_ZOMBIES = replace(CILIUM, max_zombies=0)


@pytest.mark.parametrize(
    ("events", "parameters", "known"),
    [
        ([], CILIUM, set()),
        ([hear(0, 1)], CILIUM, {1}),
        # what is over is allowed until somebody looks, and then kept for connections (F3.31)
        ([hear(0, 1), Swept(60)], CILIUM, {1}),
        ([hear(0, 1), Swept(60), scan(300), Swept(300)], CILIUM, {1}),
        ([hear(0, 1), Swept(60), scan(300), scan(600)], CILIUM, {1}),
        ([hear(0, 1), Swept(60), scan(300), scan(600), Swept(600)], CILIUM, set()),
        # scans from before it was over prove nothing
        ([hear(0, 1), scan(1), scan(2), scan(3), Swept(60)], CILIUM, {1}),
        # ... nor do those from before somebody looked: a connection would not have counted
        ([hear(0, 1), scan(10), scan(20), Swept(60), Swept(120)], CILIUM, {1}),
        # a connection keeps it, and goodbye takes two scans more than none
        ([hear(0, 1), Swept(60), scan(300, 1), scan(600, 1), Swept(660)], CILIUM, {1}),
        ([hear(0, 1), Swept(60), scan(300, 1), scan(600), Swept(660)], CILIUM, set()),
        # ... and whoever shares its name
        (
            [hear(0, 1), hear(30, 2), Swept(60), scan(300, 2), scan(600, 2), Swept(660)],
            CILIUM,
            {1, 2},
        ),
        (
            [hear(0, 1), hear(0, 2, name=OTHER), Swept(60), scan(300, 2), scan(600, 2), Swept(660)],
            CILIUM,
            {2},
        ),
        # heard again, it is as new
        (
            [hear(0, 1), Swept(60), hear(290, 1, ttl=900), scan(300), scan(600), Swept(660)],
            CILIUM,
            {1},
        ),
        # an earlier end does not count, a later one does
        (
            [hear(0, 1, ttl=900), hear(10, 1, ttl=5), Swept(60), scan(90), scan(95), Swept(120)],
            CILIUM,
            {1},
        ),
        ([hear(0, 1), Swept(60)], replace(NO_ZOMBIES, min_ttl=100), {1}),
        ([hear(0, 1), Swept(60)], NO_ZOMBIES, set()),
        # too many of one name: the oldest go, though somebody may be connected (F3.33)
        ([hear(n, n, ttl=900) for n in range(1, 5)] + [Swept(60)], FEW, {3, 4, 1, 2}),
        (
            [hear(n, n, ttl=900) for n in range(1, 6)]
            + [Swept(60), scan(70), scan(80), Swept(120)],
            replace(FEW, max_zombies=0),
            {4, 5},
        ),
        ([hear(0, 1, 2, 3), Swept(60), scan(300, 1)], FEW, {2, 3}),
        # an idle connection counts for a while
        (
            [hear(0, 1), Swept(60), scan(300, 1), scan(600), Swept(600)],
            replace(CILIUM, idle_grace=301),
            {1},
        ),
        # to the second (F1.65)
        ([hear(0, 1), Swept(4.9)], STRICT, {1}),
        ([hear(0, 1), Swept(5)], STRICT, set()),
    ],
)
def test_what_is_known(events: list[Event], parameters: Parameters, known: set[int]) -> None:
    assert numbers(remembered(*events, parameters=parameters)) == known


def test_the_name_that_counts_is_the_one_asked_for() -> None:
    """F3.27; where the whole chain counts, all its names do (F1.65)."""
    alias = Record("db.corp.example", RecordType.CNAME, 300, NAME)
    chained = replace(answer(1), name="db.corp.example", records=(alias, *answer(1).records))
    names = [remembered(Heard(0, chained), parameters=each).names for each in (CILIUM, STRICT)]
    assert names == [{address(1): {"db.corp.example"}}, {address(1): {"db.corp.example", NAME}}]


@pytest.mark.parametrize(
    ("parameters", "now", "due"),
    [
        (CILIUM, 0, 60),
        (CILIUM, 59, 60),
        (CILIUM, 60, 120),
        (STRICT, 0, 5),
        (STRICT, 5, float("inf")),
    ],
)
def test_when_it_is_swept_next(parameters: Parameters, now: float, due: float) -> None:
    assert remembered(hear(0, 1), parameters=parameters).due(now) == due


def test_every_parameter_is_in_the_table() -> None:
    assert [row[0] for row in parameter_table().rows] == list(OPTIONS)


# Laws

steps = st.lists(
    st.one_of(
        st.builds(hear, st.just(0), st.integers(1, 4), ttl=st.integers(1, 100)),
        st.just(Swept(0)),
        st.builds(scan, st.just(0), st.integers(1, 4)),
    ),
    max_size=20,
)


def timed(events: list[Event]) -> list[Event]:
    return [event._replace(at=float(10 * at)) for at, event in enumerate(events)]


@pytest.mark.laws
@given(events=steps)
def test_what_is_not_over_is_known(events: list[Event]) -> None:
    past = timed(events)
    now = 10.0 * len(past)
    fresh = {
        each.value
        for event in past
        if isinstance(event, Heard) and event.at + event.answer.ttl > now
        for each in event.answer.addresses
    }
    assert fresh <= numbers(remembered(*past, Swept(now)))


@pytest.mark.laws
@given(events=steps)
def test_what_is_connected_is_never_forgotten(events: list[Event]) -> None:
    past: list[Event] = [
        scan(e.at, 1, 2, 3, 4) if isinstance(e, Scanned) else e for e in timed(events)
    ]
    heard = {each.value for e in past if isinstance(e, Heard) for each in e.answer.addresses}
    assert numbers(remembered(*past)) == heard


@pytest.mark.laws
@given(events=steps)
def test_after_all_is_over_and_nobody_is_connected_nothing_is_known(events: list[Event]) -> None:
    later: list[Event] = [Swept(1000), scan(1001), scan(1002), Swept(1003)]
    assert numbers(remembered(*timed(events), *later)) == set()


@pytest.mark.laws
@given(events=steps)
def test_only_hearing_makes_an_address_known(events: list[Event]) -> None:
    memory = Memory()
    for event in timed(events):
        before, memory = memory, memory.after(event)
        if not isinstance(event, Heard):
            assert numbers(memory) <= numbers(before)


@pytest.mark.laws
@given(events=steps)
def test_a_strict_memory_knows_what_is_not_over_and_nothing_else(events: list[Event]) -> None:
    past = timed(events)
    now = 10.0 * len(past)
    known = remembered(*past, Swept(now), parameters=replace(STRICT, max_addresses=9))
    fresh = {
        each.value
        for event in past
        if isinstance(event, Heard) and event.at + event.answer.ttl > now
        for each in event.answer.addresses
    }
    assert numbers(known) == fresh
