"""Located nodes → shapes, following their annotations; all problems are collected."""

from collections.abc import Mapping as Dict
from dataclasses import dataclass, is_dataclass
from difflib import get_close_matches
from functools import cache
from math import isfinite
from types import UnionType
from typing import Any, ClassVar, Final, get_args, get_origin, get_type_hints

from nsimlib.errors import Problem
from nsimlib.manifests.faults import shortened
from nsimlib.manifests.nodes import Mapping, Node, Path, Scalar, Sequence, dotted
from nsimlib.manifests.scalars import resolve, type_word

__all__ = ["Decoded", "decode"]

#: so many fields can be listed in a message
FEW = 5
INT32 = range(-(1 << 31), 1 << 31)
NAMES: Final[Dict[type, str]] = {
    str: "string",
    int: "int32",
    bool: "bool",
    float: "float64",
    list: "list",
    dict: "object",
}


@dataclass(slots=True)
class Decoded:
    """A shape and the problems met; `usable` while no problem but unquoted text was met."""

    shape: Any
    problems: list[Problem]
    usable: bool


def decode(node: Node, shape: type, file: str) -> Decoded:
    """Return the shape that a node describes, as far as it does, with all problems on the way."""
    decoder = _Decoder(file)
    found = decoder.value(node, shape, ())
    return Decoded(found, decoder.problems, decoder.usable)


class _Decoder:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.usable = True

    def value(self, node: Node, kind: Any, path: Path) -> Any:
        if isinstance(node, Scalar) and node.plain and resolve(node.text) is None:
            return _zero(kind)
        if kind is str:
            return self.text(node, path)
        if kind is int or kind is bool or kind is float:
            return self.literal(node, kind, path)
        if isinstance(kind, type) and is_dataclass(kind):
            return self.fields(node, kind, path)
        match get_origin(kind), get_args(kind):
            case origin, (item,) if origin is list:
                return self.items(node, item, path)
            case origin, (_, item) if origin is dict:
                return self.pairs(node, item, path)
            case origin, (first, *rest) if origin is UnionType:
                return self.either(node, first, str in rest, path)
        return None

    def either(self, node: Node, first: Any, or_text: bool, path: Path) -> Any:
        """A type that may be absent, or a number that may be a name (IntOrString)."""
        is_text = isinstance(node, Scalar) and (
            not node.plain or isinstance(resolve(node.text), str)
        )
        return self.value(node, str if or_text and is_text else first, path)

    def text(self, node: Node, path: Path) -> str:
        if not isinstance(node, Scalar):
            self.mistyped(node, str, path)
            return ""
        if node.plain and not isinstance(value := resolve(node.text), str):
            written = shortened(node.text)
            detail = f"Invalid value: {written}: cannot unmarshal {type_word(value)} into string"
            self.add(node, path, detail, node.text, f'Quote it: "{written}".')
        return node.text

    def literal(self, node: Node, kind: type[Any], path: Path) -> Any:
        value = resolve(node.text) if isinstance(node, Scalar) and node.plain else None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        match value:
            case bool():
                if kind is bool:
                    return value
            case int() | float() if kind is float and isfinite(value):
                return float(value)
            case int() if kind is int and value in INT32:
                return value
        self.mistyped(node, kind, path)
        return kind()

    def fields(self, node: Node, kind: type, path: Path) -> Any:
        if not isinstance(node, Mapping):
            self.mistyped(node, dict, path)
            return kind()
        known, ignored = _plan(kind)
        found = {}
        for key, (place, value) in node.entries.items():
            if key in known:
                attribute, annotation = known[key]
                found[attribute] = self.value(value, annotation, (*path, key))
            elif ignored is not None and key in ignored:
                self.value(value, ignored[key], (*path, key))
            elif ignored is not None:
                is_closed_without = getattr(kind, "fails_closed", False)
                self.usable = self.usable and is_closed_without
                self.unknown(place, (*path, key), [*known, *ignored])
        return kind(**{name: value for name, value in found.items() if value is not None})

    def items(self, node: Node, item: Any, path: Path) -> list[Any]:
        if not isinstance(node, Sequence):
            self.mistyped(node, list, path)
            return []
        return [self.value(each, item, (*path, i)) for i, each in enumerate(node.items)]

    def pairs(self, node: Node, item: Any, path: Path) -> dict[str, Any]:
        if not isinstance(node, Mapping):
            self.mistyped(node, dict, path)
            return {}
        return {k: self.value(each, item, (*path, k)) for k, (_, each) in node.entries.items()}

    def unknown(self, place: Scalar, path: Path, known: list[str]) -> None:
        folded = {name.casefold(): name for name in known}
        near = get_close_matches(place.text.casefold(), folded, n=1, cutoff=0.6)
        remedy = f"The fields here are {', '.join(known)}." if len(known) <= FEW else ""
        if near:
            remedy = f'Did you mean "{folded[near[0]]}"?'
        elif "matchLabels" in known:
            remedy = "Labels stand below matchLabels."
        self.add(place, path, f'unknown field "{dotted(path)}"', place.text, remedy)

    def mistyped(self, node: Node, kind: type, path: Path) -> None:
        self.usable = False
        match node:
            case Mapping():
                found, text = "object", ""
            case Sequence():
                found, text = "array", ""
            case Scalar(text=text, plain=plain):
                found = type_word(resolve(text) if plain else text)
        shown = f"Invalid value: {shortened(text)}: " if text else ""
        detail = f"{shown}cannot unmarshal {found} into {NAMES[kind]}"
        self.add(node, path, detail, text, _remedy(found, kind, text))

    def add(self, node: Node, path: Path, detail: str, value: str, remedy: str) -> None:
        problem = Problem(self.file, node.line, node.column, dotted(path), detail, value, remedy)
        self.problems.append(problem)


def _remedy(found: str, kind: type, text: str) -> str:
    if kind is list:
        return "Write a list: put `- ` before each item, or [] for none."
    if kind is dict:
        return "Write a mapping: lines of `key: value`, or {} for none."
    if kind is not str and found == "string" and not isinstance(resolve(text), str):
        return f"Write {text} without quotes."
    return ""


def _zero(kind: Any) -> Any:
    """What Go leaves in a field that is null."""
    if is_dataclass(kind) or kind in (str, int, bool, float):
        return kind()
    origin = get_origin(kind)
    return origin() if origin in (list, dict) else None


Known = Dict[str, tuple[str, Any]]


@cache
def _plan(kind: type) -> tuple[Known, Dict[str, Any] | None]:
    """The fields of a shape by their name in the API, and those ignored if it is closed."""
    hints = get_type_hints(kind)
    known = {
        name.rstrip("_"): (name, hint)
        for name, hint in hints.items()
        if get_origin(hint) is not ClassVar
    }
    return known, getattr(kind, "ignored", None)
