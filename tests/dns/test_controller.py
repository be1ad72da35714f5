"""A controller that chases names: what it opens and when, and how late it is."""

from dataclasses import replace
from functools import lru_cache, reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsimlib.dns.controller import Controller, Reconciled, Target, reconcile, windows
from nsimlib.dns.enforcement import Watch
from nsimlib.dns.plays import scene
from nsimlib.dns.records import Answer, Rcode, Record, RecordType
from nsimlib.dns.simulation import Scene, simulate
from nsimlib.dns.timeline import Timeline
from nsimlib.dns.zones import Change, RecordSet, Zone, Zones
from nsimlib.manifests import dump, loads
from nsimlib.model.addresses import Address, Family, parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.peers import PodPeer
from nsimlib.model.ports import PolicyPort, Port, Protocol
from nsimlib.model.selectors import LabelSelector

A, AAAA = RecordType.A, RecordType.AAAA
NAME, OTHER = "db.example", "reports.example"
OLD, NEW = parse_address("10.20.21.17"), parse_address("10.20.22.18")
SIX = parse_address("2001:db8::5")
API = PodPeer(pods=LabelSelector.of(app="api"))
TARGET = Target("shop", "orders", API, (NAME,), (PolicyPort(Protocol.TCP, 5432),), grace=60)


def said(*addresses: Address, name: str = NAME) -> Answer:
    kind = AAAA if addresses and addresses[0].family is Family.IPV6 else A
    return Answer(name, kind, records=tuple(Record(name, kind, 5, each) for each in addresses))


FAILED = Answer(NAME, rcode=Rcode.SERVFAIL)
GONE = Answer(NAME, rcode=Rcode.NXDOMAIN)
Round = tuple[float, tuple[Answer, ...]]


def reconciled(*rounds: Round, target: Target = TARGET) -> Reconciled:
    return reduce(lambda was, now: reconcile(was, now[1], now[0]), rounds, Reconciled(target))


@pytest.mark.parametrize(
    ("rounds", "names", "open_"),
    [
        ([(0, (said(OLD),))], (NAME,), [OLD]),
        # the new one at once, the old one for its grace
        ([(0, (said(OLD),)), (59, (said(NEW),))], (NAME,), [OLD, NEW]),
        ([(0, (said(OLD),)), (60, (said(NEW),))], (NAME,), [NEW]),
        # ... which counts from when it was last heard
        ([(0, (said(OLD),)), (50, (said(OLD),)), (100, (said(NEW),))], (NAME,), [OLD, NEW]),
        ([(0, (said(OLD, NEW),))], (NAME,), [OLD, NEW]),
        ([(0, (said(OLD), said(SIX)))], (NAME,), [OLD, SIX]),
        # as long as DNS does not work, nothing is taken away
        ([(0, (said(OLD),)), (900, (FAILED,))], (NAME,), [OLD]),
        ([(0, (said(OLD),)), (900, (GONE,))], (NAME,), [OLD]),
        ([(0, (said(OLD),)), (900, ())], (NAME,), [OLD]),
        ([(0, (said(OLD),)), (900, (said(NEW), replace(FAILED, type=AAAA)))], (NAME,), [OLD, NEW]),
        # ... but that there is no AAAA is an answer
        ([(0, (said(OLD),)), (900, (said(NEW), replace(GONE, type=AAAA)))], (NAME,), [NEW]),
        # one name of two that cannot be looked up keeps all
        ([(0, (said(OLD),)), (900, (said(NEW),))], (NAME, OTHER), [OLD, NEW]),
        ([(0, (said(OLD),)), (900, (said(NEW), said(NEW, name=OTHER)))], (NAME, OTHER), [NEW]),
        ([(0, (FAILED,))], (NAME,), []),
    ],
)
def test_what_is_open(rounds: list[Round], names: tuple[str, ...], open_: list[Address]) -> None:
    assert sorted(reconciled(*rounds, target=replace(TARGET, names=names)).seen) == open_


class TestPolicies:
    def test_one_with_a_block_for_each_address(self) -> None:
        (policy,) = reconciled((0, (said(NEW, OLD), said(SIX)))).policies
        assert dump(Cluster(policies=(policy,))) == (
            "apiVersion: networking.k8s.io/v1\n"
            "kind: NetworkPolicy\n"
            "metadata:\n"
            "  name: orders\n"
            "  namespace: shop\n"
            "spec:\n"
            "  podSelector:\n"
            "    matchLabels:\n"
            "      app: api\n"
            "  egress:\n"
            "  - to:\n"
            "    - ipBlock:\n"
            "        cidr: 10.20.21.17/32\n"
            "    - ipBlock:\n"
            "        cidr: 10.20.22.18/32\n"
            "    - ipBlock:\n"
            "        cidr: 2001:db8::5/128\n"
            "    ports:\n"
            "    - protocol: TCP\n"
            "      port: 5432\n"
            "  policyTypes:\n"
            "  - Egress\n"
        )

    def test_none_before_anything_is_known(self) -> None:
        """A policy without blocks would deny all that the pod may do otherwise (F1.16)."""
        assert reconciled((0, (FAILED,))).policies == ()

    def test_what_an_earlier_run_opened_counts_as_heard_now(self) -> None:
        written = dump(Cluster(policies=reconciled((0, (said(OLD),))).policies))
        wide = "10.20.0.0/16"
        more = written.replace("    ports:", f"    - ipBlock:\n        cidr: {wide}\n    ports:")
        restored = Reconciled.of(TARGET, loads(more).policies, 1000)
        assert restored.seen == {OLD: 1000}
        assert sorted(reconcile(restored, (said(NEW),), 1059).seen) == [OLD, NEW]
        assert Reconciled.of(replace(TARGET, name="x"), loads(written).policies, 0).seen == {}


