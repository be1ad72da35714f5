"""The door to the audit; what is behind it is imported when somebody asks."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from nsimlib.audit.run import Audit, Progress
    from nsimlib.model.cluster import Cluster

__all__ = ["audit"]


def audit(
    cluster: "Cluster",
    *,
    cni: str = "auto",
    only: "Iterable[str]" = (),
    baseline: str | None = None,
    today: "date | None" = None,
    expect: str | None = None,
    tries: int = 25,
    progress: "Progress | None" = None,
) -> "Audit":
    """Return what is wrong or weak in a cluster's policies.

    Parameters
    ----------
    cluster
        What `load` returned. To have refused manifests among the findings, load with
        `strict=False`.
    cni
        The profile that settles open questions; `"auto"` takes the one that the cluster suggests.
    only
        Ids or slugs of the rules to ask; all if none is named.
    baseline
        A file, or a text, with findings that somebody accepts (`Audit.to_baseline`); annotations
        `nsimlib.io/ignore` on the objects count without it.
    today
        The day that decides which acceptances are over; the machine's if left out.
    expect
        A file, or a text, with expectations, as `expect` takes them: which namespaces have one that
        says what is to be denied.
    tries
        How many patches a report tries, those of the worst findings first; each trial asks all
        rules again. `Audit.trial` tries any.
    progress
        Shows the rules asked, as `tqdm.auto.tqdm` does; it may be interrupted.

    Raises
    ------
    UnknownName
        If no such profile ships, or there is no such rule.
    ManifestError
        If the baseline or the expectations cannot be read.

    Examples
    --------
    A `podSelector` alone looks in its own namespace, so this DNS rule allows nothing (F1.2):

    >>> import nsimlib as ns
    >>> ns.audit(ns.scenario("shop"), cni="calico").of("dns-blocked")[1].hit.pods
    ('shop/web',)
    """
    from nsimlib.audit.run import audited

    return audited(
        cluster,
        cni,
        only,
        baseline=baseline,
        today=today,
        expect=expect,
        tries=tries,
        progress=progress,
    )
