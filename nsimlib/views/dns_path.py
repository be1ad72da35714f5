"""The way of a pod's question for a name: whom it asks, who answers, and where it is stopped."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from nsimlib.dns.path import DnsPath, Leg, Role
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.verdict import Verdict
from nsimlib.model.policy import Direction
from nsimlib.views.catalogue import say
from nsimlib.views.html import html_of, verdict_html
from nsimlib.views.journey import stopped_at
from nsimlib.views.lookup import lookup_picture
from nsimlib.views.picture import GROUND, INK, Picture
from nsimlib.views.styles import badge, box, scrolling

__all__ = ["dns_path_html", "dns_path_picture", "path_told"]

WIDTH, HEIGHT, BOX, TOP = 860, 132, 212, 10
#: left edges of the three boxes: the pod, what its resolv.conf names, who answers
PLACES = (2, 324, 646)
LINES = (TOP + 40, TOP + 88)
STOP = {Outcome.DENIED: ("x", "#D55E00"), Outcome.UNDETERMINED: ("?", "#B8860B")}
WAY = "#0072B2"


@dataclass(frozen=True, slots=True)
class _Box:
    """Lines of text in a frame: the first is what it is, the others are its name and address."""

    lines: tuple[str, ...]
    x: int


def dns_path_picture(path: DnsPath) -> Picture:
    """Return a drawing of the pod's own questions: one line for UDP, one for TCP.

    >>> import nsimlib as ns
    >>> path = ns.dns_path(ns.scenario("shop"), "shop/web", "db.corp.example", cni="calico")
    >>> print(dns_path_picture(path).says.splitlines()[0].partition("; ")[2])
    denied at the door of shop/web (Egress)
    """
    legs = path.legs[: len(LINES)]
    says = "\n".join(path_told(path, leg) for leg in legs)
    drawn = [each for leg, y in zip(legs, LINES, strict=True) for each in _way(leg.verdict, y)]
    parts = [*drawn, *(_box(each) for each in _boxes(path))]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(says, quote=True)}" style="max-width:{WIDTH}px;width:100%;'
        f'min-width:34em;color:{INK};background:{GROUND}" font-family="sans-serif" '
        f'font-size="12.5" fill="currentColor">{"".join(parts)}</svg>'
    )
    return Picture(svg, says)


def path_told(path: DnsPath, leg: Leg) -> str:
    """Return in a sentence whom a pod asks over a transport, and how far it comes."""
    fields = {
        "transport": leg.connection.port.protocol.value,
        "pod": path.pod,
        "server": path.layout.nameserver,
        "which": _which(path),
    }
    stopped = stopped_at(leg.verdict)
    if stopped is None:
        return say("dns.asks", **fields, outcome=leg.outcome.value)
    end = path.pod if stopped is Direction.EGRESS else _called(leg)
    door = {"direction": stopped.value, "end": end}
    return say("dns.stopped", **fields, outcome=leg.outcome.value, **door)


@html_of.register
def dns_path_html(path: DnsPath) -> str:
    """Return the way, each leg with its reasons, and the look-up that goes that way.

    The leg at which the way ends is open; the others open when asked.
    """
    cut = path.cut or next((leg for leg in path.legs if leg.outcome is not Outcome.ALLOWED), None)
    legs = "".join(_leg(leg, is_open=leg is cut) for leg in path.legs)
    told = f'<div role="status"><b>{escape(path_told(path, cut or path.legs[0]))}</b></div>'
    way = scrolling(dns_path_picture(path).svg)
    time = scrolling(lookup_picture(path.lookup).svg)
    after = f"<div><b>{escape(say('dns.meanwhile', name=path.lookup.name))}</b></div>"
    return box(f"{told}{way}{legs}{after}{time}")


def _leg(leg: Leg, is_open: bool) -> str:
    to = escape(say("dns.leg", port=leg.connection.port, answers=_called(leg)))
    head = f"{badge(leg.outcome.value)} {to}"
    shown = " open" if is_open else ""
    return (
        f'<details{shown} style="margin:.2em 0"><summary style="cursor:pointer">{head}</summary>'
        f"{verdict_html(leg.verdict)}</details>"
    )


def _boxes(path: DnsPath) -> Iterator[_Box]:
    named = (say("dns.resolv-conf"), f"nameserver {path.layout.nameserver}", _which(path))
    pod: tuple[str, ...] = (say("dns.pod"), path.pod)
    answers: tuple[str, ...] = (say("dns.answers"), say("dns.nobody"))
    if path.legs[0].verdict.cases:
        asked = path.legs[0].verdict.case.path
        pod = (*pod, str(asked.source_address or ""))
        port = f"{asked.destination_address or path.layout.nameserver}:{asked.port.number}"
        answers = (say("dns.answers"), _called(path.legs[0]), port)
    for lines, x in zip((pod, named, answers), PLACES, strict=True):
        yield _Box(tuple(line for line in lines if line), x)


def _which(path: DnsPath) -> str:
    """What stands behind the address in resolv.conf."""
    match path.legs[0].role:
        case Role.NODE_CACHE:
            return say("dns.is-on-node")
        case Role.OWN:
            return say("dns.is-outside")
        case _:
            return say("dns.is-service", service=path.layout.service.key)


def _called(leg: Leg) -> str:
    """Who answers at the end of a leg."""
    if not leg.verdict.cases:
        return say("dns.nobody")
    answers = leg.verdict.case.path.destination
    if leg.role is Role.NODE_CACHE:
        return say("dns.node-cache", node=answers)
    return next(iter(getattr(answers, "places", ())), str(answers))


def _box(drawn: _Box) -> str:
    lines = "".join(
        f'<text x="{drawn.x + BOX / 2:g}" y="{TOP + 30 + 23 * number}" text-anchor="middle"'
        f"{_weight(number)}>{escape(line)}</text>"
        for number, line in enumerate(drawn.lines)
    )
    return (
        f'<rect x="{drawn.x}" y="{TOP}" width="{BOX}" height="{HEIGHT - 2 * TOP}" rx="6" '
        f'fill="{FILL}" stroke="currentColor"/>{lines}'
    )


#: a box covers the lines that pass behind it, in either theme
FILL = "var(--jp-layout-color2, Canvas)"


def _weight(number: int) -> str:
    return {0: ' opacity=".8"', 1: ' font-weight="600"'}.get(number, "")


def _way(verdict: Verdict, y: int) -> Iterator[str]:
    """A line from the pod to who answers, up to the door that stops it."""
    start, end = PLACES[0] + BOX, PLACES[2]
    stopped = stopped_at(verdict)
    word = verdict.connection.port.protocol.value
    yield f'<text x="{start + 22}" y="{y - 6}">{word} {verdict.outcome.value}</text>'
    if stopped is None:
        yield _line(start, end, y, WAY) + f'<path d="M{end} {y}l-9 -5v10z" fill="{WAY}"/>'
        return
    sign, colour = STOP[verdict.outcome]
    at = start + 10 if stopped is Direction.EGRESS else end - 12
    yield _line(start, at, y, colour) + _line(at, end, y, "currentColor", rest=True)
    yield (
        f'<circle cx="{at}" cy="{y}" r="9" fill="{colour}"/><text x="{at}" y="{y + 4}" '
        f'text-anchor="middle" font-weight="700" fill="#000">{sign}</text>'
    )


def _line(start: float, end: float, y: int, colour: str, *, rest: bool = False) -> str:
    look = 'stroke-dasharray="3 4" opacity=".6"' if rest else 'stroke-width="2.4"'
    return f'<line x1="{start}" x2="{end}" y1="{y}" y2="{y}" stroke="{colour}" {look}/>'
