"""Evidence for controls: what supports one, what speaks against it, and no word of more."""

import re

import pytest

import nsimlib as ns
from nsimlib.audit.compliance import controls
from nsimlib.audit.rules import RULES
from nsimlib.views.audit_page import audit_page
from tests.conftest import ROOT

CIS = "CIS Kubernetes Benchmark 5.3.2"
CLOSED = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
"""


def said(cluster: ns.Cluster, control: str) -> str:
    (row,) = (
        each for each in ns.audit(cluster, cni="calico").compliance().rows if each[0] == control
    )
    return str(row[3])


def test_a_control_names_rules_that_are_there() -> None:
    assert {id for each in controls() for id in each.rules} <= RULES.keys()


def test_findings_speak_against_a_control() -> None:
    assert "speak against it" in said(ns.scenario("shop"), CIS)


def test_nothing_found_supports_it() -> None:
    assert said(ns.loads(CLOSED), CIS) == "supports it: nothing found"


def test_what_was_not_asked_is_no_support() -> None:
    policy = CLOSED.partition("---\n")[2]
    assert "NSIM-H901 needs pods" in said(ns.loads(policy), CIS)


def test_a_question_is_no_support() -> None:
    rows = ns.audit(ns.scenario("shop"), cni="spec").compliance().rows
    assert "needs the enforcer" in str(rows[0][3])


def test_the_page_has_the_evidence() -> None:
    page = audit_page(ns.audit(ns.scenario("shop"), cni="calico"))
    assert CIS in page


@pytest.mark.parametrize("name", ["data/compliance.yaml", "nsimlib/audit/compliance.py"])
def test_no_word_says_that_anything_complies(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"\bcompl(?:ies|y|iant)\b|\bcertif", text, re.IGNORECASE) == []
