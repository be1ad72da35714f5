"""Who of a cluster may reach some endpoints that matter: a matrix of workloads and endpoints."""

from collections.abc import Iterable, Iterator, Mapping

from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.matrix import Cell, Matrix
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Workload

__all__ = ["exposure_board"]

CELLS = {
    Outcome.ALLOWED: Cell.ALLOWED,
    Outcome.DENIED: Cell.DENIED,
    Outcome.UNDETERMINED: Cell.OPEN,
}


def exposure_board(
    cluster: Cluster,
    endpoints: Mapping[str, str],
    workloads: Iterable[str] | None = None,
    *,
    cni: str = "spec",
) -> Matrix:
    """Return which workloads may reach which endpoints.

    Parameters
    ----------
    endpoints
        Destinations with their ports, by the name that heads their column:
        `{"node credentials": "169.254.169.254:80/TCP"}`.
    workloads
        `namespace/name` of those that have a row; all if left out.

    Raises
    ------
    ConnectionSyntaxError, UnknownName
        If an endpoint cannot be read, or names something that is not there.

    Examples
    --------
    An exception narrows the rule that it stands in, and no other rule (F1.19):

    >>> import nsimlib as ns
    >>> ready = ns.policy_files("default-egress")
    >>> on = ready["all-but-metadata"], ready["api-metadata"]
    >>> board = exposure_board(
    ...     ns.scenario("default-egress").with_policies(*on),
    ...     {"node credentials": "169.254.169.254:80/TCP"},
    ... )
    >>> board["shop/web", "node credentials"].word, board["shop/api", "node credentials"].word
    ('denied', 'allowed')
    """
    rows = tuple(workloads or map(_name, cluster.workloads))
    cells = tuple(tuple(_row(cluster, row, endpoints.values(), cni)) for row in rows)
    return Matrix("endpoints", rows, tuple(endpoints), cells)


def _row(cluster: Cluster, row: str, endpoints: Iterable[str], cni: str) -> Iterator[Cell]:
    for endpoint in endpoints:
        cases = {case.outcome for case in why(cluster, f"{row} -> {endpoint}", cni=cni).cases}
        yield CELLS[cases.pop()] if len(cases) == 1 else Cell.PARTLY


def _name(workload: Workload) -> str:
    return str(workload)
