"""One YAML, several enforcers: one connection, or all of them, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import overload

from nsimlib.cni.choosing import profile_for
from nsimlib.cni.profile import Profile
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import evaluate
from nsimlib.evaluation.evidence import place_of
from nsimlib.evaluation.matrix import Matrix
from nsimlib.evaluation.partings import Partings, partings
from nsimlib.evaluation.reachability import Reachability
from nsimlib.evaluation.settling import reason
from nsimlib.evaluation.verdict import DirectionVerdict, Verdict
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.policy import Policy
from nsimlib.model.shown import Shown
from nsimlib.model.tables import Table

__all__ = ["Judgements", "Matrices", "compare", "matrices"]


@dataclass(frozen=True, repr=False)
class Matrices(Shown):
    """Who may reach whom under each enforcer, and the cells in which they differ."""

    cnis: tuple[str, ...]
    matrices: tuple[Matrix, ...]

    @property
    def differing(self) -> tuple[tuple[str, str], ...]:
        """Source and destination of the cells that are not the same in all."""
        first = self.matrices[0]
        ends = product(first.rows, first.columns)
        return tuple(end for end in ends if len({each[end] for each in self.matrices}) > 1)

    def to_table(self) -> Table:
        """Return the cells that differ, a column for each enforcer."""
        rows = tuple(
            (*ends, *(each[ends].word for each in self.matrices)) for ends in self.differing
        )
        about = f"{self.matrices[0].about}: {len(rows)} cells differ"
        return Table(about, ("source", "destination", *self.cnis), rows)


@dataclass(frozen=True, repr=False)
class Judgements(Shown):
    """What each enforcer says of one connection, and why it does not say what the first says."""

    connection: Connection
    verdicts: tuple[Verdict, ...]
    reasons: tuple[str, ...]

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """The outcome by the name of the profile."""
        return {verdict.profile: verdict.outcome for verdict in self.verdicts}

    @property
    def agree(self) -> bool:
        """Whether all say the same."""
        return len({verdict.outcome for verdict in self.verdicts}) == 1

    def to_table(self) -> Table:
        """Return a row for each enforcer: its outcome, what settles it, why it parts."""
        rows = tuple(
            (verdict.profile, verdict.outcome.value, _settled_by(verdict), because)
            for verdict, because in zip(self.verdicts, self.reasons, strict=True)
        )
        columns = ("enforcer", "outcome", "settled by", "differs because of")
        return Table(str(self.connection), columns, rows)


def _with_a_say(end: DirectionVerdict) -> Iterator[Policy]:
    """Policies for the subject, those that the enforcer passes over too."""
    yield from (ignored.policy for ignored in end.ignored)
    for tier in end.tiers:
        yield from tier.policies


def _settled_by(verdict: Verdict) -> str:
    places = dict.fromkeys(place_of(each) for each in verdict.determining)
    return ", ".join(places) or "no policy"


def matrices(
    cluster: Cluster, port: str | None = None, *, cnis: Sequence[str], by: str = "workload"
) -> Matrices:
    """Return the matrices of several enforcers side by side; see `Reachability.matrix`."""
    profiles = [profile_for(cluster, name) for name in cnis]
    found = (Reachability(cluster, profile).matrix(port, by) for profile in profiles)
    return Matrices(tuple(profile.name for profile in profiles), tuple(found))


@overload
def compare(cluster: Cluster, connection: None = None, *, cnis: Sequence[str]) -> Partings: ...
@overload
def compare(
    cluster: Cluster, connection: Connection | str, *, cnis: Sequence[str]
) -> Judgements: ...
def compare(
    cluster: Cluster, connection: Connection | str | None = None, *, cnis: Sequence[str]
) -> Partings | Judgements:
    """Return where enforcers part: on one connection, or on any of the cluster's.

    Parameters
    ----------
    connection
        A `Connection` or its notation; without one, or empty, all pairs of pods and the world
        outside.
    cnis
        Names of profiles; the others are held against the first.

    Raises
    ------
    ConnectionSyntaxError, UnknownName
        If the connection cannot be read, or names something that is not there.

    Examples
    --------
    Flannel stores policies and enforces none (F4.1):

    >>> import nsimlib as ns
    >>> asked = "shop/web -> kube-system/coredns:53/UDP"
    >>> compare(ns.scenario("shop"), asked, cnis=["calico", "flannel"]).outcomes
    {'calico': denied, 'flannel': allowed}
    """
    if not connection:
        return partings(cluster, cnis)
    asked = Connection.parse(connection) if isinstance(connection, str) else connection
    profiles = [profile_for(cluster, name).within(cluster) for name in cnis]

    def ask(profile: Profile) -> Outcome:
        return evaluate(cluster, asked, profile).outcome

    verdicts = tuple(evaluate(cluster, asked, profile) for profile in profiles)
    ends = [end for verdict in verdicts for case in verdict.cases for end in case.directions]
    policies = {policy.identity: policy for end in ends for policy in _with_a_say(end)}
    reasons = tuple(reason(profiles[0], each, ask, policies.values()) for each in profiles)
    return Judgements(asked, verdicts, reasons)
