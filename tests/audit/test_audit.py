"""What an audit is as a whole: root causes, fingerprints, stand-ins, texts that are changed."""

from pathlib import Path

import pytest

from nsimlib import UnknownName, audit, load, loads, scenario
from nsimlib.audit.model import Confidence, Need, Severity
from nsimlib.audit.patches import Patch
from nsimlib.audit.trials import patched
from nsimlib.evaluation.combination import Outcome

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Egress]
  egress:
  - to:
    - namespaceSelector: {matchLabels: {name: kube-system}}
    ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
  - to: [{ipBlock: {cidr: 203.0.113.0/24}}]
    ports: [{port: 443, protocol: TCP}]
"""
NAMESPACES = """\
apiVersion: v1
kind: Namespace
metadata: {name: kube-system}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
status: {podIP: 10.244.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
---
"""


def test_one_root_cause_is_one_finding() -> None:
    found = audit(loads(NAMESPACES + POLICY), cni="calico", only=("S203", "D301", "D309"))
    (root,) = found.findings
    assert (root.slug, [each.slug for each in root.consequences]) == (
        "namespace-name-label",
        ["dns-blocked", "dns-labels-stale"],
    )
    assert found.of("D301") == root.consequences[:1]


def test_mending_the_root_mends_what_follows() -> None:
    found = audit(loads(NAMESPACES + POLICY), cni="calico")
    trial = found.trial(found.findings[0])
    assert {each.id for each in trial.gone} == {"NSIM-S203", "NSIM-D301", "NSIM-D309"}
    assert trial.effect == (
        "removes NSIM-D301, NSIM-D309, NSIM-S203, "
        "allows more: + shop/api -> kube-system/coredns: 53/TCP, 53/UDP"
    )


def test_without_a_dump_the_author_may_be_right() -> None:
    (found,) = audit(loads(POLICY), cni="calico").findings
    assert (found.id, found.severity, found.confidence) == (
        "NSIM-S203",
        Severity.MEDIUM,
        Confidence.MAYBE,
    )


def test_what_rests_on_stand_ins_is_likely_at_best() -> None:
    udp = POLICY.replace("    - {port: 53, protocol: TCP}\n", "")
    (found,) = audit(loads(udp), cni="calico", only=["D302"]).findings
    assert found.confidence is Confidence.LIKELY


def test_a_trial_has_verdicts_before_and_after() -> None:
    found = audit(scenario("shop"), cni="calico")
    verdicts = found.trial(found.of("D302")[0]).verdicts
    assert verdicts
    assert [each.outcome for each in verdicts] == [Outcome.DENIED, Outcome.ALLOWED]


def test_a_trial_changes_nothing_but_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(NAMESPACES + POLICY, encoding="utf-8")
    cluster = load(path)
    found = audit(cluster, cni="calico")
    trial = found.trial(found.findings[0])
    assert path.read_text(encoding="utf-8") == NAMESPACES + POLICY
    assert cluster.policies == load(path).policies
    changed = "-    - namespaceSelector: {matchLabels: {name: kube-system}}\n"
    assert (trial.documents[0].file, trial.documents[0].first) == (str(path), 18)
    assert "@@ -23,7 +23,7 @@" in trial.diff
    assert changed in trial.diff


def test_a_fingerprint_knows_neither_lines_nor_positions() -> None:
    head, rules = POLICY.split("  egress:\n")
    first, second = rules[: rules.index("  - to: [{ip")], rules[rules.index("  - to: [{ip") :]
    turned = f"# moved\n{head}  egress:\n{second}{first}"
    prints = [
        {each.fingerprint for each in audit(loads(text), cni="calico").findings}
        for text in (POLICY, turned)
    ]
    assert prints[0] == prints[1]


def test_an_unrelated_namespace_removes_no_finding() -> None:
    more = "---\n{apiVersion: v1, kind: Namespace, metadata: {name: other}}\n"
    prints = [
        {each.fingerprint for each in audit(loads(text), cni="calico").findings}
        for text in (NAMESPACES + POLICY, NAMESPACES + POLICY + more)
    ]
    assert prints[0] <= prints[1]


def test_rules_that_lack_input_are_named() -> None:
    assert "NSIM-H901" in audit(loads(POLICY), cni="calico").unasked[Need.PODS]


def test_what_api_servers_refuse_is_found_in_a_lenient_reading() -> None:
    cluster = loads(POLICY.replace("UDP", "ICMP"), strict=False)
    found = audit(cluster, cni="calico")
    assert [each.id for each in found.findings] == ["NSIM-V101"]
    trial = found.trial(found.findings[0])
    assert trial.after.problems == ()
    assert [policy.key for policy in trial.after.cluster.policies] == ["shop/api"]


def test_an_unknown_rule_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"did you mean D3\d\d or D3"):
        audit(loads(POLICY), only=["D310x"])


def test_a_path_that_is_not_there_is_refused() -> None:
    cluster = loads(POLICY)
    patch = Patch("").remove(cluster.policies[0], "spec.egress[7].to")
    with pytest.raises(UnknownName, match="path of NetworkPolicy shop/api"):
        patched(cluster, patch)


def test_an_object_of_a_list_is_written_anew() -> None:
    listed = "apiVersion: v1\nkind: List\nitems:\n- " + POLICY.replace("\n", "\n  ")
    cluster = loads(listed)
    after, documents = patched(cluster, Patch("").put(cluster.policies[0], "spec.egress", []))
    assert documents[0].first == 0
    assert after.policies[0].rules == ()


def test_an_audit_shows_itself() -> None:
    found = audit(loads(POLICY), cni="calico")
    assert repr(found).startswith("Audit (calico): 1 medium\nid ")
    assert "namespace-name-label" in found._repr_html_()


def test_what_a_change_does_to_findings_is_told_with_those_that_are_accepted() -> None:
    before = audit(loads(NAMESPACES + POLICY), cni="calico")
    mended = POLICY.replace("name: kube-system", "kubernetes.io/metadata.name: kube-system")
    assert mended != POLICY
    known = before.to_baseline("known")
    after = audit(loads(NAMESPACES + mended), cni="calico", baseline=known)
    change = after.since(before)
    assert {each.id for each in change.taken_away} == {"NSIM-S203", "NSIM-D301", "NSIM-D309"}
    assert {each.id for each in change.kept} == {each.finding.id for each in after.accepted}
    assert not change.brought
    assert change.summary in repr(change)
    assert change.summary in change._repr_html_()


def test_a_trial_does_not_bring_what_is_accepted() -> None:
    before = audit(loads(NAMESPACES + POLICY), cni="calico")
    (first, *others) = before.findings
    entries = audit(loads(NAMESPACES + POLICY), cni="calico").to_baseline("known")
    kept = entries.replace(first.fingerprint, "f" * 16)
    after = audit(loads(NAMESPACES + POLICY), cni="calico", baseline=kept)
    assert [each.fingerprint for each in after.findings] == [first.fingerprint]
    assert after.trial(first).new == before.trial(first).new
    assert others


ORDERED = """\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: closed}
spec:
  order: 10
  types: [Egress]
  egress:
  - {action: Deny, destination: {nets: [10.0.0.0/8]}}
  - {action: Allow, destination: {nets: [10.20.0.0/16]}}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {order: 20, types: [Egress], egress: [{action: Allow}]}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: office}
spec: {order: 20, types: [Egress], egress: [{action: Allow}]}
"""


def test_a_rule_of_the_cluster_is_found_once_however_many_namespaces_there_are() -> None:
    found = audit(loads(ORDERED), cni="calico", only=["N730"]).findings
    assert [each.place.object for each in found] == ["GlobalNetworkPolicy closed"]