# Laws

addresses = st.builds(Address, st.just(Family.IPV4), st.integers(1, 5))
replies = st.one_of(
    st.just((FAILED,)),
    st.just((GONE,)),
    st.lists(addresses, min_size=1, max_size=3).map(lambda some: (said(*some),)),
)
histories = st.lists(replies, min_size=1, max_size=12)


def rounds_of(history: list[tuple[Answer, ...]], interval: float = 30) -> list[Round]:
    return [(interval * number, answers) for number, answers in enumerate(history)]


@pytest.mark.laws
@given(histories)
def test_what_was_heard_last_is_open(history: list[tuple[Answer, ...]]) -> None:
    rounds = rounds_of(history)
    heard = {each for answer in rounds[-1][1] for each in answer.addresses}
    assert heard <= reconciled(*rounds).seen.keys()


@pytest.mark.laws
@given(histories)
def test_what_was_once_open_is_never_empty_again(history: list[tuple[Answer, ...]]) -> None:
    rounds = rounds_of(history)
    ever = any(answer.addresses for answers in history for answer in answers)
    assert bool(reconciled(*rounds).policies) is ever


@pytest.mark.laws
@given(histories)
def test_what_is_open_was_heard_within_its_grace_or_cannot_be_looked_up(
    history: list[tuple[Answer, ...]],
) -> None:
    rounds = rounds_of(history)
    now, answers = rounds[-1]
    if any(answer.addresses for answer in answers):
        seen = reconciled(*rounds).seen
        assert all(now - at < TARGET.grace for at in seen.values())


@pytest.mark.laws
@given(histories)
def test_to_reconcile_again_changes_nothing(history: list[tuple[Answer, ...]]) -> None:
    rounds = rounds_of(history)
    once = reconciled(*rounds)
    assert reconcile(once, rounds[-1][1], rounds[-1][0]) == once


# Windows

PORT = Port(5432, Protocol.TCP)


@lru_cache
def shop() -> Cluster:
    return replace(scene("reconcile-windows").cluster, policies=())


def moving(at: float, ttl: float) -> Zones:
    old, new = (RecordSet(NAME, A, ttl, (each,)) for each in (OLD, NEW))
    return Zones((Zone("", (old,), 60, changes=(Change(at, "moves", (new,)),)),))


def chased(controller: Controller, change: float, ttl: float, lasts: float) -> Timeline:
    return simulate(
        Scene(
            "",
            shop(),
            moving(change, ttl),
            lasts,
            cni="calico",
            controllers=(controller,),
            watches=(Watch("shop/api", NAME, PORT),),
        )
    )


@pytest.mark.laws
@given(
    interval=st.integers(1, 90),
    grace=st.integers(0, 200),
    apply_seconds=st.integers(0, 4),
    ttl=st.integers(5, 30),
    change=st.integers(5, 200),
)
@settings(max_examples=150)
def test_the_simulation_confirms_the_windows(
    interval: int, grace: int, apply_seconds: int, ttl: int, change: int
) -> None:
    """CoreDNS keeps TTLs from 5 s to 30 s as they are (F5.18)."""
    controller = Controller(replace(TARGET, grace=grace), interval, apply_seconds)
    found = windows(controller, ttl, change=change)
    timeline = chased(controller, change, ttl, change + found.stale + 1)
    gaps = [each for each in timeline.gaps if NEW in each.addresses]
    assert [(each.start, each.seconds) for each in gaps] == (
        [(change, found.missing)] if found.missing else []
    )
    assert [(each.start, each.seconds) for each in timeline.exposures] == (
        [(change, found.stale)] if found.stale else []
    )
    worst = windows(controller, ttl)
    assert found.missing <= worst.missing
    assert found.stale <= worst.stale
    assert found.cut <= worst.cut


@pytest.mark.parametrize(
    ("interval", "grace", "ttl", "client_cache", "expected"),
    [
        (60, 0, 5, 0, (62, 62, 3)),
        # the application believes for half a minute what policy forgets at once (F5.20)
        (60, 0, 5, 30, (62, 62, 33)),
        (60, 60, 5, 30, (62, 62, 33)),
        (60, 61, 5, 30, (62, 122, 0)),
        # polls between two answers of the cache hear the old one
        (10, 0, 25, 0, (32, 32, 23)),
        (5, 30, 5, 0, (7, 32, 0)),
    ],
)
def test_windows_at_worst(
    interval: float, grace: float, ttl: float, client_cache: float, expected: tuple[float, ...]
) -> None:
    controller = Controller(replace(TARGET, grace=grace), interval, apply_seconds=2)
    assert windows(controller, ttl, client_cache=client_cache) == expected
