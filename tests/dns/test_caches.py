"""How long caches believe what they heard, alone and stacked."""

from functools import lru_cache
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsimlib.dns.caches import (
    Cache,
    JvmCache,
    MessageCache,
    Pool,
    ResolverCache,
    Routed,
    Settings,
)
from nsimlib.dns.records import Answer, Rcode, RecordType, Source
from nsimlib.dns.zone_files import shipped_zones
from nsimlib.dns.zones import Change, RecordSet, Zone, Zones
from nsimlib.model.addresses import Address, Family

A, AAAA, CNAME = RecordType
NAME = "db.example"


@lru_cache
def moving(ttl: float, *, step: float = 1, negative_ttl: float = 60) -> Zones:
    """A name whose address is the time, in steps, so that an answer shows how old it is."""
    sets = [
        RecordSet(NAME, A, ttl, (Address(Family.IPV4, int(n * step)),))
        for n in range(int(300 / step))
    ]
    changes = tuple(Change(n * step, upsert=(each,)) for n, each in enumerate(sets))
    return Zones((Zone("", changes=changes, negative_ttl=negative_ttl),))


def ages(source: Source, times: list[float]) -> list[float]:
    return [now - source.answer(NAME, A, now).addresses[0].value for now in times]


class Counting(Source):
    """A source that counts how often it is asked."""

    def __init__(self, source: Source) -> None:
        self.source, self.asked = source, 0

    def answer(self, name: str, type: RecordType = A, now: float = 0) -> Answer:
        self.asked += 1
        return self.source.answer(name, type, now)


class Failing(Source):
    """A source that cannot find out."""

    def answer(self, name: str, type: RecordType = A, now: float = 0) -> Answer:
        return Answer(name, type, Rcode.SERVFAIL, since=now)


class TestHowLong:
    """For how many seconds an answer is still given that is no longer true."""

    @pytest.mark.parametrize(
        ("cache", "seconds"),
        [
            # a resolver: the TTL
            (ResolverCache(moving(5)), 5),
            (ResolverCache(moving(100)), 100),
            # CoreDNS: from 5 s to 30 s (F5.17, F5.18)
            (MessageCache(moving(1)), 5),
            (MessageCache(moving(12)), 12),
            (MessageCache(moving(100)), 30),
            (MessageCache(moving(0), "CoreDNS", Settings(min_ttl=0)), 0),
            # a JVM (F5.20)
            (JvmCache(moving(5)), 30),
            (JvmCache(moving(100)), 30),
            (JvmCache(moving(5), ttl=60), 60),
            (JvmCache(moving(5), ttl=0), 0),
            (JvmCache(moving(5), ttl=-1), 250),
            (JvmCache(moving(5), security_manager=True), 250),
            (JvmCache(moving(5), ttl=10, security_manager=True), 10),
            # a pool (F5.21)
            (Pool(moving(5), max_lifetime=90), 90),
            (Pool(moving(5)), 250),
            # one in front of the other: the JVM may fetch what CoreDNS is about to forget
            (JvmCache(MessageCache(moving(5))), 30),
        ],
    )
    def test_an_address_is_believed(self, cache: Source, seconds: float) -> None:
        times = [float(now) for now in range(250)]
        found = ages(cache, times)
        assert max(found) == max(seconds - 1, 0)

    @pytest.mark.parametrize(
        ("cache", "seconds"),
        [
            (ResolverCache(moving(5, negative_ttl=60)), 60),
            (MessageCache(moving(5, negative_ttl=60)), 30),
            (MessageCache(moving(5, negative_ttl=1)), 5),
            (MessageCache(moving(5), "node-cache", Settings(max_negative_ttl=5)), 5),
            (JvmCache(moving(5)), 10),
            (JvmCache(moving(5), negative_ttl=0), 0),
            (Pool(moving(5)), 0),
        ],
    )
    def test_no_such_name_is_believed(self, cache: Cache | ResolverCache, seconds: float) -> None:
        cache.source = counting = Counting(cache.source)
        for now in range(120):
            assert cache.answer("no.example", A, now).rcode is Rcode.NXDOMAIN
        assert counting.asked == 120 / max(seconds, 1)

    @pytest.mark.parametrize(("cache", "asked"), [(MessageCache, 2), (ResolverCache, 10)])
    def test_a_failure_is_believed(self, cache: type[MessageCache], asked: int) -> None:
        counting = Counting(Failing())
        stacked = cache(counting)
        assert {stacked.answer(NAME, A, now).rcode for now in range(10)} == {Rcode.SERVFAIL}
        assert counting.asked == asked


