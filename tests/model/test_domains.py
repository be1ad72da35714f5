"""Patterns of domain names, dialect by dialect."""

import pytest

from nsimlib.model.domains import PatternDialect, names

KUBERNETES, CILIUM, EXACT = PatternDialect


@pytest.mark.parametrize(
    ("dialect", "pattern", "named", "others"),
    [
        # one label or more, never the domain itself (F1.64)
        (KUBERNETES, "*.x.io", "a.x.io a.b.x.io A.X.IO. a_b.x.io", "x.io evilx.io a.x.io.evil"),
        (KUBERNETES, "x.io", "x.io X.io.", "a.x.io xaio"),
        # exactly one label (F3.25)
        (CILIUM, "*.x.io", "a.x.io A.x.io.", "x.io a.b.x.io evilx.io"),
        (CILIUM, "**.x.io", "a.x.io a.b.x.io", "x.io evilx.io"),
        (CILIUM, "*x.io", "x.io evilx.io", "a.x.io"),
        (CILIUM, "db-*.x.io", "db-1.x.io db-.x.io", "db.x.io db-1.a.x.io"),
        (CILIUM, "*", "x.io a.b.c", ""),
        (CILIUM, "a.*.io", "a.x.io", "a.io a.x.y.io axxio"),
        (EXACT, "x.io", "x.io X.IO.", "a.x.io"),
        (EXACT, "*.x.io", "", "a.x.io"),
    ],
)
def test_patterns(dialect: PatternDialect, pattern: str, named: str, others: str) -> None:
    assert [name for name in named.split() if not names(pattern, dialect, name)] == []
    assert [name for name in others.split() if names(pattern, dialect, name)] == []
