"""JSON → located nodes, for all JSON in which lines matter."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]

from nsimlib.manifests.nodes import (
    MAX_DEPTH,
    Document,
    Flaw,
    Mapping,
    Node,
    Scalar,
    Sequence,
    enter,
    flatten,
)

__all__ = ["read_json"]

BLANK = re.compile(r"[ \t\n\r]*")
# Half a pair, which stands for no character; Go puts the same in its place.
SURROGATE = re.compile("[\ud800-\udfff]")
LITERAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null")


def read_json(text: str, line: int = 1, column: int = 1) -> Iterator[Document]:
    """Yield the objects of a text with one JSON value after another.

    `line` and `column` say where the text stands in its file.

    Raises
    ------
    Flaw
        Where the text is no longer JSON.
    """
    reader = _Reader(text, line, column)
    at = reader.skip(0)
    while at < len(text):
        node, at = reader.value(at, 0)
        flaws, reader.flaws = tuple(reader.flaws), []
        for item in flatten(node):
            yield Document(item, flaws)
            flaws = ()
        at = reader.skip(at)


class _Reader:
    def __init__(self, text: str, line: int, column: int) -> None:
        self.text, self.line, self.column = text, line, column
        self.breaks = [match.start() for match in re.finditer("\n", text)]
        self.flaws: list[Flaw] = []

    def skip(self, at: int) -> int:
        match = BLANK.match(self.text, at)
        return match.end() if match else at

    def place(self, at: int) -> tuple[int, int]:
        line = bisect_left(self.breaks, at)
        return self.line + line, at - self.breaks[line - 1] if line else at + self.column

    def value(self, at: int, depth: int) -> tuple[Node, int]:
        if depth > MAX_DEPTH:
            raise Flaw(*self.place(at), f"nested deeper than {MAX_DEPTH} levels")
        match self.text[at : at + 1]:
            case "{":
                return self.mapping(at, depth)
            case "[":
                return self.sequence(at, depth)
            case '"':
                text, end = self.string(at)
                return Scalar(text, False, *self.place(at)), end
        if literal := LITERAL.match(self.text, at):
            return Scalar(literal[0], True, *self.place(at)), literal.end()
        raise self.unexpected(at, "looking for beginning of value")

    def string(self, at: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self.text, at + 1, True)
        except JSONDecodeError as error:
            raise Flaw(*self.place(error.pos), error.msg) from None
        return SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text), end

    def sequence(self, at: int, depth: int) -> tuple[Sequence, int]:
        filled = Sequence(*self.place(at))
        more, at = self.opened(at, "]")
        while more:
            item, at = self.value(at, depth + 1)
            filled.items.append(item)
            more, at = self.after(at, "]", "after array element")
        return filled, at

    def mapping(self, at: int, depth: int) -> tuple[Mapping, int]:
        filled = Mapping(*self.place(at))
        more, at = self.opened(at, "}")
        while more:
            key, at = self.key(at)
            value, at = self.value(at, depth + 1)
            if flaw := enter(filled, key, value):
                self.flaws.append(flaw)
            more, at = self.after(at, "}", "after object key:value pair")
        return filled, at

    def key(self, at: int) -> tuple[Scalar, int]:
        """A key and where its value begins."""
        if self.text[at : at + 1] != '"':
            raise self.unexpected(at, "looking for beginning of object key string")
        text, end = self.string(at)
        colon = self.skip(end)
        if self.text[colon : colon + 1] != ":":
            raise self.unexpected(colon, "after object key")
        return Scalar(text, False, *self.place(at)), self.skip(colon + 1)

    def opened(self, at: int, close: str) -> tuple[bool, int]:
        """Whether a collection that opens here has a first part, and where that or its end is."""
        at = self.skip(at + 1)
        is_empty = self.text[at : at + 1] == close
        return not is_empty, at + is_empty

    def after(self, at: int, close: str, where: str) -> tuple[bool, int]:
        """Whether another part follows, and where that or the end of the collection is."""
        at = self.skip(at)
        match self.text[at : at + 1]:
            case ",":
                return True, self.skip(at + 1)
            case end if end == close:
                return False, at + 1
        raise self.unexpected(at, where)

    def unexpected(self, at: int, where: str) -> Flaw:
        if at >= len(self.text):
            return Flaw(*self.place(at), "unexpected end of JSON input")
        return Flaw(*self.place(at), f"invalid character {self.text[at]!r} {where}")
