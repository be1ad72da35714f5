"""The walk of a packet through rules: every line it came to, and the one that decided."""

from collections.abc import Iterator
from html import escape

from nsimlib.datapath.walk import Hop, Walk
from nsimlib.datapath.walking import Fate, Step
from nsimlib.views.rule_lines import FLAT, line_html, sign
from nsimlib.views.styles import badge, box

__all__ = ["ends_html", "place_of", "row_html", "walk_html", "walk_lines"]

ROW = "display:grid;grid-template-columns:2.2em 1.4em minmax(0,1fr) auto;gap:0 .5em"
HERE = "outline:2px solid #E69F00;outline-offset:1px;border-radius:.2em;margin:.25em 0"


def walk_lines(walk: Walk) -> Iterator[str]:
    """Yield a walk as text: `+` where all conditions of a line held, `?` where one is not known."""
    if walk.translation:
        yield f"nat PREROUTING: {walk.translation}"
    for hop in walk.hops:
        yield place_of(hop)
        yield from map(str, hop.passage.steps)
        if hop.passage.stopped:
            yield f"stopped: {hop.passage.stopped}"
    yield walk.fate.value


def place_of(hop: Hop) -> str:
    """Return the node and the chain of the kernel's where a packet begins."""
    return f"{f'node {hop.node}' if hop.node else 'the node'}, {hop.hook}"


def walk_html(walk: Walk) -> str:
    """Return a walk as HTML: each line with its sign, and its mark where it changed."""
    head = f"<div>{badge(walk.outcome.value)} {ends_html(walk)}</div>"
    number, parts = 0, [head]
    for hop in walk.hops:
        parts.append(f'<div style="margin-top:.5em"><b>{escape(place_of(hop))}</b></div>')
        for step in hop.passage.steps:
            number += 1
            parts.append(row_html(number, step, here=step is walk.deciding))
        if hop.passage.stopped:
            parts.append(f"<div>stopped: {escape(hop.passage.stopped)}</div>")
    return box("".join((*parts, _end(walk))))


def ends_html(walk: Walk) -> str:
    """Return the two ends of the packet, and what kube-proxy had done to it before."""
    path = walk.path
    ends = f"<code>{escape(f'{path.source} -> {path.destination}:{path.port}')}</code>"
    if not walk.translation:
        return ends
    return f"{ends}<div>before that, nat PREROUTING: <code>{escape(walk.translation)}</code></div>"


def row_html(number: int, step: Step, *, here: bool) -> str:
    """Return one step as a row of HTML: its number, its sign, its line, the mark."""
    line = line_html(step.line, step.unmet)
    faint = "" if step.met is not False or here else ";opacity:.9"
    frame = f";{HERE}" if here else ""
    cells = (
        f'<span style="opacity:.75;text-align:right;font-size:88%">{number}</span>',
        f"<span>{sign(step.met)}</span>",
        f'<span style="{FLAT}{faint}">{line}{_cause(step)}</span>',
        f'<span style="white-space:nowrap;font-size:88%">{_mark(step)}</span>',
    )
    return f'<div style="{ROW}{frame}">{"".join(cells)}</div>'


def _cause(step: Step) -> str:
    origin = step.line.rule.origin
    return f' <i style="opacity:.8">{escape(str(origin))}</i>' if origin else ""


def _mark(step: Step) -> str:
    if step.before == step.after:
        return f'<span style="opacity:.7">mark {step.before:#x}</span>'
    return f"<b>mark {step.before:#x} &rarr; {step.after:#x}</b>"


def _end(walk: Walk) -> str:
    if walk.deciding is None:
        return "<div>no rule is asked: the packet stays inside the pod</div>"
    fact = f" This is no policy's: {walk.besides_policy}." if walk.besides_policy else ""
    what = "nobody can say" if walk.fate is Fate.UNKNOWN else walk.fate.value
    chain = escape(walk.deciding.line.chain)
    text = f"Step {len(walk.steps)}, in <code>{chain}</code>, decides: <b>{what}</b>.{fact}"
    return f'<div style="margin-top:.4em">{text}</div>'
