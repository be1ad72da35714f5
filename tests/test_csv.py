"""Tables that go out as CSV are opened in spreadsheets."""

import pytest

from nsimlib.cli.asking import _as_csv


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    for line in _as_csv([cell], [[cell]]).splitlines():
        assert line.lstrip('"').startswith("'")


def test_other_cells_are_as_they_were() -> None:
    assert _as_csv(["name", "n"], [["shop/web", -1], ["-", 0]]) == "name,n\nshop/web,-1\n-,0\n"
