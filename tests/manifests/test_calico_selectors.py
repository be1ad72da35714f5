"""Calico's selector language: what is read, what is refused, and what writing gives back (F2.6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsimlib.errors import SelectorSyntaxError
from nsimlib.manifests.calico_selectors import (
    both,
    parse_selector,
    prefixed,
    selects_outside,
)
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

#: texts, and how they are written back
READ = [
    ("", "all()"),
    ("  ", "all()"),
    ("all()", "all()"),
    ("all( )", "all()"),
    ("global()", "global()"),
    ("has(app)", "has(app)"),
    ("has( example.com/app-1_x )", "has(example.com/app-1_x)"),
    ('app=="web"', "app == 'web'"),
    ("app\t!= 'web'", "app != 'web'"),
    ("app == 'it' && tier == \"it's\"", "app == 'it' && tier == \"it's\""),
    ("app in {'b','a',\"a\",}", "app in {'a', 'b'}"),
    ("app in{}", "app in {}"),
    ("app not   in {'a'}", "app not in {'a'}"),
    ("app notin {'a'}", "app not in {'a'}"),
    ("app contains 'a'", "app contains 'a'"),
    ("app starts with 'a'", "app starts with 'a'"),
    ("app startswith 'a' && app ends\twith 'b'", "app starts with 'a' && app ends with 'b'"),
    ("in in {'in'}", "in in {'in'}"),
    ("has == 'x'", "has == 'x'"),
    # || is the weakest, ! the strongest, and parentheses go where they change nothing
    ("has(a) || has(b) && has(c)", "has(a) || (has(b) && has(c))"),
    ("(has(a) || has(b)) && has(c)", "(has(a) || has(b)) && has(c)"),
    ("((has(a)))", "has(a)"),
    ("!has(a) && has(b)", "!has(a) && has(b)"),
    ("!(has(a) && has(b))", "!(has(a) && has(b))"),
    ("!!has(a)", "has(a)"),
    ("! ! !has(a)", "!has(a)"),
]
REFUSED = [
    ("app", 4, "one of ==, !=, not in, in, contains, starts with, ends with"),
    ("app = 'web'", 5, "one of =="),
    ("app == web", 8, "a text in quotes"),
    ("app == 'web", 8, "a text in quotes"),
    ("app in 'web'", 8, "{"),
    ("app in {'a' 'b'}", 13, "}"),
    ("app in {'a'", 12, "}"),
    ("app in {a}", 9, "a text in quotes or }"),
    ("has()", 5, "the key of a label"),
    ("has(a", 6, ")"),
    ("all", 4, "one of =="),
    ("(has(a)", 8, ")"),
    ("has(a) has(b)", 8, "&&, || or the end"),
    ("has(a) & has(b)", 8, "&&, || or the end"),
    ("has(a)\n&& has(b)", 7, "&&, || or the end"),
    ("has(a) &&", 10, "a label, has(), all(), global() or ("),
    ("&& has(a)", 1, "a label, has(), all(), global() or ("),
    ("app == 'ä' || ü == 'x'", 15, "a label, has(), all(), global() or ("),
    ("(" * 1000 + "all()" + ")" * 1000, 102, "fewer parentheses"),
]


@pytest.mark.parametrize(("text", "written"), READ)
def test_what_is_read(text: str, written: str) -> None:
    assert str(parse_selector(text)) == written


@pytest.mark.parametrize(("text", "column", "expected"), REFUSED)
def test_what_is_refused(text: str, column: int, expected: str) -> None:
    with pytest.raises(SelectorSyntaxError) as caught:
        parse_selector(text)
    assert caught.value.column == column
    assert str(caught.value).startswith(f"column {column}: expected {expected}")


KEYS = st.sampled_from(("app", "tier", "example.com/app", "in"))
TEXTS = st.sampled_from(("", "web", "it's", 'a "b"', "{}", "&&"))
LEAVES: st.SearchStrategy[Expression] = st.one_of(
    st.just(All()),
    st.just(Global()),
    KEYS.map(Has),
    st.builds(
        lambda key, how, values: Compare(
            key, how, tuple(sorted(values)) if how.takes_set else tuple(values)[:1] or ("",)
        ),
        KEYS,
        st.sampled_from(Comparator),
        st.sets(TEXTS, max_size=3),
    ),
)
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(Negation),
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(And),
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(Or),
    ),
    max_leaves=6,
)
LABELS = st.dictionaries(KEYS, TEXTS, max_size=3)


@given(EXPRESSIONS)
def test_what_is_written_reads_back(expression: Expression) -> None:
    assert parse_selector(str(expression)) == expression


@given(EXPRESSIONS, LABELS)
def test_what_misses_nothing_matches(expression: Expression, labels: dict[str, str]) -> None:
    assert (not expression.misses(labels)) is expression.matches(labels)


@given(EXPRESSIONS, LABELS)
def test_other_labels_change_nothing(expression: Expression, labels: dict[str, str]) -> None:
    asked = {key: value for key, value in labels.items() if key in expression.keys}
    assert expression.matches(asked) is expression.matches(labels)


NE, EQ = Comparator.DIFFERS, Comparator.EQUALS
WEB = Compare("app", EQ, ("web",))


@pytest.mark.parametrize(
    ("expression", "outside"),
    [
        (All(), False),
        (Global(), True),
        (Negation(All()), True),
        (Negation(Global()), False),
        (Has("team"), False),
        (Negation(Has("team")), True),
        (Compare("team", NE, ("a",)), True),
        (Compare("team", EQ, ("a",)), False),
        (And((Compare("team", NE, ("a",)), All())), False),
        (Or((Has("team"), Global())), True),
    ],
    ids=str,
)
def test_a_selector_of_namespaces_may_take_in_what_has_none(
    expression: Expression, outside: bool
) -> None:
    assert selects_outside(expression) is outside


def test_both_joins_what_is_said() -> None:
    assert both((None, None)) is None
    assert both((None, WEB)) is WEB
    assert both((WEB, Has("a"))) == And((WEB, Has("a")))


def test_a_prefix_goes_before_every_key() -> None:
    expression = Or((And((WEB, Has("a"))), Negation(Has("b")), All()))
    assert prefixed(expression, "pcns.").keys == {"pcns.app", "pcns.a", "pcns.b"}
