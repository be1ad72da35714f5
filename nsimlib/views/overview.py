"""A large cluster as a drawing: namespaces as boxes with their pods, arrows as wide as they carry.

Namespaces that lead to the same ones share a box, and so do those that are reached by the same. Of
the boxes only the busiest are drawn, the others are one, so that 5,000 pods take no more room than
50. Pods of one namespace among themselves are not drawn.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from math import sqrt

from nsimlib.evaluation.reachability import Reachability
from nsimlib.evaluation.traffic import borders, traffic
from nsimlib.views.picture import ARROW, GROUND, INK, TIP, Picture

__all__ = ["overview"]

WIDTH, HEIGHT, BETWEEN, MARGIN, APART, HEAD = 250, 46, 230, 10, 12, 30
#: boxes in a column, and characters in a line of one
MOST, LONGEST = 12, 32
THINNEST, THICKEST = 1.0, 9.0
WORLD = "the world outside"

Weights = Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class Side:
    """A column: for each end the box that it is in, and for each box its two lines of text."""

    box_of: Mapping[str, str]
    lines: Mapping[str, tuple[str, str]]


def overview(reach: Reachability, port: str | None = None) -> Picture:
    """Return a drawing by namespace of who may reach whom on a port, or on any; for any size.

    >>> import nsimlib as ns
    >>> overview(ns.reachability(ns.scenario("shop")), "5432/TCP")
    Who may reach whom on 5432/TCP, by namespace
    ingress and 2 like it -> ingress and 3 like it (49), the world outside (7)
    kube-system -> ingress and 3 like it (40), the world outside (6), data (4)
    the world outside -> ingress and 3 like it (12)
    """
    weights = _weights(reach, port)
    pods = Counter(pod.namespace.name for pod in reach.cluster.pods)
    left, right = (_side(weights, pods, end) for end in (0, 1))
    arrows: Counter[tuple[str, str]] = Counter()
    for (source, destination), weight in weights.items():
        arrows[left.box_of[source], right.box_of[destination]] += weight
    says = f"Who may reach whom on {port or 'any port'}, by namespace"
    told = (says, *_sentences(arrows, left, right))
    return Picture(_svg(arrows, left, right, told), "\n".join(told))


def _weights(reach: Reachability, port: str | None) -> Weights:
    """Pairs of pods for each two namespaces; towards the world and from it, pods."""
    hops = reach.hops(port)
    found = {ends: n for ends, n in traffic(hops).items() if ends[0] != ends[1]}
    entering, leaving = borders(hops)
    found |= {(WORLD, name): count for name, count in entering.items()}
    return found | {(name, WORLD): count for name, count in leaving.items()}


def _side(weights: Weights, pods: Mapping[str, int], which: int) -> Side:
    """Put ends that have the same others opposite in one box, and the least busy in a last one."""
    opposite: dict[str, set[str]] = defaultdict(set)
    busy: Counter[str] = Counter()
    for ends, weight in weights.items():
        opposite[ends[which]].add(ends[1 - which])
        busy[ends[which]] += weight
    groups = _alike(opposite)
    order = sorted(groups, key=lambda group: (-sum(busy[e] for e in group), group))
    kept, rest = (order, []) if len(order) <= MOST else (order[: MOST - 1], order[MOST - 1 :])
    boxes = [*kept, sorted(end for group in rest for end in group)] if rest else kept
    lines = {box[0]: _lines(box, pods, last=box not in kept) for box in boxes}
    return Side({end: box[0] for box in boxes for end in box}, lines)


def _alike(opposite: Mapping[str, set[str]]) -> list[list[str]]:
    """Return ends with the same others opposite; first those that are also opposite each other."""
    groups: list[list[str]] = []
    left = sorted(opposite)
    for own in (True, False):
        found: dict[Hashable, list[str]] = defaultdict(list)
        for end in left:
            others = frozenset(opposite[end] | {end} if own else opposite[end])
            found[WORLD if end == WORLD else others].append(end)
        groups += [group for group in found.values() if len(group) > 1 or not own]
        left = [group[0] for group in found.values() if len(group) == 1]
    return groups


def _lines(ends: list[str], pods: Mapping[str, int], *, last: bool) -> tuple[str, str]:
    count = f"{sum(pods.get(end, 0) for end in ends):,} pods"
    if last:
        return f"{len(ends)} other namespaces", count
    if len(ends) > 1:
        return _short(f"{ends[0]} and {len(ends) - 1} like it"), count
    return _short(ends[0]), "" if ends[0] == WORLD else count


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}\u2026"


def _sentences(arrows: Weights, left: Side, right: Side) -> Iterator[str]:
    """Yield what the arrows say, the heaviest of each box first."""
    for box in left.lines:
        theirs = sorted((-n, end) for (ours, end), n in arrows.items() if ours == box)
        told = ", ".join(f"{right.lines[end][0]} ({-n:,})" for n, end in theirs)
        yield f"{left.lines[box][0]} -> {told}"


def _svg(arrows: Weights, left: Side, right: Side, told: tuple[str, ...]) -> str:
    x = MARGIN + WIDTH + BETWEEN
    order = list(left.lines)
    ours = _placed(order)
    theirs = _placed(_untangled(right.lines, arrows, order))
    rows = max(len(ours), len(theirs), 1)
    bottom = MARGIN + HEAD + rows * (HEIGHT + APART)
    most = max(arrows.values(), default=0)
    note = f"wider: more pairs of pods, {most:,} at the widest; with the world outside, more pods"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="0 0 {x + WIDTH + MARGIN} {bottom + 30}" width="{x + WIDTH + MARGIN}" '
        f'style="max-width:100%" font-family="sans-serif" font-size="13">'
        f"<title>{escape(told[0])}</title><desc>{escape('; '.join(told[1:]))}</desc>{TIP}"
    )
    titles = (
        _text(MARGIN, MARGIN + 14, "may open connections", bold=True),
        _text(x, MARGIN + 14, "to", bold=True),
        _text(MARGIN, bottom + 14, note),
    )
    boxes = (
        part
        for side, at, places in ((left, MARGIN, ours), (right, x, theirs))
        for box, y in places.items()
        for part in _box(at, y, side.lines[box])
    )
    return "".join((head, *titles, *_arrows(arrows, ours, theirs, most), *boxes, "</svg>"))


def _placed(boxes: Iterable[str]) -> dict[str, int]:
    return {box: MARGIN + HEAD + n * (HEIGHT + APART) for n, box in enumerate(boxes)}


def _untangled(boxes: Iterable[str], arrows: Weights, order: list[str]) -> list[str]:
    """Put each box beside the sources that most reach it, so that fewer arrows cross."""

    def height(box: str) -> float:
        from_ = {order.index(ours): n for (ours, theirs), n in arrows.items() if theirs == box}
        return sum(at * n for at, n in from_.items()) / (sum(from_.values()) or 1)

    return sorted(boxes, key=lambda box: (height(box), box))


def _arrows(
    arrows: Weights, ours: Mapping[str, int], theirs: Mapping[str, int], most: int
) -> Iterator[str]:
    """Yield the arrows, the widest first so that narrow ones lie on top."""
    start, end = MARGIN + WIDTH, MARGIN + WIDTH + BETWEEN
    middle = (start + end) // 2
    ordered = sorted(arrows.items(), key=lambda arrow: (-arrow[1], arrow[0]))
    leaving = {box: sorted((y, b) for b, y in theirs.items() if (box, b) in arrows) for box in ours}
    coming = {box: sorted((y, b) for b, y in ours.items() if (b, box) in arrows) for box in theirs}
    for (source, destination), weight in ordered:
        at = _along(ours[source], leaving[source], destination)
        to = _along(theirs[destination], coming[destination], source)
        wide = THINNEST + (THICKEST - THINNEST) * sqrt(weight / most)
        curve = f"M{start} {at}C{middle} {at} {middle} {to} {end} {to}"
        faint = 0.25 + 0.5 * sqrt(weight / most)
        yield (
            f'<path d="{curve}" fill="none" stroke="{ARROW}" stroke-width="{wide:.1f}" '
            f'stroke-opacity="{faint:.2f}"/>'
        )


def _along(y: int, others: list[tuple[int, str]], other: str) -> int:
    """Return where on the side of a box the arrow to or from another box meets it."""
    number = next(n for n, (_, box) in enumerate(others) if box == other)
    return round(y + HEIGHT * (number + 1) / (len(others) + 1))


def _box(x: int, y: int, lines: tuple[str, str]) -> Iterator[str]:
    yield (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="7" '
        f'fill="{GROUND}" stroke="{INK}" stroke-opacity=".55"/>'
    )
    yield _text(x + 9, y + (20 if lines[1] else 28), lines[0])
    if lines[1]:
        yield _text(x + 9, y + 37, lines[1])


def _text(x: int, y: int, text: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" fill="{INK}"{weight}>{escape(text)}</text>'