class TestWhatIsHandedOn:
    def test_the_ttl_that_is_left(self) -> None:
        cache = MessageCache(moving(20))
        assert [cache.answer(NAME, A, now).ttl for now in (0, 5, 19, 20)] == [20, 15, 1, 20]

    def test_a_resolver_keeps_an_alias_for_longer_than_the_address_behind_it(self) -> None:
        cache = ResolverCache(shipped_zones("alias"))
        found = [cache.answer("db.corp.example", A, now) for now in (0, 4, 90, 299, 300)]
        assert [answer.records[0].ttl for answer in found] == [300, 296, 210, 1, 300]
        assert [str(answer.addresses[0]) for answer in found[1:3]] == ["10.20.21.17", "10.20.22.18"]

    def test_coredns_keeps_the_whole_answer_for_its_shortest_ttl(self) -> None:
        cache = MessageCache(shipped_zones("alias"))
        assert {record.ttl for record in cache.answer("db.corp.example").records} == {5}

    def test_an_alias_of_nothing(self) -> None:
        alias = RecordSet("a.example", CNAME, 5, ("no.example",))
        cache = ResolverCache(Zones((Zone("", (alias,), 60),)))
        for now in (0, 3):
            answer = cache.answer("a.example", A, now)
            assert (answer.rcode, answer.chain) == (Rcode.NXDOMAIN, ("a.example", "no.example"))

    def test_a_ttl_of_0_is_good_for_one_answer(self) -> None:
        sets = (
            RecordSet("a.example", CNAME, 0, ("b.example",)),
            RecordSet("b.example", A, 0, (ONE,)),
        )
        counting = Counting(Zones((Zone("", sets),)))
        cache = ResolverCache(counting)
        assert [cache.answer("a.example", A, now).addresses for now in (0, 1)] == [(ONE,), (ONE,)]
        assert counting.asked == 2

    def test_types_are_kept_apart(self) -> None:
        cache = MessageCache(moving(5))
        assert (cache.answer(NAME, A).addresses, cache.answer(NAME, AAAA).addresses) == (
            (ZERO,),
            (),
        )
        assert cache.lookup(NAME) == (ZERO,)


ZERO, ONE = Address(Family.IPV4, 0), Address(Family.IPV4, 1)


class TestSettings:
    def test_stale_answers_are_given_once_while_a_new_one_is_fetched(self) -> None:
        cache = MessageCache(moving(5), "CoreDNS", Settings(serve_stale=60))
        found = [cache.answer(NAME, A, now) for now in (0, 20, 21, 100)]
        assert [(answer.since, answer.ttl) for answer in found] == [
            (0, 5),
            (0, 0),
            (20, 4),
            (100, 5),
        ]

    def test_a_connection_that_breaks_is_opened_to_the_address_of_today(self) -> None:
        pool = Pool(moving(5))
        first, kept = (pool.lookup(NAME, now) for now in (0, 100))
        pool.forget(NAME)
        assert (first, kept, pool.lookup(NAME, 100)) == (
            (ZERO,),
            (ZERO,),
            (Address(Family.IPV4, 100),),
        )

    def test_the_longest_domain_is_asked(self) -> None:
        routed = Routed({"": Failing(), "example": moving(5)})
        assert routed.answer(NAME).rcode is Rcode.NOERROR
        assert routed.answer("example.com").rcode is Rcode.SERVFAIL


# Laws

TIMES = st.lists(st.floats(0.01, 40), min_size=1, max_size=20).map(accumulate).map(list)
TTLS = st.integers(0, 50)


@pytest.mark.laws
@given(TIMES, TTLS)
def test_an_answer_is_never_older_than_its_ttl_allows(times: list[float], ttl: int) -> None:
    allowed = {
        ResolverCache(moving(ttl)): ttl,
        MessageCache(moving(ttl)): max(5, min(30, ttl)),
        JvmCache(moving(ttl)): 30,
        Pool(moving(ttl), max_lifetime=17): 17,
    }
    for cache, longest in allowed.items():
        for now in times:
            answer = cache.answer(NAME, A, now)
            assert 0 <= now - answer.since <= longest
            assert answer.ttl + now - answer.since <= longest + 1e-9


@pytest.mark.laws
@given(TIMES, TTLS)
def test_stacked_caches_add_up_at_most(times: list[float], ttl: int) -> None:
    stack = JvmCache(MessageCache(ResolverCache(moving(ttl))))
    for now in times:
        assert now - stack.answer(NAME, A, now).since <= ttl + max(5, min(30, ttl)) + 30


@pytest.mark.laws
@given(TIMES, TTLS)
def test_what_is_held_is_what_was_said(times: list[float], ttl: int) -> None:
    zones = moving(ttl)
    cache = MessageCache(ResolverCache(zones))
    for now in times:
        answer = cache.answer(NAME, A, now)
        assert answer.addresses == zones.answer(NAME, A, answer.since).addresses
