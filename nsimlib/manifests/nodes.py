"""A document as a tree of values that know their line and column, whether it was YAML or JSON."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from nsimlib.errors import Problem

__all__ = [
    "MAX_DEPTH",
    "Document",
    "Flaw",
    "Mapping",
    "Node",
    "Path",
    "Scalar",
    "Sequence",
    "dotted",
    "enter",
    "flatten",
    "inherit",
    "locate",
    "text_at",
]

#: deeper than any API object; a file that nests deeper was made to break readers
MAX_DEPTH = 200

Path = tuple[str | int, ...]


class Flaw(Exception):  # noqa: N818 - never leaves this package
    """What is wrong with a text, whatever it means; raised where reading cannot go on."""

    def __init__(self, line: int, column: int, detail: str, remedy: str = "") -> None:
        super().__init__(detail)
        self.line, self.column, self.detail, self.remedy = line, column, detail, remedy

    def problem(self, file: str) -> Problem:
        """Return it as a problem of that file."""
        return Problem(file, self.line, self.column, "", self.detail, remedy=self.remedy)


@dataclass(slots=True)
class Scalar:
    """A value as written; `plain` when it had no quotes, and so may be other than text."""

    text: str
    plain: bool
    line: int
    column: int


@dataclass(slots=True)
class Mapping:
    """Keys in the order of the file, each with where it stands and its value."""

    line: int
    column: int
    entries: dict[str, tuple[Scalar, "Node"]] = field(default_factory=dict)
    #: nodes in it, those of aliases counted again
    size: int = 1


@dataclass(slots=True)
class Sequence:
    """A list."""

    line: int
    column: int
    items: list["Node"] = field(default_factory=list)
    size: int = 1


Node = Scalar | Mapping | Sequence


@dataclass(slots=True)
class Document:
    """One object as it was written. Without a node, it could not be read at all."""

    node: Node | None
    flaws: tuple[Flaw, ...] = ()


def enter(mapping: Mapping, key: Scalar, value: Node) -> Flaw | None:
    """Put a value under a key, and return the flaw if the key was there already."""
    earlier = mapping.entries.get(key.text)
    mapping.entries[key.text] = key, value
    if earlier is None:
        return None
    remedy = f"It is first set in line {earlier[0].line}."
    return Flaw(key.line, key.column, f'key "{key.text}" already set in map', remedy)


def text_at(node: Mapping, key: str) -> str:
    """Return the text under a key, or nothing."""
    match node.entries.get(key):
        case (_, Scalar(text=text)):
            return text
    return ""


def flatten(node: Node) -> Iterator[Node]:
    """Yield the objects of a list of any kind, however nested; any other document itself."""
    items = node.entries.get("items") if isinstance(node, Mapping) else None
    if not (isinstance(node, Mapping) and items and text_at(node, "kind").endswith("List")):
        yield node
        return
    match items[1]:
        case Sequence(items=found):
            for item in found:
                inherit(item, text_at(node, "kind"), text_at(node, "apiVersion"))
                yield from flatten(item)
        case Scalar(text="" | "null", plain=True):
            pass
        case _:
            yield node


def inherit(item: Node, list_kind: str, version: str) -> None:
    """Give an item the kind and version of its list, which the API leaves out of the items."""
    kind = list_kind.removesuffix("List")
    if isinstance(item, Mapping) and kind and "kind" not in item.entries:
        for key, text in (("kind", kind), ("apiVersion", version)):
            scalar = Scalar(text, False, item.line, item.column)
            item.entries.setdefault(key, (scalar, scalar))


def locate(node: Node, path: Path) -> Node:
    """Return the node at a path, or the nearest one above it that exists."""
    for step in path:
        match node, step:
            case Mapping(entries=entries), str() if step in entries:
                node = entries[step][1]
            case Sequence(items=items), int() if step < len(items):
                node = items[step]
            case _:
                return node
    return node


def dotted(path: Path) -> str:
    """Return a path as the API server writes it.

    >>> dotted(("spec", "egress", 0, "to"))
    'spec.egress[0].to'
    """
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")
