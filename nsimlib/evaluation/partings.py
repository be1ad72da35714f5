"""Where enforcers part: the same cluster and policies under several profiles, side by side.

Under each the cluster is compiled, and the states are laid over one another (`overlay`). A worked
example: one policy lets web send to 10.0.0.0/8, and api has 10.0.0.7. Calico compares addresses and
lets web through, Cilium has blocks match no pods and does not: web to api is a row of the result.

Why a cell differs is found by trying: the first enforcer is given the other's answer to one
question at a time, and the question that turns its verdict into the other's is the reason.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from nsimlib.cni.choosing import profile_for
from nsimlib.cni.profile import Profile
from nsimlib.evaluation.allports import Judge, Ports
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.comparison import Changed, real_pairs
from nsimlib.evaluation.difference import apart_from
from nsimlib.evaluation.engine import applies
from nsimlib.evaluation.joining import joined
from nsimlib.evaluation.naming import End, Names, ports_text
from nsimlib.evaluation.overlay import Differing, Overlay
from nsimlib.evaluation.pairs import Pairs
from nsimlib.evaluation.portatoms import PortAtoms
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
PROTOCOLS = ("SCTP", "IPv6")


class Parting(NamedTuple):
    """From every source to every destination: what each enforcer lets through, and why it parts.

    `reasons` has an entry for each enforcer after the first, empty where it agrees with that. Only
    the ports for which these are the reasons are told; others are in a row of their own.
    """

    sources: tuple[End, ...]
    destinations: tuple[End, ...]
    ports: tuple[Ports, ...]
    reasons: tuple[str, ...]
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
            for each in dict.fromkeys(filter(None, row.reasons)):
                found.setdefault(each, []).append(row)
        return {each: tuple(found[each]) for each in sorted(found, key=_by_weight)}

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

    def said(self, row: Parting, reason: str) -> tuple[tuple[str, str], ...]:
        """Return what the first enforcer lets through, and those that part from it for a reason.

        Enforcers that say the same are named together.
        """
        found: dict[Ports, list[str]] = {}
        for cni, ports, because in zip(self.cnis[1:], row.ports[1:], row.reasons, strict=True):
            if because == reason:
                found.setdefault(ports, []).append(cni)
        others = ((", ".join(cnis), ports_text(ports)) for ports, cnis in found.items())
        return ((self.cnis[0], ports_text(row.ports[0])), *others)

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
                "; ".join(dict.fromkeys(filter(None, row.reasons))),
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
    profiles = [profile_for(cluster, name).within(cluster) for name in cnis]
    states = [Pairs(cluster, profile) for profile in profiles]
    names = Names((cluster,), states[0].universe.families)
    witnesses = Witnesses(cluster)
    found = _joined(
        part
        for differing in Overlay.of_one_cluster(states).differing()
        for part in _by_reasons(cluster, profiles, differing)
    )
    rows = [
        Parting(*_named(each, names), each.ports, reasons, asked)
        for each, reasons in found
        for asked in (witnesses.of(_changed(each), _differing(*_two(each))),)
    ]
    rows.sort(key=lambda row: tuple(map(str, (row.reasons, *row.sources, *row.destinations))))
    return Partings(tuple(profile.name for profile in profiles), tuple(rows), names)


#: ends that differ on some ports, and why each enforcer does
Explained = tuple[Differing, tuple[str, ...]]


def _two(each: Differing) -> tuple[Ports, Ports]:
    """What the first enforcer says, and another that says something else."""
    return each.ports[0], next(other for other in each.ports if other != each.ports[0])


def _changed(each: Differing) -> Changed:
    return Changed(each.sources, each.destinations, *_two(each))


def _named(each: Differing, names: Names) -> tuple[tuple[End, ...], tuple[End, ...]]:
    sources = names.ends(apart_from(each.sources, each.destinations))
    return sources, names.ends(apart_from(each.destinations, each.sources))


def _by_reasons(
    cluster: Cluster, profiles: Sequence[Profile], each: Differing
) -> Iterator[Explained]:
    """Yield what differs port by port for the same reasons; nothing for a pod with itself."""
    pair = next(real_pairs(_changed(each)), None)
    if pair is None:
        return
    ends = [end if isinstance(end, Pod) else cluster.external(end.start) for end in pair]
    policies = tuple(dict.fromkeys(_applying(cluster, *ends)))
    ways = [_differing(each.ports[0], other) for other in each.ports[1:]]
    atoms, masks = PortAtoms(ways), dict[tuple[str, ...], int]()
    for piece, port in atoms:
        if any(port in on for on in ways):
            ask = _asking(policies, ends, port)
            reasons = tuple(reason(profiles[0], other, ask, policies) for other in profiles[1:])
            masks[reasons] = masks.get(reasons, 0) | piece
    for reasons, mask in masks.items():
        on = atoms.ports(mask)
        ports = tuple(Ports(said.allowed & on, said.open & on) for said in each.ports)
        yield each._replace(ports=ports), reasons


def _asking(
    policies: tuple[Policy, ...], ends: Sequence[Party], port: Port
) -> Callable[[Profile], Outcome]:
    def ask(profile: Profile) -> Outcome:
        return Judge(policies, profile).between(*ends).outcome(port)

    return ask


def _joined(found: Iterable[Explained]) -> Iterator[Explained]:
    """Join ends that differ alike for the same reasons."""
    parts = ((each.sources, each.destinations, (each.ports, reasons)) for each, reasons in found)
    for sources, destinations, (ports, reasons) in joined(parts):
        ours, theirs = tuple(chain.from_iterable(sources)), tuple(chain.from_iterable(destinations))
        yield Differing(ours, theirs, ports), reasons


def _by_weight(reason: str) -> tuple[bool, str]:
    """What a plugin makes of whole protocols comes last: it is true of every isolated pod."""
    return reason in PROTOCOLS, reason


def _applying(cluster: Cluster, source: Party, destination: Party) -> Iterator[Policy]:
    for end, direction in ((source, EGRESS), (destination, INGRESS)):
        if isinstance(end, Pod):
            asked = cluster.resolved.policies_for(end.namespace.name)
            yield from (policy for policy in asked if applies(policy, end, direction))


def _differing(one: Ports, other: Ports) -> PortSet:
    """The ports on which two enforcers do not say the same."""
    sure = (one.allowed - other.allowed) | (other.allowed - one.allowed)
    return sure | (one.open - other.open) | (other.open - one.open)
