"""Rules that take back what the policies around them do."""

import re
from collections.abc import Iterator
from typing import Final

from nsimlib.audit.context import Context, Group
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.patches import written
from nsimlib.audit.registry import rule
from nsimlib.audit.words import keys, listed, workloads
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.selectors import EVERYTHING

__all__ = ["allow_all_rule", "deny_name_allow_content", "is_temporary"]

#: names of policies that are to take something away
DENIES: Final = re.compile(r"(^|-)(deny|block|restrict|no)(-|$)")
DNS: Final = 53


@rule("NSIM-T605", "deny-name-allow-content", Severity.MEDIUM, facts=("F1.12",))
def deny_name_allow_content(context: Context) -> Iterator[Hit]:
    """A policy is called a denial, and allows almost any destination to pods of other policies.

    A NetworkPolicy can only allow. A block with an exception denies the exception where nothing
    else isolates the pods; next to another policy it opens all the rest.
    """
    seen = set[tuple[str, str, str]]()
    for group in context.groups(Direction.EGRESS):
        for policy in group.isolating:
            others = tuple(each for each in group.isolating if each is not policy)
            if policy.kind != "NetworkPolicy" or not others or not DENIES.search(policy.name):
                continue
            for each in policy.rules_for(Direction.EGRESS):
                key = (*policy.identity, each.path)
                if key not in seen and _is_wide(each):
                    seen.add(key)
                    yield _opens(context, group, policy, each, others)


def _is_wide(of: Rule) -> bool:
    is_dns = bool(of.ports) and all(port.port == DNS for port in of.ports or ())
    blocks = (peer.block.range for peer in of.peers or () if isinstance(peer, BlockPeer))
    return not is_dns and (of.peers is None or any(b == b.family.everything for b in blocks))


def _opens(
    context: Context, group: Group, policy: Policy, of: Rule, others: tuple[Policy, ...]
) -> Hit:
    return Hit(
        (Where.of(policy, of.path),),
        f"{policy.kind} {policy.key} {of.path}: a NetworkPolicy cannot deny, and this one opens "
        f"what {keys(others)} kept closed for {listed(workloads(group.pods))}. "
        "Take the rule out, or deny in an admin tier.",
        confidence=context.confidence(group.pods),
        pods=workloads(group.pods),
        advice="Narrow the rules that allow too much; a denial needs a dialect that has one.",
    )


@rule("NSIM-T606", "allow-all-rule", Severity.HIGH, facts=("F1.12",))
def allow_all_rule(context: Context) -> Iterator[Hit]:
    """A rule allows everything, for all pods of a namespace or for several workloads.

    Allows add up, so it cancels every restriction that other policies put on these pods in that
    direction. A rule for one workload alone is left out, and so is a policy annotated `temporary`.
    """
    for policy, each in context.rules():
        is_open = policy.kind == "NetworkPolicy" and each.peers is None and each.ports is None
        if not is_open or is_temporary(policy):
            continue
        pods = context.subjects(policy)
        names = workloads(pods)
        selects_all = policy.subject.pods in (None, EVERYTHING)
        if len(names) < 2 and not selects_all:
            continue
        yield Hit(
            (Where.of(policy, each.path),),
            f"{policy.kind} {policy.key} {each.path}: an empty rule allows all "
            f"{each.direction.word} and cancels every restriction on "
            f"{listed(names) or 'all pods of the namespace'}. Name peers and ports.",
            confidence=context.confidence(pods),
            key=each.direction.value,
            pods=names,
            advice="Name the peers and ports that are needed, then take the empty rule out.",
        )


def is_temporary(policy: Policy) -> bool:
    """Whether a policy is annotated `temporary`, under any prefix."""
    found = written(policy, "metadata.annotations") or {}
    return any(str(key).rpartition("/")[2] == "temporary" for key in found)
