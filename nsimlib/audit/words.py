"""Names in the messages of findings: few of them, the rest counted."""

from collections.abc import Iterable

from nsimlib.model.objects import Pod
from nsimlib.model.policy import Policy, Rule

__all__ = ["keys", "listed", "ports_meant", "workloads"]

#: so many names stand in a message
FEW = 2


def listed(names: Iterable[str]) -> str:
    """Return names in a row.

    >>> listed(["a", "b", "c", "d"])
    'a, b and 2 more'
    """
    found = list(dict.fromkeys(names))
    more = len(found) - FEW
    return ", ".join(found[:FEW]) + (f" and {more} more" if more > 0 else "")


def workloads(pods: Iterable[Pod]) -> tuple[str, ...]:
    """Return what pods belong to, each once, in order."""
    return tuple(sorted({str(pod.owner) for pod in pods}))


def keys(policies: Iterable[Policy]) -> str:
    """Return the names of policies in a row."""
    return listed(policy.key for policy in policies)


def ports_meant(of: Rule) -> str:
    """Return the ports of a rule in a row."""
    return "all ports" if of.ports is None else listed(map(str, of.ports)) or "no port"
