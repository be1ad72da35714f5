"""The laws of Cilium's one tier, held against generated policies that went through the reader."""

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
from nsimlib.model.policy import Action, Direction, Policy
from nsimlib.model.ports import Port, Protocol
from tests import strategies as make
from tests.cilium import CILIUM, clusters

pytestmark = pytest.mark.laws

ALLOWED, DENIED, OPEN = Outcome.ALLOWED, Outcome.DENIED, Outcome.UNDETERMINED
PORTS = Port(80), Port(53, Protocol.UDP), Port(8, Protocol.ICMP)
#: what an outcome may become where more is denied
NARROWER = {ALLOWED: set(Outcome), OPEN: {OPEN, DENIED}, DENIED: {DENIED}}
WIDER = {ALLOWED: {ALLOWED}, OPEN: {OPEN, ALLOWED}, DENIED: set(Outcome)}


def questions(cluster: Cluster) -> Iterator[Connection]:
    """Every pod asks every other one, and an address that has a name."""
    for (source, destination), port in product(permutations(cluster.pods, 2), PORTS):
        yield Connection(make.name_of(source), make.name_of(destination), port)
    for pod in cluster.pods:
        yield Connection.parse(f"{pod.key} -> {make.DOMAIN}:80/TCP")


def outcomes(cluster: Cluster) -> list[Outcome]:
    return [evaluate(cluster, asked, CILIUM).outcome for asked in questions(cluster)]


def with_policies(cluster: Cluster, *policies: Policy) -> Cluster:
    return replace(cluster, policies=policies)


def without(policy: Policy, *actions: Action) -> Policy:
    """The policy without its rules that do this, for the same pods and isolating as before."""
    return replace(policy, rules=tuple(r for r in policy.rules if r.action not in actions))


@given(clusters(), st.data())
def test_reachability_agrees_with_engine(cluster: Cluster, data: st.DataObject) -> None:
    reach = Reachability(cluster, CILIUM)
    asked = (*questions(cluster), *data.draw(make.some_connections(cluster)))
    for connection in (each for each in asked if each.port.protocol.has_ports):
        (source,), (destination,) = (
            parties(cluster, end) for end in (connection.source, connection.destination)
        )
        found = reach.between(source, destination).outcome(connection.port)
        assert found is evaluate(cluster, connection, CILIUM).outcome


@given(clusters())
def test_a_denial_never_widens(cluster: Cluster) -> None:
    without_denials = (without(each, Action.DENY) for each in cluster.policies)
    before = outcomes(with_policies(cluster, *without_denials))
    for was, became in zip(before, outcomes(cluster), strict=True):
        assert became in NARROWER[was]


@given(clusters())
def test_an_allowance_that_does_not_isolate_never_narrows(cluster: Cluster) -> None:
    allowing = [without(each, Action.DENY) for each in cluster.policies[:1]]
    switched_off = [replace(each, isolates=frozenset()) for each in allowing]
    others = cluster.policies[1:]
    before = outcomes(with_policies(cluster, *others))
    after = outcomes(with_policies(cluster, *switched_off, *others))
    for was, became in zip(before, after, strict=True):
        assert became in WIDER[was]


@given(clusters())
def test_isolating_alone_allows_nothing_new(cluster: Cluster) -> None:
    bare = [replace(each, rules=()) for each in cluster.policies[:1]]
    others = cluster.policies[1:]
    before = outcomes(with_policies(cluster, *others))
    for was, became in zip(before, outcomes(with_policies(cluster, *bare, *others)), strict=True):
        assert became in NARROWER[was]


@given(clusters())
def test_the_order_of_the_files_does_not_matter(cluster: Cluster) -> None:
    assert outcomes(with_policies(cluster, *reversed(cluster.policies))) == outcomes(cluster)


@given(clusters())
def test_who_is_not_isolated_is_denied_by_denials_alone(cluster: Cluster) -> None:
    switched_off = (replace(each, isolates=frozenset()) for each in cluster.policies)
    open_to_all = with_policies(cluster, *switched_off)
    for asked in questions(cluster):
        for end in evaluate(open_to_all, asked, CILIUM).ends:
            if end.outcome is DENIED:
                actions = {rule.rule.action for rule in end.decision.rules}
                assert actions == {Action.DENY}
                assert end.direction in Direction
