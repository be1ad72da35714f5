"""A policy's YAML beside what it caused: entries and lines that belong together light up together.

Which belong together is written on both sides, so that nothing is lost where colours or the style
sheet are. The sheet is plain CSS: pointing at one side, or moving to an entry with the Tab key,
marks its partners on the other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from nsimlib.model.policy import Policy, Source
from nsimlib.views.policy_yaml import policy_pieces
from nsimlib.views.styles import FAINT, GROUND

__all__ = ["HINT", "beside_html", "beside_lines", "folded", "headed", "label"]

HINT = "Point at an entry, or go to it with the Tab key, to see what is there for it."

COLUMNS = (
    "display:grid;grid-template-columns:minmax(15em,3fr) minmax(0,7fr);gap:0 .6em;margin:.3em 0 1em"
)
YAML = (
    f"background:{GROUND};white-space:pre-wrap;line-height:1.35;font-size:88%;"
    "font-family:var(--jp-code-font-family, monospace)"
)
EDGE = "border-left:4px solid transparent;padding:.1em .4em"
EMPTY = "<div></div>"
CHIP = f"border:1px solid {FAINT};border-radius:.5em;padding:0 .45em;font-size:85%"
#: a mark at the edge and a tint that leave the ink as it is, on any theme
LIT = "background:rgba(230,159,0,.22) !important;border-left-color:#E69F00 !important"
NOTHING = "nothing"


def label(path: str) -> str:
    """Return a short name for an entry of a policy: `egress[0]`, `all of it` for the whole.

    >>> label("spec.egress[0]"), label("")
    ('egress[0]', 'all of it')
    """
    return path.removeprefix("spec.") or "all of it"


def beside_lines(policy: Policy, caused: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield a policy as text, and behind each entry what it caused, marked `=>`."""
    where = f"  [{policy.source}]" if policy.source.file else ""
    yield f"{policy.kind} {policy.key}{where}"
    for path, lines, is_told in _in_order(policy, caused):
        where = f"  [{_source(policy, path)}]" if policy.source.file else ""
        yield from [f"  {label(path)}{where}"] if path else ()
        yield from (f"    {line}" for line in lines)
        if is_told:
            yield from (f"    => {line}" for line in caused.get(path, ()) or (NOTHING,))


def beside_html(policy: Policy, caused: Mapping[str, Sequence[str]]) -> str:
    """Return a policy as HTML: its YAML at the left, beside each entry rows of HTML."""
    numbers = {path: n for n, path in enumerate(_told(policy, caused))}
    cells = (
        _yaml(path, lines, numbers)
        + (_caused(policy, path, caused.get(path, ()), numbers) if is_told else EMPTY)
        for path, lines, is_told in _in_order(policy, caused)
    )
    where = _place(policy.source) if policy.source.file else ""
    head = f"<div><b>{escape(policy.kind)} {escape(policy.key)}</b> {where}</div>"
    grid = f'<div style="{COLUMNS}">{"".join(cells)}</div>'
    return f'<div class="nsim-beside">{_sheet(len(numbers))}{head}{grid}</div>'


def _told(policy: Policy, caused: Mapping[str, Sequence[str]]) -> dict[str, None]:
    """The paths of all entries, and of whatever else has caused something."""
    return dict.fromkeys((*(rule.path for rule in policy.rules), *caused))


def _in_order(
    policy: Policy, caused: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, Sequence[str], bool]]:
    """The pieces of the YAML, and whether what it caused is told here: once for each entry.

    Entries that are nowhere in the YAML follow it.
    """
    left = _told(policy, caused)
    for path, lines in policy_pieces(policy):
        yield path, lines, path in left
        left.pop(path, None)
    yield from ((path, (), True) for path in left)


def _source(policy: Policy, path: str) -> Source:
    line = next((rule.line for rule in policy.rules if rule.path == path), 0)
    return Source(policy.source.file, line or policy.source.line)


def _place(source: Source) -> str:
    return f'<code style="opacity:.75">{escape(str(source))}</code>'


def _sheet(entries: int) -> str:
    rules = "".join(
        f".nsim-beside:has(.nsim-k{n}:is(:hover,:focus)) .nsim-k{n}{{{LIT}}}"
        for n in range(entries)
    )
    return f"<style>{rules}</style>"


def _yaml(path: str, lines: Sequence[str], numbers: Mapping[str, int]) -> str:
    kind = f'class="nsim-k{numbers[path]}" tabindex="0" ' if path in numbers else ""
    return f'<div {kind}style="{YAML};{EDGE}">{escape(chr(10).join(lines))}</div>'


def _caused(policy: Policy, path: str, rows: Sequence[str], numbers: Mapping[str, int]) -> str:
    where = _place(_source(policy, path)) if policy.source.file else ""
    chip = f'<span style="{CHIP}">{escape(label(path))}</span> {where}'
    found = "".join(rows) or f"<div>{NOTHING}</div>"
    kind = f'class="nsim-k{numbers[path]}" tabindex="-1"'
    return f'<div {kind} style="{EDGE}">{chip}{found}</div>'


def headed(head: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield lines of text under a head; nothing where there are none."""
    found = [f"  {line}" for line in lines]
    yield from (head, *found) if found else ()


def folded(title: str, content: str) -> str:
    """Return HTML under a title that folds it away; nothing where there is none."""
    summary = f'<summary style="font-weight:600">{escape(title)}</summary>'
    return f"<details open>{summary}{content}</details>" if content else ""
