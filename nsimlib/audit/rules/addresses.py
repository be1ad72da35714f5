"""Blocks of addresses: wider than what they are for, or without effect."""

from collections.abc import Iterator
from itertools import chain
from typing import Final

from nsimlib.audit.blocks import INSIDE, is_dns_rule, is_gateway
from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.patches import Patch, steps
from nsimlib.audit.registry import rule
from nsimlib.evaluation.naming import merged
from nsimlib.model.addresses import Family
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule

__all__ = ["any_destination"]

#: so much of a family's addresses is all of them
NEARLY_ALL: Final = 0.99


@rule(
    "NSIM-C403",
    "any-destination",
    Severity.HIGH,
    facts=("F1.17",),
    references=("Trivy KUBE-0002",),
)
def any_destination(context: Context) -> Iterator[Hit]:
    """A rule allows egress to every address of a family, with nothing excepted.

    That is the internet, and also private ranges, the metadata service and, where blocks meet them,
    other pods. Rules for DNS alone are left to D305, and pods labelled
    `nsimlib.io/role: egress-gateway` may.
    """
    for policy, each in context.rules(Direction.EGRESS):
        blocks = [peer for peer in each.peers or () if isinstance(peer, BlockPeer)]
        if not blocks or each.action is not Action.ALLOW or is_dns_rule(each):
            continue
        for family in Family:
            if not _covers(blocks, family):
                continue
            if not is_gateway(context, policy):
                yield _found(context, policy, each, blocks, family)


def _covers(blocks: list[BlockPeer], family: Family) -> bool:
    ranges = chain.from_iterable(b.block.ranges for b in blocks if not b.block.except_)
    size = sum(r.last - r.first + 1 for r in merged(ranges) if r.family is family)
    return size >= NEARLY_ALL * (family.everything.last + 1)


def _found(
    context: Context, policy: Policy, of: Rule, blocks: list[BlockPeer], family: Family
) -> Hit:
    ports = ", ".join(map(str, of.ports)) if of.ports else "all ports"
    whole = [b for b in blocks if b.block.range == family.everything and not b.block.except_]
    where = (*steps(of.path), *steps((whole or blocks)[0].path))
    fix = None
    for each in whole:
        path = (*steps(of.path, each.path), "ipBlock", "except")
        fix = (fix or Patch("Except what is not the internet.")).put(
            policy, path, list(INSIDE[family])
        )
    return Hit(
        (Where.of(policy, where),),
        f"{policy.kind} {policy.key} {of.path}: every IPv{family.version} address on {ports}, "
        f"private ranges and metadata too{_met(context)}. Name the destinations or except these.",
        key=f"{family.name} {ports}",
        fix=fix if policy.kind == "NetworkPolicy" else None,
        advice="Name the destinations; where names are needed, use a dialect that has them.",
    )


def _met(context: Context) -> str:
    """What of the cluster such a block means to this enforcer."""
    meets = context.profile["ipblock_matches_pods"].value
    return "" if meets is False else ", and other pods" if meets else ", perhaps other pods"
