"""What changes between two clusters: connections added, removed and changed, in few rows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING

from nsimlib.cni.choosing import profile_for
from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.comparison import NOTHING, Changed, Comparison
from nsimlib.evaluation.naming import End, Names, ports_text
from nsimlib.evaluation.witnesses import Witnesses
from nsimlib.model.addresses import AddressRange
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod, Workload
from nsimlib.model.ports import PortSet
from nsimlib.model.shown import Shown
from nsimlib.model.tables import Table

if TYPE_CHECKING:
    import pandas

__all__ = ["Change", "Difference", "Row", "apart_from", "difference"]

Party = Pod | AddressRange
SAME_NODE = " on the same node"


class Change(Enum):
    """What happened to the connections of a row; `mark` is its sign."""

    #: nothing could be opened before
    ADDED = "added", "+"
    #: nothing can be opened any more
    REMOVED = "removed", "-"
    #: other ports than before, or what was known is open now
    CHANGED = "changed", "~"

    @property
    def word(self) -> str:
        """The change in a word."""
        return self.value[0]

    @property
    def mark(self) -> str:
        """The change in a sign."""
        return self.value[1]


@dataclass(frozen=True)
class Row:
    """Connections with one change: from every source to every destination.

    `witness` is one of them to ask `nsimlib.why` about. A pod and its own node are judged by
    themselves (F1.24): only rows of the `same_node` speak of such pairs.
    """

    sources: tuple[End, ...]
    destinations: tuple[End, ...]
    before: Ports
    after: Ports
    witness: str = ""
    same_node: bool = False

    @property
    def change(self) -> Change:
        """What happened."""
        if self.before == NOTHING:
            return Change.ADDED
        return Change.REMOVED if self.after == NOTHING else Change.CHANGED

    @property
    def gained(self) -> PortSet:
        """The ports that were denied and are not, or were open questions and are allowed."""
        return (self.after.allowed - self.before.allowed) | (
            self.after.open - self.before.allowed - self.before.open
        )

    @property
    def lost(self) -> PortSet:
        """The ports that were allowed and are not, or were open questions and are denied."""
        return Row((), (), self.after, self.before).gained

    def __str__(self) -> str:
        return f"{self.change.word} {self.witness}"


@dataclass(frozen=True, repr=False)
class Difference(Shown):
    """What changes between two clusters; false if nothing does.

    `added`, `removed` and `changed` hold rows; workloads that come or go are told by themselves,
    and their connections are rows like others.
    """

    profile: str
    rows: tuple[Row, ...]
    workloads_added: tuple[Workload, ...]
    workloads_removed: tuple[Workload, ...]
    names: Names = field(compare=False)

    @property
    def added(self) -> tuple[Row, ...]:
        """Connections where there were none."""
        return self._of(Change.ADDED)

    @property
    def removed(self) -> tuple[Row, ...]:
        """Connections of which nothing is left."""
        return self._of(Change.REMOVED)

    @property
    def changed(self) -> tuple[Row, ...]:
        """Connections that are there before and after, on other ports."""
        return self._of(Change.CHANGED)

    def _of(self, change: Change) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.change is change)

    def __bool__(self) -> bool:
        return bool(self.rows or self.workloads_added or self.workloads_removed)

    @property
    def summary(self) -> str:
        """The change in one line."""
        counts = ", ".join(f"{len(self._of(each))} {each.word}" for each in Change)
        return f"Difference ({self.profile}): " + (counts if self.rows else "no connection changes")

    def news(self) -> Iterator[str]:
        """Yield a line for each kind of workloads that come or go."""
        both = ("added", self.workloads_added), ("removed", self.workloads_removed)
        for word, workloads in both:
            if workloads:
                yield f"workloads {word}: {', '.join(f'{w} ({w.kind})' for w in workloads)}"

    def line(self, row: Row) -> str:
        """Return a row in one line: `+ shop/web, shop/api -> orders-db (10.20.21.0/24): ...`."""
        before, after = ports_text(row.before), ports_text(row.after)
        told = {Change.ADDED: after, Change.REMOVED: before}
        ports = told.get(row.change, f"{before}, now {after}")
        return f"{row.change.mark} {self.names.text(row.sources)} -> {self._to(row)}: {ports}"

    def _to(self, row: Row) -> str:
        return self.names.text(row.destinations) + (SAME_NODE if row.same_node else "")

    def to_table(self) -> Table:
        """Return the rows as a table; the last column is a connection to ask `why` about."""
        rows = tuple(
            (
                row.change.word,
                self.names.text(row.sources),
                self._to(row),
                ports_text(row.before),
                ports_text(row.after),
                row.witness,
            )
            for row in self.rows
        )
        columns = ("change", "source", "destination", "before", "after", "ask why")
        return Table(self.summary, columns, rows)

    def to_frame(self) -> "pandas.DataFrame":
        """Return the rows as a DataFrame."""
        return self.to_table().to_frame()

    def to_markdown(self) -> str:
        """Return the summary and the rows as Markdown, for a pull request."""
        news = "".join(f"\n{line}\n" for line in self.news())
        table = self.to_table().to_markdown() if self.rows else ""
        return f"**{self.summary}**\n{news}\n{table}".rstrip() + "\n"


def difference(before: Cluster, after: Cluster, *, cni: str = "spec") -> Difference:
    """Return what changes between two clusters, whether policies, pods or labels differ.

    Pods of a workload that come in the place of others are taken as the same. What a missing fact
    decides is a state of its own. Ranges hold for addresses that no pod has.

    Parameters
    ----------
    cni
        The profile that settles open questions.

    Examples
    --------
    Adding a policy that allows something can take away everything else, since it isolates (F1.9):

    >>> import nsimlib as ns
    >>> before = ns.scenario("isolation-is-a-switch")
    >>> policy = ns.policy_files("isolation-is-a-switch")["web-egress-allow-api"]
    >>> difference(before, before.with_policies(policy))
    Difference (spec): 0 added, 1 removed, 1 changed
    - shop/web -> monitoring/prometheus, shop/db, everywhere outside: all ports
    ~ shop/web -> shop/api: all ports, now 8080/TCP
    """
    comparison = Comparison(before, after, profile_for(after, cni))
    old, new = comparison.before.cluster, comparison.after.cluster
    names = Names((new, old), comparison.families)
    witnesses = Witnesses(new, old)
    rows = [_row(changed, names, witnesses) for changed in _gathered(comparison.changed())]
    order = list(Change)
    rows.sort(key=lambda row: (order.index(row.change), _sortable(row)))
    return Difference(
        profile=comparison.before.profile.name,
        rows=tuple(rows),
        workloads_added=tuple(w for w in sorted(new.workloads) if w not in old.workloads),
        workloads_removed=tuple(w for w in sorted(old.workloads) if w not in new.workloads),
        names=names,
    )


def _row(changed: Changed, names: Names, witnesses: Witnesses) -> Row:
    sources = names.ends(apart_from(changed.sources, changed.destinations))
    destinations = names.ends(apart_from(changed.destinations, changed.sources))
    row = Row(sources, destinations, changed.before, changed.after)
    witness = witnesses.of(changed, row.gained | row.lost)
    return replace(row, witness=witness, same_node=changed.same_node)


def apart_from(ends: tuple[Party, ...], others: tuple[Party, ...]) -> list[Party]:
    """Return the ends without a lone pod that is all of the others: it has no connection there."""
    alone = others[0] if len(others) == 1 else None
    kept = [end for end in ends if end is not alone]
    owners = {end.owner for end in kept if isinstance(end, Pod)}
    # To leave out one of several replicas would say less than it costs to read.
    return list(ends) if isinstance(alone, Pod) and alone.owner in owners else kept


def _gathered(changed: Iterable[Changed]) -> Iterator[Changed]:
    """Yield what is told of a pod and its own node once for each workload that is on its node."""
    found: dict[object, list[Changed]] = defaultdict(list)
    for each in changed:
        if not each.same_node:
            yield each
            continue
        (source,), (destination,) = each.sources, each.destinations
        towards = isinstance(destination, Pod) and destination.host_network
        host = destination if towards else source
        owner = host.owner if isinstance(host, Pod) else host
        found[towards, owner, each.before, each.after].append(each)
    for alike in found.values():
        sources = tuple(chain.from_iterable(each.sources for each in alike))
        destinations = tuple(chain.from_iterable(each.destinations for each in alike))
        yield alike[0]._replace(sources=sources, destinations=destinations)


def _sortable(row: Row) -> tuple[str, ...]:
    return tuple(map(str, (*row.sources, *row.destinations, row.before, row.after)))
