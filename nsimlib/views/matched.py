"""A source → which workloads it reaches, as a table; and that beside a policy's YAML."""

from nsimlib.evaluation.engine import why
from nsimlib.model.cluster import Cluster
from nsimlib.model.tables import Table
from nsimlib.views.html import html_of
from nsimlib.views.styles import code_block

__all__ = ["matched_beside", "matched_pods"]


def matched_pods(cluster: Cluster, source: str, port: str) -> Table:
    """Return each other workload with its labels, and whether the source may reach it on a port.

    A dash before `podSelector` lets in what only shares the namespace:

    >>> import nsimlib as ns
    >>> lesson = "selectors-that-lie"
    >>> after = ns.scenario(lesson).with_policies(ns.policy_files(lesson)["two-entries"])
    >>> matched_pods(after, "shop/web", "53/UDP").rows[4]
    ('kube-system/dashboard', 'k8s-app=dashboard', 'allowed')
    """
    rows = tuple(
        (
            str(workload),
            ", ".join(f"{key}={value}" for key, value in sorted(pods[0].labels.items())),
            why(cluster, f"{source} -> {workload}:{port}").outcome.value,
        )
        for workload, pods in sorted(cluster.workloads.items(), key=lambda pair: str(pair[0]))
        if str(workload) != source
    )
    reached = sum(outcome == "allowed" for *_, outcome in rows)
    title = f"{source} reaches {reached} of {len(rows)} other workloads on {port}"
    return Table(title, ("workload", "labels", "outcome"), rows)


def matched_beside(policy: str, table: Table) -> str:
    """Return a policy's YAML and, beside it, what it lets a source reach, as HTML."""
    row = "display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start"
    return f'<div style="{row}"><div>{code_block(policy)}</div><div>{html_of(table)}</div></div>'
