"""What somebody accepts is not told again, and what is wrong with an acceptance is."""

from datetime import date

import pytest

import nsimlib as ns
from nsimlib.audit.run import Audit
from nsimlib.errors import ManifestError

TODAY = date(2026, 11, 23)
POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: dns
  namespace: shop
  annotations:
    nsimlib.io/ignore: |
      {entry}
spec:
  podSelector: {{}}
  policyTypes: [Egress]
  egress: [{{ports: [{{port: 53}}]}}]
"""


def audited(entry: str = "", baseline: str | None = None) -> Audit:
    cluster = ns.loads(POLICY.format(entry=entry))
    return ns.audit(cluster, cni="calico", today=TODAY, baseline=baseline)


BARE = audited()


@pytest.mark.parametrize(
    "entry",
    [
        "NSIM-P504=TCP is meant",
        "P504=TCP is meant;owner=data-team",
        "protocol-omitted=TCP is meant;until=2026-11-23",
    ],
)
def test_an_annotation_accepts_a_rule_for_its_object(entry: str) -> None:
    found = audited(entry)
    assert BARE.of("P504")
    assert not found.of("P504")
    assert [each.finding.id for each in found.accepted] == ["NSIM-P504"]
    assert "TCP is meant" in found.accepted[0].says
    assert found.notes == ()
    assert "1 accepted" in found.summary


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("NSIM-P504", "needs a reason"),
        ("NSIM-P504=", "needs a reason"),
        ("NSIM-P504=for now;until=2026-11-22", "which is over (for now)"),
        ("NSIM-P504=for now;until=soon", "soon is no date"),
    ],
)
def test_an_acceptance_that_does_not_count_is_named(entry: str, says: str) -> None:
    found = audited(entry)
    assert found.of("P504")
    assert says in found.notes[0]
    assert "NetworkPolicy shop/dns" in found.notes[0]


def test_a_baseline_accepts_what_is_there_and_nothing_new() -> None:
    baseline = BARE.to_baseline("known", owner="team", until="2027-01-01")
    found = audited(baseline=baseline)
    assert not found.findings
    assert {each.finding.fingerprint for each in found.accepted} == {
        each.fingerprint for each in BARE.findings
    }
    other = POLICY.format(entry="").replace("name: dns", "name: other")
    new = ns.audit(ns.loads(other), cni="calico", today=TODAY, baseline=baseline)
    assert new.findings


def test_a_baseline_keeps_the_reasons_it_had() -> None:
    first = BARE.to_baseline("known", owner="team")
    second = audited(baseline=first).to_baseline("another reason")
    assert second == first


def test_what_a_baseline_accepts_is_over_after_its_day() -> None:
    found = audited(baseline=BARE.to_baseline("for now", until="2026-11-22"))
    assert len(found.findings) == len(BARE.findings)
    assert len(found.notes) == len(BARE.findings)


def test_a_baseline_with_faults_names_all_of_them() -> None:
    text = "kind: Baseline\nfindings:\n- {rule: NSIM-P504, until: soon}\n"
    with pytest.raises(ManifestError) as caught:
        audited(baseline=text)
    told = str(caught.value)
    assert all(part in told for part in ("fingerprint", "reason", "until", "<text>:3"))
