"""Large YAML dumps, read by rapidyaml where it is installed, as JSON dumps are: run by run.

rapidyaml reads fast and knows little of types, so only runs of pods are left to it, and of these
only such in which nothing can mean one thing to it and another to the API server: no anchors, tags,
merges or flow collections, no plain text that YAML 1.1 takes for anything but text, nothing but
ASCII. Every other run is read with lines, and a text with a flaw is read as a whole again.
"""

import re
from collections.abc import Iterator

from nsimlib.manifests.dumps import POD, DumpedObject, Objects
from nsimlib.manifests.kinds import Kinds
from nsimlib.manifests.listed import Data, Lines, Run, runs
from nsimlib.manifests.nodes import Document
from nsimlib.manifests.scalars import WORDS, resolve
from nsimlib.manifests.sharing import PodDecoder
from nsimlib.manifests.yaml_text import read_yaml

__all__ = ["read_yaml_dump"]

HEAD = b"apiVersion: v1\nitems:\n"
ITEM = b"- apiVersion: "
POD_ITEM = ITEM + b"v1\n  kind: Pod\n"
TAIL = re.compile(rb'kind: List\nmetadata:\n(?:  [A-Za-z]+: ""\n)*')
#: stands before a run to make it a list again
PREFIX = "apiVersion: v1\nkind: List\nitems:\n"
PLAIN = bytes(range(0x20, 0x7F)) + b"\n"

#: so many lines are remembered as plain: those that nearly every pod has come early
MANY = 1 << 16
#: JSON with line breaks takes less room than so many times its YAML
EXPANSION = 4

_WORDS = b"|".join(
    re.escape(word.encode()) for word in WORDS if word not in ("", "true", "false", "null")
)
#: a word or a number that JSON writes otherwise; whole numbers are written the same
_OTHER = rb"(?:%s)(?= *(?:#|$))|(?!(?:0|-?[1-9][0-9]{0,9})(?:\s|$))[-+.0-9]\S*" % _WORDS
#: what rapidyaml takes for a number, and writes in another way
_NOT_FINITE = rb"[-+]?(?:[nN][aA][nN]|[iI][nN][fF])"
#: at the start of a value: anchors, tags and the like, merges, and collections that are not empty
_SPECIAL = rb"[&*!%%@`]|<<|%s|[\[{](?![\]}] *$)" % _NOT_FINITE
_KEYS = rb"\?|---|\.\.\.|(?:%s|null|[-+.]?[0-9][^:]*)\s*:(?:\s|$)" % _WORDS
_DOUBT = re.compile(
    rb"^[ -]*(?:%s)|(?:^[ -]*|[:-] +)(?:%s|(?P<other>%s))" % (_KEYS, _SPECIAL, _OTHER)
)


def read_yaml_dump(data: Data, kinds: Kinds) -> Objects | None:
    """Return the objects of a list as kubectl writes it, or None for any other text."""
    try:
        import msgspec  # noqa: F401
        import ryml  # noqa: F401
    except ModuleNotFoundError:
        return None

    end = data.rfind(b"\nkind: List\n") + 1
    if data[: len(HEAD) + len(ITEM)] != HEAD + ITEM or not TAIL.fullmatch(data[end:]):
        return None
    try:
        return list(_Dump(data, Run(len(HEAD), end), kinds).objects())
    except (_Flawed, UnicodeDecodeError):
        return None


class _Flawed(Exception):  # noqa: N818 - never leaves this module
    """Something is wrong, and said best by a reader of the whole text."""


class _Lines(Lines):
    """Numbers the lines of items in YAML."""

    def of(self, run: Run, number: int) -> int:
        """Return the line of an item of a run."""
        place = run.begin
        for _ in range(number):
            place = self.data.find(b"\n- ", place) + 1
        return self.at(place)


class _Dump:
    def __init__(self, data: Data, items: Run, kinds: Kinds) -> None:
        self.data, self.items = data, items
        self.lines = _Lines(data)
        self.decoder, self.converter = PodDecoder(kinds[POD].shape), _Converter()

    def objects(self) -> Iterator[Document | DumpedObject]:
        for run in runs(self.data, self.items, b"\n" + ITEM, kept=1):
            text = self.data[run.begin : run.end]
            pods = (
                self.decoder.decode(written) if (written := self.converter.as_json(text)) else None
            )
            if pods is None:
                yield from self.located(text, run)
                continue
            for number, pod in enumerate(pods):
                yield DumpedObject(POD, pod, self.lines.late(run, number))

    def located(self, text: bytes, run: Run) -> Iterator[Document]:
        first = self.lines.at(run.begin) - PREFIX.count("\n")
        for document in read_yaml(PREFIX + text.decode(), first):
            if document.flaws:
                raise _Flawed
            yield document


class _Converter:
    """Writes runs of pods in JSON; it knows lines in which nothing can be misunderstood."""

    def __init__(self) -> None:
        import ryml

        self._plain: set[bytes] = set()
        self._tree, self._written = ryml.Tree(), bytearray()

    def as_json(self, text: bytes) -> bytes | None:
        """Return a run in JSON, or None if it may not say the same there."""
        if not text.startswith(POD_ITEM) or not self._is_plain(text):
            return None
        written = self._converted(text)
        return written if written and _says_each_key_once(written) else None

    def _converted(self, text: bytes) -> bytes | None:
        import ryml

        # Both are used again: a tree is slow to make, and emit_json() never frees what it wrote.
        if len(self._written) < EXPANSION * len(text):
            self._written = bytearray(EXPANSION * len(text))
        self._tree.clear()
        self._tree.clear_arena()
        try:
            ryml.parse_in_arena(text, tree=self._tree)
            return bytes(ryml.emit_json_in_place(self._tree, self._written))
        except (ryml.ExceptionBasic, IndexError):
            self._tree = ryml.Tree()
            return None

    def _is_plain(self, text: bytes) -> bool:
        if text.translate(None, PLAIN):
            return False
        lines = set(text.split(b"\n")) - self._plain
        if any(map(_is_doubtful, lines)):
            return False
        if len(self._plain) < MANY:
            self._plain |= lines
        return True


def _is_doubtful(line: bytes) -> bool:
    for match in _DOUBT.finditer(line):
        other = match["other"]
        if other is None or not isinstance(resolve(other.decode()), str):
            return True
    return False


def _says_each_key_once(written: bytes) -> bool:
    """Whether surely no key is there twice: read and written again, it would be there once."""
    import msgspec

    try:
        again = msgspec.json.encode(msgspec.json.decode(written))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return written.count(b'":') == again.count(b'":')
