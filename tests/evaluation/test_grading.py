"""Grading sets of ends is asking the tiers end by end: what `combine` and the judge say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsimlib.cni.profile import Profile, Setting
from nsimlib.evaluation.allports import Judge
from nsimlib.evaluation.bits import bits, nobody
from nsimlib.evaluation.combination import Outcome, combine, place_in
from nsimlib.evaluation.grading import Chain, Grade, Stage, Step, graded
from nsimlib.evaluation.logic import Truth, all_of
from nsimlib.evaluation.marks import Marked, Scale, merged
from nsimlib.evaluation.pairs import Pairs
from nsimlib.evaluation.universe import Matching
from nsimlib.model.addresses import IPBlock
from nsimlib.model.cluster import Cluster
from nsimlib.model.peers import BlockPeer, PodPeer, UnknownPeer
from nsimlib.model.policy import Action, Combination, Direction, Policy, Rule, Tier
from nsimlib.model.ports import PolicyPort, Port, Protocol
from nsimlib.model.selectors import EVERYTHING, LabelSelector
from tests import strategies as make
from tests.builders import EGRESS, pod, policy, rule

ALLOW, DENY, PASS, _ = Action
ENDS, PORTS = range(4), range(3)
SCALE = Scale(0b111)


@dataclass(frozen=True)
class Said:
    """A rule, which ends it matches, and on which ports."""

    policy: Policy
    rule: Rule
    truths: tuple[Truth, ...]
    ports: int
    matched: Truth = False

    def at(self, end: int, port: int) -> "Said":
        return replace(self, matched=all_of((self.truths[end], bool(self.ports >> port & 1))))

    def step(self, tier: Tier) -> Step:
        sure, unsure = (
            bits(end for end in ENDS if self.truths[end] is wanted) for wanted in (True, None)
        )
        order = tier.order_of(self.policy)
        return Step(self.rule.action, Matching(sure, unsure), self.ports, order, self.policy.key)


ADMINS = [
    policy(key, kind=kind, order=order, isolates=False)
    for key, kind, order in product(("a", "shop/a", "b"), ("Admin", "Other"), (1.0, 2.0))
]
SAID = st.builds(
    Said,
    st.sampled_from(ADMINS),
    st.sampled_from([rule(action=action) for action in (ALLOW, DENY, PASS)]),
    st.tuples(*(st.sampled_from((True, False, None)) for _ in ENDS)),
    st.integers(1, SCALE.everything),
)
MASKS = st.integers(0, SCALE.everything)
TIERS = st.builds(
    partial(Tier, "tier", Combination.FIRST_MATCH, ("Admin", "Other")),
    default=st.sampled_from((PASS, DENY, ALLOW)),
    ties_are_open=st.booleans(),
)


def cells(tier: Tier, said: list[Said]) -> list[Marked]:
    said.sort(key=lambda each: place_in(tier, each.policy))
    return graded(SCALE, [each.step(tier) for each in said], ties_are_open=tier.ties_are_open)


def at(found: Sequence[Marked], rest: int, end: int, port: int) -> Outcome:
    held = [marks for ends, marks in found if end in ends]
    assert len(held) <= 1, "cells are disjoint"
    allowed, possible = SCALE.outcome(*(held or [rest]))
    if allowed >> port & 1:
        return Outcome.ALLOWED
    return Outcome.UNDETERMINED if possible >> port & 1 else Outcome.DENIED


def combined(tier: Tier, said: list[Said], end: int, port: int) -> Outcome | None:
    policies = tuple(dict.fromkeys(each.policy for each in said))
    return combine(tier, EGRESS, policies, [each.at(end, port) for each in said]).outcome


def graded_alone(stages: tuple[Stage, ...], found: list[Marked], *doubted: int) -> Grade:
    chain = Chain(SCALE, stages)
    return Grade(chain, (*chain.placed(0, found), chain.in_doubt(bits(doubted))))


@pytest.mark.parametrize(("last", "passed"), [(ALLOW, Outcome.ALLOWED), (DENY, Outcome.DENIED)])
@given(tier=TIERS, said=st.lists(SAID, min_size=1, max_size=6), doubted=MASKS)
def test_a_grade_says_what_the_tier_decides_end_by_end(
    last: Action, passed: Outcome, tier: Tier, said: list[Said], doubted: int
) -> None:
    # A tier without policies behind it shows what is passed on.
    grade = graded_alone((Stage(1, tier.default, doubted), Stage(0, last)), cells(tier, said))
    for end, port in product(ENDS, PORTS):
        wanted = combined(tier, said, end, port)
        if wanted and doubted >> port & 1:
            wanted = Outcome.UNDETERMINED
        assert at(grade.cells, grade.rest, end, port) is (wanted or passed)


@given(TIERS, st.lists(SAID, min_size=1, max_size=6))
def test_what_is_decided_about_ends_in_doubt_may_be_otherwise(tier: Tier, said: list[Said]) -> None:
    grade = graded_alone((Stage(1, tier.default),), cells(tier, said), 0)
    for end, port in product(ENDS, PORTS):
        decided = combined(tier, said, end, port)
        wanted = Outcome.UNDETERMINED if decided and end == 0 else decided or Outcome.ALLOWED
        assert at(grade.cells, grade.rest, end, port) is wanted


@given(
    st.lists(
        st.tuples(TIERS, st.lists(SAID, min_size=1, max_size=3), st.booleans()),
        min_size=1,
        max_size=3,
    )
)
def test_tiers_are_asked_until_one_decides_whoever_has_them_in_common(
    tiers: list[tuple[Tier, list[Said], bool]],
) -> None:
    chain = Chain(SCALE, tuple(Stage(1, tier.default) for tier, *_ in tiers))
    common: list[Marked] = []
    own: list[Marked] = []
    for place, (tier, said, is_common) in enumerate(tiers):
        (common if is_common else own).extend(chain.placed(place, cells(tier, said)))
    grade = Grade(chain, common)
    found = grade.with_own(merged(own))
    for end, port in product(ENDS, PORTS):
        decided = (combined(tier, said, end, port) for tier, said, _ in tiers)
        wanted = next((each for each in decided if each), Outcome.ALLOWED)
        assert at(found, grade.rest, end, port) is wanted


@given(TIERS, st.lists(SAID, min_size=2, max_size=6), st.integers(1, 5))
def test_a_tier_without_open_ties_may_be_cut_anywhere(
    tier: Tier, said: list[Said], cut: int
) -> None:
    tier = replace(tier, ties_are_open=False)
    said.sort(key=lambda each: place_in(tier, each.policy))
    chain = Chain(SCALE, (Stage(2, tier.default),))
    parts = enumerate((said[:cut], said[cut:]))
    grade = Grade(chain, [c for n, part in parts for c in chain.placed(n, cells(tier, part))])
    for end, port in product(ENDS, PORTS):
        wanted = combined(tier, said, end, port) or Outcome.ALLOWED
        assert at(grade.cells, grade.rest, end, port) is wanted


def test_the_worked_example() -> None:
    """Deny 80 to A and B, allow both ports to B and C; then, of one's own, allow 443 to A."""
    web, tls, both = 0b01, 0b10, 0b11
    scale = Scale(both)

    def step(action: Action, ports: int, *ends: int) -> Step:
        return Step(action, Matching(bits(ends), nobody()), ports)

    chain = Chain(scale, (Stage(1, PASS), Stage(1, DENY)))
    first = graded(scale, [step(DENY, web, 0, 1), step(ALLOW, both, 1, 2)])
    grade = Grade(chain, chain.placed(0, first))
    found = grade.with_own(list(chain.placed(1, graded(scale, [step(ALLOW, tls, 0)]))))
    says = {end: scale.outcome(marks) for ends, marks in found for end in ends}
    assert says == {0: (tls, tls), 1: (tls, tls), 2: (both, both)}
    assert scale.outcome(grade.rest) == (0, 0)
    (common,) = (ends for ends, _ in grade.cells if 2 in ends)
    assert any(ends is common for ends, _ in found), "what pods have in common stays the same set"


