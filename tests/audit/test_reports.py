"""An audit for other programs: valid, complete, and safe whatever the names in the input are."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

import nsimlib as ns
from nsimlib.audit.model import Severity
from nsimlib.audit.run import Audit
from nsimlib.views.audit_page import audit_page

SCHEMA = json.loads(Path(__file__).with_name("sarif-2.1.0.json").read_text(encoding="utf-8"))
HOSTILE = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: "<img src=x onerror=alert(1)>", namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: [{ports: [{port: 53}]}]
"""


@pytest.fixture(scope="module")
def shop() -> Audit:
    return ns.audit(ns.scenario("shop"), cni="calico")


@pytest.fixture(scope="module")
def hostile() -> Audit:
    return ns.audit(ns.loads(HOSTILE, strict=False), cni="calico")


def results(audit: Audit) -> list[dict[str, Any]]:
    log = json.loads(audit.to_sarif())
    jsonschema.validate(log, SCHEMA)
    return list(log["runs"][0]["results"])


def test_sarif_is_valid_and_has_every_finding_with_its_place(shop: Audit) -> None:
    found = results(shop)
    assert [each["ruleId"] for each in found] == [each.id for each in shop.findings]
    for result, finding in zip(found, shop.findings, strict=True):
        assert result["partialFingerprints"] == {"nsimlib/v1": finding.fingerprint}
        if finding.place.source.file:
            region = result["locations"][0]["physicalLocation"]["region"]
            assert region == {"startLine": finding.place.source.line}


def test_levels_are_those_of_the_severities(shop: Audit) -> None:
    levels = {each["level"] for each in results(shop)}
    assert levels <= {"error", "warning", "note"}
    rules = json.loads(shop.to_sarif())["runs"][0]["tool"]["driver"]["rules"]
    scores = {each["id"]: float(each["properties"]["security-severity"]) for each in rules}
    by_severity = sorted(shop.findings, key=lambda each: each.rule.severity)
    assert [scores[each.id] for each in by_severity] == sorted(
        scores[each.id] for each in by_severity
    )


def test_a_fix_in_sarif_replaces_the_lines_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    before = "# kept\n---\n" + NO_TCP
    file.write_text(before, encoding="utf-8")
    audit = ns.audit(ns.load(str(file), *map(str, SHOP)), cni="calico", only=["D302"])
    (result,) = (each for each in results(audit) if "fixes" in each)
    ((change,),) = (fix["artifactChanges"] for fix in result["fixes"])
    (replacement,) = change["replacements"]
    lines = before.splitlines(keepends=True)
    region = replacement["deletedRegion"]
    after = "".join(
        (
            *lines[: region["startLine"] - 1],
            replacement["insertedContent"]["text"],
            *lines[region["endLine"] - 1 :],
        )
    )
    assert after.startswith("# kept\n---\n")
    file.write_text(after, encoding="utf-8")
    again = ns.audit(ns.load(str(file), *map(str, SHOP)), cni="calico", only=["D302"])
    assert not again.of("D302")


NO_TCP = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: dns, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
      podSelector: {matchLabels: {k8s-app: kube-dns}}
    ports:
    - {port: 53, protocol: UDP}  # who needs more
"""
DATA = Path(ns.__file__).parents[1] / "data" / "scenarios" / "shop"
SHOP = [path for path in sorted(DATA.glob("*.yaml")) if path.stem not in ("policies", "expected")]


def test_junit_has_a_failure_for_each_finding_that_fails(shop: Audit) -> None:
    high = shop.at_least(Severity.HIGH)
    tree = ElementTree.fromstring(shop.to_junit(high))
    assert len(tree.findall(".//failure")) == len(high)
    assert len(tree.findall(".//testcase")) == len(shop.findings) + len(shop.questions)
    counted = sum(int(suite.get("failures", "0")) for suite in tree.findall("testsuite"))
    assert counted == len(high)


def test_markdown_is_short_and_names_what_is_left_out(shop: Audit) -> None:
    text = shop.to_markdown()
    assert len(text.splitlines()) <= 60
    assert text.startswith(f"**{shop.summary}**")
    assert text.count("<details>") == text.count("</details>") > 0


def test_no_report_takes_a_name_for_its_own_language(hostile: Audit) -> None:
    assert hostile.findings
    assert "<img" not in re.sub("```.*?```|`[^`]*`", "", hostile.to_markdown(), flags=re.DOTALL)
    assert "<img" not in audit_page(hostile)
    ElementTree.fromstring(hostile.to_junit())
    results(hostile)


def test_the_page_stands_alone_and_has_every_finding(shop: Audit) -> None:
    page = audit_page(shop)
    assert not any(word in page for word in ("<script", "<link", "@import", "src="))
    assert all(page.count(each.slug) for each in shop.findings)


def test_an_audit_that_finds_nothing_is_a_report_too() -> None:
    nothing = ns.audit(ns.loads("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}"))
    assert results(nothing) == []
    assert "no findings" in nothing.to_markdown()
    assert ElementTree.fromstring(nothing.to_junit()).tag == "testsuites"


def test_a_report_tries_the_worst_alone_and_says_what_it_left() -> None:
    few = ns.audit(ns.scenario("shop"), cni="calico", tries=1)
    fixes = [each for each in results(few) if "fixes" in each]
    patches = [each for each in few.findings if each.hit.fix]
    assert len(fixes) <= 1 < len(patches)
    assert few.untried == len(patches) - 1
    assert [few.reported(each) is not None for each in patches] == [True, *[False] * few.untried]
    assert audit_page(few).count("was not tried") == few.untried
    assert f"{few.untried} patches were not tried" in few.to_sarif()
