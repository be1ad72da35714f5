"""Which policy dropped: the rules of a node that counted drops, and the policies behind them."""

from collections.abc import Iterator
from html import escape

from nsimlib.datapath.blame import Dropped, Drops
from nsimlib.model.policy import Policy
from nsimlib.views.rule_lines import FLAT, line_html
from nsimlib.views.styles import badge, box

__all__ = ["dropped_html", "drops_html", "drops_lines"]

NO_DROP = "no rule dropped a packet"


def drops_lines(found: Drops) -> Iterator[str]:
    """Yield a line for each rule that dropped packets, with file and line of its policies."""
    if not found:
        yield NO_DROP
    for each in found:
        yield str(each)
        yield from (f"  {policy.kind} {_place(policy)}" for policy in each.policies)


def _place(policy: Policy) -> str:
    return f"{policy.key} [{policy.source}]" if policy.source.file else policy.key


def dropped_html(found: Dropped) -> str:
    """Return one rule that dropped packets, what it is, and who is behind it."""
    return box(_dropped(found))


def drops_html(found: Drops) -> str:
    """Return them all."""
    return box("".join(map(_dropped, found)) or NO_DROP)


def _dropped(found: Dropped) -> str:
    policies = "".join(
        f"<div>{escape(policy.kind)} <b>{escape(policy.key)}</b>"
        f' <code style="opacity:.75">{escape(str(policy.source))}</code></div>'
        for policy in found.policies
    )
    line = f'<div style="{FLAT};margin-left:1em">{line_html(found.line)}</div>'
    below = f'<div style="margin:.1em 0 .6em 1em">{policies}</div>'
    return f"<div>{badge('denied')} {escape(str(found))}</div>{line}{below}"
