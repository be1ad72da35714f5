"""The pattern tester, without a browser: what is typed is what is tried."""

import pytest

import nsimlib as ns
from nsimlib.views.html import html_of


@pytest.mark.parametrize(
    ("pattern", "name", "says"),
    [
        ("*.x.io", "a.b.x.io", ("yes", "no", "no", "yes", "yes", "differs")),
        ("*x.io", "evilx.io", ("no", "yes", "yes", "yes", "no", "differs")),
        ("x.io", "X.IO.", ("yes", "yes", "yes", "yes", "yes", "")),
        ("*", "a.b.c", ("no", "yes", "no", "yes", "yes", "differs")),
        ("", "x.io", ("no", "no", "no", "no", "no", "")),
        ("(", "x.io", ("no", "no", "no", "no", "no", "")),
    ],
)
def test_what_is_typed_is_tried(pattern: str, name: str, says: tuple[str, ...]) -> None:
    tester = ns.PatternTester("y.io", ["y.io"])
    tester.pattern.value, tester.names.value = pattern, f" {name}\n\n"
    assert tester.table.rows == ((name, *says),)
    assert tester.view.value == html_of(tester.table)


def test_without_names_those_are_tried_at_which_dialects_part() -> None:
    tester = ns.PatternTester("*.x.io")
    assert [row[0] for row in tester.table.rows] == ["x.io", "a.x.io", "a.b.x.io", "evilx.io"]
    assert repr(tester) == "PatternTester: What *.x.io names"


def test_names_of_a_page_are_no_markup() -> None:
    tester = ns.PatternTester("*", ["<b>x</b>"])
    assert "<b>x</b>" not in tester.view.value


def test_every_field_has_a_visible_label() -> None:
    tester = ns.PatternTester("*.x.io")
    assert [field.description for field in (tester.pattern, tester.names)] == ["pattern", "names"]
