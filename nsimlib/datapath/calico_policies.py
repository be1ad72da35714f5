"""Policies and profiles → chains of their rules, one for each direction (F2.23, F2.25).

No rule of a policy accepts or, unless it denies, drops a packet: what it lets through gets a bit of
the mark, and the chain of the pod goes on from there.
"""

from collections.abc import Iterator
from dataclasses import replace

from nsimlib.datapath.calico_clauses import clauses, unsaid
from nsimlib.datapath.calico_names import policy_chain, policy_comment, profile_chain
from nsimlib.datapath.calico_rules import lines_of, set_mark
from nsimlib.datapath.calico_settings import ACCEPT, Settings
from nsimlib.datapath.calico_spelling import Draft, finished
from nsimlib.datapath.ruleset import Chain, Origin
from nsimlib.model.addresses import Family
from nsimlib.model.policy import Direction, Policy

__all__ = ["chain_of_policy", "chain_of_profile", "profiles_of"]


def chain_of_policy(
    policy: Policy, direction: Direction, tier: str, family: Family, settings: Settings
) -> Chain:
    """Return the chain of a policy's rules; each knows the entry in the policy that it is from."""
    drafts = list(_drafts(policy, direction, family, settings))
    while drafts and drafts[-1].returns:
        # The chain ends here, and so goes back in any case.
        del drafts[-1]
    drafts = drafts or [Draft(origin=Origin(policy, direction))]
    comment = policy_comment(policy, direction, settings.version)
    drafts[0] = replace(drafts[0], notes=(comment,))
    return finished(policy_chain(policy, direction, settings.version, tier), tuple(drafts))


def _drafts(
    policy: Policy, direction: Direction, family: Family, settings: Settings
) -> Iterator[Draft]:
    for rule in policy.rules_for(direction):
        if unsaid(rule) is not None:
            continue
        origin = Origin(policy, direction, rule)
        for clause in clauses(policy, rule):
            for draft in lines_of(clause, family, settings):
                yield replace(draft, origin=origin)


def profiles_of(namespace: str, account: str) -> tuple[str, str]:
    """Return the profiles of a pod: that of its namespace, and that of its account (F2.9)."""
    return f"kns.{namespace}", f"ksa.{namespace}.{account}"


def chain_of_profile(profile: str, direction: Direction) -> Chain:
    """Return a profile's chain: that of a namespace allows all, that of an account says nothing."""
    allows = (set_mark(ACCEPT, ACCEPT),) if profile.startswith("kns.") else (None,)
    note = f"Profile {profile} {direction.word}"
    drafts = tuple(Draft(target=target, notes=(note,)) for target in allows)
    return finished(profile_chain(profile, direction), drafts)
