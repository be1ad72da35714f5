"""Exceptions of blocks, and what they leave open all the same."""

from collections.abc import Iterable, Iterator
from typing import Final

from nsimlib.audit.blocks import (
    INSIDE,
    LINK_LOCAL,
    METADATA,
    common,
    first_port,
    is_anywhere,
    is_dns_rule,
    is_gateway,
    opened,
    written_blocks,
)
from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.patches import Patch, Steps, steps, written
from nsimlib.audit.registry import rule
from nsimlib.audit.words import ports_meant, workloads
from nsimlib.model.addresses import AddressRange, parse_cidr
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Policy, Rule

__all__ = ["partial_private_except"]

#: private in few clusters: left open alone, they are no more than a remark
SELDOM: Final = ("100.64.0.0/10", "fe80::/10")


@rule(
    "NSIM-C404",
    "partial-private-except",
    Severity.MEDIUM,
    facts=("F6.15", "F1.19"),
    references=("projectcalico/calico#6634", "jupyterhub/zero-to-jupyterhub-k8s#2508"),
)
def partial_private_except(context: Context) -> Iterator[Hit]:
    """A rule allows the internet and excepts some private addresses, not all.

    What is left open is what nobody thought of: the network of a peer, a cluster of another team,
    the pods themselves. Of link-local addresses only the metadata service counts, as a pod may need
    the others. Ranges that another rule of the policy names are meant; if all are, it is a remark.
    """
    for policy, each, peer in written_blocks(context):
        if not is_anywhere(peer.block) or not peer.block.except_ or is_dns_rule(each):
            continue
        left = {
            cidr: held for cidr in INSIDE[peer.block.range.family] if (held := _left(peer, cidr))
        }
        if left.keys() - set(LINK_LOCAL) and not is_gateway(context, policy):
            yield _partial(context, policy, each, peer, left)


def _left(peer: BlockPeer, cidr: str) -> tuple[AddressRange, ...]:
    """What a block holds of a range; of link-local addresses all, if the metadata service is."""
    if cidr in LINK_LOCAL and not peer.block.contains(METADATA[0]):
        return ()
    return tuple(common(peer.block.ranges, parse_cidr(cidr)))


def _partial(
    context: Context,
    policy: Policy,
    of: Rule,
    peer: BlockPeer,
    left: dict[str, tuple[AddressRange, ...]],
) -> Hit:
    named = [p.block.range for p in _blocks_beside(policy, of)]
    unmeant = [c for c in left if not any(parse_cidr(c).overlaps(each) for each in named)]
    severity = Severity.INFO if not unmeant else Severity.MEDIUM
    if unmeant and not set(unmeant) - set(SELDOM):
        severity = Severity.LOW
    path = (*steps(of.path), *steps(peer.path), "ipBlock", "except")
    pods = context.subjects(policy)
    said = (
        cidr if parts == (parse_cidr(cidr),) else f"part of {cidr}" for cidr, parts in left.items()
    )
    return Hit(
        (Where.of(policy, path),),
        f"{policy.kind} {policy.key} {of.path}: {peer.block.cidr} on {ports_meant(of)} still holds "
        f"{', '.join(said)}. Except these too.",
        severity=severity,
        key=" ".join(left),
        pods=workloads(pods),
        witness=opened(context, pods, left[next(iter(unmeant or left))], first_port(of)),
        fix=_completed(policy, path, left) if policy.kind == "NetworkPolicy" else None,
        advice="Except all ranges that are not the internet, and allow apart what is needed.",
    )


def _completed(policy: Policy, path: Steps, left: Iterable[str]) -> Patch:
    """The exceptions with those that are missing, and without those that are in these."""
    patch, known = Patch("Except what is not the internet."), written(policy, path) or []
    missing = [parse_cidr(cidr) for cidr in left]
    kept = len(known)
    for number in reversed(range(len(known))):
        if any(each.covers(parse_cidr(known[number])) for each in missing):
            patch, kept = patch.remove(policy, (*path, number)), kept - 1
    for number, cidr in enumerate(left, kept):
        patch = patch.insert(policy, (*path, number), cidr)
    return patch


def _blocks_beside(policy: Policy, of: Rule) -> Iterator[BlockPeer]:
    """Blocks smaller than a family that other rules of a policy name."""
    for each in policy.rules_for(of.direction):
        if each is not of:
            for peer in each.peers or ():
                if isinstance(peer, BlockPeer) and not is_anywhere(peer.block):
                    yield peer
