"""The rules of a node that are about one pod: its policies, and beside each the lines for it."""

from collections.abc import Iterable, Iterator
from html import escape

from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.excerpt import Excerpt, excerpt
from nsimlib.datapath.ruleset import Line
from nsimlib.views.beside import HINT, beside_html, beside_lines, folded, headed
from nsimlib.views.rule_lines import FLAT, line_html, line_text, members
from nsimlib.views.styles import CELL, RULED, TABLE, box

__all__ = ["datapath_html", "datapath_lines"]

NO_POLICY = "no policy is for this pod"


def datapath_lines(of: Datapath) -> Iterator[str]:
    """Yield the rules that are about the pod as text."""
    found = excerpt(of)
    yield _title(of, found)
    if not found.caused:
        yield NO_POLICY
    for each in found.caused:
        lines = {path: [*map(line_text, those)] for path, those in each.lines.items()}
        yield from beside_lines(each.policy, lines)
    yield from headed("the pod's own chains", map(line_text, found.own))
    yield from headed("sets", (f"{each.name}: {members(each)}" for each in found.sets))
    yield from headed("not in the rules", _left_out(of, found))
    yield from headed("addresses that are assumed", _assumed(of))


def _title(of: Datapath, found: Excerpt) -> str:
    where = f"node {of.node}" if of.node else "its node"
    count = len(of.ruleset(found.family).lines)
    return f"{of.profile.title} on {where}: what is about {of.pod} in its {count} rules"


def _left_out(of: Datapath, found: Excerpt) -> Iterator[str]:
    """What of the pod's policies has no rule: the other policies of the node are not for here."""
    own = {each.policy.identity for each in found.caused}
    told = (f"{origin}: {why}" for origin, why in of.left_out() if origin.policy.identity in own)
    yield from dict.fromkeys(told)


def _assumed(of: Datapath) -> Iterator[str]:
    if of.pod in of.assumed:
        yield f"{of.pod}: {of.assumed[of.pod]}"


def datapath_html(of: Datapath) -> str:
    """Return the rules that are about the pod as HTML, linked with the entries behind them."""
    found = excerpt(of)
    policies = "".join(
        beside_html(each.policy, {path: _rows(those) for path, those in each.lines.items()})
        for each in found.caused
    )
    hint = f'<div style="opacity:.8">{HINT}</div>' if found.caused else f"<div>{NO_POLICY}</div>"
    chains = f'<div style="padding-left:1em">{"".join(_rows(found.own))}</div>'
    parts = (
        f"<div><b>{escape(_title(of, found))}</b></div>{hint}{policies}",
        folded("the pod's own chains, which ask the policies", chains) if found.own else "",
        folded("sets", _sets(found)) if found.sets else "",
        folded("not in the rules", _items(_left_out(of, found))),
        folded("addresses that are assumed", _items(_assumed(of))),
    )
    return box("".join(parts))


def _rows(lines: Iterable[Line]) -> list[str]:
    return [f'<div style="{FLAT}">{line_html(line)}</div>' for line in lines]


def _items(lines: Iterable[str]) -> str:
    return "".join(f'<div style="padding-left:1em">{escape(line)}</div>' for line in lines)


def _sets(found: Excerpt) -> str:
    cell = f'style="{CELL};{RULED}"'
    rows = "".join(
        f'<tr style="background:none"><td {cell}><code>{escape(each.name)}</code></td>'
        f"<td {cell}>{escape(members(each))}</td></tr>"
        for each in found.sets
    )
    return f'<table style="{TABLE}">{rows}</table>'
