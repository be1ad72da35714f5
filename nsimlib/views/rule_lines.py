"""One line of `iptables-save`, as text and as HTML, without what only its writer needs.

Felix notes a hash on each of its rules, to know them again. Who reads the rules is helped without.
"""

from collections.abc import Iterable, Iterator
from html import escape

from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.matches import Comment, InSet, Match
from nsimlib.datapath.ruleset import Line, Target
from nsimlib.evaluation.logic import Truth
from nsimlib.views.styles import COLOURS, INK

__all__ = ["FLAT", "line_html", "line_text", "members", "named", "sign"]

#: the hashes of Felix (F2.30)
HASH = "cali:"
#: members of a set that are shown; `ipset save` prints the others
MOST = 12
#: one line of rules, the next ones of it indented
FLAT = (
    "font-family:var(--jp-code-font-family, monospace);font-size:88%;line-height:1.4;"
    "padding-left:1.5em;text-indent:-1.5em"
)
FAINT = "opacity:.72"
UNMET = "text-decoration:underline;text-decoration-style:wavy;text-underline-offset:.2em"
SIGNS = {True: ("+", "allowed"), False: ("-", ""), None: ("?", "open")}


def _readable(matches: Iterable[Match]) -> Iterator[Match]:
    """Yield the conditions of a rule without the hash."""
    for match in matches:
        if not (isinstance(match, Comment) and match.text.startswith(HASH)):
            yield match


def line_text(line: Line) -> str:
    """Return a line as `iptables-save` prints it, without the hash.

    >>> import nsimlib as ns
    >>> line_text(ns.datapath("calico", ns.scenario("shop"), "shop/web").rules[0])
    '-A INPUT -j cali-INPUT'
    """
    parts = (f"-A {line.chain}", *_readable(line.rule.matches), line.rule.target or "")
    return " ".join(filter(None, map(str, parts)))


def line_html(line: Line, unmet: Match | None = None) -> str:
    """Return the same as HTML: the chain and notes faint, what is done bold.

    A condition that does not hold is underlined, and says so where it is pointed at.
    """
    rule = line.rule
    parts = [f'<span style="{FAINT}">-A {escape(line.chain)}</span>']
    parts += [_condition(match, unmet) for match in _readable(rule.matches)]
    parts += [_target(rule.target)] if rule.target else []
    return " ".join(parts)


def _condition(match: Match, unmet: Match | None) -> str:
    text = escape(str(match))
    if match is unmet:
        return f'<span style="{UNMET}" title="this does not hold">{text}</span>'
    return f'<span style="{FAINT}">{text}</span>' if isinstance(match, Comment) else text


def _target(target: Target) -> str:
    return f"<b>{escape(str(target))}</b>"


def sign(met: Truth) -> str:
    """Return `+`, `-` or `?` on the ground that goes with it; none for what is missed so often."""
    text, word = SIGNS[met]
    ground = COLOURS[word] if word else f"box-shadow:inset 0 0 0 1px #D55E00;color:{INK}"
    style = f"{ground};padding:0 .35em;border-radius:.3em;font-weight:700;font-family:monospace"
    return f'<span style="{style}">{text}</span>'


def members(found: IPSet) -> str:
    """Return who is in a set, `nobody` for an empty one."""
    entries = [str(entry) for entry in found.entries]
    more = f", and {len(entries) - MOST} more" if len(entries) > MOST else ""
    return f"{', '.join(entries[:MOST])}{more}" or "nobody"


def named(matches: Iterable[Match], sets: Iterable[IPSet]) -> Iterator[IPSet]:
    """Yield the sets that conditions name."""
    by_name = {each.name: each for each in sets}
    for match in matches:
        if isinstance(match, InSet) and match.name in by_name:
            yield by_name[match.name]
