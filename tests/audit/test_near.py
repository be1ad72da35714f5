"""The law of what is near: whoever is not near another holds nothing of it."""

from hypothesis import given
from hypothesis import strategies as st

from nsimlib.audit.containment import holds
from nsimlib.audit.near import Intervals, NearRules
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Direction
from tests.strategies import guarded

NUMBERS = st.integers(0, 300)
INTERVALS = st.lists(st.tuples(st.sampled_from("ab"), NUMBERS, NUMBERS))


@given(INTERVALS, st.tuples(st.sampled_from("ab"), NUMBERS, NUMBERS))
def test_intervals_overlap_as_if_each_was_asked(
    intervals: list[tuple[str, int, int]], asked: tuple[str, int, int]
) -> None:
    spans = [(s, min(a, b), max(a, b), n) for n, (s, a, b) in enumerate(intervals)]
    space, first, last = asked[0], min(asked[1:]), max(asked[1:])
    found = Intervals(spans)
    expected = [n for s, a, b, n in spans if s == space and a <= last and first <= b]
    assert sorted(found.overlapping(space, first, last)) == expected


@given(guarded())
def test_what_is_near_holds_a_rule_exactly_if_all_others_do(cluster: Cluster) -> None:
    for direction in Direction:
        rules = [rule for policy in cluster.policies for rule in policy.rules_for(direction)]
        near = NearRules(rules, "shop")
        for rule in rules:
            others = [other for other in rules if other is not rule]
            around = [rules[n] for n in near.of(rule) if rules[n] is not rule]
            assert holds(around, rule, "shop") == holds(others, rule, "shop")
