"""Every rule against its fixture: what fires, what stays silent, and what its patch makes of it."""

import re
from graphlib import TopologicalSorter

import pytest

from nsimlib import Cluster, UnknownName, audit, loads, why
from nsimlib.audit.findings import Finding
from nsimlib.audit.registry import Rule
from nsimlib.audit.rules import MODULES, RULES
from nsimlib.audit.run import Audit
from nsimlib.audit.trials import Trial
from tests.audit.cases import FIXTURES, Section, sections

BAD = [each for each in sections() if each.kind == "bad" and "asks" not in each.words]
ASKING = [each for each in sections() if "asks" in each.words]
SILENT = [each for each in sections() if each.kind != "bad"]
PATCHED = [each for each in BAD if "nofix" not in each.words]


def read(text: str) -> Cluster:
    return loads(text, strict=False)


def audited(section: Section, text: str = "") -> Audit:
    """Ask the rules of the section's own family, so that families grow independently."""
    family = [each for each in RULES if each[:6] == section.rule[:6]]
    cluster = read(text or section.text)
    return audit(cluster, cni=section.cni, only=family, expect=section.expect)


def ids(found: Audit) -> set[str]:
    everything = (*found.findings, *(c for each in found.findings for c in each.consequences))
    return {each.id for each in everything}


def test_every_rule_has_a_fixture_and_every_fixture_a_rule() -> None:
    named = {f"{rule.id.removeprefix('NSIM-')}-{rule.slug}" for rule in RULES.values()}
    assert {path.stem for path in FIXTURES.glob("*.yaml")} == named


@pytest.mark.parametrize("rule", RULES)
def test_a_fixture_has_what_fires_and_what_does_not(rule: str) -> None:
    kinds = {each.kind for each in sections() if each.rule == rule}
    assert {"bad", "good"} <= kinds


@pytest.mark.parametrize("section", BAD, ids=str)
def test_bad_fires_the_rule_and_no_other_of_its_family(section: Section) -> None:
    assert ids(audited(section)) == {section.rule} | section.also


@pytest.mark.parametrize("section", SILENT, ids=str)
def test_good_and_guarded_stay_silent(section: Section) -> None:
    assert section.rule not in ids(audited(section))


@pytest.mark.parametrize("section", ASKING, ids=str)
def test_what_cannot_be_known_is_a_question(section: Section) -> None:
    found = audited(section)
    assert section.rule not in ids(found)
    assert section.rule in {each.id for each in found.questions}


@pytest.mark.parametrize("section", BAD, ids=str)
def test_a_witness_ends_as_the_rule_says(section: Section) -> None:
    found = audited(section)
    for each in found.of(section.rule):
        if each.hit.witness:
            verdict = why(found.context.cluster, each.hit.witness.connection, cni=section.cni)
            assert verdict.outcome is each.hit.witness.now


def mended(section: Section) -> tuple[str, list[Trial]]:
    """The text of a bad section with the patches of its rule applied, one after the other."""
    text, trials = section.text, list[Trial]()
    while found := audited(section, text).of(section.rule):
        finding: Finding = found[0]
        assert len(trials) < 9, f"{finding} is found again and again"
        trials.append(audit(read(text), cni=section.cni).trial(finding))
        for document in trials[-1].documents:
            lines = text.splitlines(keepends=True)
            if document.first:
                lines[document.first - 1 : document.last] = document.after
                text = "".join(lines)
            else:
                text += f"---\n{document.after}"
    return text, trials


@pytest.mark.parametrize("section", PATCHED, ids=str)
def test_fixed_is_bad_with_the_rules_own_patch(section: Section) -> None:
    assert mended(section)[0] == section.fixed


@pytest.mark.parametrize("section", PATCHED, ids=str)
def test_a_patch_mends_its_finding_and_brings_none_as_bad(section: Section) -> None:
    assert all(trial.is_mended for trial in mended(section)[1])


@pytest.mark.parametrize("section", [each for each in BAD if "nofix" in each.words], ids=str)
def test_without_a_patch_there_is_advice(section: Section) -> None:
    found = audited(section)
    for each in found.of(section.rule):
        assert each.hit.advice
        with pytest.raises(UnknownName, match="no patch for"):
            found.trial(each)


@pytest.mark.parametrize("section", BAD, ids=str)
def test_messages_are_short_and_name_their_object(section: Section) -> None:
    for each in audited(section).of(section.rule):
        assert len(each.message) <= 240
        names = {where.object.rpartition(" ")[2] for where in each.hit.where}
        assert any(name in each.message for name in names)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_says_when_it_fires_and_why_that_matters(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.slug)
    assert rule.title.endswith(".")
    assert rule.why


def test_ids_and_slugs_are_used_once() -> None:
    found = [rule for module in MODULES for rule in vars(module).values() if isinstance(rule, Rule)]
    assert len({rule.id for rule in found}) == len({rule.slug for rule in found}) == len(found)


def test_no_rule_follows_itself() -> None:
    """The sorter raises CycleError; a rule that is not there yet may be followed."""
    assert tuple(TopologicalSorter({r.id: r.follows for r in RULES.values()}).static_order())
