"""Policies and tiers that their names put into order: names that come in the same order (F2.2).

To Calico the first policy of an order by name is asked first, and the first tier. Pseudonyms come
in another order, so where two share an order, a number goes before them.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from nsimlib.manifests.calico import DEFAULT_TIER, POLICIES
from nsimlib.model.policy import Policy, Tier
from nsimlib.redaction.words import Words

__all__ = ["number_tiers", "numbered"]

#: the order of every NetworkPolicy among Calico's own (F2.2)
NETWORK_POLICIES: Final = 1000.0


def numbered(before: Sequence[Policy], after: Sequence[Policy]) -> tuple[Policy, ...]:
    """Return policies in other words, those numbered that share an order: both in one order."""
    groups = defaultdict[tuple[str, float], list[int]](list)
    for number, policy in enumerate(before):
        if (place := _place(policy)) is not None:
            groups[place].append(number)
    tied = [
        number
        for group in groups.values()
        if len({before[n].identity for n in group}) > 1
        and any(before[n].kind in POLICIES for n in group)
        for number in group
    ]
    order = sorted({_key(before[number]) for number in tied})
    ranks = {key: f"p{rank:05}" for rank, key in enumerate(order)}
    found = list(after)
    for number in tied:
        name = f"{ranks[_key(before[number])]}-{after[number].name}"
        found[number] = replace(after[number], name=name)
    return tuple(found)


def _place(policy: Policy) -> tuple[str, float] | None:
    """The tier and the order of a policy that Calico puts among its own."""
    if policy.kind in POLICIES:
        return policy.tier, policy.order
    return (DEFAULT_TIER, NETWORK_POLICIES) if policy.kind == "NetworkPolicy" else None


def _key(policy: Policy) -> str:
    return f"{policy.name}/{policy.namespace or ''}/{policy.kind}"


def number_tiers(tiers: Sequence[Tier], words: Words) -> None:
    """Let the pseudonyms of tiers that share an order come in the order of their names."""
    counts = Counter(tier.order for tier in tiers)
    tied = sorted(tier.name for tier in tiers if counts[tier.order] > 1)
    for rank, name in enumerate(tied):
        words.renamed[name] = f"t{rank:05}-{words.word(name)}"
