"""Label selectors: which objects carry the labels that are asked for (F1.32-F1.35)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

__all__ = [
    "EVERYTHING",
    "IMPLIED",
    "LabelSelector",
    "Labels",
    "Operator",
    "Requirement",
    "Selector",
    "asks_for_implied",
    "selects_all",
]

Labels = Mapping[str, str]


class Selector(Protocol):
    """What every dialect's selector can do, whatever its language."""

    @property
    def keys(self) -> frozenset[str]:
        """Label keys that can change the answer."""

    def matches(self, labels: Labels) -> bool:
        """Whether an object with these labels is selected."""

    def misses(self, labels: Labels) -> tuple[str, ...]:
        """What is wrong with these labels, a phrase after "it" each; empty when they match."""


def selects_all(selector: Selector) -> bool:
    """Return whether a selector matches whatever there is; one without keys may match nothing."""
    return not selector.keys and selector.matches({})


#: labels that nobody writes, which Calico and Cilium see: where an object is, and who runs it
IMPLIED = ("projectcalico.org/", "pcns.", "pcsa.", "io.cilium.k8s.policy.")


def asks_for_implied(selector: Selector) -> bool:
    """Return whether a selector asks for labels that objects have without their being written."""
    return any(key.startswith(IMPLIED) for key in selector.keys)


class Operator(Enum):
    """How a requirement compares; the values are the API's spelling."""

    IN = "In"
    #: also matches objects without the key (F1.34)
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label key.

    >>> Requirement("tier", Operator.NOT_IN, ("db",)).matches({})
    True
    """

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Labels) -> bool:
        """Whether the labels meet the condition; `NotIn` holds when the key is absent (F1.34)."""
        match self.operator:
            case Operator.IN:
                return labels.get(self.key) in self.values
            case Operator.NOT_IN:
                return labels.get(self.key) not in self.values
            case Operator.EXISTS:
                return self.key in labels
            case Operator.DOES_NOT_EXIST:
                return self.key not in labels

    def __str__(self) -> str:
        match self.operator:
            case Operator.IN if len(self.values) == 1:
                return f"{self.key}={self.values[0]}"
            case Operator.IN:
                return f"{self.key} in ({','.join(self.values)})"
            case Operator.NOT_IN:
                return f"{self.key} notin ({','.join(self.values)})"
            case Operator.EXISTS:
                return self.key
            case Operator.DOES_NOT_EXIST:
                return f"!{self.key}"


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """`matchLabels` and `matchExpressions`, all ANDed (F1.33); without any, everything matches.

    An absent selector is not an empty one: absent is `None` where it may be absent (F1.32).

    >>> LabelSelector.of(app="web").misses({"app": "api"})
    ('has app=api, not web',)
    """

    requirements: tuple[Requirement, ...] = ()

    @classmethod
    def of(cls, labels: Labels | None = None, /, **more: str) -> "LabelSelector":
        """Return the selector for exact labels, as `matchLabels` would say it."""
        pairs = {**(labels or {}), **more}
        return cls(tuple(Requirement(k, Operator.IN, (v,)) for k, v in sorted(pairs.items())))

    @property
    def keys(self) -> frozenset[str]:
        """Label keys that can change the answer."""
        return frozenset(requirement.key for requirement in self.requirements)

    def matches(self, labels: Labels) -> bool:
        """Whether the labels meet every requirement."""
        return all(requirement.matches(labels) for requirement in self.requirements)

    def misses(self, labels: Labels) -> tuple[str, ...]:
        """What is wrong with the labels, one phrase for each requirement that is not met."""
        return tuple(_miss(r, labels) for r in self.requirements if not r.matches(labels))

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


def _miss(requirement: Requirement, labels: Labels) -> str:
    key, values = requirement.key, " or ".join(requirement.values)
    if key not in labels:
        return f"has no label {key}" + (f"={values}" if values else "")
    match requirement.operator:
        case Operator.IN:
            return f"has {key}={labels[key]}, not {values}"
        case Operator.NOT_IN:
            return f"has {key}={labels[key]}, which is excluded"
        case _:
            return f"has the label {key}"


EVERYTHING = LabelSelector()
