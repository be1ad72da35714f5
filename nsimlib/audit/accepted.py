"""Findings that somebody has accepted, with a reason: by an annotation, or in a baseline file.

On the object, an entry a line::

    metadata:
      annotations:
        nsimlib.io/ignore: NSIM-C401=it holds databases only;until=2026-12-31;owner=data

In a file, as `Audit.to_baseline` writes it::

    apiVersion: nsimlib.io/v1
    kind: Baseline
    findings:
    - fingerprint: 0b1f6a2c9d3e4f50
      rule: NSIM-C401
      object: NetworkPolicy shop/web-egress
      reason: the subnet holds databases only
      owner: data-team
      until: "2026-12-31"
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, ClassVar

from nsimlib.audit.findings import Finding
from nsimlib.errors import ManifestError, Problem
from nsimlib.manifests.decoding import decode
from nsimlib.manifests.faults import Fault, invalid, required
from nsimlib.manifests.files import text_or_file
from nsimlib.manifests.yaml_text import read_yaml
from nsimlib.model.cluster import Cluster

__all__ = ["Acceptance", "Acceptances", "Accepted", "acceptances", "overdue"]

ANNOTATION = "nsimlib.io/ignore"


@dataclass(slots=True)
class Acceptance:
    """Who accepts a finding, why, and until when; without a fingerprint all of a rule's."""

    rule: str = ""
    object: str = ""
    reason: str = ""
    owner: str = ""
    until: str = ""
    fingerprint: str = ""

    @property
    def fault(self) -> str:
        """What it lacks, empty if nothing."""
        if not self.reason:
            return "an accepted finding needs a reason"
        return "" if not self.until or _date(self.until) else f"{self.until} is no date"

    def is_over(self, today: date) -> bool:
        """Whether its time is over; its last day still counts."""
        last = _date(self.until)
        return last is not None and last < today

    def __str__(self) -> str:
        owner = f", says {self.owner}" if self.owner else ""
        until = f", until {self.until}" if self.until else ""
        return f"{self.reason}{owner}{until}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding, and why nobody is to be told of it."""

    finding: Finding
    by: Acceptance

    @property
    def says(self) -> str:
        """The reason, who gave it, and until when it holds."""
        return str(self.by)


@dataclass(frozen=True)
class Acceptances:
    """What is accepted; `notes` say what of it does not count, and why."""

    entries: tuple[Acceptance, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, finding: Finding) -> Acceptance | None:
        """Return why a finding is accepted, None if it is not."""
        names = (finding.id, finding.id.removeprefix("NSIM-"), finding.slug)
        objects = finding.hit.objects
        for each in self.entries:
            if each.fingerprint:
                if each.fingerprint == finding.fingerprint:
                    return each
            elif each.rule in names and each.object in objects:
                return each
        return None


def acceptances(cluster: Cluster, baseline: str | None, today: date) -> Acceptances:
    """Return what the objects of a cluster, and a baseline as text or file, accept.

    Raises
    ------
    ManifestError
        If the baseline cannot be read, or an entry of it has no reason.
    """
    entries: list[Acceptance] = []
    notes: list[str] = []
    for each in (*_annotated(cluster), *(_read(baseline) if baseline else ())):
        about = " ".join(part for part in (each.rule, each.object) if part) or each.fingerprint
        if each.fault:
            notes.append(f"{about}: not accepted, {each.fault}")
        elif each.is_over(today):
            notes.append(f"{about}: accepted until {each.until}, which is over ({each.reason})")
        else:
            entries.append(each)
    return Acceptances(tuple(entries), tuple(notes))


def overdue(cluster: Cluster, today: date) -> Iterator[Acceptance]:
    """Yield what annotations of objects accepted until a day that is over."""
    return (each for each in _annotated(cluster) if not each.fault and each.is_over(today))


def _annotated(cluster: Cluster) -> Iterator[Acceptance]:
    for policy in cluster.policies:
        data: Mapping[str, Any] = policy.written.data if policy.written else {}
        annotations = (data.get("metadata") or {}).get("annotations") or {}
        lines = str(annotations.get(ANNOTATION, "")).splitlines()
        for line in filter(None, map(str.strip, lines)):
            yield replace(_entry(line), object=f"{policy.kind} {policy.key}")


def _entry(text: str) -> Acceptance:
    first, *more = (part.strip() for part in text.split(";"))
    rule, _, reason = (part.strip() for part in first.partition("="))
    named = dict(part.partition("=")[::2] for part in more)
    return Acceptance(rule, "", reason, named.get("owner", ""), named.get("until", ""))


@dataclass(slots=True)
class Baseline:
    """The object in the file."""

    ignored: ClassVar[dict[str, object]] = {"apiVersion": str, "kind": str, "metadata": object}
    findings: list[Acceptance] = field(default_factory=list)


def _read(source: str) -> Iterator[Acceptance]:
    text, file = text_or_file(source)
    problems: list[Problem] = []
    found: list[Acceptance] = []
    for document in read_yaml(text):
        problems += [flaw.problem(file) for flaw in document.flaws]
        if document.node is not None:
            decoded = decode(document.node, Baseline, file)
            faults = _faults(decoded.shape.findings)
            problems += decoded.problems
            problems += [fault.problem(file, document.node) for fault in faults]
            found += decoded.shape.findings
    if problems:
        raise ManifestError(problems)
    yield from found


def _faults(entries: Iterable[Acceptance]) -> Iterator[Fault]:
    for number, each in enumerate(entries):
        place = ("findings", number)
        if not each.fingerprint:
            yield required((*place, "fingerprint"))
        if not each.reason:
            yield required((*place, "reason"))
        if each.until and _date(each.until) is None:
            yield invalid((*place, "until"), each.until, "must be a date such as 2026-12-31")


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
