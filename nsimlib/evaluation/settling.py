"""Why two enforcers part on one connection: which answer to which question makes the difference.

The one is given the other's answers, one at a time, until it says what the other says.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import combinations

from nsimlib.cni.profile import Profile
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.policy import Policy

__all__ = ["REASONS", "reason"]

Ask = Callable[[Profile], Outcome]
#: what policies an enforcer reads and how it combines them, as one question among the others
TIERS = "tiers"
#: reasons in words, by the question that makes the difference
REASONS = {
    "ipblock_matches_pods": "ipBlock against pods",
    "ipblock_matches_nodes": "ipBlock against nodes",
    "host_network_pods": "identity of pods on the host network",
    "node_to_own_pod": "node to its own pod",
    "pod_to_own_node": "pod to its own node",
    "service_translation": "Service address before or after translation",
    "named_ports": "named ports",
    "learns_names_from_dns": "names learned from DNS",
    "pod_to_itself": "pod to itself",
    "pod_to_itself_by_service": "pod to itself through a Service",
    "icmp": "ICMP",
    "sctp": "SCTP",
    "ipv6": "IPv6",
    "end_port": "ranges of ports",
    "finished_pods": "pods that have finished",
    "open_connections": "connections that are open already",
}


def reason(one: Profile, other: Profile, ask: Ask, policies: Iterable[Policy]) -> str:
    """Return why the other enforcer does not say what the one says; empty if it does.

    Parameters
    ----------
    ask
        Judges what the two part on under a profile.
    policies
        Those that have a say in it.
    """
    wanted = ask(other)
    if ask(one) is wanted:
        return ""
    differing = [each for each in one.settles if one[each].value != other[each].value]
    for count in (1, 2):
        for chosen in combinations((TIERS, *differing), count):
            if ask(_given(one, other, chosen)) is wanted:
                about_tiers = partial(_about_tiers, one, other, ask, tuple(policies))
                told = (about_tiers() if each == TIERS else REASONS[each] for each in chosen)
                return " and ".join(told)
    return "several differences together"


def _given(one: Profile, other: Profile, questions: tuple[str, ...]) -> Profile:
    """The one enforcer with the other's answers to some questions."""
    settles = {**one.settles, **{q: other[q] for q in questions if q != TIERS}}
    if TIERS not in questions:
        return replace(one, settles=settles)
    return replace(
        one,
        settles=settles,
        tiers=other.tiers,
        kinds=other.kinds,
        ignores=other.ignores,
        tiered_kinds=other.tiered_kinds,
    )


def _about_tiers(one: Profile, other: Profile, ask: Ask, policies: tuple[Policy, ...]) -> str:
    """Which of the two passes over a kind that makes the difference; else they combine apart."""
    by_other, by_one = (
        {policy.kind for policy in policies if not profile.enforces(policy)}
        for profile in (other, one)
    )
    for reader, passing, kinds in ((one, other, by_other), (other, one, by_one)):
        for some in _smallest_first(kinds):
            if ask(_without(reader, some)) is ask(passing):
                return _passes_over(passing, some)
    passed = (_passes_over(*each) for each in ((other, by_other), (one, by_one)) if each[1])
    return " and ".join(passed) or "how policies are combined"


def _smallest_first(kinds: Collection[str]) -> Iterator[tuple[str, ...]]:
    for count in range(1, len(kinds) + 1):
        yield from combinations(sorted(kinds), count)


def _passes_over(profile: Profile, kinds: Collection[str]) -> str:
    return f"{profile.name} does not enforce {', '.join(sorted(kinds))}"


def _without(profile: Profile, kinds: Collection[str]) -> Profile:
    """The enforcer as if it did not read some kinds."""
    tiers = (
        replace(tier, kinds=tuple(k for k in tier.kinds if k.partition("/")[0] not in kinds))
        for tier in profile.tiers
    )
    tiered = tuple(kind for kind in profile.tiered_kinds if kind not in kinds)
    return replace(profile, tiers=tuple(tiers), tiered_kinds=tiered)
