"""A timeline as lanes: what is true, believed, allowed and connected to, over one axis of time.

Every address has a letter and a colour that it keeps through all lanes. A lane has a row for each
of its addresses, so that an overlap is seen as one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from string import ascii_uppercase
from typing import NamedTuple

from nsimlib.dns.lanes import Interval, Lane, LaneKind
from nsimlib.dns.timeline import Attempt, Timeline
from nsimlib.model.addresses import Address
from nsimlib.views.html import html_of
from nsimlib.views.picture import GROUND, INK, Picture
from nsimlib.views.styles import box, scrolling

__all__ = ["lanes", "timeline_html"]

WIDTH, LEFT, RIGHT, ROW, APART, TOP = 960, 228, 26, 17, 9, 26
PLOT = WIDTH - LEFT - RIGHT
#: grounds and inks that colour-blind eyes tell apart (Okabe and Ito), on any theme
PAIRS = (
    ("#0072B2", "#fff"),
    ("#E69F00", "#000"),
    ("#009E73", "#000"),
    ("#CC79A7", "#000"),
    ("#56B4E9", "#000"),
)
MANY = ("#8a8a8a", "#000")
GOOD, BAD = ("#cfd8dc", "#000"), ("#D55E00", "#000")
EXPOSED = ("#F0E442", "#000")
#: a lane with more addresses is drawn as one row that counts them, and so many clients have lanes
ADDRESSES, CLIENTS = 4, 6
#: about how wide a character is, and how many ticks the axis has at most
CHARACTER, TICKS = 6.6, 12
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
SAYS = {
    LaneKind.TRUE: "the name has",
    LaneKind.CACHED: "{of} believes",
    LaneKind.BELIEVED: "{of} believes",
    LaneKind.ALLOWED: "allowed: {of}",
    LaneKind.POOLED: "{of} is connected to",
}
ORDER = tuple(SAYS)


class _Bar(NamedTuple):
    """What a row has from one time to another."""

    start: float
    end: float
    text: str
    short: str
    colours: tuple[str, str]
    tip: str = ""


class _Row(NamedTuple):
    bars: tuple[_Bar, ...]


@dataclass(frozen=True)
class _Lane:
    says: str
    rows: tuple[_Row, ...]

    @property
    def height(self) -> int:
        return ROW * len(self.rows)


def lanes(timeline: Timeline, at: float | None = None) -> Picture:
    """Return a drawing of a timeline, with a line at a time if one is given.

    Of many applications those that failed longest have lanes.

    >>> import nsimlib as ns
    >>> print(lanes(ns.play("dns-trap")).says.splitlines()[0])
    dns-trap, calico, without-dns: 90 s, 8 attempts, 2 failed
    """
    drawn = tuple(_all_lanes(timeline))
    bottom = TOP + sum(lane.height + APART for lane in drawn)
    height = bottom + 26 + 17 * len(timeline.notes)
    parts = [*_axis(timeline, bottom), *_notes(timeline, bottom)]
    y = TOP
    for lane in drawn:
        parts += _lane(lane, y, timeline.lasts)
        y += lane.height + APART
    if at is not None:
        parts.append(_cursor(_x(at, timeline.lasts), bottom, at))
    says = repr(timeline) if at is None else f"{timeline!r}\n{timeline.at(at).to_table()!r}"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(says, quote=True)}" style="max-width:{WIDTH}px;width:100%;'
        f'color:{INK};background:{GROUND}" font-family="sans-serif" font-size="12" '
        f'fill="currentColor">{"".join(parts)}</svg>'
    )
    return Picture(svg, says)


@html_of.register
def timeline_html(timeline: Timeline) -> str:
    """Return the lanes of a timeline, and a sentence for each outage, gap and exposure."""
    told = "".join(f"<li>{escape(line.strip())}</li>" for line in timeline.windows_told())
    head = f"<b>{escape(repr(timeline).partition(chr(10))[0])}</b>"
    return box(f"{head}{scrolling(lanes(timeline).svg)}<ul>{told}</ul>")


def _all_lanes(timeline: Timeline) -> Iterator[_Lane]:
    looks = _looks(timeline)
    shown = _clients(timeline)
    everyone = {attempt.application for attempt in timeline.attempts}
    several = len({lane.name for lane in timeline.lanes}) > 1
    for lane in sorted(timeline.lanes, key=_place):
        if lane.of in everyone and lane.of not in shown:
            continue
        says = SAYS[lane.kind].format(of=lane.of) + (f" ({lane.name})" if several else "")
        if rows := tuple(_rows(lane, looks, timeline.lasts)):
            yield _Lane(says, rows)
    for word, found in (("gap", timeline.gaps), ("exposure", timeline.exposures)):
        for of, some in groupby(sorted(found, key=lambda each: each.of), lambda each: each.of):
            yield _Lane(f"{word}: {of}", (_Row(tuple(_window(word, each) for each in some)),))
    for client in shown:
        yield _Lane(client, (_Row(tuple(_runs(timeline, client))),))
    if left := len(everyone) - len(shown):
        yield _Lane(f"and {left} applications more", (_Row(()),))


def _place(lane: Lane) -> tuple[int, str, str]:
    return ORDER.index(lane.kind), lane.of, lane.name


def _clients(timeline: Timeline) -> list[str]:
    """The applications that have lanes: those that were out longest, in the order of names."""
    out = {attempt.application: 0.0 for attempt in timeline.attempts}
    for outage in timeline.outages:
        out[outage.application] += outage.end - outage.start
    return sorted(sorted(out, key=lambda name: (-out[name], name))[:CLIENTS])


def _looks(timeline: Timeline) -> dict[Address, tuple[str, tuple[str, str]]]:
    """Letter and colours of each address, in the order in which names get them."""
    met = dict.fromkeys(
        address
        for lane in sorted(timeline.lanes, key=_place)
        for span in lane.spans
        for address in span.addresses
    )
    return {
        address: (ascii_uppercase[n % 26], PAIRS[n % len(PAIRS)]) for n, address in enumerate(met)
    }


def _rows(
    lane: Lane, looks: dict[Address, tuple[str, tuple[str, str]]], lasts: float
) -> Iterator[_Row]:
    """A row for each address; where there are too many, one that counts them."""
    met = dict.fromkeys(address for span in lane.spans for address in span.addresses)
    if len(met) > ADDRESSES:
        counted = (
            (span.start, span.end, len(span.addresses)) for span in lane.spans if span.start < lasts
        )
        yield _Row(
            tuple(_Bar(a, min(b, lasts), f"{n} addresses", str(n), MANY) for a, b, n in counted)
        )
        return
    for address in met:
        letter, colours = looks[address]
        text = f"{letter} {address}"
        bars = (
            _Bar(start, min(end, lasts), text, letter, colours, str(address))
            for start, end in _joined(lane, address)
            if start < lasts
        )
        if held := tuple(bars):
            yield _Row(held)


def _joined(lane: Lane, address: Address) -> list[tuple[float, float]]:
    """When a lane has an address, what goes on joined."""
    found = list[tuple[float, float]]()
    for span in lane.spans:
        if address not in span.addresses:
            continue
        start = found.pop()[0] if found and found[-1][1] == span.start else span.start
        found.append((start, span.end))
    return found


def _window(word: str, interval: Interval) -> _Bar:
    text = ", ".join(map(str, interval.addresses))
    tip = f"{word} of {interval.seconds:g} s: {text}"
    colours = BAD if word == "gap" else EXPOSED
    return _Bar(interval.start, interval.end, f"{interval.seconds:g} s", "", colours, tip)


def _runs(timeline: Timeline, client: str) -> Iterator[_Bar]:
    """The attempts of an application, those that end alike together, up to the next one."""
    attempts = [each for each in timeline.attempts if each.application == client]
    runs = [list(run) for _, run in groupby(attempts, _alike)]
    ends = [run[0].at for run in runs[1:]] + [timeline.lasts]
    for run, end in zip(runs, ends, strict=True):
        first = run[0]
        works = first.result.works
        text = "works" if works else first.result.value
        tip = f"{len(run)} attempts from {first.at:g} s: {text}; {first.because}"
        yield _Bar(first.at, end, text, "" if works else "x", GOOD if works else BAD, tip)


def _alike(attempt: Attempt) -> str:
    return "" if attempt.result.works else attempt.result.value


def _x(at: float, lasts: float) -> float:
    return round(LEFT + PLOT * at / lasts, 1)


def _lane(lane: _Lane, top: int, lasts: float) -> Iterator[str]:
    middle = top + lane.height / 2 + 4
    fits = int((LEFT - 16) / CHARACTER)
    label = lane.says if len(lane.says) <= fits else lane.says[: fits - 1] + "…"
    yield (
        f'<text x="{LEFT - 8}" y="{middle:g}" text-anchor="end">{escape(label)}'
        f"<title>{escape(lane.says)}</title></text>"
    )
    yield (
        f'<rect x="{LEFT}" y="{top}" width="{PLOT}" height="{lane.height}" '
        'fill="currentColor" opacity=".07"/>'
    )
    for number, row in enumerate(lane.rows):
        for bar in row.bars:
            yield _bar(bar, top + number * ROW, lasts)


def _bar(bar: _Bar, top: int, lasts: float) -> str:
    x, end = _x(bar.start, lasts), _x(bar.end, lasts)
    width, (ground, ink) = max(1.5, round(end - x, 1)), bar.colours
    fitting: Sequence[str] = [t for t in (bar.text, bar.short) if len(t) * CHARACTER + 6 <= width]
    text = (
        f'<text x="{x + 4:g}" y="{top + 12}" font-size="11" fill="{ink}">'
        f"{escape(fitting[0])}</text>"
        if fitting
        else ""
    )
    tip = escape(f"{bar.start:g} to {bar.end:g} s: {bar.tip or bar.text}")
    return (
        f'<g><title>{tip}</title><rect x="{x:g}" y="{top + 0.5:g}" width="{width:g}" '
        f'height="{ROW - 1}" fill="{ground}" stroke="currentColor" stroke-width=".4"/>{text}</g>'
    )


def _axis(timeline: Timeline, bottom: int) -> Iterator[str]:
    step = next((s for s in STEPS if timeline.lasts / s <= TICKS), timeline.lasts / TICKS)
    for number in range(int(timeline.lasts / step) + 1):
        at = number * step
        x = _x(at, timeline.lasts)
        yield (
            f'<line x1="{x}" x2="{x}" y1="{TOP}" y2="{bottom}" stroke="currentColor" '
            f'opacity=".18"/><text x="{x}" y="{bottom + 12}" text-anchor="middle">{at:g} s</text>'
        )


def _notes(timeline: Timeline, bottom: int) -> Iterator[str]:
    """A dashed line for each thing that happened, its number above and its words below."""
    y = bottom + 32
    same = list[float]()
    for number, note in enumerate(timeline.notes, start=1):
        x = _x(note.at, timeline.lasts)
        shift = sum(abs(x - other) < 2 * CHARACTER for other in same) * 2 * CHARACTER
        same.append(x)
        yield (
            f'<line x1="{x}" x2="{x}" y1="{TOP - 6}" y2="{bottom}" stroke="currentColor" '
            f'stroke-dasharray="3 3" opacity=".8"/><text x="{x + shift:g}" y="{TOP - 10}" '
            f'text-anchor="middle" font-weight="600">{number}</text>'
            f'<text x="{LEFT}" y="{y}">{number}  {note.at:g} s: {escape(note.what)}</text>'
        )
        y += 17


def _cursor(x: float, bottom: int, at: float) -> str:
    return (
        f'<g><title>{at:g} s</title><line x1="{x}" x2="{x}" y1="{TOP - 2}" y2="{bottom}" '
        'stroke="currentColor" stroke-width="2.2"/>'
        f'<circle cx="{x}" cy="{TOP - 2}" r="4" fill="currentColor"/></g>'
    )
