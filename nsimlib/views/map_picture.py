"""The map as SVG text: with a script a widget, without one a picture that says the same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from textwrap import wrap

from nsimlib.errors import visible
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Direction
from nsimlib.views.catalogue import say
from nsimlib.views.doors import Doors
from nsimlib.views.journey import Journey, door
from nsimlib.views.topology import Card, End, Kind, Topology

__all__ = ["MapState", "map_svg", "map_title"]

#: what the map is drawn with; JupyterLab's colours where it runs there, light ones in a picture
STYLE = """
.nsim-map{--ground:var(--jp-layout-color1,#fff);--ink:var(--jp-content-font-color1,#1b1f24);
--quiet:color-mix(in srgb,var(--ink) 72%,var(--ground));--line:var(--jp-border-color1,#b6bec8);
--allowed:#0072b2;--denied:#d55e00;--undetermined:#b58900;
--shut:#d55e00;font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:12px}
[data-jp-theme-light="false"] .nsim-map{--allowed:#56b4e9;--denied:#ff8a3d;--undetermined:#f0e442;
--shut:#ff8a3d}
.nsim-map text{fill:var(--ink)}.nsim-map .quiet{fill:var(--quiet);font-size:11px}
.nsim-map .frame{fill:none;stroke:var(--line);stroke-dasharray:2 4}
.nsim-map .card{fill:#f2f4f7;fill:color-mix(in srgb,var(--ink) 6%,var(--ground))}
.nsim-map .head{font-weight:600}
.nsim-map .tile{fill:var(--ground);stroke:var(--line)}.nsim-map .pill{fill:none;stroke:var(--line)}
.nsim-map .open{stroke:var(--quiet);stroke-width:1.5;fill:none}
.nsim-map .shut{fill:var(--shut);stroke:var(--ground);stroke-width:1}
.nsim-map .chosen .tile,.nsim-map .chosen .pill{stroke:var(--ink);stroke-width:2.2}
.nsim-map .tag rect{fill:var(--ink)}
.nsim-map .tag text{fill:var(--ground);font-size:10px;font-weight:700}
.nsim-map .way{fill:none;stroke-width:3;stroke-linecap:round}
.nsim-map .halo{fill:none;stroke:var(--ground);stroke-width:6;stroke-opacity:.7}
.nsim-map .way,.nsim-map .halo,.nsim-map .rest,.nsim-map .stop,.nsim-map .tag{pointer-events:none}
.nsim-map .rest{fill:none;stroke:var(--quiet);stroke-width:1.6;stroke-dasharray:2 6;
stroke-linecap:round}
.nsim-map .sign{stroke:var(--ground);stroke-width:2}
.nsim-map .sign-text{fill:var(--ground);font-weight:700;font-size:13px}
"""
#: marks that tell outcomes apart without their colours
SIGNS = {Outcome.ALLOWED: "\u2713", Outcome.DENIED: "\u2715", Outcome.UNDETERMINED: "?"}
FOOT, LINE, LETTERS = 34, 18, 132


@dataclass(frozen=True)
class MapState:
    """What a map shows: where things lie, their doors, and a packet on its way if there is one."""

    found: Topology
    doors: Mapping[str, Doors]
    title: str
    says: str
    #: the ends of the packet, with the word that is put to each
    chosen: Mapping[str, str] = field(default_factory=dict)
    journey: Journey | None = None


def map_title(cluster: Cluster) -> str:
    """Return what the map is called to those who do not see it."""
    return say(
        "map.title",
        pods=len(cluster.pods),
        namespaces=len(cluster.namespaces),
        services=len(cluster.services),
    )


def map_svg(state: MapState, *, captioned: bool = True) -> str:
    """Return the map: a picture with a caption, or for a widget, which has words of its own.

    There every end is a button with a spoken name, and `data-end` is its notation.
    """
    found = state.found
    caption = wrap(state.says, LETTERS) if captioned else []
    height = found.height + FOOT + LINE * len(caption)
    role = "img" if captioned else "group"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="nsim-map" role="{role}" '
        f'viewBox="0 0 {found.width:.0f} {height:.0f}" width="{found.width:.0f}" '
        f'style="max-width:100%;height:auto" aria-label="{escape(state.title)}">'
        f"<title>{escape(state.title)}</title><desc>{escape(state.says)}</desc>"
        f'<style>{STYLE}</style><rect class="ground" width="100%" height="100%" '
        f'style="fill:var(--ground)"/>'
    )
    cards = (part for card in found.cards for part in _card(card))
    ends = (_end(end, state, clickable=not captioned) for end in found.ends)
    tags = (_tag(end, state.chosen[end.name]) for end in found.ends if end.name in state.chosen)
    over = (*_lines(state), *_sign(state), *tags)
    return visible("".join((head, *cards, *ends, *over, *_foot(state, caption), "</svg>")))


def _card(card: Card) -> Iterator[str]:
    size = f'x="{card.x:.1f}" y="{card.y:.1f}" width="{card.width:.1f}" height="{card.height:.1f}"'
    frames = {"cluster": "map.cluster", "world": "map.world"}
    if card.label in frames:
        yield f'<rect class="frame" {size} rx="12"/>'
        label, at = say(frames[card.label]), card.y + 17
    else:
        yield f'<rect class="card" {size} rx="8"/>'
        label, at = card.label, card.y + 17
    style = "quiet" if card.label in frames else "head"
    yield f'<text class="{style}" x="{card.x + 10:.1f}" y="{at:.1f}">{escape(label)}</text>'


def _end(end: End, state: MapState, *, clickable: bool) -> str:
    chosen = end.name in state.chosen
    here = state.doors.get(end.name)
    spoken = _spoken(end, here)
    classes = "end chosen" if chosen else "end"
    drawn = "".join({Kind.WORKLOAD: _tile, Kind.SERVICE: _pill, Kind.PLACE: _place}[end.kind](end))
    shown = "".join(_doors(end, here)) if here else ""
    button = (
        f' data-end="{escape(end.name)}" role="button" tabindex="-1" '
        f'aria-pressed="{str(chosen).lower()}" aria-label="{escape(spoken)}"'
    )
    return (
        f'<g class="{classes}"{button if clickable else ""}>'
        f"<title>{escape(spoken)}</title>{drawn}{shown}</g>"
    )


def _spoken(end: End, here: Doors | None) -> str:
    if end.kind is Kind.WORKLOAD and here:
        pods = say("map.pod") if here.pods == 1 else say("map.pods", count=here.pods)
        return f"{say('map.end-workload', name=end.name, pods=pods)}: {here.says}"
    if end.kind is Kind.SERVICE:
        return say("map.end-service", name=end.name.replace("/service/", "/"))
    called = end.label if end.label == end.name else f"{end.label}, {end.name}"
    return say("map.end-place", name=called)


def _tile(end: End) -> Iterator[str]:
    if end.more:
        # The edge of a second tile: more than one pod.
        yield _rect(end, "tile", 5, 3)
    yield _rect(end, "tile", 5)
    middle = end.y + end.height / 2 + 4
    if end.label:
        more = f' <tspan class="quiet">{end.more}</tspan>' if end.more else ""
        at = f'x="{end.x + (22 if end.width > 90 else 8):.1f}" y="{middle:.1f}"'
        yield f"<text {at}>{escape(end.label)}{more}</text>"


def _pill(end: End) -> Iterator[str]:
    yield _rect(end, "pill", 10)
    y = end.y + end.height / 2
    yield _hexagon(end.x + 10, y)
    if end.label:
        yield _text(end.x + 19, y + 4, end.label, "quiet")


def _hexagon(x: float, y: float) -> str:
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in HEXAGON)
    return f'<polygon points="{points}" style="fill:none;stroke:var(--quiet)"/>'


def _tag(end: End, word: str) -> str:
    """A flag on the upper edge: which end of the packet this is, and its name if it bears none."""
    bare = end.kind is Kind.WORKLOAD and not end.name.endswith(f"/{end.label}")
    text = f"{word} {end.name.rpartition('/')[2]}" if bare else word
    width = 6.2 * len(text) + 10
    x, y = end.x + (8 if end.label else 0), end.y - (8 if end.label else 15)
    return (
        f'<g class="tag"><rect x="{x:.1f}" y="{y:.1f}" width="{width:.0f}" height="14" rx="4"/>'
        f'<text x="{x + width / 2:.1f}" y="{y + 10.5:.1f}" text-anchor="middle">{escape(text)}'
        f"</text></g>"
    )


HEXAGON = ((-4.5, 0), (-2.2, -4), (2.2, -4), (4.5, 0), (2.2, 4), (-2.2, 4))


def _place(end: End) -> Iterator[str]:
    yield _rect(end, "tile", 5)
    yield _text(end.x + 24, end.y + 17, end.label)
    yield _text(end.x + 24, end.y + 33, end.more, "quiet")


def _doors(end: End, here: Doors) -> Iterator[str]:
    """Yield a bar where a door is shut, and two short posts where it is open."""
    if not here.are_there:
        return
    tall = min(20.0, end.height - 6)
    for direction in Direction:
        x, y = door(end, direction)
        if here.shut(direction):
            yield (
                f'<rect class="shut" x="{x - 3.5:.1f}" y="{y - tall / 2:.1f}" width="7" '
                f'height="{tall:.1f}" rx="2"/>'
            )
        elif end.label:
            top, bottom = y - tall / 2, y + tall / 2
            posts = f"M{x:.1f} {top:.1f}v4M{x:.1f} {bottom:.1f}v-4"
            gap = f'x="{x - 1.5:.1f}" y="{top + 4:.1f}" width="3" height="{tall - 8:.1f}"'
            yield f'<rect {gap} style="fill:var(--ground)"/>'
            yield f'<path class="open" d="{posts}"/>'


def _lines(state: MapState) -> Iterator[str]:
    if state.journey is None:
        return
    colour = f"stroke:var(--{state.journey.outcome.value})"
    if state.journey.rest:
        yield f'<path class="rest" d="{state.journey.rest}"/>'
    yield f'<path class="halo" d="{state.journey.way}"/>'
    yield f'<path class="way" d="{state.journey.way}" style="{colour}"/>'


def _sign(state: MapState) -> Iterator[str]:
    """Yield the packet, which a script sends along the way, and the sign where it stops."""
    if state.journey is None:
        return
    (x, y), outcome = state.journey.stop, state.journey.outcome
    fill = f"fill:var(--{outcome.value})"
    yield f'<circle class="packet" r="6" style="{fill};display:none"/>'
    yield (
        f'<g class="stop" transform="translate({x:.1f} {y:.1f})">'
        f'<circle class="sign" r="9" style="{fill}"/>'
        f'<text class="sign-text" y="4.5" text-anchor="middle">{SIGNS[outcome]}</text></g>'
    )


def _foot(state: MapState, caption: list[str]) -> Iterator[str]:
    """Yield the key: what a shut and an open door look like."""
    y = state.found.height + 14
    keys = (
        ("shut", "map.key-closed", 0),
        ("open", "map.key-open", 180),
        ("", "map.key-ingress", 370),
        ("service", "map.key-service", 600),
    )
    for style, key, x in keys:
        at = 20 + x
        if style == "shut":
            yield f'<rect class="shut" x="{at}" y="{y - 7:.1f}" width="7" height="16" rx="2"/>'
        elif style == "open":
            yield f'<path class="open" d="M{at + 3} {y - 7:.1f}v4M{at + 3} {y + 9:.1f}v-4"/>'
        elif style == "service":
            yield _hexagon(at + 4, y + 1)
        yield _text(at + (14 if style else 0), y + 5, say(key), "quiet")
    for number, line in enumerate(caption, start=1):
        yield _text(20, y + 11 + LINE * number, line)


def _rect(end: End, style: str, radius: float, shift: float = 0) -> str:
    return (
        f'<rect class="{style}" x="{end.x + shift:.1f}" y="{end.y + shift:.1f}" '
        f'width="{end.width:.1f}" height="{end.height:.1f}" rx="{radius}"/>'
    )


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
