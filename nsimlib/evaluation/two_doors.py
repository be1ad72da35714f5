"""The two doors of a connection apart: what egress alone lets out, and what ingress alone lets in.

A worked example: api may send to db, and db lets only report in. Under the egress policies alone
the cell of api and db is allowed, under the ingress policies alone denied; together it is denied.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from nsimlib.evaluation.matrix import Cell, Matrix
from nsimlib.evaluation.reachability import reachability
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Direction
from nsimlib.model.shown import Shown
from nsimlib.model.tables import Table

__all__ = ["TwoDoors", "one_door", "two_doors"]

CLOSED = (Cell.DENIED, Cell.PARTLY, Cell.OPEN)


@dataclass(frozen=True, repr=False)
class TwoDoors(Shown):
    """Who gets out, who gets in, and who gets through: a connection needs both (F1.13)."""

    egress: Matrix
    ingress: Matrix
    both: Matrix

    @property
    def matrices(self) -> dict[str, Matrix]:
        """The three by name."""
        return {"egress": self.egress, "ingress": self.ingress, "both": self.both}

    @property
    def one_sided(self) -> tuple[tuple[str, str], ...]:
        """Source and destination where one door is open and the other is not."""
        ends = product(self.both.rows, self.both.columns)
        return tuple(each for each in ends if len(set(self._closed(each))) == 2)

    def _closed(self, ends: tuple[str, str]) -> Iterator[bool]:
        return (door[ends] in CLOSED for door in (self.egress, self.ingress))

    def to_table(self) -> Table:
        """Return the pairs that one door alone keeps apart, and what each door says."""
        rows = tuple(
            (*ends, *(each[ends].word for each in self.matrices.values()))
            for ends in self.one_sided
        )
        about = f"{self.both.about}: {len(rows)} pairs are kept apart by one door alone"
        return Table(about, ("source", "destination", *self.matrices), rows)


def one_door(cluster: Cluster, direction: Direction) -> Cluster:
    """Return the cluster as if policies had a say in one direction only."""
    return replace(
        cluster,
        policies=tuple(
            replace(
                policy,
                directions=policy.directions & {direction},
                isolates=policy.isolates & {direction},
                rules=policy.rules_for(direction),
            )
            for policy in cluster.policies
            if direction in policy.directions
        ),
    )


def two_doors(
    cluster: Cluster, port: str | None = None, *, by: str = "workload", cni: str = "spec"
) -> TwoDoors:
    """Return the matrix of each door by itself, and of both; see `Reachability.matrix`.

    Examples
    --------
    To allow a connection where it starts is not enough (F1.13):

    >>> import nsimlib as ns
    >>> shop, ready = ns.scenario("two-doors"), ns.policy_files("two-doors")
    >>> doors = two_doors(
    ...     shop.with_policies(ready["api-egress"], ready["db-ingress"]), "5432/TCP"
    ... )
    >>> [each["shop/api", "data/db"].word for each in doors.matrices.values()]
    ['allowed', 'denied', 'denied']
    """
    sides = (one_door(cluster, direction) for direction in Direction)
    egress, ingress, both = (
        reachability(each, cni=cni).matrix(port, by) for each in (*sides, cluster)
    )
    return TwoDoors(egress, ingress, both)
