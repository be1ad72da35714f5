"""Grading sets of ends is asking the tiers end by end: what `combine` and the judge say."""

from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsimlib.cni.profile import Profile
from nsimlib.evaluation.allports import Judge
from nsimlib.evaluation.bits import bits, nobody
from nsimlib.evaluation.combination import Outcome, combine, place_in
from nsimlib.evaluation.grading import Grade, Scale, Step
from nsimlib.evaluation.logic import Truth, all_of
from nsimlib.evaluation.pairs import Pairs
from nsimlib.evaluation.universe import Matching
from nsimlib.model.addresses import IPBlock
from nsimlib.model.cluster import Cluster
from nsimlib.model.peers import BlockPeer, PodPeer, UnknownPeer
from nsimlib.model.policy import Action, Combination, Direction, Policy, Rule, Tier
from nsimlib.model.ports import PolicyPort, Protocol
from nsimlib.model.selectors import EVERYTHING, LabelSelector
from tests import strategies as make
from tests.builders import EGRESS, policy, rule

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
TIERS = st.builds(
    partial(Tier, "tier", Combination.FIRST_MATCH, ("Admin", "Other")),
    default=st.sampled_from((PASS, DENY, ALLOW)),
    ties_are_open=st.booleans(),
)


def default(action: Action) -> Grade:
    return Grade(SCALE, rest=SCALE.mark(action, SCALE.everything))


def closed(tier: Tier, said: list[Said], doubted: int = 0) -> Grade:
    steps = [each.step(tier) for each in said]
    grade = Grade.of(SCALE, steps, ties_are_open=tier.ties_are_open)
    return grade.then(default(tier.default), partial(SCALE.closed, doubted=doubted))


def at(grade: Grade, end: int, port: int) -> Outcome:
    held = [marks for ends, marks in grade.cells if end in ends]
    assert len(held) <= 1, "cells are disjoint"
    allowed, possible = SCALE.outcome(*(held or [grade.rest]))
    if allowed >> port & 1:
        return Outcome.ALLOWED
    return Outcome.UNDETERMINED if possible >> port & 1 else Outcome.DENIED


def outcome(grade: Grade, end: int, port: int) -> Outcome | None:
    """What a grade says of one end on one port; None if a later tier is asked."""
    first, second = (at(grade.then(default(action)), end, port) for action in (ALLOW, DENY))
    return first if first is second else None


def combined(tier: Tier, said: list[Said], end: int, port: int) -> Outcome | None:
    policies = tuple(dict.fromkeys(each.policy for each in said))
    return combine(tier, EGRESS, policies, [each.at(end, port) for each in said]).outcome


@given(TIERS, st.lists(SAID, min_size=1, max_size=6), st.integers(0, SCALE.everything))
def test_a_grade_says_what_the_tier_decides_end_by_end(
    tier: Tier, said: list[Said], doubted: int
) -> None:
    said.sort(key=lambda each: place_in(tier, each.policy))
    grade, in_doubt = closed(tier, said), closed(tier, said, doubted)
    all_in_doubt = grade.doubted(bits(ENDS[:2]))
    for end, port in product(ENDS, PORTS):
        wanted = combined(tier, said, end, port)
        assert outcome(grade, end, port) is wanted
        otherwise = None if wanted is None else Outcome.UNDETERMINED
        is_open = doubted >> port & 1
        assert outcome(in_doubt, end, port) is (otherwise if is_open else wanted)
        assert outcome(all_in_doubt, end, port) is (otherwise if end < 2 else wanted)


@given(st.lists(st.tuples(TIERS, st.lists(SAID, min_size=1, max_size=4)), min_size=1, max_size=3))
def test_tiers_are_asked_until_one_decides(tiers: list[tuple[Tier, list[Said]]]) -> None:
    grade = default(ALLOW)
    for tier, said in reversed(tiers):
        said.sort(key=lambda each: place_in(tier, each.policy))
        grade = closed(tier, said).then(grade)
    for end, port in product(ENDS, PORTS):
        decided = (combined(tier, said, end, port) for tier, said in tiers)
        wanted = next((each for each in decided if each is not None), Outcome.ALLOWED)
        assert outcome(grade, end, port) is wanted


