"""Selectors over labels that have other words now."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from nsimlib.model.expressions import And, Comparator, Compare, Expression, Has, Negation, Or
from nsimlib.model.selectors import LabelSelector, Requirement, Selector
from nsimlib.redaction.words import Words

__all__ = ["Selectors"]

#: what compares with a part of a value; pseudonyms have no such parts
PARTLY = (Comparator.CONTAINS, Comparator.STARTS_WITH, Comparator.ENDS_WITH)


class Selectors:
    """How selectors are said anew: `values` are all values of labels in the cluster."""

    def __init__(self, words: Words, values: Iterable[str], note: Callable[[str], None]) -> None:
        self.words, self.values, self.note = words, sorted(set(values)), note

    def said(self, selector: Selector) -> Selector:
        """Return the selector for what the same objects have now."""
        if isinstance(selector, LabelSelector):
            return LabelSelector(tuple(map(self._requirement, selector.requirements)))
        assert isinstance(selector, Expression)
        return self._expression(selector)

    def _requirement(self, of: Requirement) -> Requirement:
        values = tuple(map(self.words.word, of.values))
        return Requirement(self.words.key_of_label(of.key), of.operator, values)

    def _expression(self, of: Expression) -> Expression:
        match of:
            case And(parts=parts) | Or(parts=parts):
                return replace(of, parts=tuple(map(self._expression, parts)))
            case Negation(part=part):
                return Negation(self._expression(part))
            case Has(key=key):
                return Has(self.words.key_of_label(key))
            case Compare():
                return self._comparison(of)
            case _:
                return of

    def _comparison(self, of: Compare) -> Compare:
        comparator, values = of.comparator, of.values
        if comparator in PARTLY:
            self.note(f"{of} names its values now, as pseudonyms have no parts")
            values = tuple(v for v in self.values if comparator.holds(v, of.values))
            comparator = Comparator.IN
        return Compare(
            self.words.key_of_label(of.key), comparator, tuple(map(self.words.word, values))
        )
