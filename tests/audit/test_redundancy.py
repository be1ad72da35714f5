"""Laws of the R rules: without what they report every connection ends as it did."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsimlib import audit, load, loads
from nsimlib.evaluation.difference import difference
from nsimlib.evaluation.isolation import isolation
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy
from tests.strategies import NAMES, guarded, like, with_paths

SPARE_RULES = ("NSIM-R801", "NSIM-R802")
SPARE_POLICIES = ("NSIM-R803", "NSIM-R807")
PROFILES = st.sampled_from(("spec", "calico", "cilium"))


@st.composite
def repetitive(draw: st.DrawFn) -> Cluster:
    """A cluster in whose policies some rules, and whole policies, come again in part."""
    cluster = draw(guarded())
    policies = tuple(_again(draw, policy) for policy in cluster.policies)
    first = policies[0]
    others = (replace(first, name="again"), draw(like(first)), _again(draw, first, "more"))
    return replace(
        cluster,
        policies=(*policies, *draw(st.lists(st.sampled_from(others), max_size=2, unique_by=id))),
    )


def _again(draw: st.DrawFn, policy: Policy, name: str = "") -> Policy:
    rules = list(policy.rules)
    for each in draw(st.lists(st.sampled_from(rules), max_size=2)) if rules else ():
        ports = each.ports and draw(st.sampled_from((each.ports, each.ports[:1])))
        peers = each.peers and draw(st.sampled_from((each.peers, each.peers[-1:])))
        rules.append(replace(each, ports=ports, peers=peers))
    return replace(policy, name=name or policy.name, rules=with_paths(rules))


def without(cluster: Cluster, found: list[tuple[str, str]]) -> Cluster:
    """The cluster without rules, by policy and path, and without policies, by a path of none."""

    def left(policy: Policy) -> Policy:
        gone = {path for name, path in found if name == f"{policy.kind} {policy.key}"}
        return replace(policy, rules=tuple(r for r in policy.rules if r.path not in gone))

    kept = (p for p in cluster.policies if (f"{p.kind} {p.key}", "") not in found)
    return replace(cluster, policies=tuple(map(left, kept)))


@pytest.mark.parametrize("rules", [SPARE_RULES, SPARE_POLICIES])
@given(cluster=repetitive(), cni=PROFILES)
def test_without_what_is_reported_nothing_changes(
    rules: tuple[str, ...], cluster: Cluster, cni: str
) -> None:
    found = audit(cluster, cni=cni, only=rules).findings
    spare = [(each.place.object, each.place.path) for each in found]
    for some in (*([one] for one in spare), spare):
        after = without(cluster, some)
        assert not difference(cluster, after, cni=cni).rows
        isolated = [
            {row[0]: [cell == "not isolated" for cell in row[1:]] for row in isolation(c).rows}
            for c in (cluster, after)
        ]
        assert isolated[0] == isolated[1]


@given(guarded(), st.data())
def test_a_rule_that_comes_again_is_reported(cluster: Cluster, data: st.DataObject) -> None:
    known = [(p, r) for p in cluster.policies for r in p.rules if r.direction in p.directions]
    if not known:
        return
    policy, rule = data.draw(st.sampled_from(known))
    twice = replace(policy, rules=with_paths((*policy.rules, rule)))
    after = cluster.with_policies(twice)
    found = audit(after, only=SPARE_RULES).findings
    assert f"NetworkPolicy {policy.key}" in {each.place.object for each in found}


@given(guarded(), st.sampled_from(NAMES))
def test_a_policy_that_comes_again_is_reported(cluster: Cluster, namespace: str) -> None:
    policy = replace(cluster.policies[0], namespace=namespace)
    after = replace(cluster, policies=(policy, replace(policy, name="again")))
    (found,) = audit(after, only=SPARE_POLICIES).findings
    assert found.place.object in (f"NetworkPolicy {policy.key}", f"NetworkPolicy {namespace}/again")


def test_overlays_in_folders_of_their_own_are_no_duplicates(tmp_path: Path) -> None:
    text = (
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: %s, "
        "namespace: shop}, spec: {podSelector: {}, policyTypes: [Egress]}}"
    )
    for folder in ("blue", "green"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "deny.yaml").write_text(text % folder, encoding="utf-8")
    assert not audit(load(tmp_path), only=["R807"]).findings
    assert audit(loads(f"{text % 'blue'}\n---\n{text % 'green'}"), only=["R807"]).findings
