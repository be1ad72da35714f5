"""Why two enforcers part on one connection: which answer to which question makes the difference.

The one is given the other's answers, one at a time, until it says what the other says.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import combinations

from nsimlib.cni.profile import Profile
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.policy import Policy

__all__ = ["reason"]

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
}


def reason(
    one: Profile, other: Profile, ask: Callable[[Profile], Outcome], policies: Iterable[Policy]
) -> str:
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
    policies = tuple(policies)
    differing = [
        question for question in one.settles if one[question].value != other[question].value
    ]
    for count in (1, 2):
        for chosen in combinations((TIERS, *differing), count):
            if ask(_given(one, other, chosen)) is wanted:
                return " and ".join(_words(each, one, other, policies) for each in chosen)
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


def _words(question: str, one: Profile, other: Profile, policies: tuple[Policy, ...]) -> str:
    if question != TIERS:
        return REASONS.get(question, question.replace("_", " "))
    for profile in (other, one):
        ignored = {policy.kind for policy in policies if not profile.enforces(policy)}
        if ignored:
            return f"{profile.name} does not enforce {', '.join(sorted(ignored))}"
    return "how policies are combined"