@given(TIERS, st.lists(SAID, min_size=2, max_size=6), st.integers(1, 5))
def test_a_tier_without_open_ties_may_be_cut_anywhere(
    tier: Tier, said: list[Said], cut: int
) -> None:
    tier = replace(tier, ties_are_open=False)
    said.sort(key=lambda each: place_in(tier, each.policy))
    first, second = (
        Grade.of(SCALE, [each.step(tier) for each in part]) for part in (said[:cut], said[cut:])
    )
    grade = first.then(second.then(default(tier.default)), SCALE.closed)
    for end, port in product(ENDS, PORTS):
        assert outcome(grade, end, port) is outcome(closed(tier, said), end, port)


def test_the_worked_example() -> None:
    """Deny 80 to A and B, allow both ports to B and C; then 443 to A, and nothing else."""
    web, tls, both = 0b01, 0b10, 0b11
    scale = Scale(both)

    def step(action: Action, ports: int, *ends: int) -> Step:
        return Step(action, Matching(bits(ends), nobody()), ports)

    first = Grade.of(scale, [step(DENY, web, 0, 1), step(ALLOW, both, 1, 2)])
    passing = first.then(Grade(scale, rest=scale.mark(PASS, both)), scale.closed)
    own = Grade.of(scale, [step(ALLOW, tls, 0)])
    last = passing.then(own.then(Grade(scale, rest=scale.mark(DENY, both)), scale.closed))
    says = {end: scale.outcome(marks) for ends, marks in last.cells for end in ends}
    assert {end: masks[0] for end, masks in says.items()} == {0: tls, 1: tls, 2: both}
    assert scale.outcome(last.rest) == (0, 0)
    (untouched,) = (cell.ends for cell in passing.cells if 2 in cell.ends)
    assert any(cell.ends is untouched for cell in last.cells), "what is common stays the same set"


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
    *make.PROFILES,
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


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Any tiers, with any one question settled otherwise."""
    settled = draw(make.profiles()).settles
    return replace(draw(st.sampled_from(PROFILES)), settles=settled)


PEERS = (
    None,
    (PodPeer(EVERYTHING, LabelSelector.of(app="web")),),
    (BlockPeer(IPBlock("10.0.0.0/30")), PodPeer(EVERYTHING, LabelSelector.of(app="db"))),
    (BlockPeer(IPBlock("fd00::/64")),),
    (UnknownPeer("who that is"),),
)
RULES = st.builds(
    Rule,
    st.sampled_from(Direction),
    st.sampled_from((None, None, (PolicyPort(None, 80),), (PolicyPort(Protocol.SCTP),))),
    st.sampled_from(PEERS),
    st.sampled_from(make.ADMIN_ACTIONS),
)


@st.composite
def policies(draw: st.DrawFn, number: int) -> Policy:
    """A policy of any kind, of a namespace or of none, for all of its pods: so that they meet."""
    kind = draw(st.sampled_from(("Admin", "NetworkPolicy", "Denying", "Baseline")))
    allows = [replace(each, action=ALLOW) for each in draw(st.lists(RULES, max_size=1))]
    rules = (*allows, *(draw(st.lists(RULES, max_size=2)) if kind != "NetworkPolicy" else ()))
    return Policy(
        kind,
        draw(st.sampled_from((None, make.NAMES[0]))),
        f"policy-{number}",
        PodPeer(EVERYTHING),
        frozenset(Direction),
        draw(st.sampled_from((frozenset(Direction), frozenset()))),
        rules,
        draw(st.sampled_from((0.0, 1.0))),
    )


@st.composite
def clusters(draw: st.DrawFn) -> Cluster:
    """Clusters with a few such policies."""
    found = [draw(policies(number)) for number in range(draw(st.integers(1, 5)))]
    return replace(draw(make.clusters()), policies=tuple(found))


@pytest.mark.laws
@settings(max_examples=200)
@given(clusters() | make.tiered(), profiles())
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
            for pod in pods:
                ends = (pod, outside) if direction is EGRESS else (outside, pod)
                assert pairs.between(*ends) == judge.between(*ends)
