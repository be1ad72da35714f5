"""Patterns of domain names: every dialect writes `*` and no two mean the same by it.

====================  =========================  ==================================================
dialect               `*.x.io` names             besides
====================  =========================  ==================================================
ClusterNetworkPolicy  one label or more (F1.64)  no `*` elsewhere
Cilium                exactly one label (F3.25)  `**.` in front: one or more; `*` alone everything;
                                                 `*x.io` names evilx.io too
GKE                   exactly one label          `*` is a part of a label
Antrea                one label or more (F4.19)  `*` is any text, dots too: `*x.io` names a.evilx.io
Calico Enterprise     one label or more (F2.12)  one `*`, a whole label, anywhere: `a.*.io`
====================  =========================  ==================================================

What the facts leave open is as in GKE's guide
(https://cloud.google.com/kubernetes-engine/docs/how-to/fqdn-network-policies), in Antrea's agent
(antrea-io/antrea:pkg/agent/controller/networkpolicy/fqdn.go) and in Calico's guide
(https://docs.tigera.io/calico-enterprise/latest/network-policy/domain-based-policy).
"""

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache

from nsimlib.model.tables import Table

__all__ = ["PatternDialect", "names", "pattern_table"]

#: what one `*` stands for in Cilium: part of a label, never a dot (F3.25)
PART = "[-a-zA-Z0-9_]"
LABELS = r"[^.]+(?:\.[^.]+)*"


class PatternDialect(Enum):
    """Whose rules a pattern follows."""

    #: ClusterNetworkPolicy and the admin policies before it
    KUBERNETES = "kubernetes"
    #: Cilium's `matchPattern`
    CILIUM = "cilium"
    #: Cilium's `matchName`: literal
    EXACT = "exact"
    #: `pattern` of GKE's FQDNNetworkPolicy
    GKE = "gke"
    #: `fqdn` of Antrea's own policies
    ANTREA = "antrea"
    #: `domains` and `allowedEgressDomains` of Calico Enterprise
    CALICO_ENTERPRISE = "calico-enterprise"

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that say what its patterns mean."""
        return FACTS[self]


FACTS = {
    PatternDialect.KUBERNETES: ("F1.64",),
    PatternDialect.CILIUM: ("F3.25",),
    PatternDialect.EXACT: ("F3.25",),
    PatternDialect.GKE: ("F4.34",),
    PatternDialect.ANTREA: ("F4.19",),
    PatternDialect.CALICO_ENTERPRISE: ("F2.12",),
}
#: dialects in which `*` means something
WILD = tuple(dialect for dialect in PatternDialect if dialect is not PatternDialect.EXACT)


def names(pattern: str, dialect: PatternDialect, name: str) -> bool:
    """Return whether a pattern names a domain; upper case and a trailing dot do not matter.

    >>> [str(names("*.x.io", dialect, "a.b.x.io")) for dialect in PatternDialect]
    ['True', 'False', 'False', 'False', 'True', 'True']
    """
    return _expression(pattern, dialect).fullmatch(_plain(name)) is not None


def pattern_table(pattern: str, domains: Iterable[str] = ()) -> Table:
    """Return which names a pattern names in each dialect; `differs` marks where they part.

    Without names, those are tried at which dialects part: the domain itself, one label below it,
    two labels below it, and a neighbour that only ends alike.

    >>> [name for name, *_, differs in pattern_table("*.x.io").rows if differs]
    ['a.b.x.io']
    """
    columns = ("name", *(dialect.value for dialect in WILD), "dialects")
    rows = (_row(pattern, name) for name in tuple(domains) or _telling(pattern))
    return Table(f"What {pattern} names", columns, tuple(rows))


def _row(pattern: str, name: str) -> tuple[str, ...]:
    cells = ["yes" if names(pattern, dialect, name) else "no" for dialect in WILD]
    return (name, *cells, "differs" if len(set(cells)) > 1 else "")


def _telling(pattern: str) -> tuple[str, ...]:
    domain = _plain(pattern).rpartition("*")[2].removeprefix(".") or "x.io"
    return domain, f"a.{domain}", f"a.b.{domain}", f"evil{domain}"


def _plain(name: str) -> str:
    return name.lower().rstrip(".")


@lru_cache(maxsize=4096)
def _expression(pattern: str, dialect: PatternDialect) -> re.Pattern[str]:
    plain = _plain(pattern)
    match dialect:
        case PatternDialect.KUBERNETES if plain.startswith("*."):
            return re.compile(rf"{LABELS}\.{re.escape(plain[2:])}")
        case PatternDialect.CILIUM:
            return re.compile(_cilium(plain))
        case PatternDialect.GKE:
            return re.compile(_each_star(plain, f"{PART}*"))
        case PatternDialect.ANTREA:
            return re.compile(_each_star(plain, ".*"))
        case PatternDialect.CALICO_ENTERPRISE if _is_one_label(plain):
            return re.compile(_each_star(plain, LABELS))
        case _:
            return re.compile(re.escape(plain))


def _is_one_label(pattern: str) -> bool:
    """Whether there is one star, and it is a whole label."""
    return pattern.split(".").count("*") == pattern.count("*") == 1


def _cilium(pattern: str) -> str:
    if pattern == "*":
        return ".*"
    front = ""
    if pattern.startswith("**."):
        front, pattern = rf"{PART}+(?:\.{PART}+)*\.", pattern[3:]
    return front + _each_star(pattern, f"{PART}*")


def _each_star(pattern: str, stands_for: str) -> str:
    return re.escape(pattern).replace(r"\*", stands_for)
