"""Texts of Calico's selector language → expressions, and what Calico makes of them.

The grammar is in `model.expressions`.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final, NoReturn

from nsimlib.errors import SelectorSyntaxError
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

__all__ = ["both", "parse_selector", "prefixed", "selects_outside"]

BLANKS = re.compile(r"[ \t]*")
KEY = re.compile(r"[A-Za-z0-9_./-]+")
TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")
#: a sign may be followed by anything, and so may a word: `in{` is `in {`
WORDS: Final = {
    comparator: re.compile(comparator.value.replace(" ", r"[ \t]*")) for comparator in Comparator
}
#: deeper than anyone writes, and less than Python's stack
DEEPEST = 100


@lru_cache(maxsize=1 << 12)
def parse_selector(text: str) -> Expression:
    """Return the expression that a text says; an empty one means everything.

    Raises
    ------
    SelectorSyntaxError
        With the column, and what was expected there.

    Examples
    --------
    `&&` binds more strongly than `||`:

    >>> parse_selector("has(a) || has(b) && has(c)").matches({"a": ""})
    True
    >>> parse_selector("app = 'web'")
    Traceback (most recent call last):
    nsimlib.errors.SelectorSyntaxError: column 5: expected one of ==, !=, not in, in, contains, \
starts with, ends with
    """
    return _Parser(text).whole()


def both(parts: Iterable[Expression | None]) -> Expression | None:
    """Return what all of these select, those that are None left out; None if all are."""
    said = tuple(part for part in parts if part is not None)
    return And(said) if len(said) > 1 else said[0] if said else None


def prefixed(expression: Expression, prefix: str) -> Expression:
    """Return the expression with a prefix before every key, as Calico asks for labels of others.

    >>> str(prefixed(Has("team"), "pcsa."))
    'has(pcsa.team)'
    """
    match expression:
        case Has() | Compare():
            return replace(expression, key=prefix + expression.key)
        case Negation():
            return Negation(prefixed(expression.part, prefix))
        case And() | Or():
            return replace(
                expression, parts=tuple(prefixed(part, prefix) for part in expression.parts)
            )
        case _:
            return expression


def selects_outside(expression: Expression) -> bool:
    """Return whether a selector of namespaces also selects what is in none.

    `all()` means everything in a namespace and `global()` the rest, while `!=` matches whatever
    lacks the label, and so what has no namespace to have it:

    >>> selects_outside(Compare("team", Comparator.DIFFERS, ("a",))), selects_outside(All())
    (True, False)
    """
    match expression:
        case Global():
            return True
        case All():
            return False
        case Negation():
            return not selects_outside(expression.part)
        case And():
            return all(map(selects_outside, expression.parts))
        case Or():
            return any(map(selects_outside, expression.parts))
        case _:
            return expression.matches({})


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0

    def whole(self) -> Expression:
        self.skip()
        found = All() if self.at == len(self.text) else self.any_of()
        if self.at < len(self.text):
            self.fail("&&, || or the end")
        return found

    def any_of(self) -> Expression:
        parts = [self.all_of()]
        while self.takes("||"):
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def all_of(self) -> Expression:
        parts = [self.one()]
        while self.takes("&&"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def one(self) -> Expression:
        negated = False
        while self.takes("!"):
            negated = not negated
        found = self.operand()
        return Negation(found) if negated else found

    def operand(self) -> Expression:
        if self.takes("("):
            return self.nested()
        if self.takes("all("):
            return self.closed(All())
        if self.takes("global("):
            return self.closed(Global())
        if self.takes("has("):
            return self.closed(Has(self.taken(KEY, "the key of a label")))
        key = self.taken(KEY, "a label, has(), all(), global() or (")
        comparator = self.comparator()
        return Compare(key, comparator, self.values(comparator))

    def comparator(self) -> Comparator:
        found = (each for each, word in WORDS.items() if self.matched(word) is not None)
        if (comparator := next(found, None)) is None:
            self.fail(f"one of {', '.join(each.value for each in Comparator)}")
        return comparator

    def nested(self) -> Expression:
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail("fewer parentheses inside one another")
        found = self.closed(self.any_of())
        self.depth -= 1
        return found

    def closed(self, found: Expression) -> Expression:
        self.expect(")")
        return found

    def values(self, comparator: Comparator) -> tuple[str, ...]:
        if not comparator.takes_set:
            return (self.value(),)
        self.expect("{")
        found: set[str] = set()
        while not self.takes("}"):
            found.add(self.value("a text in quotes or }"))
            if not self.takes(","):
                self.expect("}")
                break
        return tuple(sorted(found))

    def value(self, expected: str = "a text in quotes") -> str:
        return self.taken(TEXT, expected)[1:-1]

    def expect(self, sign: str) -> None:
        if not self.takes(sign):
            self.fail(sign)

    def takes(self, sign: str) -> bool:
        found = self.text.startswith(sign, self.at)
        if found:
            self.at += len(sign)
            self.skip()
        return found

    def taken(self, wanted: re.Pattern[str], expected: str) -> str:
        found = self.matched(wanted)
        if found is None:
            self.fail(expected)
        return found

    def matched(self, wanted: re.Pattern[str]) -> str | None:
        match = wanted.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        self.skip()
        return match[0]

    def skip(self) -> None:
        if blanks := BLANKS.match(self.text, self.at):
            self.at = blanks.end()

    def fail(self, expected: str) -> NoReturn:
        raise SelectorSyntaxError(self.text, self.at + 1, expected)
