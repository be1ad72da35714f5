"""Which connections should be allowed or denied: what is met, what is not, and why."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

import nsimlib as ns
from tests.conftest import ROOT

SHOP = ns.scenario("shop")
DNS = "shop/web -> kube-system/coredns:53/UDP"
OPEN = "data/reporting -> kube-system/service/kube-dns:53/UDP"
API = "shop/web -> shop/api:8080/TCP"
HEAD = "apiVersion: nsimlib.io/v1\nkind: Expectations\n"


class TestExpect:
    @pytest.mark.parametrize(
        ("text", "met"),
        [
            (f"allow: ['{API}']", True),
            (f"deny: ['{API}']", False),
            (f"deny: ['{DNS}']", True),
            (f"allow: ['{DNS}']", False),
            # what a missing fact decides is neither
            (f"allow: ['{OPEN}']", False),
            (f"deny: ['{OPEN}']", False),
            (f"connections: [{{connection: '{OPEN}', outcome: undetermined}}]", True),
            (f"connections: [{{connection: '{DNS}', outcome: denied, determined_by: []}}]", False),
            (
                f"connections: [{{connection: '{DNS}', outcome: denied,"
                " determined_by: [shop/web-egress]}]",
                True,
            ),
            (
                f"connections: [{{connection: '{API}', outcome: allowed, determined_by: "
                "['shop/api-ingress spec.ingress[0]', 'shop/web-egress spec.egress[2]']}]",
                True,
            ),
        ],
    )
    def test_compares_outcome_and_what_determines_it(self, text: str, met: bool) -> None:
        assert bool(ns.expect(SHOP, HEAD + text)) is met

    def test_the_expectations_of_the_shop_are_met(self) -> None:
        report = ns.expect(SHOP, ROOT / "data" / "scenarios" / "shop" / "expected.yaml")

        report.assert_met()
        assert len(report.checked) > 50

    def test_a_failure_raises_with_its_explanation(self) -> None:
        report = ns.expect(SHOP, allow=[DNS, API])

        with pytest.raises(AssertionError, match="expected allowed, found denied") as raised:
            report.assert_met()
        assert isinstance(raised.value, ns.ExpectationsNotMet)
        assert str(ns.why(SHOP, DNS)) in str(raised.value)
        assert API not in str(raised.value)

    def test_shows_itself(self) -> None:
        report = ns.expect(SHOP, allow=[DNS], deny=[DNS])

        assert str(report) == (
            f"Expectations (spec): 1 of 2 met\n- {DNS}: wanted allowed, found denied"
        )
        assert [row[0] for row in report.to_table().rows] == ["not met", "met"]
        assert "nearest miss" in report._repr_html_()

    def test_junit_counts_and_explains(self) -> None:
        suite = ElementTree.fromstring(ns.expect(SHOP, allow=[DNS, API]).to_junit())

        assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
        assert [case.get("name") for case in suite] == [DNS, API]
        assert [failure.text for failure in suite.iter("failure")] == [str(ns.why(SHOP, DNS))]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("kind: Expectation\nallow: [x]\n", 'kind: Unsupported value: "Expectation"'),
            (f"{HEAD}alow: []\n", '3:1: alow: unknown field "alow". Did you mean "allow"?'),
            (f"{HEAD}connections: [{{outcome: allowed}}]", "connections[0].connection: Required"),
            (
                f"{HEAD}connections: [{{connection: '{DNS}', outcome: deny}}]",
                'connections[0].outcome: Unsupported value: "deny"',
            ),
            (f"{HEAD}allow: []\n", "expects nothing"),
            (f"{HEAD}allow: [\n", "<text>"),
        ],
    )
    def test_refuses_what_it_cannot_mean(self, text: str, words: str) -> None:
        with pytest.raises(ns.ManifestError) as raised:
            ns.expect(SHOP, text)
        assert words in str(raised.value)

    def test_says_which_file_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ns.ManifestError, match=r"none\.yaml: No such file"):
            ns.expect(SHOP, tmp_path / "none.yaml")
