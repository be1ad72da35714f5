"""One root cause, one finding: what follows from another finding is put under it.

A worked example: S203 finds that the DNS rule of `shop/web-egress` asks for a namespace label that
nobody set. D301 finds that `shop/web`, which that policy isolates, has no DNS. D301 follows S203
and both name the policy, so there is one finding, S203, with D301 as its consequence.
"""

from collections import defaultdict
from collections.abc import Iterable

from nsimlib.audit.findings import Finding

__all__ = ["rooted"]


def rooted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return root causes with what follows from them, the worst and surest first."""
    found = list(findings)
    about = defaultdict[tuple[str, str], list[Finding]](list)
    for each in found:
        for name in each.hit.objects:
            about[each.id, name].append(each)
    causes = {id(each): _cause(each, about) for each in found}
    following = defaultdict[int, list[Finding]](list)
    for each in found:
        if causes[id(each)] is not None:
            following[id(_root(each, causes))].append(each)
    roots = (each.causing(*following[id(each)]) for each in found if causes[id(each)] is None)
    return tuple(sorted(roots, key=_order))


def _cause(finding: Finding, about: dict[tuple[str, str], list[Finding]]) -> Finding | None:
    """A finding of a rule that this one follows, about one of the same objects."""
    named = sorted(finding.hit.objects)
    pairs = ((rule, name) for rule in finding.rule.follows for name in named)
    return next((about[pair][0] for pair in pairs if pair in about), None)


def _root(finding: Finding, causes: dict[int, Finding | None]) -> Finding:
    while (cause := causes[id(finding)]) is not None:
        finding = cause
    return finding


def _order(finding: Finding) -> tuple[object, ...]:
    place = finding.place
    return -finding.severity, -finding.confidence, finding.id, place.object, place.path
