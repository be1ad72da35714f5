"""A section for each rule of the audit, with an example that is audited when the page is made."""

from collections.abc import Iterator

from nsimlib import audit, loads
from nsimlib.audit.findings import Finding
from nsimlib.audit.registry import Rule
from nsimlib.audit.run import Audit
from tests.audit.cases import Section, example_of

__all__ = ["rule_entry"]


def rule_entry(rule: Rule) -> str:
    """Return when a rule fires, why that matters, what it rests on, and what it says of an example.

    The example is the first of the rule's own fixture.
    """
    return "\n\n".join((f"({rule.id.lower()})=", *_about(rule), *_example(example_of(rule.id)), ""))


def _about(rule: Rule) -> Iterator[str]:
    yield f"## {rule.id} {rule.title}"
    yield f"*{rule.family}*, severity {rule.severity.word}, `{rule.slug}`"
    yield rule.why
    if rule.facts:
        yield f"Facts: {', '.join(rule.facts)}"
    if rule.references:
        yield f"See also: {'; '.join(f'`{each}`' for each in rule.references)}"


def _example(section: Section) -> Iterator[str]:
    found = audit(
        loads(section.text, strict=False),
        cni=section.cni,
        only=(section.rule,),
        expect=section.expect,
    )
    yield f"An example{f', {section.about}' if section.about else ''}:"
    yield _fenced("yaml", section.text)
    yield f"`nsim audit example.yaml --cni {section.cni} --rule {section.rule}` says:"
    (first, *_) = (*found.findings, *found.questions)
    yield _fenced("text", str(first))
    yield from _evidence(found, first)


def _evidence(found: Audit, finding: Finding) -> Iterator[str]:
    if witness := finding.hit.witness:
        yield f"A connection that shows it: `{witness.connection}` is {witness.now.value}."
    if trial := found.tried(finding):
        yield f"{finding.advice} Tried on a copy, the patch {trial.effect}:"
        yield _fenced("diff", trial.diff or trial.yaml)
    elif finding.advice:
        yield finding.advice


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.strip()}\n```"
