"""The same connections in several positions of the switches: the table beside a widget."""

from collections.abc import Iterable, Mapping, Sequence

from nsimlib.evaluation.engine import why
from nsimlib.evaluation.matrix import Matrix
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy
from nsimlib.model.tables import Table

__all__ = ["changes", "positions"]


def positions(
    cluster: Cluster,
    policies: Mapping[str, Policy | str],
    switched_on: Iterable[Sequence[str]],
    connections: Iterable[str],
) -> Table:
    """Return how connections end with one set of policies after another.

    Parameters
    ----------
    cluster
        The cluster without the policies.
    policies
        The policies that can be switched on, by name, as `policy_files` gives them.
    switched_on
        The names to switch on, a sequence for each column.

    Examples
    --------
    A later default deny takes nothing away from what another policy allows (F1.12):

    >>> import nsimlib as ns
    >>> table = positions(
    ...     ns.scenario("isolation-is-a-switch"),
    ...     ns.policy_files("isolation-is-a-switch"),
    ...     [[], ["web-egress-allow-api", "default-deny-egress"]],
    ...     ["shop/web -> shop/api:8080/TCP", "shop/api -> shop/db:5432/TCP"],
    ... )
    >>> [row[1:] for row in table.rows]
    [('allowed', 'allowed'), ('allowed', 'denied')]
    """
    sets = [tuple(names) for names in switched_on]
    clusters = [cluster.with_policies(*(policies[name] for name in names)) for names in sets]
    rows = tuple(
        (asked, *(why(each, asked).outcome.value for each in clusters)) for asked in connections
    )
    columns = ("connection", *(" + ".join(names) or "no policy" for names in sets))
    return Table("How connections end, by the policies that are switched on", columns, rows)


def changes(before: Matrix, after: Matrix) -> Table:
    """Return the cells in which two matrices of the same ends differ."""
    rows = tuple(
        (source, destination, before[source, destination].word, after[source, destination].word)
        for source in before.rows
        for destination in before.columns
        if before[source, destination] is not after[source, destination]
    )
    return Table(f"What changes on {before.about}", ("from", "to", "before", "after"), rows)
