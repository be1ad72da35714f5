"""Expressions over labels: what they match, and what they say of labels they do not (F2.6)."""

import pytest

from nsimlib.model.expressions import (
    All,
    And,
    Comparator,
    Compare,
    Expression,
    Global,
    Has,
    Negation,
    Or,
)

EQ, NE, IN, NOT_IN = Comparator.EQUALS, Comparator.DIFFERS, Comparator.IN, Comparator.NOT_IN
WEB = Compare("app", EQ, ("web",))


class TestMatches:
    @pytest.mark.parametrize(
        ("comparator", "values", "web", "empty", "absent"),
        [
            (EQ, ("web",), True, False, False),
            # a label that is not there differs from everything
            (NE, ("web",), False, True, True),
            (NE, ("",), True, False, True),
            (IN, ("db", "web"), True, False, False),
            (IN, (), False, False, False),
            (NOT_IN, ("db", "web"), False, True, True),
            (NOT_IN, (), True, True, True),
            (Comparator.CONTAINS, ("e",), True, False, False),
            (Comparator.CONTAINS, ("",), True, True, False),
            (Comparator.STARTS_WITH, ("we",), True, False, False),
            (Comparator.STARTS_WITH, ("eb",), False, False, False),
            (Comparator.ENDS_WITH, ("eb",), True, False, False),
            (Comparator.ENDS_WITH, ("we",), False, False, False),
        ],
    )
    def test_comparisons(
        self, comparator: Comparator, values: tuple[str, ...], web: bool, empty: bool, absent: bool
    ) -> None:
        expression = Compare("app", comparator, values)
        labels: tuple[dict[str, str], ...] = ({"app": "web"}, {"app": ""}, {})
        assert [expression.matches(each) for each in labels] == [web, empty, absent]
        assert expression.keys == {"app"}

    def test_what_is_joined(self) -> None:
        assert And((WEB, Has("tier"))).matches({"app": "web", "tier": ""})
        assert not And((WEB, Has("tier"))).matches({"app": "web"})
        assert Or((WEB, Has("tier"))).matches({"tier": "x"})
        assert Negation(Has("tier")).matches({})
        assert And((WEB, Negation(Has("tier")))).keys == {"app", "tier"}
        assert (All().matches({}), Global().matches({})) == (True, False)


@pytest.mark.parametrize(
    ("expression", "misses"),
    [
        (WEB, ("has app=api, not web",)),
        (Compare("app", IN, ("db", "web")), ("has app=api, not in {'db', 'web'}",)),
        (Compare("app", NE, ("api",)), ("has app=api, not != 'api'",)),
        (Compare("tier", EQ, ("x",)), ("has no label tier, and tier == 'x' needs one",)),
        (Has("tier"), ("has no label tier",)),
        (Negation(Has("app")), ("matches has(app), which is excluded",)),
        (And((Has("app"), WEB, Has("tier"))), ("has app=api, not web", "has no label tier")),
        (Or((WEB, Has("tier"))), ("has app=api, not web", "has no label tier")),
        (Or((WEB, Has("app"))), ()),
        (Global(), ("is a namespace, and global() means what is in none",)),
    ],
    ids=str,
)
def test_what_is_missed_is_a_phrase_after_it(
    expression: Expression, misses: tuple[str, ...]
) -> None:
    assert expression.misses({"app": "api"}) == misses
