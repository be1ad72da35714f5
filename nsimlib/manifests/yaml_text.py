"""YAML → located nodes, one object at a time, so that a dump of any size needs little memory."""

import re
from collections.abc import Iterator
from typing import Any, Final, cast

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

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
    inherit,
    text_at,
)
from nsimlib.manifests.scalars import key_text

__all__ = ["read_yaml"]

# libyaml is missing where only pure Python runs (the browser).
Loader: Final[type[yaml.SafeLoader]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: nodes that aliases may add to a document
ALIAS_BUDGET = 100_000
#: documents that may be broken before the rest of a text is given up
MAX_BROKEN = 20
RESOLVED = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
MARKER = re.compile(r"^---", re.MULTILINE)
TOKEN = "found character that cannot start any token"


def read_yaml(text: str, first: int = 1) -> Iterator[Document]:
    """Yield the objects of all documents; those of a list come one by one while it is read.

    After a document that is no YAML, reading goes on with the next one. `first` is the line that
    the text begins in.
    """
    if bad := CONTROL.search(text):
        line = text.count("\n", 0, bad.start()) + first
        column = bad.start() - text.rfind("\n", 0, bad.start())
        yield Document(
            None, (Flaw(line, column, f"control characters are not allowed: {bad[0]!r}"),)
        )
        return
    for _ in range(MAX_BROKEN):
        try:
            yield from _Reader(text, first)
        except Flaw as flaw:
            yield Document(None, (flaw,))
            lines = text.split("\n", max(flaw.line - first, 0))
            broken = len(text) - len(lines[-1])
            # At the start is the marker of the broken document itself.
            if (marker := MARKER.search(text, max(broken, 1))) is None:
                return
            first += text.count("\n", 0, marker.start())
            text = text[marker.start() :]
        else:
            return
    rest = Flaw(first, 1, "not read any further", "Mend the documents above first.")
    yield Document(None, (rest,))


class _Reader:
    """Builds nodes from libyaml's events: its own nodes would overflow the stack."""

    def __init__(self, text: str, first: int) -> None:
        self.text, self.first = text, first
        self.next = cast("Any", Loader(text)).get_event
        self.anchors: dict[str, Node | None] = {}
        self.aliased = 0
        self.flaws: list[Flaw] = []

    def __iter__(self) -> Iterator[Document]:
        try:
            while not isinstance(event := self.next(), StreamEndEvent):
                if isinstance(event, DocumentStartEvent):
                    self.anchors, self.aliased = {}, 0
                    yield from self.objects(self.next())
        except yaml.MarkedYAMLError as error:
            raise self.explained(error) from None
        except yaml.YAMLError as error:
            raise Flaw(self.first, 1, f"not YAML: {error}") from None

    def objects(self, root: Event) -> Iterator[Document]:
        for node in self.document(root):
            flaws, self.flaws = tuple(self.flaws), []
            for each in flatten(node):
                yield Document(each, flaws)
                flaws = ()
        if self.flaws:
            yield Document(None, tuple(self.flaws))

    def document(self, root: Event) -> Iterator[Node]:
        if not isinstance(root, MappingStartEvent):
            yield self.node(root, 0)
            return
        whole = Mapping(*self.place(root))
        waiting: list[Node] = []
        streamed = False
        while not isinstance(event := self.next(), CollectionEndEvent):
            key, value = self.key(event), self.next()
            if key.text == "items" and isinstance(value, SequenceStartEvent):
                streamed = True
                self.enter(whole, key, Sequence(*self.place(value)))
                for item in self.items():
                    if isinstance(item, Mapping) and "kind" in item.entries:
                        yield item
                    else:
                        waiting.append(item)
            else:
                self.enter(whole, key, self.node(value, 1))
        kind = text_at(whole, "kind")
        # kubectl writes the kind of a list behind its items.
        for item in waiting:
            inherit(item, kind, text_at(whole, "apiVersion"))
            yield item
        if not (streamed and kind.endswith("List")):
            yield whole

    def items(self) -> Iterator[Node]:
        while not isinstance(event := self.next(), CollectionEndEvent):
            yield self.node(event, 2)

    def node(self, event: Event, depth: int) -> Node:
        node: Node
        if isinstance(event, ScalarEvent):
            mark = cast("yaml.Mark", event.start_mark)
            plain = event.implicit[0] if event.tag is None else event.tag in RESOLVED
            node = Scalar(event.value, plain, mark.line + self.first, mark.column + 1)
        elif isinstance(event, AliasEvent):
            return self.alias(event)
        else:
            node = self.collection(cast("CollectionStartEvent", event), depth)
        if (anchor := cast("NodeEvent", event).anchor) is not None:
            self.anchors[anchor] = node
        return node

    def collection(self, event: CollectionStartEvent, depth: int) -> Node:
        if depth >= MAX_DEPTH:
            raise Flaw(*self.place(event), f"nested deeper than {MAX_DEPTH} levels")
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if isinstance(event, MappingStartEvent):
            return self.mapping(event, depth + 1)
        filled = Sequence(*self.place(event))
        while not isinstance(event := self.next(), CollectionEndEvent):
            item = self.node(event, depth + 1)
            filled.items.append(item)
            filled.size += 1 if isinstance(item, Scalar) else item.size
        return filled

    def mapping(self, start: MappingStartEvent, depth: int) -> Mapping:
        filled = Mapping(*self.place(start))
        merged: list[Node] = []
        while not isinstance(event := self.next(), CollectionEndEvent):
            if isinstance(event, ScalarEvent) and event.value == "<<" and event.implicit[0]:
                merged.append(self.node(self.next(), depth))
                continue
            key = self.key(event)
            value = self.node(self.next(), depth)
            self.enter(filled, key, value)
            filled.size += 1 if isinstance(value, Scalar) else value.size
        for node in merged:
            self.merge(node, filled)
        return filled

    def enter(self, mapping: Mapping, key: Scalar, value: Node) -> None:
        if flaw := enter(mapping, key, value):
            self.flaws.append(flaw)

    def merge(self, node: Node, into: Mapping) -> None:
        """Add what `<<` names; what the mapping says itself and what came first stays."""
        match node:
            case Mapping(entries=entries):
                into.entries = entries | into.entries
                into.size += node.size
            case Sequence(items=items):
                for item in items:
                    self.merge(item, into)
            case Scalar(line=line, column=column):
                self.flaws.append(Flaw(line, column, "map merge requires map or sequence of maps"))

    def key(self, event: Event) -> Scalar:
        key = None if isinstance(event, CollectionStartEvent) else self.node(event, 0)
        if not isinstance(key, Scalar):
            raise Flaw(*self.place(event), "a key must be text", self.template_remedy())
        if key.plain:
            if (text := key_text(key.text)) is None:
                remedy = f'Write it in quotes: "{key.text}".'
                raise Flaw(key.line, key.column, "a key must be text", remedy)
            return Scalar(text, False, key.line, key.column)
        return key

    def alias(self, event: AliasEvent) -> Node:
        name = event.anchor
        if name not in self.anchors:
            raise Flaw(*self.place(event), f"unknown anchor '{name}' referenced")
        node = self.anchors[name]
        if node is None:
            raise Flaw(*self.place(event), f"anchor '{name}' value contains itself")
        self.aliased += 1 if isinstance(node, Scalar) else node.size
        if self.aliased > ALIAS_BUDGET:
            raise Flaw(*self.place(event), "document contains excessive aliasing")
        return node

    def place(self, event: Event) -> tuple[int, int]:
        mark = cast("yaml.Mark", event.start_mark)
        return mark.line + self.first, mark.column + 1

    def explained(self, error: yaml.MarkedYAMLError) -> Flaw:
        mark = error.problem_mark or error.context_mark
        detail = ", ".join(part for part in (error.context, error.problem) if part)
        if error.context_mark and mark and not self.text[mark.index :].strip():
            # What nothing closes is found out at the end; where it begins says more.
            mark = error.context_mark
        if mark is None:
            return Flaw(self.first, 1, detail)
        # The two parsers of PyYAML name the character differently; the server names none.
        detail = TOKEN if "cannot start any token" in detail else detail
        lines = self.text.split("\n", mark.line + 1)
        written = lines[mark.line] if mark.line < len(lines) else ""
        remedy = self.template_remedy()
        if "\t" in written[: mark.column + 1]:
            remedy = "YAML is indented with spaces, never with tabs."
        return Flaw(mark.line + self.first, mark.column + 1, detail, remedy)

    def template_remedy(self) -> str:
        is_template = "{{" in self.text
        remedy = "This looks like a Helm template: render it first, with `helm template`."
        return remedy if is_template else ""
