"""Large JSON dumps, read straight into shapes: forty times as fast as with lines.

Only lists are read so, for they come from `kubectl get`. Nearly all of a dump is pods, and a run of
nothing but good pods is decoded at once; everything else is decoded item by item, and what needs
better words (whatever does not fit its shape) is read again, with lines, from its own part.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, SupportsInt

from nsimlib.manifests.json_text import read_json
from nsimlib.manifests.kinds import Kind, Kinds, Placed, group_of
from nsimlib.manifests.listed import Data, Lines, List, Run, outline
from nsimlib.manifests.nodes import Document, Flaw, inherit
from nsimlib.manifests.rule_lines import rule_lines, says_each_key_once
from nsimlib.manifests.sharing import PodDecoder
from nsimlib.manifests.structs import struct_of

if TYPE_CHECKING:
    import msgspec

__all__ = ["POD", "DumpedObject", "Objects", "read_dump"]

# How kubectl begins an object; another order of the keys merely takes longer.
HEAD = re.compile(rb'\{\s*"apiVersion":\s*"([\w./-]+)",\s*"kind":\s*"(\w+)"')
POD = "", "Pod"


@dataclass(slots=True)
class Head:
    """What says how to read an object."""

    apiVersion: str = ""  # noqa: N815 - the spelling of the API
    kind: str = ""


@dataclass(slots=True)
class DumpedObject:
    """An object that was decoded without its nodes; `lines` are those of a policy's rules."""

    api: tuple[str, str]
    shape: Any
    line: SupportsInt
    lines: Placed = field(default_factory=dict)


Objects = list[Document | DumpedObject]


def read_dump(data: Data, kinds: Kinds) -> Objects | None:
    """Return the objects of a JSON list, or None for what only the slow reader can read."""
    try:
        import msgspec
    except ModuleNotFoundError:
        return None

    try:
        listed = outline(data)
        return None if listed is None else list(_Dump(data, listed, kinds).objects())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class _Dump:
    def __init__(self, data: Data, listed: List, kinds: Kinds) -> None:
        self.data, self.listed, self.kinds = data, listed, kinds
        self.lines, self.pods = Lines(data), PodDecoder(kinds[POD].shape)
        self.decoders: dict[tuple[str, str], msgspec.json.Decoder[Any]] = {}

    def objects(self) -> Iterator[Document | DumpedObject]:
        import msgspec

        items = msgspec.json.Decoder(list[msgspec.Raw])
        for run in self.listed.runs(self.data):
            text = b"[" + self.data[run.begin : run.end] + b"]"
            pods = self.pods.decode(text)
            if pods is None:
                yield from self.one_by_one(items.decode(text), run)
                continue
            for number, pod in enumerate(pods):
                yield DumpedObject(POD, pod, self.lines.late(run, number))

    def one_by_one(self, items: "list[msgspec.Raw]", run: Run) -> Iterator[Document | DumpedObject]:
        default = Head(self.listed.version, self.listed.kind.removesuffix("List"))
        for raw, begin in zip(items, self.lines.places(items, run), strict=True):
            text = bytes(raw)
            head = _head(text, default)
            api = (group_of(head.apiVersion), head.kind)
            line = self.lines.at(begin)
            if found := self.dumped(api, text, line):
                yield found
            else:
                column = self.lines.column(begin)
                yield from _located(text.decode("utf-8", "replace"), line, column, head)

    def dumped(self, api: tuple[str, str], text: bytes, line: int) -> DumpedObject | None:
        """The object in a text, or None if something is wrong with it: that is said with lines."""
        import msgspec

        if (kind := self.kinds.get(api)) is None:
            is_other = api[1] and not api[1].endswith("List")
            return DumpedObject(api, None, line) if is_other else None
        try:
            shape = self.decoder(api, kind).decode(text)
            if any(kind.faults(shape)):
                return None
            if not kind.is_closed:
                return DumpedObject(api, shape, line)
            lines = rule_lines(text, line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        is_clear = lines is not None and says_each_key_once(text)
        return DumpedObject(api, shape, line, lines or {}) if is_clear else None

    def decoder(self, api: tuple[str, str], kind: Kind) -> "msgspec.json.Decoder[Any]":
        import msgspec

        if api not in self.decoders:
            shape = struct_of(kind.shape, closed=True) if kind.is_closed else kind.shape
            self.decoders[api] = msgspec.json.Decoder(shape)
        return self.decoders[api]


def _located(text: str, line: int, column: int, head: Head) -> Iterator[Document]:
    try:
        for document in read_json(text, line, column):
            if document.node:
                inherit(document.node, head.kind, head.apiVersion)
            yield document
    except Flaw as flaw:
        yield Document(None, (flaw,))


def _head(text: bytes, default: Head) -> Head:
    import msgspec

    if match := HEAD.match(text):
        return Head(match[1].decode(), match[2].decode())
    try:
        head = msgspec.json.decode(text, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Head()
    return head if head.kind else default
