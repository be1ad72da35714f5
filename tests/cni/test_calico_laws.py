"""The laws of Calico's tiers, held against generated policies that went through the reader."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.ends import parties
from nsimlib.evaluation.engine import evaluate
from nsimlib.evaluation.reachability import Reachability
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Action, Combination, Direction, Policy, Rule, Tier
from nsimlib.model.ports import Port, Protocol
from nsimlib.model.selectors import EVERYTHING, LabelSelector
from tests import strategies as make
from tests.calico import CALICO, clusters

pytestmark = pytest.mark.laws

PORTS = Port(80), Port(53, Protocol.UDP), Port(8, Protocol.ICMP)
NOBODY = PodPeer(EVERYTHING, LabelSelector.of(app="nobody"))


def questions(cluster: Cluster) -> Iterator[Connection]:
    """Every pod asks every other one."""
    for (source, destination), port in product(permutations(cluster.pods, 2), PORTS):
        yield Connection(make.name_of(source), make.name_of(destination), port)


def outcomes(cluster: Cluster) -> list[Outcome]:
    return [evaluate(cluster, asked, CALICO).outcome for asked in questions(cluster)]


def with_policies(cluster: Cluster, *policies: Policy) -> Cluster:
    return replace(cluster, policies=policies)


def for_all(name: str, action: Action, order: float, tier: str = "default") -> Policy:
    """A policy of the cluster for all pods and whatever they send or receive."""
    rules = tuple(Rule(direction, action=action) for direction in Direction)
    subject, directions = PodPeer(EVERYTHING), frozenset(Direction)
    kind = "GlobalNetworkPolicy"
    return Policy(kind, None, name, subject, directions, frozenset(), rules, order, tier)


@given(clusters(), st.data())
def test_reachability_agrees_with_engine(cluster: Cluster, data: st.DataObject) -> None:
    reach = Reachability(cluster, CALICO)
    asked = (*questions(cluster), *data.draw(make.some_connections(cluster)))
    for connection in (each for each in asked if each.port.protocol.has_ports):
        (source,), (destination,) = (
            parties(cluster, end) for end in (connection.source, connection.destination)
        )
        found = reach.between(source, destination).outcome(connection.port)
        assert found is evaluate(cluster, connection, CALICO).outcome


@given(clusters())
def test_log_rules_change_nothing(cluster: Cluster) -> None:
    silent = (
        replace(each, rules=tuple(rule for rule in each.rules if rule.action is not Action.LOG))
        for each in cluster.policies
    )
    assert outcomes(with_policies(cluster, *silent)) == outcomes(cluster)


@given(clusters())
def test_the_order_of_the_files_does_not_matter(cluster: Cluster) -> None:
    turned = with_policies(cluster, *reversed(cluster.policies))
    assert outcomes(replace(turned, tiers=cluster.tiers[::-1])) == outcomes(cluster)


@given(
    make.clusters(hosts=False),
    st.lists(st.tuples(st.sampled_from((1.0, 2.0)), st.booleans()), min_size=1, max_size=4),
)
def test_the_lowest_order_decides_and_then_the_name(
    cluster: Cluster, said: list[tuple[float, bool]]
) -> None:
    actions = {True: Action.ALLOW, False: Action.DENY}
    policies = [for_all(f"p{i}", actions[yes], order) for i, (order, yes) in enumerate(said)]
    _, _, decides = min((order, i, yes) for i, (order, yes) in enumerate(said))
    found = set(outcomes(with_policies(cluster, *policies)))
    assert found <= {Outcome.ALLOWED if decides else Outcome.DENIED}


@given(clusters())
def test_pass_skips_the_rest_of_its_tier(cluster: Cluster) -> None:
    first = for_all("a", Action.PASS, -1.0, "security")
    others = (each for each in cluster.policies if each.tier != "security")
    passed = outcomes(with_policies(cluster, first, *cluster.policies))
    assert passed == outcomes(with_policies(cluster, *others))


@given(clusters())
def test_a_tier_without_an_applying_policy_is_skipped(cluster: Cluster) -> None:
    elsewhere = replace(for_all("a", Action.DENY, -1.0, "security"), subject=NOBODY)
    assert outcomes(with_policies(cluster, elsewhere, *cluster.policies)) == outcomes(cluster)


@given(clusters(), st.sampled_from((Action.PASS, Action.DENY)))
def test_a_policy_without_rules_does_what_its_tier_ends_with(
    cluster: Cluster, default: Action
) -> None:
    first = Tier("first", Combination.FIRST_MATCH, (), default, order=1.0)
    tiered = replace(cluster, tiers=(*cluster.tiers, first))
    says_it = for_all("a", default, 0.0, "first")
    bare = replace(says_it, rules=())
    said, left = (with_policies(tiered, each, *cluster.policies) for each in (says_it, bare))
    assert outcomes(left) == outcomes(said)
