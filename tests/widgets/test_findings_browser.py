"""The findings of an audit through filters: each at its extremes, and what is chosen is shown."""

import pytest

import nsimlib as ns
from nsimlib.audit.findings import Finding
from nsimlib.audit.model import Severity
from nsimlib.audit.run import Audit


@pytest.fixture(scope="module")
def audit() -> Audit:
    return ns.audit(ns.scenario("shop"), cni="calico")


@pytest.fixture
def browser(audit: Audit) -> ns.FindingsBrowser:
    return ns.FindingsBrowser(audit)


@pytest.mark.parametrize("severity", Severity)
def test_no_finding_is_milder_than_asked(browser: ns.FindingsBrowser, severity: Severity) -> None:
    browser.least.value = severity.word
    wanted = [f for f in browser.audit.findings if f.severity >= severity]
    assert list(browser.shown) == wanted
    assert len(browser.chosen.options) == len(wanted)


def test_families_part_the_findings(browser: ns.FindingsBrowser) -> None:
    letters = [letter for _, letter in browser.family.options if letter]
    parts = list[Finding]()
    for letter in letters:
        browser.family.value = letter
        parts += browser.shown
    assert sorted(map(str, parts)) == sorted(map(str, browser.audit.findings))


def test_a_text_finds_objects_rules_and_words(browser: ns.FindingsBrowser) -> None:
    for text in ("shop/web-egress", "dns-blocked", "D301"):
        browser.text.value = text
        assert browser.shown
        told = ((f, *f.consequences) for f in browser.shown)
        assert all(text in " ".join(f"{f} {f.slug} {f.place}" for f in each) for each in told)


def test_nothing_left_is_said(browser: ns.FindingsBrowser) -> None:
    browser.text.value = "no such word"
    assert browser.shown == ()
    assert "No finding passes" in browser.view.value


def test_the_chosen_finding_is_shown_with_its_patch(browser: ns.FindingsBrowser) -> None:
    for finding in browser.shown:
        browser.chosen.value = finding.fingerprint
        assert finding.slug in browser.view.value
        if finding.hit.fix:
            assert finding.hit.fix.says.partition("`")[0] in browser.view.value


def test_a_choice_stays_while_it_passes(browser: ns.FindingsBrowser) -> None:
    last = browser.shown[-1]
    browser.chosen.value = last.fingerprint
    browser.text.value = last.slug
    assert browser.chosen.value == last.fingerprint
