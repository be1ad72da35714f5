"""Blocks that add nothing: nobody is there, or another block has it already."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.blocks import is_anywhere, written_blocks
from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.patches import Patch, steps
from nsimlib.audit.registry import rule
from nsimlib.model.addresses import Family, parse_cidr
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Policy, Rule

__all__ = ["overlapping_blocks", "special_range_target"]

#: blocks by their family and the bits that they leave open, and by where they begin
Index = dict[tuple[Family, int], dict[int, list[BlockPeer]]]

#: where no connection can go to, and why
NOBODY: Final = {
    "0.0.0.0/8": "stands for no address",
    "127.0.0.0/8": "is the pod itself, and no policy is asked",
    "224.0.0.0/4": "is for groups, which NetworkPolicy does not know",
    "240.0.0.0/4": "is given to nobody",
    "::1/128": "is the pod itself, and no policy is asked",
    "ff00::/8": "is for groups, which NetworkPolicy does not know",
}


@rule("NSIM-C413", "overlapping-blocks", Severity.LOW, facts=("F1.12",))
def overlapping_blocks(context: Context) -> Iterator[Hit]:
    """A rule lists a block that another block of the same rule holds.

    The smaller one adds nothing, and whoever takes it out believes that he closed something. Blocks
    of a known place (kind Place) are left out: they say what the wider one is for.
    """
    known = {cidr for place in context.cluster.places for cidr in place.cidrs}
    indexed: tuple[Rule | None, Index] = None, {}
    for policy, each, peer in written_blocks(context):
        if indexed[0] is not each:
            indexed = each, _index(each)
        wider = _wider(peer, indexed[1])
        if wider and peer.block.range not in known:
            path = (*steps(each.path), *steps(peer.path))
            fix = Patch("Leave out what is there already.").remove(policy, path)
            yield Hit(
                (Where.of(policy, path),),
                f"{policy.kind} {policy.key} {each.path}: {peer.block.cidr} is in "
                f"{wider.block.cidr}, which the rule allows too: it adds nothing. Leave it out.",
                key=peer.block.cidr,
                fix=fix if policy.kind == "NetworkPolicy" else None,
                advice="Leave out the smaller block, or narrow the wider one.",
            )


def _index(rule: Rule) -> Index:
    """The blocks of a rule by how wide they are and where: it may have a hundred thousand."""
    index: Index = {}
    for peer in rule.peers or ():
        if isinstance(peer, BlockPeer):
            found = peer.block.range
            size = (found.last - found.first).bit_length()
            index.setdefault((found.family, size), {}).setdefault(found.first, []).append(peer)
    return index


def _wider(peer: BlockPeer, index: Index) -> BlockPeer | None:
    """The widest of the others that hold a block."""
    own = peer.block.range
    around = (
        other
        for family, size in sorted(index, key=lambda key: -key[1])
        if family is own.family
        for other in index[family, size].get(own.first >> size << size, ())
    )
    return next((other for other in around if other is not peer and _holds(other, peer)), None)


def _holds(other: BlockPeer, peer: BlockPeer) -> bool:
    is_in = any(each.covers(peer.block.range) for each in other.block.ranges)
    return is_in and not (other.block.range == peer.block.range and other.path > peer.path)


@rule("NSIM-C414", "special-range-target", Severity.MEDIUM, facts=("F1.26",))
def special_range_target(context: Context) -> Iterator[Hit]:
    """A rule allows egress to addresses that no connection can go to.

    Loopback never leaves the pod, groups are no connections, and some ranges are given to nobody.
    So the rule does something else than its author thinks, or nothing. Ranges kept for examples are
    not told of: examples use them.
    """
    for policy, each, peer in written_blocks(context):
        if is_anywhere(peer.block):
            continue
        for cidr, says in NOBODY.items():
            if parse_cidr(cidr).covers(peer.block.range):
                yield _nobody(policy, each, peer, says)


def _nobody(policy: Policy, of: Rule, peer: BlockPeer, says: str) -> Hit:
    path = (*steps(of.path), *steps(peer.path))
    others = len(of.peers or ()) > 1 and policy.kind == "NetworkPolicy"
    return Hit(
        (Where.of(policy, path),),
        f"{policy.kind} {policy.key} {of.path}: {peer.block.cidr} {says}. Leave it out, or name "
        "what was meant.",
        key=peer.block.cidr,
        fix=Patch("Leave it out.").remove(policy, path) if others else None,
        advice="Leave it out; to let a pod talk to itself, no rule is needed.",
    )
