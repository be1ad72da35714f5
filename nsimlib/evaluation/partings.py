"""Where enforcers part: the same cluster and policies under several profiles, side by side.

Under each the cluster is compiled, and the states are laid over one another (`overlay`). A worked
example: one policy lets web send to 10.0.0.0/8, and api has 10.0.0.7. Calico compares addresses and
lets web through, Cilium has blocks match no pods and does not: web to api is a row of the result.

Why a cell differs is found by trying: the first enforcer is given the other's answer to one
question at a time, and the question that turns its verdict into the other's is the reason.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from nsimlib.cni.choosing import profile_for
from nsimlib.cni.profile import Profile
from nsimlib.evaluation.allports import Judge, Ports
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.comparison import Changed, real_pairs
from nsimlib.evaluation.engine import applies
from nsimlib.evaluation.naming import End, Names, ports_text
from nsimlib.evaluation.overlay import Overlay
from nsimlib.evaluation.pairs import Pairs
from nsimlib.evaluation.settling import reason
from nsimlib.evaluation.witnesses import Witnesses
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Party, Pod
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.ports import Port, PortSet
from nsimlib.model.shown import Shown
from nsimlib.model.tables import Table

if TYPE_CHECKING:
    import pandas

__all__ = ["Parting", "Partings", "partings"]

EGRESS, INGRESS = Direction.EGRESS, Direction.INGRESS


class Parting(NamedTuple):
    """From every source to every destination: what each enforcer lets through, and why it parts.

    `reasons` has an entry for each enforcer after the first, empty where it agrees with that; it
    may part for one reason on some ports and for another on others.
    """

    sources: tuple[End, ...]
    destinations: tuple[End, ...]
    ports: tuple[Ports, ...]
    reasons: tuple[tuple[str, ...], ...]
    witness: str


@dataclass(frozen=True, repr=False)
class Partings(Shown):
    """The connections on which enforcers do not agree; false if they agree on all.

    `cnis` are the names of the profiles, and the columns of every row.
    """

    cnis: tuple[str, ...]
    rows: tuple[Parting, ...]
    names: Names = field(compare=False)

    def __bool__(self) -> bool:
        return bool(self.rows)

    @property
    def by_reason(self) -> dict[str, tuple[Parting, ...]]:
        """Rows by why they differ; one that differs for two reasons is under both."""
        found: dict[str, list[Parting]] = {}
        for row in self.rows:
            for each in dict.fromkeys(chain.from_iterable(row.reasons)):
                found.setdefault(each, []).append(row)
        return {each: tuple(rows) for each, rows in sorted(found.items())}

    @property
    def example(self) -> str:
        """A connection on which they part, to ask about; empty if there is none."""
        return self.rows[0].witness if self.rows else ""

    @property
    def summary(self) -> str:
        """The result in one line."""
        enforcers = ", ".join(self.cnis)
        if not self.rows:
            return f"{enforcers} agree on every connection"
        return f"{enforcers} part on {len(self.rows)} groups of connections"

    def ends(self, row: Parting) -> str:
        """Return from whom to whom a row is, in words."""
        return f"{self.names.text(row.sources)} -> {self.names.text(row.destinations)}"

    def said(self, row: Parting) -> tuple[tuple[str, str], ...]:
        """Return what the first enforcer lets through, and each that does not say the same."""
        first, *others = zip(self.cnis, row.ports, strict=True)
        told = (first, *(each for each in others if each[1] != first[1]))
        return tuple((cni, ports_text(ports)) for cni, ports in told)

    def to_frame(self) -> "pandas.DataFrame":
        """Return the rows as a DataFrame."""
        return self.to_table().to_frame()

    def to_table(self) -> Table:
        """Return the rows as a table; the last column is a connection to ask `why` about."""
        columns = ("source", "destination", *self.cnis, "because", "ask why")
        rows = tuple(
            (
                self.names.text(row.sources),
                self.names.text(row.destinations),
                *map(ports_text, row.ports),
                "; ".join(dict.fromkeys(chain.from_iterable(row.reasons))),
                row.witness,
            )
            for row in self.rows
        )
        return Table(self.summary, columns, rows)


def partings(cluster: Cluster, cnis: Sequence[str]) -> Partings:
    """Return where enforcers part on a cluster: all pods, all ports and the world outside.

    A pod and its own node, and connections to the address of a Service, are asked about one by one
    (`nsimlib.compare` with a connection).

    Parameters
    ----------
    cnis
        Names of profiles; reasons say what sets the others apart from the first.

    Raises
    ------
    UnknownName
        If no such profile ships.
    """
    profiles = [profile_for(cluster, name) for name in cnis]
    states = [Pairs(cluster, profile) for profile in profiles]
    names = Names((cluster,), states[0].universe.families)
    witnesses = Witnesses(cluster)
    rows = []
    for changed, ports in _differing_pairs(states):
        found = [names.ends(ends) for ends in (changed.sources, changed.destinations)]
        asked = next(_differing(ports[0], other) for other in ports[1:] if other != ports[0])
        reasons = tuple(
            _reasons(cluster, (profiles[0], profile), changed, _differing(ports[0], other))
            for profile, other in zip(profiles[1:], ports[1:], strict=True)
        )
        rows.append(Parting(found[0], found[1], ports, reasons, witnesses.of(changed, asked)))
    rows.sort(key=lambda row: tuple(map(str, (row.reasons, *row.sources, *row.destinations))))
    return Partings(tuple(profile.name for profile in profiles), tuple(rows), names)


def _differing_pairs(states: Sequence[Pairs]) -> Iterator[tuple[Changed, tuple[Ports, ...]]]:
    """Yield the ends on which not all agree; a pod and itself, or its own node, are passed over."""
    for sources, destinations, ports in Overlay.of_one_cluster(states).differing():
        other = next(each for each in ports if each != ports[0])
        changed = Changed(sources, destinations, ports[0], other)
        if next(real_pairs(changed), None):
            yield changed, ports


def _reasons(
    cluster: Cluster, profiles: tuple[Profile, Profile], changed: Changed, on: PortSet
) -> tuple[str, ...]:
    """Why two enforcers part on these ports, asked of one pair of ends."""
    ends = [
        end if isinstance(end, Pod) else cluster.external(end.start)
        for end in next(real_pairs(changed))
    ]
    policies = tuple(_applying(cluster, *ends))

    def asking(port: Port) -> Callable[[Profile], Outcome]:
        return lambda profile: Judge(policies, profile.within(cluster)).between(*ends).outcome(port)

    ports = (Port(first, protocol) for protocol, (first, _) in on)
    return tuple(dict.fromkeys(reason(*profiles, asking(port), policies) for port in ports))


def _applying(cluster: Cluster, source: Party, destination: Party) -> Iterator[Policy]:
    judged = ((source, EGRESS), (destination, INGRESS))
    for policy in cluster.resolved.policies:
        if any(isinstance(end, Pod) and applies(policy, end, d) for end, d in judged):
            yield policy


def _differing(one: Ports, other: Ports) -> PortSet:
    """The ports on which two enforcers do not say the same."""
    sure = (one.allowed - other.allowed) | (other.allowed - one.allowed)
    return sure | (one.open - other.open) | (other.open - one.open)
