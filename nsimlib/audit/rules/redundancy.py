"""Rules that allow nothing that the rest of their policy does not: less to read, less to get wrong.

What a rule allows is compared with what others allow as sets, never as text, so that a finding
holds for the pods of tomorrow too. To take away what is reported changes no verdict.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from nsimlib.audit.containment import holds, is_plain
from nsimlib.audit.context import Context
from nsimlib.audit.examples import allowed_by
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.near import NearRules
from nsimlib.audit.owners import said
from nsimlib.audit.patches import Patch
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Direction, Policy, Rule

__all__ = ["compared", "duplicate_rule", "rule_subsumed"]

#: says that an object is to stay as it is
KEEP: Final = "nsimlib.io/keep"
#: of more rules that together hold another, all are named, needed or not
TOLD_APART: Final = 100
#: a block of a shorter prefix is rather too wide than what holds a narrower one
BROAD: Final = {4: 24, 6: 64}


def compared(context: Context) -> Iterator[Policy]:
    """Yield the policies whose rules only allow, and that nobody wants to keep as they are."""
    for policy in context.policies:
        plain = policy.kind == "NetworkPolicy" and all(map(is_plain, policy.rules))
        if plain and KEEP not in said(policy, "annotations"):
            yield policy


def _repeating(policy: Policy) -> Iterator[tuple[Rule, Sequence[Rule]]]:
    """Rules that could go one after the other, each with those that then still allow the same."""
    for direction in Direction:
        if direction in policy.directions:
            # Of two rules that allow the same the order of a file decides, of others their text.
            yield from _repeated(sorted(policy.rules_for(direction), key=_text), policy)


def _repeated(order: list[Rule], policy: Policy) -> Iterator[tuple[Rule, Sequence[Rule]]]:
    alike = [list(copies) for _, copies in groupby(order, key=_text)]
    near = NearRules([copies[0] for copies in alike], policy.namespace)
    gone = set[int]()
    for place in reversed(range(len(alike))):
        first, *copies = alike[place]
        around = [n for n in near.of(first) if n not in gone and n != place]
        if copies:
            by = _needed([near.rules[n] for n in sorted((*around, place))], first, policy)
            yield from ((each, by) for each in reversed(copies))
        others = [near.rules[n] for n in around]
        if holds(others, first, policy.namespace):
            gone.add(place)
            yield first, _needed(others, first, policy)


def _needed(others: Sequence[Rule], of: Rule, policy: Policy) -> Sequence[Rule]:
    """The first that holds a rule alone; if none does, all that add to holding it."""
    for each in others:
        if holds([each], of, policy.namespace):
            return (each,)
    needed = tuple(others)
    for each in others if len(others) <= TOLD_APART else ():
        fewer = tuple(other for other in needed if other is not each)
        if holds(fewer, of, policy.namespace):
            needed = fewer
    return needed


def _text(of: Rule) -> str:
    """What a rule says, whatever the order of its peers and ports."""
    peers = "any" if of.peers is None else "; ".join(sorted(map(_peer_text, of.peers)))
    return f"{peers} on {_ports_text(of)}"


def _peer_text(peer: object) -> str:
    if isinstance(peer, BlockPeer):
        return str(peer.block)
    namespaces, pods = getattr(peer, "namespaces", None), getattr(peer, "pods", None)
    return f"{'own' if namespaces is None else namespaces}/{pods or ''}"


def _ports_text(of: Rule) -> str:
    return "all ports" if of.ports is None else ", ".join(sorted(map(str, of.ports)))


def _same(one: Rule, other: Rule, policy: Policy) -> bool:
    return holds([one], other, policy.namespace) and holds([other], one, policy.namespace)


def _out(policy: Policy, of: Rule) -> Patch:
    return Patch("Take out what adds nothing.").remove(policy, of.path)


@rule(
    "NSIM-R801",
    "duplicate-rule",
    Severity.LOW,
    facts=("F1.12",),
    references=("np-guard/network-config-analyzer: redundancy",),
)
def duplicate_rule(context: Context) -> Iterator[Hit]:
    """Two rules of a policy allow the same, in whatever words.

    Rules add up, so the second changes nothing. Whoever later narrows one of them will wonder why
    the connection is still allowed.
    """
    for policy in compared(context):
        for each, by in _repeating(policy):
            if len(by) == 1 and _same(each, by[0], policy):
                yield Hit(
                    (Where.of(policy, each.path), Where.of(policy, by[0].path)),
                    f"{policy.kind} {policy.key}: {each.path} repeats {by[0].path}. "
                    "Take one of them out: to narrow one alone would change nothing.",
                    key=_text(each),
                    fix=_out(policy, each),
                    witness=allowed_by(context, policy, each),
                )


@rule(
    "NSIM-R802",
    "rule-subsumed",
    Severity.LOW,
    facts=("F1.12",),
    references=("np-guard/network-config-analyzer: redundancy",),
)
def rule_subsumed(context: Context) -> Iterator[Hit]:
    """A rule allows nothing that the other rules of its policy do not allow as well.

    Rules add up, so it changes nothing, for the pods of now and for those to come. Either it is
    left over, or a rule beside it is wider than anybody meant: then that one is to be mended.
    """
    for policy in compared(context):
        for each, by in _repeating(policy):
            if not (len(by) == 1 and _same(each, by[0], policy)):
                wide = [other for other in by if _is_wide(other)]
                yield _adding_nothing(context, policy, each, wide or list(by), tighten=bool(wide))


def _adding_nothing(
    context: Context, policy: Policy, each: Rule, by: list[Rule], *, tighten: bool
) -> Hit:
    names = listed(other.path for other in by)
    advice = f"Tighten {names} instead." if tighten else f"Take {each.path} out."
    return Hit(
        (Where.of(policy, each.path), *(Where.of(policy, other.path) for other in by)),
        f"{policy.kind} {policy.key}: {each.path} adds nothing, {names} "
        f"{'allows' if len(by) == 1 else 'allow'} all of it already. {advice}",
        key=_text(each),
        fix=None if tighten else _out(policy, each),
        advice=advice,
        witness=allowed_by(context, policy, each),
    )


def _is_wide(of: Rule) -> bool:
    """Whether a rule is rather to be mended than relied on."""
    blocks = (peer.block.range for peer in of.peers or () if isinstance(peer, BlockPeer))
    sizes = ((b.family, (b.last - b.first + 1).bit_length() - 1) for b in blocks)
    return of.peers is None or any(f.bits - size < BROAD[f.version] for f, size in sizes)
