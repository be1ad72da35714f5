"""Patterns of domain names: every dialect writes `*` and none means the same by it.

========================  ==========================  =====================================
dialect                   `*.x.io` names              besides
========================  ==========================  =====================================
ClusterNetworkPolicy      one label or more (F1.64)   no `*` elsewhere
Cilium `matchPattern`     exactly one label (F3.25)   `**.` in front: one or more; `*` alone
                                                      everything; `*x.io` names evilx.io too
========================  ==========================  =====================================
"""

import re
from enum import Enum
from functools import lru_cache

__all__ = ["PatternDialect", "names"]

#: what one `*` stands for in Cilium: part of a label, never a dot (F3.25)
PART = "[-a-zA-Z0-9_]"


class PatternDialect(Enum):
    """Whose rules a pattern follows."""

    #: ClusterNetworkPolicy and the admin policies before it (F1.64)
    KUBERNETES = "kubernetes"
    #: Cilium's `matchPattern` (F3.25)
    CILIUM = "cilium"
    #: Cilium's `matchName`: literal
    EXACT = "exact"


def names(pattern: str, dialect: PatternDialect, name: str) -> bool:
    """Return whether a pattern names a domain; upper case and a trailing dot do not matter.

    >>> [names("*.x.io", dialect, "a.b.x.io") for dialect in PatternDialect]
    [True, False, False]
    """
    return _expression(pattern, dialect).fullmatch(_plain(name)) is not None


def _plain(name: str) -> str:
    return name.lower().rstrip(".")


@lru_cache(maxsize=4096)
def _expression(pattern: str, dialect: PatternDialect) -> re.Pattern[str]:
    plain = _plain(pattern)
    match dialect:
        case PatternDialect.KUBERNETES if plain.startswith("*."):
            return re.compile(rf"(?:[^.]+\.)+{re.escape(plain[2:])}")
        case PatternDialect.CILIUM:
            return re.compile(_cilium(plain))
        case _:
            return re.compile(re.escape(plain))


def _cilium(pattern: str) -> str:
    if pattern == "*":
        return ".*"
    front = ""
    if pattern.startswith("**."):
        front, pattern = rf"{PART}+(?:\.{PART}+)*\.", pattern[3:]
    return front + re.escape(pattern).replace(r"\*", f"{PART}*")
