"""What a change does to findings: those that it brings, those that it takes away, and the rest."""

from collections.abc import Iterable
from dataclasses import dataclass

from nsimlib.audit.findings import Finding
from nsimlib.model.shown import Shown
from nsimlib.model.tables import Table

__all__ = ["FindingChanges", "changes"]

COLUMNS = ("change", "id", "severity", "object", "path", "message")


@dataclass(frozen=True, repr=False)
class FindingChanges(Shown):
    """The findings of two audits, consequences among them, by what became of each."""

    brought: tuple[Finding, ...]
    taken_away: tuple[Finding, ...]
    kept: tuple[Finding, ...]

    @property
    def summary(self) -> str:
        """The counts in one line."""
        counts = len(self.brought), len(self.taken_away), len(self.kept)
        return "Findings: {} brought, {} taken away, {} kept".format(*counts)

    def table(self) -> Table:
        """Return what changes as a table; what is kept is counted alone."""
        rows = [("+", each) for each in self.brought] + [("-", each) for each in self.taken_away]
        return Table(self.summary, COLUMNS, tuple(_row(sign, each) for sign, each in rows))

    to_table = table


def changes(before: Iterable[Finding], after: Iterable[Finding]) -> FindingChanges:
    """Return what became of the findings of two audits, known by their fingerprints."""
    earlier, later = tuple(before), tuple(after)
    brought = _apart(later, earlier)
    known = {each.fingerprint for each in brought}
    kept = tuple(f for key, f in _everything(later).items() if key not in known)
    return FindingChanges(brought, _apart(earlier, later), kept)


def _apart(one: Iterable[Finding], other: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings of one audit that another has not."""
    theirs = _everything(other)
    return tuple(f for key, f in _everything(one).items() if key not in theirs)


def _everything(findings: Iterable[Finding]) -> dict[str, Finding]:
    flat = (f for each in findings for f in (each, *each.consequences))
    return {each.fingerprint: each for each in flat}


def _row(sign: str, finding: Finding) -> tuple[object, ...]:
    place = finding.place
    severity = finding.own_severity.word
    return sign, finding.id, severity, place.object, place.path, finding.message
