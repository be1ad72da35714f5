"""Where enforcers part: cell by cell what each says alone, and for a reason."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsimlib.cni.profile import Profile, load_profile
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.compare import compare, matrices
from nsimlib.evaluation.overlay import Overlay
from nsimlib.evaluation.pairs import Pairs
from nsimlib.evaluation.partings import partings
from nsimlib.lessons.scenarios import scenario
from nsimlib.model.addresses import AddressRange
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import NAME_LABEL, Namespace, Party, Pod
from nsimlib.model.policy import Direction
from tests import strategies as make
from tests.builders import block, pod, pods, policy, rule

WEB = pod("shop/web", "10.0.0.1", app="web")
API = pod("shop/api", "10.0.0.7", app="api")
SHOP = Cluster({"shop": Namespace("shop", {NAME_LABEL: "shop"})}, (WEB, API))


def settled(question: str, value: str | bool | None) -> Profile:
    spec = load_profile("spec")
    found = replace(spec[question], value=value)
    return replace(spec, name=question, settles={**spec.settles, question: found})


@given(st.data())
def test_each_enforcer_is_told_as_it_is_alone(data: st.DataObject) -> None:
    """Every pair of ends is in a parting, with what each says, or all say the same of it."""
    cluster = data.draw(make.clusters(hosts=False))
    cluster = cluster.with_policies(
        data.draw(make.network_policies("one")), data.draw(make.deny_policies("two"))
    )
    pairs = [Pairs(cluster, data.draw(make.profiles())) for _ in range(3)]
    told = {
        (source, destination): ports
        for sources, destinations, ports in Overlay.of_one_cluster(pairs).differing()
        for source in sources
        for destination in destinations
    }
    inside = list(cluster.pods)
    outside = {d: list(pairs[0].universe.pieces[d]) for d in Direction}
    asked: list[tuple[Pod | AddressRange, Pod | AddressRange]] = [
        *((a, b) for a in inside for b in inside if a is not b),
        *((a, b) for a in outside[Direction.INGRESS] for b in inside),
        *((a, b) for a in inside for b in outside[Direction.EGRESS]),
    ]
    for source, destination in asked:
        ends = party(cluster, source), party(cluster, destination)
        alone = tuple(each.of_classes(*ends) for each in pairs)
        if len(set(alone)) > 1:
            assert told[source, destination] == alone
        else:
            assert (source, destination) not in told


def party(cluster: Cluster, end: Pod | AddressRange) -> Party:
    return end if isinstance(end, Pod) else cluster.external(end.start)


@pytest.mark.parametrize(
    ("cni", "outcome", "reason"),
    [
        ("flannel", Outcome.ALLOWED, ""),
        ("cilium", Outcome.DENIED, "ipBlock against pods"),
        ("calico", Outcome.ALLOWED, ""),
    ],
)
def test_one_connection(cni: str, outcome: Outcome, reason: str) -> None:
    """A block that holds a pod's address lets it through where addresses count (X2)."""
    cluster = SHOP.with_policies(policy("shop/out", rule(block("10.0.0.0/8")), app="web"))
    found = compare(cluster, "shop/web -> shop/api:80", cnis=["spec", cni])
    outcomes = {"spec": Outcome.ALLOWED, cni: outcome}
    assert found.outcomes == outcomes
    assert found.to_table().rows[1][3] == reason
    assert found.agree is (outcome is Outcome.ALLOWED)


def test_rows_are_grouped_by_reason() -> None:
    """Only the ports that differ for a reason are told under it."""
    cluster = SHOP.with_policies(policy("shop/out", rule(block("10.0.0.0/8")), app="web"))
    found = partings(cluster, ["spec", "cilium"])
    assert list(found.by_reason) == ["ipBlock against pods", "SCTP"]
    (row,) = found.by_reason["ipBlock against pods"]
    assert found.ends(row) == "shop/web -> shop/api"
    said = found.said(row, "ipBlock against pods")
    assert said == (("spec", "all TCP, all UDP"), ("cilium", "nothing"))
    assert row.witness == "shop/web -> shop/api:443/TCP"


def test_enforcers_that_agree_part_nowhere() -> None:
    cluster = SHOP.with_policies(policy("shop/out", rule(pods(app="api")), app="web"))
    found = partings(cluster, ["spec", "calico", "antrea"])
    assert not found
    assert found.summary == "spec, calico, antrea agree on every connection"


def test_matrices_name_the_cells_that_differ() -> None:
    found = matrices(scenario("isolation-is-a-switch"), "8080/TCP", cnis=["spec", "flannel"])
    assert found.differing == ()
    shop = matrices(scenario("shop"), "5432/TCP", cnis=["spec", "flannel"])
    assert ("shop/web", "data/db") in shop.differing
