"""Patterns of domain names, dialect by dialect."""

import pytest

from nsimlib.model.domains import PatternDialect, names, pattern_table

KUBERNETES, CILIUM, EXACT, GKE, ANTREA, CALICO = PatternDialect


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
        # exactly one label
        (GKE, "*.x.io", "a.x.io", "x.io a.b.x.io evilx.io"),
        (GKE, "db-*.x.io", "db-1.x.io", "db-1.a.x.io"),
        # any text, dots too (F4.19)
        (ANTREA, "*.x.io", "a.x.io a.b.x.io", "x.io evilx.io"),
        (ANTREA, "*x.io", "x.io evilx.io a.x.io a.evilx.io", "x.io.evil"),
        # one label or more wherever the star is (F2.12); two stars, or half a label, mean nothing
        (CALICO, "*.x.io", "a.x.io a.b.x.io", "x.io evilx.io"),
        (CALICO, "a.*.io", "a.x.io a.x.y.io", "a.io b.x.io"),
        (CALICO, "*.*.io", "", "a.b.io"),
        (CALICO, "db-*.x.io", "", "db-1.x.io"),
    ],
)
def test_patterns(dialect: PatternDialect, pattern: str, named: str, others: str) -> None:
    assert [name for name in named.split() if not names(pattern, dialect, name)] == []
    assert [name for name in others.split() if names(pattern, dialect, name)] == []


class TestPatternTable:
    def test_names_of_ones_own(self) -> None:
        table = pattern_table("*.rds.example", ["db.eu.rds.example"])
        dialects = (d.value for d in PatternDialect if d is not EXACT)
        assert table.columns == ("name", *dialects, "dialects")
        assert table.rows == (("db.eu.rds.example", "yes", "no", "no", "yes", "yes", "differs"),)

    @pytest.mark.parametrize(
        ("pattern", "differing"),
        [
            ("*.x.io", ["a.b.x.io"]),
            ("*x.io", ["x.io", "a.x.io", "a.b.x.io", "evilx.io"]),
            ("**.x.io", ["a.x.io", "a.b.x.io"]),
            ("x.io", []),
        ],
    )
    def test_where_dialects_part(self, pattern: str, differing: list[str]) -> None:
        assert [row[0] for row in pattern_table(pattern).rows if row[-1]] == differing
