"""What enforcers without rules have for a pod: the entries of its maps, and what was looked up."""

from collections.abc import Iterator, Mapping
from html import escape

from nsimlib.datapath.cilium_identities import ANY
from nsimlib.datapath.cilium_map import Key, Lookup, PolicyMap
from nsimlib.datapath.lookups import MapDatapath, MapWalk, Visit
from nsimlib.evaluation.engine import applies
from nsimlib.model.policy import Direction, Policy
from nsimlib.views.beside import HINT, beside_html, beside_lines
from nsimlib.views.rule_lines import FLAT, sign
from nsimlib.views.styles import badge, box, code_block

__all__ = [
    "lookup_html",
    "lookup_lines",
    "map_walk_html",
    "map_walk_lines",
    "maps_html",
    "maps_lines",
    "policy_map_html",
    "policy_map_lines",
]

#: lines of maps that are shown; `save()` returns them all
MOST = 40
NO_POLICY = "no policy is for this pod"


def policy_map_lines(found: PolicyMap) -> Iterator[str]:
    """Yield Cilium's policy map of a pod as text, each entry behind what caused it."""
    yield _title(found)
    policies = _policies(found)
    if not policies:
        yield NO_POLICY
    for policy in policies:
        yield from beside_lines(policy, _entries(found, policy))


def _title(found: PolicyMap) -> str:
    count = f"{len(found.keys)} {'entry' if len(found.keys) == 1 else 'entries'}"
    closed = " and ".join(each.word for each in Direction if each in found.enforced)
    without = f"for {closed} what has none is dropped" if closed else "what has none passes"
    return f"Cilium's policy map of {found.pod}: {count}, {without}"


def _policies(found: PolicyMap) -> tuple[Policy, ...]:
    return tuple(
        policy
        for policy in found.identities.cluster.policies
        if any(applies(policy, found.pod, direction) for direction in Direction)
    )


def _entries(found: PolicyMap, policy: Policy) -> Mapping[str, list[str]]:
    names = {ANY: "anybody", **{each.number: each.name for each in found.identities}}
    entries: dict[str, list[str]] = {}
    for key in found.keys:
        if key.origin.policy.identity == policy.identity:
            entries.setdefault(key.origin.path, []).append(f"{key}  ({names[key.identity]})")
    return entries


def policy_map_html(found: PolicyMap) -> str:
    """Return the same as HTML, linked with the entries of the policies."""
    policies = "".join(
        beside_html(policy, {path: [*map(_row, keys)] for path, keys in entries.items()})
        for policy in _policies(found)
        for entries in (_entries(found, policy),)
    )
    note = HINT if policies else NO_POLICY
    return box(f"<div><b>{escape(_title(found))}</b></div><div>{note}</div>{policies}")


def _row(text: str) -> str:
    return f'<div style="{FLAT}">{escape(text)}</div>'


def lookup_lines(found: Lookup) -> Iterator[str]:
    """Yield what was found for a packet, and what of it decides, as text."""
    yield f"{found.outcome.value}: {_why(found)}"
    for met, text in _looked_up(found):
        yield f"  {'+' if met else '-'} {text}"


def _why(found: Lookup) -> str:
    if found.chosen is None:
        return "no entry, and what has none " + ("is dropped" if found.enforced else "passes")
    return f"{found.chosen} decides ({found.match_type.value})"


def _looked_up(found: Lookup) -> Iterator[tuple[bool, str]]:
    identity = found.identity
    asked = ((f"{identity.number}, {identity.name}", found.own), ("0, anybody", found.anybody))
    for who, key in asked:
        yield key is not None, f"{who}: {_origin(key) if key else 'nothing'}"


def _origin(key: Key) -> str:
    return f"{key}, from {key.origin}"


def lookup_html(found: Lookup) -> str:
    """Return the same as HTML."""
    rows = "".join(
        f'<div style="{FLAT}">{sign(met)} {escape(text)}</div>' for met, text in _looked_up(found)
    )
    return box(f"<div>{badge(found.outcome.value)} {escape(_why(found))}</div>{rows}")


def maps_lines(found: MapDatapath) -> Iterator[str]:
    """Yield the maps of a pod as text, the first lines of them where they are many."""
    yield f"{found.profile.title}: the maps of {found.pod}"
    lines = found.save().splitlines()
    yield from lines[:MOST]
    if len(lines) > MOST:
        yield f"{len(lines) - MOST} more lines: see save()"


def maps_html(found: MapDatapath) -> str:
    """Return the same as HTML."""
    title, *lines = maps_lines(found)
    return box(f"<div><b>{escape(title)}</b></div>{code_block(chr(10).join(lines))}")


def map_walk_lines(walk: MapWalk) -> Iterator[str]:
    """Yield what was looked at for a connection as text, end by end."""
    yield from map(str, walk.answers)
    yield f"=> {walk.outcome.value}"


def map_walk_html(walk: MapWalk) -> str:
    """Return what was looked at for a connection, at each end; the last thing decides."""
    ends = "".join(
        f"<div><b>{answer.asked.direction.word} of {escape(str(answer.asked.subject))}</b> "
        f"{badge(answer.outcome.value)}</div>"
        + "".join(_visit(visit, last=visit is answer.visits[-1]) for visit in answer.visits)
        for answer in walk.answers
    )
    nothing = "" if walk.answers else "<div>no map is asked</div>"
    told = f"{badge(walk.outcome.value)} {escape(str(walk.path.source))} to "
    head = f"<div>{told}{escape(str(walk.path.destination))}</div>"
    return box(f"{head}{ends}{nothing}")


def _visit(visit: Visit, *, last: bool) -> str:
    origin = (
        f' <code style="opacity:.75">{escape(str(visit.origin))}</code>' if visit.origin else ""
    )
    text = escape(visit.text)
    said = f"<b>{text}</b>" if last else text
    return f'<div style="{FLAT}">{sign(visit.met)} {said}{origin}</div>'
