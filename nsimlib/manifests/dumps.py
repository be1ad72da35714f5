"""Large JSON dumps, read straight into shapes: forty times as fast as with lines.

Only lists are read so, for they come from `kubectl get`. What needs lines (policies) or better
words (whatever does not fit its shape) is read again from its own part of the text.
"""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nsimlib.manifests.json_text import read_json
from nsimlib.manifests.kinds import Kind, Kinds, group_of
from nsimlib.manifests.nodes import Document, Flaw, inherit

if TYPE_CHECKING:
    import msgspec

__all__ = ["DumpedObject", "paused_collection", "read_dump"]

# How kubectl begins an object; another order of the keys merely takes longer.
HEAD = re.compile(rb'\{\s*"apiVersion":\s*"([\w./-]+)",\s*"kind":\s*"(\w+)"')


@dataclass(slots=True)
class Head:
    """What says how to read an object."""

    apiVersion: str = ""  # noqa: N815 - the spelling of the API
    kind: str = ""


@dataclass(slots=True)
class DumpedObject:
    """An object that was decoded without its nodes."""

    api: tuple[str, str]
    shape: Any
    line: int


def read_dump(data: bytes, kinds: Kinds) -> Iterator[Document | DumpedObject] | None:
    """Return the objects of a JSON list, or None for what only the slow reader can read."""
    try:
        import msgspec
    except ModuleNotFoundError:
        return None

    @dataclass(slots=True)
    class List:
        items: list[msgspec.Raw]
        apiVersion: str = ""  # noqa: N815
        kind: str = ""

    try:
        found = msgspec.json.decode(data, type=List)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not found.kind.endswith("List"):
        return None
    default = Head(found.apiVersion, found.kind.removesuffix("List"))
    return _objects(data, found.items, default, kinds)


def _objects(
    data: bytes, items: "list[msgspec.Raw]", default: Head, kinds: Kinds
) -> Iterator[Document | DumpedObject]:
    import msgspec

    # Closed kinds are those in which lines matter.
    decoders: dict[tuple[str, str], msgspec.json.Decoder[Any]] = {
        api: msgspec.json.Decoder(kind.shape)
        for api, kind in kinds.items()
        if not hasattr(kind.shape, "ignored")
    }
    end = data.index(items[0], max(data.find(b'"items"'), 0)) if items else 0
    line = 1 + data.count(b"\n", 0, end)
    for raw in items:
        view = memoryview(raw)
        # Between two items of a list there are only blanks and a comma.
        begin = data.index(view[:1], end)
        line += data.count(b"\n", end, begin)
        head = _head(view, default)
        api = (group_of(head.apiVersion), head.kind)
        shape = _shape(decoders[api], view, kinds[api]) if api in decoders else None
        is_other = head.kind and api not in kinds and not head.kind.endswith("List")
        if shape or is_other:
            yield DumpedObject(api, shape, line)
        else:
            column = begin - data.rfind(b"\n", 0, begin)
            yield from _located(str(view, "utf-8", "replace"), line, column, head)
        end = begin + len(view)
        line += data.count(b"\n", begin, end)


def _located(text: str, line: int, column: int, head: Head) -> Iterator[Document]:
    try:
        for document in read_json(text, line, column):
            if document.node:
                inherit(document.node, head.kind, head.apiVersion)
            yield document
    except Flaw as flaw:
        yield Document(None, (flaw,))


def _head(view: memoryview, default: Head) -> Head:
    import msgspec

    if match := HEAD.match(view):
        return Head(match[1].decode(), match[2].decode())
    try:
        head = msgspec.json.decode(view, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Head()
    return head if head.kind else default


def _shape(decoder: "msgspec.json.Decoder[Any]", view: memoryview, kind: Kind) -> Any:
    """The shape of an object, or None if something is wrong with it: that is said with lines."""
    import msgspec

    try:
        shape = decoder.decode(view)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return None if any(kind.faults(shape)) else shape


@contextmanager
def paused_collection() -> Iterator[None]:
    """Keep the cyclic garbage collector off: it triples the time to build a million objects."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
