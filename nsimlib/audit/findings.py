"""What a finding is: a rule, what it saw, and what follows from it.

::

    Finding            one root cause
    ├── rule           its id, slug, family, and why it matters
    ├── hit            what the rule function yielded: places, message, witness, fix
    └── consequences   findings of other rules that go away with this one
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

from nsimlib.audit.model import Confidence, Hit, Severity, Where
from nsimlib.audit.registry import Rule
from nsimlib.errors import visible
from nsimlib.model.tables import Table

__all__ = ["Finding", "findings_table", "numbered"]

COLUMNS = ("id", "rule", "severity", "confidence", "object", "path", "line", "message", "fix")

INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Finding:
    """One root cause; what follows from it are its `consequences`."""

    rule: Rule
    hit: Hit
    consequences: tuple["Finding", ...] = ()
    #: tells apart findings that nothing else does
    number: int = 1

    @property
    def id(self) -> str:
        """The id of the rule, such as `NSIM-D301`."""
        return self.rule.id

    @property
    def slug(self) -> str:
        """The name of the rule, such as `dns-blocked`."""
        return self.rule.slug

    @property
    def own_severity(self) -> Severity:
        """How bad it is by itself."""
        return self.rule.severity if self.hit.severity is None else self.hit.severity

    @property
    def severity(self) -> Severity:
        """How bad it is with all that follows from it."""
        return max((self.own_severity, *(each.severity for each in self.consequences)))

    @property
    def confidence(self) -> Confidence:
        """How sure it is."""
        return self.hit.confidence

    @property
    def place(self) -> Where:
        """Where to mend it."""
        return self.hit.where[0]

    @property
    def message(self) -> str:
        """What is wrong, in one line."""
        return visible(self.hit.message)

    @property
    def advice(self) -> str:
        """What would mend it: what its patch does, or what is to be thought of without one."""
        return self.hit.fix.says if self.hit.fix else self.hit.advice

    @property
    def fingerprint(self) -> str:
        """The same for the same finding in another version of the input.

        It goes by the object and the field of the first place, and by the key: neither lines nor
        positions in lists are in it.

        >>> from nsimlib.audit.rules import RULES
        >>> here, there = (
        ...     Finding(RULES["NSIM-T601"], Hit((Where("NetworkPolicy a/b", path),), ""))
        ...     for path in ("spec.egress[0]", "spec.egress[7]")
        ... )
        >>> here.fingerprint == there.fingerprint
        True
        """
        place = f"{self.place.object} {INDEX.sub('[]', self.place.path)}"
        said = "\n".join((self.id, place, self.hit.key, str(self.number)))
        return sha256(said.encode()).hexdigest()[:16]

    def numbered(self, number: int) -> "Finding":
        """Return it as one of several that are alike."""
        return replace(self, number=number)

    def causing(self, *consequences: "Finding") -> "Finding":
        """Return it with more that follows from it."""
        return replace(self, consequences=(*self.consequences, *consequences))

    def __str__(self) -> str:
        return f"{self.id} {self.severity.word}: {self.message}"


def numbered(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings of which those that nothing tells apart have numbers.

    So each has a fingerprint of its own.
    """
    seen = Counter[str]()
    told = []
    for each in findings:
        seen[each.fingerprint] += 1
        told.append(each.numbered(seen[each.fingerprint]))
    return told


def findings_table(title: str, findings: Iterable[Finding]) -> Table:
    """Return findings as a table, a row each."""
    return Table(title, COLUMNS, tuple(map(_row, findings)))


def _row(finding: Finding) -> tuple[object, ...]:
    place = finding.place
    return (
        finding.id,
        finding.slug,
        finding.severity.word,
        finding.confidence.word,
        place.object,
        place.path,
        str(place.source) if place.source.file else "",
        finding.message,
        finding.advice,
    )
