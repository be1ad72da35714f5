"""What enforcers do, side by side: the rows X1 to X18 for people."""

from nsimlib.cni.profile import Feature, Sure, load_profile, profile_names
from nsimlib.model.tables import Table

__all__ = ["ROWS", "profile_table"]

#: what each row of the comparison asks
ROWS = {
    "X1": "enforces NetworkPolicy",
    "X2": "ipBlock that covers pods and nodes",
    "X3": "ipBlock that names a ClusterIP",
    "X4": "what a denied client sees",
    "X5": "explicit denials, priorities",
    "X6": "egress by domain name",
    "X7": "rules for HTTP and DNS (L7)",
    "X8": "ICMP",
    "X9": "port names",
    "X10": "endPort",
    "X11": "SCTP",
    "X12": "pods in the host network",
    "X13": "connections already open, when tightened",
    "X14": "where denials show",
    "X15": "IPv6",
    "X16": "a new pod before its policies",
    "X17": "pod to its own node",
    "X18": "pod to itself through a Service",
}
MARKS = {Sure.VERIFIED: "", Sure.INFERRED: " (inferred)", Sure.UNKNOWN: ""}


def profile_table(*names: str) -> Table:
    """Return what enforcers do, a row for each question and a column for each profile.

    What is concluded from code is marked, and what nobody has verified is `not known`. Without
    names, all profiles that ship are in it.

    Raises
    ------
    UnknownName
        If no such profile ships.

    Examples
    --------
    >>> table = profile_table("flannel", "kube-router")
    >>> table.rows[1], table.rows[-1][-1]
    (('X1', 'enforces NetworkPolicy', 'no', 'yes'), 'not known')
    """
    profiles = tuple(load_profile(name) for name in names or profile_names())
    read = ("", "version that was read", *(profile.version for profile in profiles))
    rows = (
        (row, asks, *(_cell(profile.shows[row]) for profile in profiles))
        for row, asks in ROWS.items()
    )
    columns = ("row", "question", *(profile.name for profile in profiles))
    return Table("What enforcers do", columns, (read, *rows))


def _cell(feature: Feature) -> str:
    return "not known" if feature.says is None else feature.says + MARKS[feature.sure]
