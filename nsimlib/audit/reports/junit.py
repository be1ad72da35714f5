"""An audit as JUnit XML: a suite for each family of rules, a case for each rule and object."""

from collections.abc import Iterable
from xml.etree import ElementTree

from nsimlib.audit.findings import Finding
from nsimlib.audit.registry import FAMILIES
from nsimlib.audit.run import Audit
from nsimlib.errors import visible

__all__ = ["junit"]


def junit(audit: Audit, failing: Iterable[Finding] | None = None) -> str:
    """Return an audit as JUnit XML.

    A case fails for each of the `failing` findings, else for all; other findings are cases that
    pass with a note. What needs more input is skipped, and says what it needs.
    """
    wrong = {each.fingerprint for each in (audit.findings if failing is None else failing)}
    top = ElementTree.Element("testsuites", name=f"nsim audit ({audit.profile})")
    for letter, about in FAMILIES.items():
        found = [each for each in audit.findings if each.id[5] == letter]
        open_ = [each for each in audit.questions if each.id[5] == letter]
        if found or open_:
            _suite(top, f"{letter}: {about}", found, open_, wrong)
    ElementTree.indent(top)
    return ElementTree.tostring(top, encoding="unicode") + "\n"


def _suite(
    top: ElementTree.Element,
    name: str,
    found: list[Finding],
    open_: list[Finding],
    wrong: set[str],
) -> None:
    failures = sum(each.fingerprint in wrong for each in found)
    counts = {
        "tests": str(len(found) + len(open_)),
        "failures": str(failures),
        "skipped": str(len(open_)),
    }
    suite = ElementTree.SubElement(top, "testsuite", {"name": visible(name), **counts})
    for each in found:
        case = _case(suite, each)
        kind = "failure" if each.fingerprint in wrong else "system-out"
        note = ElementTree.SubElement(case, kind)
        note.text = visible("\n".join((str(each), *map(str, each.hit.where), each.rule.why)))
        if kind == "failure":
            note.set("message", visible(each.message))
            note.set("type", each.severity.word)
    for each in open_:
        needs = ", ".join(need.value for need in each.hit.needs)
        ElementTree.SubElement(_case(suite, each), "skipped", message=visible(f"needs {needs}"))


def _case(suite: ElementTree.Element, finding: Finding) -> ElementTree.Element:
    about = {
        "classname": f"{finding.id} {finding.slug}",
        "name": visible(f"{finding.place.object} {finding.place.path}".strip()),
    }
    if finding.place.source.file:
        about |= {
            "file": visible(finding.place.source.file),
            "line": str(finding.place.source.line),
        }
    return ElementTree.SubElement(suite, "testcase", about)
