"""Who may reach whom as a drawing: SVG text, laid out by us, the same on every machine.

Sources are at the left, destinations at the right, and ends that are alike share a box.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

from nsimlib.errors import visible
from nsimlib.evaluation.matrix import Cell
from nsimlib.evaluation.reachability import Reachability
from nsimlib.views.bundles import Bundle, Group, bundle_of, by_namespace, pairs_of, sentences

__all__ = ["ARROW", "GROUND", "INK", "TIP", "Picture", "picture"]

WIDTH, BETWEEN, MARGIN, LINE, PAD, APART, HEAD = 250, 190, 10, 19, 9, 14, 30
#: what a box has room for: characters of a line, and lines
LONGEST, MOST = 30, 12
INK = "var(--jp-content-font-color1, currentColor)"
GROUND = "var(--jp-layout-color1, none)"
ARROW = "var(--jp-brand-color1, #0072B2)"
TIP = (
    '<defs><marker id="nsim-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
    f'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="{ARROW}"/></marker></defs>'
)
#: with more workloads than this each namespace is drawn as one end
READABLE = 60


@dataclass(frozen=True, repr=False)
class Picture:
    """A drawing with sentences that say the same; `str()` of it is the SVG text."""

    svg: str
    says: str

    def __post_init__(self) -> None:
        for name in ("svg", "says"):
            object.__setattr__(self, name, visible(getattr(self, name)))

    def __str__(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return self.says

    def _repr_html_(self) -> str:
        return self.svg

    def _repr_svg_(self) -> str:
        return self.svg


def picture(reach: Reachability, port: str | None = None) -> Picture:
    """Return a drawing of who may reach whom on a port such as `"5432/TCP"`, or on any.

    A large cluster is drawn by namespace.

    >>> import nsimlib as ns
    >>> lesson = ns.scenario("isolation-is-a-switch")
    >>> policy = ns.policy_files("isolation-is-a-switch")["web-egress-allow-api"]
    >>> picture(ns.reachability(lesson.with_policies(policy)), "8080/TCP")
    Who may reach whom on 8080/TCP
    monitoring/prometheus, shop/api, shop/db, elsewhere -> every other end
    shop/web -> shop/api
    """
    matrix = reach.matrix(port)
    pairs = pairs_of(matrix)
    if len(reach.cluster.workloads) > READABLE:
        pairs = by_namespace(pairs)
    bundle = bundle_of(pairs)
    says = f"Who may reach whom on {matrix.about}"
    return Picture(_svg(bundle, says), "\n".join((says, *sentences(bundle))))


@dataclass(frozen=True, slots=True)
class Box:
    """A group as it is drawn: its lines of text and where it lies."""

    lines: tuple[str, ...]
    x: float
    y: float

    @property
    def height(self) -> float:
        """Its height in pixels."""
        return LINE * len(self.lines) + 2 * PAD


def _column(groups: Iterable[Group], x: float) -> dict[Group, Box]:
    boxes, y = {}, float(MARGIN + HEAD)
    for group in groups:
        box = Box(_shown(group), x, y)
        boxes[group] = box
        y += box.height + APART
    return boxes


def _shown(group: Group) -> tuple[str, ...]:
    kept = group if len(group) <= MOST else group[: MOST - 1]
    short = (name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}\u2026" for name in kept)
    more = (f"and {len(group) - len(kept)} more",) if len(kept) < len(group) else ()
    return (*short, *more)


def _svg(bundle: Bundle, says: str) -> str:
    left = _column(bundle.sources, MARGIN)
    right = _column(bundle.destinations, MARGIN + WIDTH + BETWEEN)
    boxes = [*left.values(), *right.values()]
    width = 2 * (WIDTH + MARGIN) + BETWEEN
    bottom = max((box.y + box.height for box in boxes), default=HEAD) + MARGIN
    notes = _notes(set(bundle.arrows.values()), bottom + LINE)
    height = bottom + LINE * len(notes) + MARGIN
    size = f'viewBox="0 0 {width} {height:.0f}" width="{width}"'
    lines = "; ".join(sentences(bundle))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} style="max-width:100%" '
        f'font-family="sans-serif" font-size="13"><title>{escape(says)}</title>'
        f"<desc>{escape(lines)}</desc>{TIP}"
    )
    heads = ((MARGIN, "may open connections"), (MARGIN + WIDTH + BETWEEN, "to"))
    titles = (_text(x, MARGIN + 14, text, bold=True) for x, text in heads)
    drawn = (part for box in boxes for part in _box(box))
    return "".join((head, *titles, *_arrows(bundle, left, right), *drawn, *notes, "</svg>"))


NOTES = {
    Cell.PARTLY: "dashed: some pods or some ports only",
    Cell.OPEN: "dotted: a fact is missing to be sure",
}


def _notes(drawn: set[Cell], y: float) -> list[str]:
    notes = [note for cell, note in NOTES.items() if cell in drawn]
    return [_text(MARGIN, y + LINE * number, note) for number, note in enumerate(notes)]


def _box(box: Box) -> Iterator[str]:
    size = f'x="{box.x:.0f}" y="{box.y:.0f}" width="{WIDTH}" height="{box.height:.0f}" rx="7"'
    yield f'<rect {size} fill="{GROUND}" stroke="{INK}" stroke-opacity=".55"/>'
    for number, line in enumerate(box.lines):
        yield _text(box.x + PAD, box.y + PAD + LINE * (number + 0.72), line)


def _text(x: float, y: float, text: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="{INK}"{weight}>{escape(text)}</text>'


DASHES = {Cell.ALLOWED: "", Cell.PARTLY: "7 4", Cell.OPEN: "2 4"}


def _arrows(bundle: Bundle, left: dict[Group, Box], right: dict[Group, Box]) -> Iterator[str]:
    """Yield the arrows, those of one box spread along its side."""
    leaving = {g: [theirs for theirs in right if (g, theirs) in bundle.arrows] for g in left}
    coming = {g: [ours for ours in left if (ours, g) in bundle.arrows] for g in right}
    for (ours, theirs), cell in bundle.arrows.items():
        start = _along(left[ours], leaving[ours].index(theirs), len(leaving[ours]))
        end = _along(right[theirs], coming[theirs].index(ours), len(coming[theirs]))
        x, into, bend = MARGIN + WIDTH, MARGIN + WIDTH + BETWEEN, BETWEEN / 2
        curve = f"M{x} {start:.0f}C{x + bend:.0f} {start:.0f} {into - bend:.0f} {end:.0f}"
        dashes = f' stroke-dasharray="{DASHES[cell]}"' if DASHES[cell] else ""
        style = 'fill="none" stroke-width="1.8" stroke-opacity=".8" marker-end="url(#nsim-tip)"'
        yield f'<path d="{curve} {into} {end:.0f}" stroke="{ARROW}" {style}{dashes}/>'


def _along(box: Box, number: int, of: int) -> float:
    """Return where along the side of a box the arrow of that number meets it."""
    return box.y + box.height * (number + 1) / (of + 1)
