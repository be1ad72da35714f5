"""An audit as SARIF 2.1.0: what code hosts show beside the lines of a pull request."""

import json
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import PurePath
from typing import Any

from nsimlib.audit.accepted import Accepted
from nsimlib.audit.findings import Finding
from nsimlib.audit.model import Severity, Where
from nsimlib.audit.registry import Rule
from nsimlib.audit.run import Audit
from nsimlib.audit.trials import Trial

__all__ = ["sarif"]

Json = dict[str, Any]
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
#: what code hosts sort by
SCORES = {
    Severity.CRITICAL: "9.0",
    Severity.HIGH: "7.5",
    Severity.MEDIUM: "5.0",
    Severity.LOW: "3.0",
    Severity.INFO: "1.0",
}
#: names the way in which fingerprints are made, so that a later way can stand beside it
FINGERPRINT = "nsimlib/v1"


def sarif(audit: Audit) -> str:
    """Return an audit as a SARIF log; accepted findings are in it as suppressed results."""
    found = [(each, None) for each in audit.findings]
    accepted = [(each.finding, each) for each in audit.accepted]
    rules = sorted({each.rule.id: each.rule for each, _ in (*found, *accepted)}.items())
    numbers = {id: number for number, (id, _) in enumerate(rules)}
    results = [_result(audit, each, numbers[each.id], why) for each, why in (*found, *accepted)]
    driver = {
        "name": "nsimlib",
        "version": version("nsimlib"),
        "rules": [_rule(rule) for _, rule in rules],
    }
    run: Json = {"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}
    if audit.untried:
        run["invocations"] = [_incomplete(audit.untried)]
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _incomplete(untried: int) -> Json:
    says = f"{untried} patches were not tried and are no fixes here; --tries says how many may be."
    note = {"level": "note", "message": {"text": says}}
    return {"executionSuccessful": True, "toolExecutionNotifications": [note]}


def _rule(rule: Rule) -> Json:
    facts = f"\n\nFacts: {', '.join(rule.facts)}" if rule.facts else ""
    text = f"{rule.title}\n\n{rule.why}{facts}"
    return {
        "id": rule.id,
        "name": rule.slug,
        "shortDescription": {"text": rule.title},
        "help": {"text": text, "markdown": f"**{rule.title}**\n\n{rule.why}{facts}"},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "security-severity": SCORES[rule.severity],
            "tags": ["kubernetes", "network-policy", rule.family],
        },
    }


def _result(audit: Audit, finding: Finding, number: int, accepted: Accepted | None) -> Json:
    result: Json = {
        "ruleId": finding.id,
        "ruleIndex": number,
        "level": LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [_location(finding.place)],
        "relatedLocations": [_location(each) for each in finding.hit.where[1:]],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        "properties": {
            "confidence": finding.confidence.word,
            "consequences": [str(each) for each in finding.consequences],
        },
    }
    if accepted is not None:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": accepted.says}
        ]
    elif (trial := audit.reported(finding)) and (fixes := list(_fixes(trial))):
        result["fixes"] = fixes
    return result


def _location(place: Where) -> Json:
    location: Json = {
        "logicalLocations": [
            {"fullyQualifiedName": place.object, "kind": "object", "name": place.path or "metadata"}
        ]
    }
    if place.source.file and not place.source.file.startswith("<"):
        location["physicalLocation"] = {
            "artifactLocation": {"uri": PurePath(place.source.file).as_posix()},
            "region": {"startLine": max(place.source.line, 1)},
        }
    return location


def _fixes(trial: Trial) -> Iterator[Json]:
    """What replaces the lines of files; a patch that makes a new object has none to replace."""
    changes = [_change(*each) for each in _in_files(trial)]
    if changes and len(changes) == len(trial.documents) and trial.is_mended:
        told = trial.finding.hit.fix.says if trial.finding.hit.fix else ""
        yield {"description": {"text": f"{told} {trial.effect}"}, "artifactChanges": changes}


def _in_files(trial: Trial) -> Iterable[tuple[str, int, int, str]]:
    for each in trial.documents:
        if each.first and not each.file.startswith("<"):
            yield each.file, each.first, each.last, each.after


def _change(file: str, first: int, last: int, text: str) -> Json:
    region = {"startLine": first, "startColumn": 1, "endLine": last + 1, "endColumn": 1}
    replacement = {"deletedRegion": region, "insertedContent": {"text": text}}
    return {
        "artifactLocation": {"uri": PurePath(file).as_posix()},
        "replacements": [replacement],
    }
