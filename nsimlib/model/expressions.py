"""Calico's selector language: expressions over labels, read from text and written back (F2.6).

::

    expression = all-of {"||" all-of}
    all-of     = one {"&&" one}
    one        = {"!"} ("all()" | "global()" | "has(" key ")" | key test | "(" expression ")")
    test       = ("==" | "!=" | "contains" | "starts with" | "ends with") text
               | ("in" | "not in") "{" [text {"," text}] "}"
    text       = single or double quotes around anything but that quote

Worked example: `app == 'web' && tier not in {'db'}` is `And` of two comparisons. An object without
the label tier matches the second, as with `NotIn` (F1.34).
"""

from dataclasses import dataclass
from enum import Enum

from nsimlib.model.selectors import Labels

__all__ = [
    "All",
    "And",
    "Comparator",
    "Compare",
    "Expression",
    "Global",
    "Has",
    "Negation",
    "Or",
]


class Comparator(Enum):
    """How a label's value is compared; the values are the language's words."""

    EQUALS = "=="
    #: also matches objects without the label
    DIFFERS = "!="
    #: also matches objects without the label
    NOT_IN = "not in"
    IN = "in"
    CONTAINS = "contains"
    STARTS_WITH = "starts with"
    ENDS_WITH = "ends with"

    @property
    def takes_set(self) -> bool:
        """Whether values in braces follow it."""
        return self in (Comparator.IN, Comparator.NOT_IN)

    def holds(self, value: str | None, wanted: tuple[str, ...]) -> bool:
        """Whether a label's value, None where it is absent, is as wanted."""
        match self:
            case Comparator.EQUALS | Comparator.IN:
                return value in wanted
            case Comparator.DIFFERS | Comparator.NOT_IN:
                return value not in wanted
            case Comparator.CONTAINS:
                return value is not None and wanted[0] in value
            case Comparator.STARTS_WITH:
                return value is not None and value.startswith(wanted[0])
            case Comparator.ENDS_WITH:
                return value is not None and value.endswith(wanted[0])


@dataclass(frozen=True, slots=True)
class All:
    """`all()`: whatever there is. As a selector of namespaces, what is in any namespace."""

    keys = frozenset[str]()

    def matches(self, labels: Labels) -> bool:  # noqa: ARG002 - what every selector takes
        """Whether the labels are selected, as always."""
        return True

    def misses(self, labels: Labels) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing."""
        return ()

    def __str__(self) -> str:
        return "all()"


@dataclass(frozen=True, slots=True)
class Global:
    """`global()`: what is in no namespace, and so never a pod."""

    keys = frozenset[str]()

    def matches(self, labels: Labels) -> bool:  # noqa: ARG002
        """Whether a namespace with these labels is selected: none is."""
        return False

    def misses(self, labels: Labels) -> tuple[str, ...]:  # noqa: ARG002
        """That it is a namespace."""
        return ("is a namespace, and global() means what is in none",)

    def __str__(self) -> str:
        return "global()"


@dataclass(frozen=True, slots=True)
class _OfOneLabel:
    key: str

    @property
    def keys(self) -> frozenset[str]:
        """Label keys that can change the answer."""
        return frozenset((self.key,))


@dataclass(frozen=True, slots=True)
class Has(_OfOneLabel):
    """`has(key)`: the label is there."""

    def matches(self, labels: Labels) -> bool:
        """Whether the label is there."""
        return self.key in labels

    def misses(self, labels: Labels) -> tuple[str, ...]:
        """What is wrong with the labels, a phrase after "it" each."""
        return () if self.matches(labels) else (f"has no label {self.key}",)

    def __str__(self) -> str:
        return f"has({self.key})"


@dataclass(frozen=True, slots=True)
class Compare(_OfOneLabel):
    """One comparison of one label with a text, or with a set of texts.

    >>> Compare("tier", Comparator.DIFFERS, ("db",)).matches({})
    True
    """

    comparator: Comparator
    values: tuple[str, ...]

    def matches(self, labels: Labels) -> bool:
        """Whether the label's value is as wanted."""
        return self.comparator.holds(labels.get(self.key), self.values)

    def misses(self, labels: Labels) -> tuple[str, ...]:
        """What is wrong with the labels, a phrase after "it" each."""
        if self.matches(labels):
            return ()
        if self.key not in labels:
            return (f"has no label {self.key}, and {self} needs one",)
        return (f"has {self.key}={labels[self.key]}, not {self._wanted}",)

    @property
    def _wanted(self) -> str:
        if self.comparator is Comparator.EQUALS:
            return self.values[0]
        return f"{self.comparator.value} {self._value_text}"

    @property
    def _value_text(self) -> str:
        texts = ", ".join(map(_quoted, self.values))
        return f"{{{texts}}}" if self.comparator.takes_set else texts

    def __str__(self) -> str:
        return f"{self.key} {self.comparator.value} {self._value_text}"


@dataclass(frozen=True, slots=True)
class Negation:
    """`!`: what the part does not match."""

    part: "Expression"

    @property
    def keys(self) -> frozenset[str]:
        """Label keys that can change the answer."""
        return self.part.keys

    def matches(self, labels: Labels) -> bool:
        """Whether the part does not match."""
        return not self.part.matches(labels)

    def misses(self, labels: Labels) -> tuple[str, ...]:
        """What is wrong with the labels, a phrase after "it" each."""
        return () if self.matches(labels) else (f"matches {self.part}, which is excluded",)

    def __str__(self) -> str:
        # Two signs in a row are read as none at all.
        return f"!({self.part})" if isinstance(self.part, Negation) else f"!{_nested(self.part)}"


@dataclass(frozen=True, slots=True)
class _Joined:
    parts: tuple["Expression", ...]

    @property
    def keys(self) -> frozenset[str]:
        """Label keys that can change the answer."""
        return frozenset[str]().union(*(part.keys for part in self.parts))


@dataclass(frozen=True, slots=True)
class And(_Joined):
    """`&&`: every part matches."""

    def matches(self, labels: Labels) -> bool:
        """Whether every part matches."""
        return all(part.matches(labels) for part in self.parts)

    def misses(self, labels: Labels) -> tuple[str, ...]:
        """What is wrong with the labels: all that the parts miss."""
        return tuple(phrase for part in self.parts for phrase in part.misses(labels))

    def __str__(self) -> str:
        return " && ".join(map(_nested, self.parts))


@dataclass(frozen=True, slots=True)
class Or(_Joined):
    """`||`: some part matches."""

    def matches(self, labels: Labels) -> bool:
        """Whether some part matches."""
        return any(part.matches(labels) for part in self.parts)

    def misses(self, labels: Labels) -> tuple[str, ...]:
        """What is wrong with the labels: all that any part misses, if none matches."""
        if self.matches(labels):
            return ()
        found = (phrase for part in self.parts for phrase in part.misses(labels))
        return tuple(dict.fromkeys(found))

    def __str__(self) -> str:
        return " || ".join(map(_nested, self.parts))


Expression = All | Global | Has | Compare | Negation | And | Or


def _nested(part: Expression) -> str:
    return f"({part})" if isinstance(part, And | Or) else str(part)


def _quoted(text: str) -> str:
    quote = '"' if "'" in text else "'"
    return f"{quote}{text}{quote}"
