"""A lookup on an axis of time: each sending of questions, how long it waited, what it heard."""

from collections.abc import Iterator
from html import escape

from nsimlib.dns.exchanges import Heard
from nsimlib.dns.lookups import Lookup, Step
from nsimlib.views.catalogue import say
from nsimlib.views.html import html_of
from nsimlib.views.picture import GROUND, INK, Picture
from nsimlib.views.styles import box, scrolling

__all__ = ["lookup_picture"]

WIDTH, LEFT, RIGHT, TOP = 760, 12, 30, 8
PLOT = WIDTH - LEFT - RIGHT
#: a step has a line of text, and its bar below
STEP, BAR = 36, 12
TICKS = 8
EVERY = (0.1, 0.5, 1, 2, 5, 10, 15, 30, 60)
#: grounds that colour-blind eyes tell apart (Okabe and Ito), on any theme
FOUND, SAID, ASIDE, SILENT = "#009E73", "#8a8a8a", "#F0E442", "#D55E00"
GROUNDS = {
    Heard.FOUND: FOUND,
    Heard.NO_NAME: SAID,
    Heard.NO_RECORDS: SAID,
    Heard.TRUNCATED: ASIDE,
}


def lookup_picture(lookup: Lookup) -> Picture:
    """Return a drawing of a look-up: a bar for each step, as long as the client waited.

    >>> import nsimlib as ns
    >>> path = ns.dns_path(ns.scenario("shop"), "shop/web", "db.corp.example")
    >>> print(lookup_picture(path.lookup).says.splitlines()[0])
    db.corp.example: EAI_AGAIN: Temporary failure in name resolution; 20 s, 8 queries
    """
    lasts = max(lookup.seconds, EVERY[0])
    bottom = TOP + STEP * len(lookup.steps)
    height = bottom + 44
    parts = [*_axis(lasts, bottom)]
    for number, step in enumerate(lookup.steps):
        parts += _step(step, TOP + STEP * number, lasts)
    parts.append(
        f'<text x="{LEFT}" y="{bottom + 36}" font-weight="600">{escape(told(lookup))}</text>'
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(repr(lookup), quote=True)}" style="max-width:{WIDTH}px;width:100%;'
        f'min-width:30em;color:{INK};background:{GROUND}" font-family="sans-serif" '
        f'font-size="12.5" fill="currentColor">{"".join(parts)}</svg>'
    )
    return Picture(svg, repr(lookup))


@html_of.register
def lookup_html(lookup: Lookup) -> str:
    """Return a look-up as a drawing that scrolls where it is too wide."""
    return box(scrolling(lookup_picture(lookup).svg))


def told(lookup: Lookup) -> str:
    """Return in a sentence what the application hears in the end, and when."""
    found = lookup.addresses
    heard = lookup.error or f"{found[0]}{say('dns.more', count=len(found) - 1) * (len(found) > 1)}"
    return say("dns.hears", seconds=f"{lookup.seconds:g}", heard=heard)


def _step(step: Step, top: int, lasts: float) -> Iterator[str]:
    x, end = _x(step.at, lasts), _x(step.at + step.seconds, lasts)
    says = say(
        "dns.step",
        at=f"{step.at:g}",
        types="+".join(step.types),
        name=step.name,
        transport=step.transport.value,
        heard=step.heard.value,
        seconds=f"{step.seconds:g}",
    )
    yield (
        f'<text x="{LEFT}" y="{top + 13}">{escape(says)}</text>'
        f'<rect x="{LEFT}" y="{top + 18}" width="{PLOT}" height="{BAR}" opacity=".07"/>'
        f'<rect x="{x:g}" y="{top + 18}" width="{max(4, end - x):g}" height="{BAR}" '
        f'fill="{GROUNDS.get(step.heard, SILENT)}" stroke="currentColor" stroke-width=".5"/>'
    )


def _x(at: float, lasts: float) -> float:
    return round(LEFT + PLOT * at / lasts, 1)


def _axis(lasts: float, bottom: int) -> Iterator[str]:
    every = next((each for each in EVERY if lasts / each <= TICKS), lasts / TICKS)
    for number in range(int(lasts / every) + 1):
        x = _x(number * every, lasts)
        yield (
            f'<line x1="{x}" x2="{x}" y1="{TOP}" y2="{bottom}" stroke="currentColor" '
            f'opacity=".2"/><text x="{x}" y="{bottom + 13}" text-anchor="middle">'
            f"{number * every:g} s</text>"
        )
