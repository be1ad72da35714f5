"""Connections that must be allowed or denied, checked, with reasons where they fail."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from nsimlib.cni.choosing import profile_for
from nsimlib.errors import ExpectationsNotMet, visible
from nsimlib.evaluation.engine import evaluate
from nsimlib.evaluation.evidence import place_of
from nsimlib.evaluation.verdict import Verdict
from nsimlib.manifests.expectations import Expected, read_expectations
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.shown import Shown
from nsimlib.model.tables import Table

__all__ = ["Checked", "Report", "expect"]


@dataclass(frozen=True)
class Checked:
    """One connection: how it should end, and how it does."""

    expected: Expected
    verdict: Verdict

    @property
    def wanted(self) -> str:
        """The outcome it should have, and by what, if that was said."""
        by = self.expected.determined_by
        return _outcome(self.expected.outcome, by)

    @property
    def found(self) -> str:
        """The outcome it has, told as precisely as what was wanted."""
        asked = self.expected.determined_by is not None
        return _outcome(self.verdict.outcome.value, self._determining if asked else None)

    @property
    def _determining(self) -> list[str]:
        return list(dict.fromkeys(map(place_of, self.verdict.determining)))

    @property
    def is_met(self) -> bool:
        """Whether it ends as it should; the order of what determines it does not matter."""
        by = self.expected.determined_by
        same = self.verdict.outcome.value == self.expected.outcome
        return same and (by is None or set(by) == set(self._determining))

    def __str__(self) -> str:
        return f"expected {self.wanted}, found {self.found}\n{self.verdict}"


def _outcome(outcome: str, by: Iterable[str] | None) -> str:
    if by is None:
        return outcome
    return f"{outcome} by {', '.join(sorted(by)) or 'no policy'}"


@dataclass(frozen=True, repr=False)
class Report(Shown):
    """All that was expected, and what was found; false if something is not met."""

    profile: str
    checked: tuple[Checked, ...]

    @property
    def failures(self) -> tuple[Checked, ...]:
        """What is not met."""
        return tuple(each for each in self.checked if not each.is_met)

    def __bool__(self) -> bool:
        return not self.failures

    @property
    def summary(self) -> str:
        """The result in one line."""
        met = len(self.checked) - len(self.failures)
        return f"Expectations ({self.profile}): {met} of {len(self.checked)} met"

    def assert_met(self) -> None:
        """Raise `ExpectationsNotMet` with the explanation of all that is not met."""
        if self.failures:
            raise ExpectationsNotMet(map(str, self.failures))

    def to_table(self) -> Table:
        """Return a row for each connection, in the order of the file."""
        rows = tuple(
            (
                "met" if each.is_met else "not met",
                each.expected.connection,
                each.wanted,
                each.found,
            )
            for each in self.checked
        )
        return Table(self.summary, ("", "connection", "wanted", "found"), rows)

    def to_junit(self) -> str:
        """Return the report as JUnit XML, a test case for each connection."""
        name, tests, failures = self.profile, len(self.checked), len(self.failures)
        suite = ElementTree.Element(
            "testsuite", name=f"nsim check ({name})", tests=str(tests), failures=str(failures)
        )
        for each in self.checked:
            about = {"classname": "nsim.check", "name": visible(each.expected.connection)}
            case = ElementTree.SubElement(suite, "testcase", about)
            if not each.is_met:
                message = f"expected {each.wanted}, found {each.found}"
                failure = ElementTree.SubElement(case, "failure", message=message)
                failure.text = visible(str(each.verdict))
        ElementTree.indent(suite)
        return ElementTree.tostring(suite, encoding="unicode") + "\n"


def expect(
    cluster: Cluster,
    expectations: str | Path | None = None,
    *,
    allow: Iterable[str] = (),
    deny: Iterable[str] = (),
    cni: str = "spec",
) -> Report:
    """Return whether connections end as they should.

    Parameters
    ----------
    expectations
        A file of kind `Expectations`, or its text.
    allow, deny
        Connections, or more of them.

    Raises
    ------
    ManifestError, ConnectionSyntaxError, UnknownName
        If the file or a connection cannot be read, or names something that is not there.

    Examples
    --------
    What is undetermined is neither allowed nor denied:

    >>> import nsimlib as ns
    >>> expect(ns.scenario("shop"), deny=["data/reporting -> 10.96.0.10:53/UDP"])
    Expectations (spec): 0 of 1 met
    - data/reporting -> 10.96.0.10:53/UDP: wanted denied, found undetermined
    """
    wanted = [Expected(text, "allowed") for text in allow]
    wanted += [Expected(text, "denied") for text in deny]
    if expectations is not None:
        wanted += read_expectations(str(expectations))
    profile = profile_for(cluster, cni)
    checked = (
        Checked(each, evaluate(cluster, Connection.parse(each.connection), profile))
        for each in wanted
    )
    return Report(profile.name, tuple(checked))
