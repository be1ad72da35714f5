"""A finding's patch, tried on a copy of the cluster before anybody is shown it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from nsimlib.audit.context import Context
from nsimlib.audit.documents import Document, document_of, new_document
from nsimlib.audit.findings import Finding
from nsimlib.audit.patches import Action, Change, Patch
from nsimlib.errors import ConnectionSyntaxError, Problem
from nsimlib.evaluation.difference import Difference, difference
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.verdict import Verdict
from nsimlib.manifests import loads
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.policy import Policy

__all__ = ["Trial", "patched"]


@dataclass(frozen=True)
class Trial:
    """What became of a cluster and its findings: `gone` with the patch, and `new` with it."""

    finding: Finding
    documents: tuple[Document, ...]
    gone: tuple[Finding, ...]
    new: tuple[Finding, ...]
    before: Context
    after: Context

    @property
    def is_mended(self) -> bool:
        """Whether the finding is gone, and nothing as bad or worse came in its place."""
        worse = any(each.own_severity >= self.finding.own_severity for each in self.new)
        return not worse and self.finding.fingerprint in {each.fingerprint for each in self.gone}

    @property
    def yaml(self) -> str:
        """The changed objects as YAML, in the words and the order of their author."""
        return "---\n".join(each.after for each in self.documents if each.after)

    @property
    def diff(self) -> str:
        """What changes in the files, as `diff -u` would print it."""
        return "".join(each.diff for each in self.documents)

    @cached_property
    def difference(self) -> Difference:
        """What changes of who may open what to whom."""
        profile = self.before.profile.name
        return difference(self.before.cluster, self.after.cluster, cni=profile)

    @property
    def effect(self) -> str:
        """What the patch does, in one line: findings that go or come, connections that change."""
        found = self.difference
        gained = [found.line(row) for row in found.rows if row.gained]
        lost = [found.line(row) for row in found.rows if row.lost]
        parts = (
            f"removes {_ids(self.gone)}" if self.gone else "removes no finding",
            f"brings {_ids(self.new)}" if self.new else "",
            f"allows more: {'; '.join(gained)}" if gained else "allows nothing more",
            f"allows less: {'; '.join(lost)}" if lost else "",
        )
        return ", ".join(part for part in parts if part)

    @property
    def verdicts(self) -> tuple[Verdict, Verdict] | None:
        """The verdict of the finding's witness before and after.

        None if it has none, or if its ends have names that no connection can be written with.
        """
        if (witness := self.finding.hit.witness) is None:
            return None
        try:
            connection = Connection.parse(witness.connection)
        except ConnectionSyntaxError:
            return None
        name = self.before.profile.name
        asked = (why(c.cluster, connection, cni=name) for c in (self.before, self.after))
        before, after = asked
        return before, after


def _ids(findings: tuple[Finding, ...]) -> str:
    return ", ".join(sorted({each.id for each in findings}))


def patched(cluster: Cluster, patch: Patch) -> tuple[Cluster, tuple[Document, ...]]:
    """Return a cluster with a patch applied, and the texts that it changes.

    Raises
    ------
    UnknownName
        If an object or a path that it changes is not there.
    """
    documents: dict[str, Document] = {}
    for change in patch.changes:
        if change.action is Action.CREATE:
            documents[change.object] = new_document(change.value)
        else:
            document = documents.get(change.object) or document_of(cluster, change)
            documents[change.object] = document.changed(change)
    for change in patch.changes:
        cluster = _with(cluster, documents[change.object], change)
    return cluster, tuple(documents.values())


def _with(cluster: Cluster, document: Document, change: Change) -> Cluster:
    """The cluster with the object of a document as it reads now, at the lines where it stood."""
    above = "\n" * max(document.first - 1, 0)
    read = loads(above + document.after, document.file or "<text>", strict=False)
    report = replace(
        cluster.report,
        problems=tuple(_others(cluster.report.problems, document, read.report.problems)),
        warnings=tuple(_others(cluster.report.warnings, document, read.report.warnings)),
    )
    policies = tuple(_replaced(cluster.policies, change.object, read.policies))
    return replace(cluster, policies=policies, report=report)


def _others(
    problems: tuple[Problem, ...], document: Document, found: tuple[Problem, ...]
) -> Iterator[Problem]:
    """Problems of other objects, and those that this one has now."""
    for each in problems:
        inside = document.first <= each.line <= document.last
        if each.file != document.file or not inside:
            yield each
    yield from found


def _replaced(policies: tuple[Policy, ...], name: str, new: tuple[Policy, ...]) -> Iterator[Policy]:
    """Policies with those of an object in the place of its former ones."""
    waiting = list(new)
    for each in policies:
        if f"{each.kind} {each.key}" != name:
            yield each
        elif waiting:
            yield from waiting
            waiting = []
    yield from waiting
