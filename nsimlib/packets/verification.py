"""The kernel's verdict beside the model's, probe by probe."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from nsimlib.cni.profile import Profile
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import evaluate
from nsimlib.evaluation.pairs import Pairs
from nsimlib.evaluation.verdict import Verdict
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import External, Party, Pod
from nsimlib.model.tables import Table
from nsimlib.packets.addressing import ends_of, of_one_family
from nsimlib.packets.engines import Engine
from nsimlib.packets.probes import Probe
from nsimlib.packets.topology import host_of

__all__ = ["Row", "Verification", "compare"]

#: of the rows that differ, so many are shown
SHOWN = 10
COLUMNS = ("source", "destination", "port", "kernel", "model", "agree")


class Model:
    """What the library says of a cluster under a profile, one address family at a time.

    A packet has one family. The model answers for both where ends have both, and its answer is open
    where they differ; so it is asked about a cluster in which everyone has the one alone.
    """

    def __init__(self, cluster: Cluster, profile: Profile, family: Family) -> None:
        self.cluster = of_one_family(cluster, family)
        self._pairs = Pairs(self.cluster, profile)
        self._profile = profile
        pairs = zip(ends_of(cluster), ends_of(self.cluster), strict=True)
        self._counterparts: dict[Party, Party] = dict(pairs)

    def outcome(self, probe: Probe) -> Outcome:
        """Return the model's outcome for a probe."""
        if not probe.port.protocol.has_ports:
            return self.verdict(probe).outcome
        ends = map(self._counterpart, (probe.source, probe.destination))
        return self._pairs.between(*ends).outcome(probe.port)

    def _counterpart(self, end: Party) -> Party:
        if isinstance(end, External):
            return self.cluster.external(end.address)
        return self._counterparts[end]

    def verdict(self, probe: Probe) -> Verdict:
        """Return the model's verdict for a probe, with every reason."""
        return evaluate(self.cluster, probe.connection, self._profile)


@dataclass(frozen=True, slots=True)
class Row:
    """One probe: what the kernel did with it, and what the model says."""

    probe: Probe
    kernel: Outcome
    model: Outcome

    @property
    def agree(self) -> bool | None:
        """Whether both say the same; None where the model leaves it open."""
        return None if self.model is Outcome.UNDETERMINED else self.kernel is self.model

    def __str__(self) -> str:
        return f"{self.probe}  kernel {self.kernel.value}, model {self.model.value}"


@dataclass(frozen=True, repr=False)
class Verification:
    """All probes of one comparison; true if kernel and model nowhere differ."""

    engine: str
    profile: str
    rows: tuple[Row, ...]
    models: Mapping[tuple[str, Family], Model]

    @cached_property
    def differences(self) -> tuple[Row, ...]:
        """The rows in which kernel and model say different things."""
        return tuple(row for row in self.rows if row.agree is False)

    @property
    def undetermined(self) -> tuple[Row, ...]:
        """The rows in which the model has no answer, and the kernel of course has."""
        return tuple(row for row in self.rows if row.agree is None)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The model's verdicts on the rows that differ, each with its reasons."""
        return tuple(map(self._explained, self.differences))

    @property
    def example(self) -> Verdict | None:
        """The model's verdict on the first row that differs, None where none does."""
        return next(map(self._explained, self.differences), None)

    def _explained(self, row: Row) -> Verdict:
        return self.models[_sender(row.probe), row.probe.source_address.family].verdict(row.probe)

    def __bool__(self) -> bool:
        return not self.differences

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def summary(self) -> str:
        """The result in one line."""
        differ, unsaid = len(self.differences), len(self.undetermined)
        agree = len(self.rows) - differ - unsaid
        return (
            f"Kernel ({self.engine}) against model ({self.profile}): {len(self.rows):,} probes, "
            f"{agree:,} agree, {differ:,} differ, {unsaid:,} left open by the model"
        )

    def __repr__(self) -> str:
        shown = [f"  {row}" for row in self.differences[:SHOWN]]
        more = len(self.differences) - len(shown)
        return "\n".join((self.summary, *shown, *([f"  and {more:,} more"] if more else [])))

    def to_table(self) -> Table:
        """Return a row for each probe."""
        return Table("Kernel against model", COLUMNS, tuple(map(_cells, self.rows)))


def _cells(row: Row) -> tuple[object, ...]:
    probe = row.probe
    ends = (
        str(end) if len(end.addresses) == 1 else f"{end} ({address})"
        for end, address in (
            (probe.source, probe.source_address),
            (probe.destination, probe.destination_address),
        )
    )
    return *ends, str(probe.port), row.kernel.value, row.model.value, row.agree


def compare(engine: Engine, profile: Profile, kernel: Mapping[Probe, Outcome]) -> Verification:
    """Return the kernel's outcomes beside the model's, which knows what the engine knows."""
    models: dict[tuple[str, Family], Model] = {}
    rows = []
    for probe, outcome in kernel.items():
        key = _sender(probe), probe.source_address.family
        if key not in models:
            models[key] = Model(engine.seen_on(key[0]), profile, key[1])
        rows.append(Row(probe, outcome, models[key].outcome(probe)))
    return Verification(engine.name, profile.name, tuple(rows), models)


def _sender(probe: Probe) -> str:
    """The node that a probe comes from; what is outside comes from none."""
    return host_of(probe.source) if isinstance(probe.source, Pod) else ""
