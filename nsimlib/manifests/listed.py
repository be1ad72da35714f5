"""A JSON list in runs of whole items, so that a dump of any size is never in memory at once.

kubectl puts every item on lines of its own, and no JSON string holds a line break. So the text
may be cut wherever one item ends on such a line and the next begins. A cut in a wrong place does no
harm: its two parts are no JSON then, and the text is read as a whole.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from mmap import mmap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import msgspec

__all__ = ["Data", "LateLine", "Lines", "List", "Run", "outline", "runs"]

Data = bytes | mmap
#: as large as a run becomes before it is cut; more would only need more memory
RUN = 1 << 18
#: a text longer than this is worth the import of numpy, which counts lines six times as fast
LONG = 1 << 26
NEWLINE = ord("\n")
OPENING = re.compile(rb'"items"\s*:\s*\[(\s*)')
MARK = b'["\\u0000"]'


@dataclass(frozen=True, slots=True)
class Run:
    """Whole items, from one place in the data to another."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class List:
    """What a list says about itself, and where its items are."""

    kind: str
    version: str
    items: Run
    between: bytes

    def runs(self, data: Data) -> Iterator[Run]:
        """Yield the items in runs; in one run if they do not stand on lines of their own."""
        if b"\n" not in self.between:
            return iter([self.items] if self.items.begin < self.items.end else [])
        return runs(data, self.items, b"}," + self.between + b"{", kept=1, dropped=1)


def runs(data: Data, items: Run, between: bytes, kept: int, dropped: int = 0) -> Iterator[Run]:
    """Yield items in runs, cut where a text stands that is found between items only.

    So many of its bytes are kept with the item before, and so many behind these belong to none.
    """
    begin = items.begin
    while (cut := data.find(between, begin + RUN, items.end)) >= 0:
        yield Run(begin, cut + kept)
        begin = cut + kept + dropped
    if begin < items.end:
        yield Run(begin, items.end)


def outline(data: Data) -> List | None:
    """Return what a list says besides its items, or None if the data is no list."""
    import msgspec

    @dataclass(slots=True)
    class Header:
        items: list[object]
        apiVersion: str = ""  # noqa: N815 - the spelling of the API
        kind: str = ""

    opening, end = OPENING.search(data), data.rfind(b"]")
    if opening is None or end < opening.end():
        return None
    around = data[: opening.start(1) - 1] + MARK + data[end + 1 :]
    try:
        header = msgspec.json.decode(around, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if header.items != ["\0"] or not header.kind.endswith("List"):
        return None
    return List(header.kind, header.apiVersion, Run(opening.end(), end), opening[1])


class Lines:
    """Numbers the lines of a text; asked from front to back, it counts each line once."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self._place, self._line = 0, 1
        self._count = _counter(len(data))

    def at(self, place: int) -> int:
        """Return the line of a place."""
        if place < self._place:
            self._place, self._line = 0, 1
        for begin in range(self._place, place, RUN):
            self._line += self._count(self.data[begin : min(begin + RUN, place)])
        self._place = place
        return self._line

    def column(self, place: int) -> int:
        """Return the column of a place."""
        return place - self.data.rfind(b"\n", 0, place)

    def places(self, items: "list[msgspec.Raw]", run: Run) -> Iterator[int]:
        """Yield where each item of a run begins: between two are only blanks and a comma."""
        end = run.begin
        for item in items:
            view = memoryview(item)
            begin = self.data.find(bytes(view[:1]), end)
            yield begin
            end = begin + len(view)

    def late(self, run: Run, number: int) -> "LateLine":
        """Return the line of an item of a run, to be counted if anyone asks."""
        return LateLine(self, run, number)

    def of(self, run: Run, number: int) -> int:
        """Return the line of an item of a run."""
        import msgspec

        text = b"[" + self.data[run.begin : run.end] + b"]"
        items = msgspec.json.decode(text, type=list[msgspec.Raw])
        return self.at(list(self.places(items, run))[number])


@dataclass(frozen=True, slots=True)
class LateLine:
    """A line that hardly anyone wants to know."""

    lines: Lines
    run: Run
    number: int

    def __int__(self) -> int:
        return self.lines.of(self.run, self.number)


def _counter(length: int) -> Callable[[bytes], int]:
    """What counts line breaks."""
    if length > LONG:
        try:
            import numpy as np
        except ModuleNotFoundError:
            pass
        else:
            return lambda text: int(np.count_nonzero(np.frombuffer(text, np.uint8) == NEWLINE))
    return lambda text: text.count(b"\n")
