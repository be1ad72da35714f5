"""A policy → its YAML, each line with the entry that it belongs to.

::

    egress:
    - to:                       spec.egress[0]
      - podSelector: {}         spec.egress[0]
    - ports:                    spec.egress[1]
      - port: 53                spec.egress[1]
    policyTypes: [Egress]

The text is written anew from what was read, so its lines are not those of the file.
"""

from collections.abc import Iterator
from itertools import groupby

from nsimlib.explanation.description import describe
from nsimlib.explanation.reasons import Reason
from nsimlib.manifests import dump, loads
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy

__all__ = ["Piece", "policy_pieces"]

#: the path of an entry, empty outside of all entries, and its lines
Piece = tuple[str, tuple[str, ...]]


def policy_pieces(policy: Policy) -> tuple[Piece, ...]:
    """Return the YAML of a policy cut where entries begin and end.

    A policy that no manifest can say comes as one piece, in the words of `kubectl describe`.

    >>> import nsimlib as ns
    >>> [path for path, _ in policy_pieces(ns.scenario("shop").policy("shop/api-ingress"))]
    ['', 'spec.ingress[0]', 'spec.ingress[1]', '']
    """
    try:
        text = dump(Cluster(policies=(policy,)))
    except TypeError:
        return (("", tuple(_described(describe(policy)))),)
    lines = text.rstrip().splitlines()
    paths = _paths(policy, text, lines)
    grouped = groupby(zip(paths, lines, strict=True), key=lambda pair: pair[0])
    return tuple((path, tuple(line for _, line in pairs)) for path, pairs in grouped)


def _described(reason: Reason, depth: int = 0) -> Iterator[str]:
    yield f"{'  ' * depth}{reason.text}"
    for child in reason.children:
        yield from _described(child, depth + 1)


def _paths(policy: Policy, text: str, lines: list[str]) -> list[str]:
    """The path of the entry that each line belongs to; what is written is read back for it.

    Without `strict`, since what is shown here may be what the server would not take.
    """
    paths = [""] * len(lines)
    written = [rule for each in loads(text, strict=False).policies for rule in each.rules]
    firsts = {rule.path: rule.line - 1 for rule in written}
    for path in dict.fromkeys(rule.path for rule in policy.rules if rule.path in firsts):
        first = firsts[path]
        depth = _indent(lines[first])
        paths[first] = path
        for number in range(first + 1, len(lines)):
            if _indent(lines[number]) <= depth:
                break
            paths[number] = path
    return paths


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