# Through the whole evaluation

OPEN = replace(make.ADMIN, ties_are_open=True)
CALICO = Tier(
    "default",
    Combination.FIRST_MATCH,
    ("NetworkPolicy", "Admin", "Denying"),
    Action.DENY,
    orders=(("NetworkPolicy", 1.0),),
)
PROFILES = (
    make.TIERED,
    make.CLOSED,
    make.DENY_FIRST,
    replace(make.TIERED, name="open ties", tiers=(OPEN, make.UNION, make.BASELINE)),
    replace(make.TIERED, name="one order", tiers=(CALICO, make.BASELINE)),
    replace(
        make.TIERED,
        name="denials in between",
        tiers=(
            Tier("Baseline", Combination.FIRST_MATCH, ("Baseline",)),
            Tier("both", Combination.DENY_FIRST, ("NetworkPolicy", "Denying", "Admin")),
        ),
    ),
)


DOUBTS: tuple[dict[str, Setting], ...] = (
    {},
    {"sctp": Setting("unsupported")},
    {"ipv6": Setting(None)},
)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Any tiers, with any one question settled otherwise, and sometimes with doubts."""
    settled = {**draw(make.profiles()).settles, **draw(st.sampled_from(DOUBTS))}
    return replace(draw(st.sampled_from(PROFILES)), settles=settled)


WEB = PodPeer(EVERYTHING, LabelSelector.of(app="web"))
PORTS_NAMED = PolicyPort(None, 80), PolicyPort(Protocol.SCTP), PolicyPort(None, "http")
PEERS = (
    None,
    None,
    (UnknownPeer("who that is"),),
    (WEB,),
    (BlockPeer(IPBlock("10.0.0.0/30")), PodPeer(EVERYTHING, LabelSelector.of(app="db"))),
    (BlockPeer(IPBlock("fd00::/64")),),
    (UnknownPeer("who that is"),),
)
RULES = st.builds(
    Rule,
    st.sampled_from(Direction),
    st.sampled_from([None, None, *((port,) for port in PORTS_NAMED)]),
    st.sampled_from(PEERS),
    st.sampled_from(make.ADMIN_ACTIONS),
    subject=st.sampled_from((None, None, (WEB,))),
)


@st.composite
def policies(draw: st.DrawFn, number: int) -> Policy:
    """A policy of any kind, of a namespace or of none, for all of its pods: so that they meet."""
    kind = draw(st.sampled_from(("Admin", "NetworkPolicy", "Denying", "Baseline")))
    rules = draw(st.lists(RULES, min_size=1, max_size=3))
    if kind == "NetworkPolicy":
        rules = [replace(each, action=ALLOW) for each in rules]
    return Policy(
        kind,
        draw(st.sampled_from((None, make.NAMES[0]))),
        f"policy-{number}",
        PodPeer(EVERYTHING),
        frozenset(Direction),
        draw(st.sampled_from((frozenset(Direction), frozenset()))),
        tuple(rules),
        draw(st.sampled_from((0.0, 1.0))),
    )


@st.composite
def clusters(draw: st.DrawFn) -> Cluster:
    """Clusters with a few such policies."""
    found = [draw(policies(number)) for number in range(draw(st.integers(2, 5)))]
    return replace(draw(make.clusters()), policies=tuple(found))


@pytest.mark.laws
@settings(max_examples=300)
@given(clusters(), profiles())
def test_graded_cells_say_what_the_judge_says_end_by_end(
    cluster: Cluster, profile: Profile
) -> None:
    pairs = Pairs(cluster, profile)
    judge = Judge(pairs.cluster.policies, pairs.profile)
    pods, universe = pairs.cluster.pods, pairs.universe
    for source, destination in product(pods, repeat=2):
        assert pairs.between(source, destination) == judge.between(source, destination)
    for direction in Direction:
        for number in universe.ends(direction)[len(universe.faces) :]:
            outside = universe.external(direction, number)
            for here in pods:
                ends = (here, outside) if direction is EGRESS else (outside, here)
                assert pairs.between(*ends) == judge.between(*ends)


@pytest.mark.parametrize(
    ("orders", "outcome"), [((1, 1), Outcome.UNDETERMINED), ((1, 2), Outcome.ALLOWED)]
)
def test_ties_are_open_between_the_cluster_and_a_namespace(
    orders: tuple[int, int], outcome: Outcome
) -> None:
    pods = (pod("shop/web", "10.0.0.1"), pod("shop/db", "10.0.0.2"))
    opposed = [
        policy(key, rule(action=action), kind="Admin", isolates=False, order=order)
        for key, action, order in zip(("first", "shop/second"), (ALLOW, DENY), orders, strict=True)
    ]
    profile = replace(make.TIERED, tiers=(OPEN,))
    found = Pairs(Cluster(pods=pods, policies=tuple(opposed)), profile).between(*pods)
    assert found.outcome(Port(80)) is outcome
