"""All rules asked about one cluster, and what they found in order."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from nsimlib.audit.accepted import Acceptance, Accepted, acceptances
from nsimlib.audit.changes import FindingChanges, changes
from nsimlib.audit.compliance import evidence_table
from nsimlib.audit.context import Context
from nsimlib.audit.findings import Finding, findings_table, numbered
from nsimlib.audit.model import Confidence, Need, Severity
from nsimlib.audit.registry import Rule
from nsimlib.audit.roots import rooted
from nsimlib.audit.rules import RULES
from nsimlib.audit.trials import Trial, patched
from nsimlib.errors import UnknownName
from nsimlib.manifests.expectations import read_expectations
from nsimlib.model.cluster import Cluster
from nsimlib.model.shown import Shown
from nsimlib.model.tables import Table

if TYPE_CHECKING:
    import pandas

__all__ = ["TRIES", "Audit", "Progress", "audited"]

#: patches that a report tries if nobody says how many; each trial asks all rules again
TRIES: Final = 25


class Progress(Protocol):
    """What shows how far an audit is; `tqdm.auto.tqdm` is one."""

    def __call__(self, iterable: Iterable[Rule], /) -> Iterable[Rule]:
        """Return the same rules, showing how they go by."""


@dataclass(frozen=True, repr=False)
class Audit(Shown):
    """What was found in one cluster under one profile.

    `findings` are root causes, the worst first; what follows from one is in its `consequences`.
    `questions` are those that need more input. `unasked` says which rules were not asked at all,
    by what they lack.
    """

    context: Context = field(compare=False)
    findings: tuple[Finding, ...]
    questions: tuple[Finding, ...]
    unasked: Mapping[Need, tuple[str, ...]]
    #: findings that somebody accepts, with a reason; they are in nothing else
    accepted: tuple[Accepted, ...] = ()
    #: what was to be accepted and is not, and why
    notes: tuple[str, ...] = ()
    #: rules that the user chose; all if none
    chosen: tuple[str, ...] = ()
    #: how many patches a report tries, those of the worst findings first
    tries: int = TRIES
    _trials: dict[str, Trial] = field(default_factory=dict, init=False, compare=False)

    @property
    def cluster(self) -> Cluster:
        """The cluster as it was read."""
        return self.context.given

    @property
    def profile(self) -> str:
        """The name of the profile."""
        return self.context.profile.name

    @property
    def summary(self) -> str:
        """The counts in one line."""
        counts = Counter(each.severity for each in self.findings)
        told = ", ".join(
            f"{counts[s]} {s.word}" for s in sorted(Severity, reverse=True) if counts[s]
        )
        accepted = f"; {len(self.accepted)} accepted" if self.accepted else ""
        return f"Audit ({self.profile}): {told or 'no findings'}{accepted}"

    def of(self, id: str) -> tuple[Finding, ...]:
        """Return the findings of a rule, by its id `NSIM-D301`, `D301` or its slug.

        Consequences of others are among them.
        """
        everything = (*self.findings, *(c for each in self.findings for c in each.consequences))
        return tuple(f for f in everything if id in (f.id, f.slug, f.id.removeprefix("NSIM-")))

    def at_least(
        self, severity: Severity, confidence: Confidence = Confidence.LIKELY
    ) -> tuple[Finding, ...]:
        """Return the findings that are so bad and so sure: those that a gate would fail on."""
        return tuple(
            each
            for each in self.findings
            if any(
                f.own_severity >= severity and f.confidence >= confidence
                for f in (each, *each.consequences)
            )
        )

    def since(self, earlier: "Audit") -> FindingChanges:
        """Return what became of the findings of an earlier audit: those of a review are new.

        Findings are known by what they say of which object, whatever line that stands on.

        >>> import nsimlib as ns
        >>> shop = ns.scenario("shop")
        >>> after = ns.audit(shop.without("shop/checkout-egress"), cni="calico")
        >>> after.since(ns.audit(shop, cni="calico")).summary
        'Findings: 0 brought, 1 taken away, 13 kept'
        """
        return changes(earlier.everything, self.everything)

    @property
    def everything(self) -> tuple[Finding, ...]:
        """The findings and those that somebody accepts."""
        return (*self.findings, *(each.finding for each in self.accepted))

    def trial(self, finding: Finding) -> Trial:
        """Return what becomes of the cluster with a finding's patch applied to a copy.

        Raises
        ------
        UnknownName
            If the finding has no patch, or what it changes is not to be found.
        """
        if finding.hit.fix is None:
            raise UnknownName("patch for", str(finding), ())
        if finding.fingerprint not in self._trials:
            cluster, documents = patched(self.cluster, finding.hit.fix)
            again = _audited(self.context.after(cluster), self.chosen)
            change = again.since(self)
            self._trials[finding.fingerprint] = Trial(
                finding,
                documents,
                change.taken_away,
                change.brought,
                self.context,
                again.context,
            )
        return self._trials[finding.fingerprint]

    def tried(self, finding: Finding) -> Trial | None:
        """Return the trial of a finding's patch.

        None if it has none, or if what it changes cannot be found in the text that was read.
        """
        try:
            return self.trial(finding) if finding.hit.fix else None
        except UnknownName:
            return None

    def reported(self, finding: Finding) -> Trial | None:
        """Return the trial of a patch for a report, which tries no more than the first `tries`.

        Nobody is shown a patch that was not tried: of all others a report gives the advice alone.
        """
        return self.tried(finding) if finding.fingerprint in self._to_try else None

    @property
    def untried(self) -> int:
        """How many findings have a patch that reports do not try."""
        return sum(each.hit.fix is not None for each in self.findings) - len(self._to_try)

    @cached_property
    def _to_try(self) -> frozenset[str]:
        with_patch = (each.fingerprint for each in self.findings if each.hit.fix)
        return frozenset(islice(with_patch, self.tries))

    def table(self) -> Table:
        """Return the findings as a table, the worst first."""
        return findings_table(self.summary, self.findings)

    to_table = table

    def to_frame(self) -> "pandas.DataFrame":
        """Return the findings as a DataFrame, a row each, in the columns of the table."""
        return self.table().to_frame()

    def missing(self) -> Table:
        """Return what more input would tell: questions, and rules that were not asked."""
        rows = [(each.id, each.message, each.hit.needs[0].value) for each in self.questions]
        rows += [(id, "not asked", need.value) for need, ids in self.unasked.items() for id in ids]
        return Table("What more input would tell", ("rule", "what", "needs"), tuple(rows))

    def compliance(self) -> Table:
        """Return what the findings say on controls of CIS, NSA/CISA, PCI DSS and NIST.

        A row supports a control, or speaks against it; that a cluster fulfils one, nothing says.
        """
        taken = (each.finding for each in self.accepted)
        return evidence_table(self.findings, taken, self.questions, self.unasked)

    def to_markdown(self) -> str:
        """Return a comment for a pull request: at most 60 lines, with details that fold."""
        from nsimlib.audit.reports.markdown import markdown

        return markdown(self)

    def to_sarif(self) -> str:
        """Return SARIF 2.1.0, which code hosts show beside the lines; patches are its fixes."""
        from nsimlib.audit.reports.sarif import sarif

        return sarif(self)

    def to_junit(self, failing: Iterable[Finding] | None = None) -> str:
        """Return JUnit XML; a case fails for each of the `failing` findings, else for all."""
        from nsimlib.audit.reports.junit import junit

        return junit(self, failing)

    def to_baseline(self, reason: str, *, owner: str = "", until: str = "") -> str:
        """Return a baseline that accepts all findings of now, so that only new ones are told.

        Parameters
        ----------
        reason
            Why they are accepted.
        until
            The last day for which that holds, such as `2026-12-31`.
        """
        from nsimlib.audit.reports.baseline import baseline

        return baseline(self, Acceptance(reason=reason, owner=owner, until=until))


def audited(
    cluster: Cluster,
    cni: str,
    only: Iterable[str] = (),
    *,
    baseline: str | None = None,
    today: date | None = None,
    expect: str | None = None,
    tries: int = TRIES,
    progress: Progress | None = None,
) -> Audit:
    """Return what the rules find in a cluster; see `entry.audit`."""
    chosen = tuple(_rule(name).id for name in only)
    day = today or date.today()
    known = acceptances(cluster, baseline, day)
    expected = read_expectations(expect) if expect is not None else None
    context = Context(cluster, cni, today=day, expected=expected)
    found = _audited(context, chosen, progress)
    reasons = [(each, known.of(each)) for each in found.findings]
    return replace(
        found,
        findings=tuple(each for each, by in reasons if by is None),
        accepted=tuple(Accepted(each, by) for each, by in reasons if by is not None),
        notes=known.notes,
        tries=tries,
    )


def _rule(name: str) -> Rule:
    known = {name: rule for rule in RULES.values() for name in (rule.id, rule.id[5:], rule.slug)}
    if name not in known:
        raise UnknownName("rule of the audit", name, known)
    return known[name]


def _audited(context: Context, chosen: tuple[str, ...], progress: Progress | None = None) -> Audit:
    asked: Iterable[Rule] = [rule for rule in RULES.values() if not chosen or rule.id in chosen]
    unasked = defaultdict[Need, list[str]](list)
    found: list[Finding] = []
    for rule in progress(asked) if progress else asked:
        if missing := [need for need in rule.needs if not context.has(need)]:
            unasked[missing[0]].append(rule.id)
        else:
            found += (Finding(rule, hit) for hit in rule.look(context))
    each_once = numbered(found)
    return Audit(
        context,
        findings=rooted(each for each in each_once if not each.hit.needs),
        questions=tuple(each for each in each_once if each.hit.needs),
        unasked={need: tuple(ids) for need, ids in unasked.items()},
        chosen=chosen,
    )
