"""One step of a walk from near: every condition of the line, and what the line does."""

from html import escape

from nsimlib.datapath.matches import Comment, Match
from nsimlib.datapath.ruleset import Target
from nsimlib.datapath.walk import Hop, Walk
from nsimlib.datapath.walking import Step
from nsimlib.evaluation.logic import Truth
from nsimlib.views.rule_lines import FLAT, line_text, members, named, sign
from nsimlib.views.styles import box
from nsimlib.views.walk import ends_html, place_of, row_html

__all__ = ["step_html", "step_text"]

#: steps before the present one that are shown
BEFORE = 6
NEAR = "margin:.2em 0 .6em 2.2em;border-left:4px solid #E69F00;padding-left:.8em"
WORDS = {True: "holds", False: "does not hold", None: "is not known"}
STAYS = "no rule is asked: the packet stays inside the pod"


def step_text(walk: Walk, number: int) -> str:
    """Return one step in a line: its number from 1, what the packet came to, and what follows.

    >>> import nsimlib as ns
    >>> web = ns.datapath("calico", ns.scenario("shop"), "shop/web")
    >>> print(step_text(web.walk("shop/web -> 198.51.100.1:443/TCP"), 1))
    step 1 of 22: -A FORWARD -j cali-FORWARD (into cali-FORWARD)
    """
    if not walk.steps:
        return STAYS
    step = walk.steps[number - 1]
    line = line_text(step.line)
    return f"step {number} of {len(walk.steps)}: {line} ({_follows(walk, step)})"


def step_html(walk: Walk, number: int) -> str:
    """Return a step with those shortly before it, its conditions, and what follows from them.

    Numbers count from 1. A walk without any step is told as a whole.
    """
    if not walk.steps:
        return box(f"<div>{ends_html(walk)}</div><div>{STAYS}</div>")
    step, hop = walk.steps[number - 1], _hop(walk, number)
    first = max(1, number - BEFORE)
    rows = "".join(
        row_html(each, walk.steps[each - 1], here=each == number)
        for each in range(first, number + 1)
    )
    before = f'<div style="opacity:.8">{first - 1} steps before these</div>' if first > 1 else ""
    where = f"<div><b>{escape(place_of(hop))}</b>: {_packet(hop)}</div>"
    follows = f"<div><b>{escape(_follows(walk, step))}</b></div>"
    near = f'<div style="{NEAR}">{_conditions(hop, step)}{_sets(hop, step)}{follows}</div>'
    return box(f"<div>{ends_html(walk)}</div>{where}{before}{rows}{near}")


def _hop(walk: Walk, number: int) -> Hop:
    """The node that a step is on."""
    for hop in walk.hops:
        if number <= len(hop.passage.steps):
            return hop
        number -= len(hop.passage.steps)
    return walk.hops[-1]


def _packet(hop: Hop) -> str:
    packet = hop.packet
    ends = f"<code>{escape(f'{packet.source} -> {packet.destination}:{packet.port}')}</code>"
    ways = (("in by", packet.coming_in), ("out by", packet.going_out))
    told = [f"{word} <code>{escape(name)}</code>" for word, name in ways if name]
    return ", ".join((ends, *told, f"{packet.state.value} to connection tracking"))


def _conditions(hop: Hop, step: Step) -> str:
    asked = ((match, met) for match, met in hop.conditions(step) if type(match) is not Comment)
    rows = [_condition(match, met) for match, met in asked]
    return "".join(rows) or "<div>no condition: every packet meets it</div>"


def _condition(match: Match, met: Truth) -> str:
    text = f"<code>{escape(str(match))}</code> {WORDS[met]}"
    return f'<div style="{FLAT}">{sign(met)} {text}</div>'


def _sets(hop: Hop, step: Step) -> str:
    found = named(step.line.rule.matches, hop.sets)
    return "".join(
        f'<div style="{FLAT}">in {escape(each.name)}: {escape(members(each))}</div>'
        for each in found
    )


def _follows(walk: Walk, step: Step) -> str:
    """What the line does to the packet, in a few words."""
    target = step.line.rule.target
    if step is walk.deciding:
        return f"decides: {walk.hops[-1].passage.stopped or walk.fate.value}"
    if not step.met or target is None:
        return "on to the next line" if step.met else "not for this packet, on to the next line"
    return _turn(target, step)


def _turn(target: Target, step: Step) -> str:
    if step.before != step.after:
        return f"mark {step.before:#x} becomes {step.after:#x}, on to the next line"
    match target.name:
        case "RETURN":
            return "back to where this chain was called"
        case "ACCEPT":
            return "accepted on this node, on to the next"
        case "MARK":
            return f"the mark stays {step.after:#x}, on to the next line"
        case "LOG" | "NFLOG" | "CT" | "NOTRACK" | "TRACE":
            return "noted, on to the next line"
        case chain if target.goto:
            return f"over to {chain}, and from its end not back here"
        case chain:
            return f"into {chain}"
