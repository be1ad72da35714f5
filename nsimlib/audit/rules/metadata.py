"""The metadata service of the node: who can ask it for the node's credentials."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.blocks import METADATA, end_text
from nsimlib.audit.context import Context, Group
from nsimlib.audit.model import Hit, Severity, Where, Witness
from nsimlib.audit.patches import Patch, steps, written
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.addresses import Address
from nsimlib.model.objects import Pod
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import Port, Protocol

__all__ = ["metadata_reachable"]

PORT: Final = Port(80, Protocol.TCP)


@rule(
    "NSIM-C405",
    "imds-reachable",
    Severity.MEDIUM,
    follows=("NSIM-C403", "NSIM-C412", "NSIM-T606"),
    facts=("F6.1", "F6.3"),
    references=("aws/aws-eks-best-practices#84", "aws/containers-roadmap#2440"),
)
def metadata_reachable(context: Context) -> Iterator[Hit]:
    """Pods that are isolated for egress may ask the metadata service of their node.

    It hands out the credentials of the node, with all its rights, to whoever asks. Pods that need
    some should have their own. Pods that are isolated by no policy are told of by H901.
    """
    for policy, each in context.rules(Direction.EGRESS):
        for address in METADATA:
            blocks = list(_holding(each, address))
            if each.action is not Action.ALLOW or not (blocks or each.peers is None):
                continue
            pods = tuple(_exposed(context, policy, address))
            if pods:
                yield _found(context, policy, each, blocks, address, pods)


def _holding(of: Rule, address: Address) -> Iterator[BlockPeer]:
    for peer in of.peers or ():
        if isinstance(peer, BlockPeer) and peer.block.contains(address):
            yield peer


def _exposed(context: Context, policy: Policy, address: Address) -> Iterator[Pod]:
    """A pod of each class to which the policy applies, and which reaches the service."""
    groups: Iterator[Group] = (
        each for each in context.groups(Direction.EGRESS) if policy in each.policies
    )
    for group in groups:
        if group.isolating:
            yield from (pod for pod in group.pods if PORT in context.opens(pod, address).allowed)


def _found(
    context: Context,
    policy: Policy,
    of: Rule,
    blocks: list[BlockPeer],
    address: Address,
    pods: tuple[Pod, ...],
) -> Hit:
    where = (*steps(of.path), *steps(blocks[0].path)) if blocks else steps(of.path)
    end = end_text(address)
    return Hit(
        (Where.of(policy, where),),
        f"{policy.kind} {policy.key} {of.path}: {listed(workloads(pods))} can ask {end}:80 for "
        "the credentials of the node. Except the address, and give pods credentials of their own.",
        confidence=context.confidence(pods),
        key=address.family.name,
        pods=workloads(pods),
        witness=Witness(f"{pods[0].key} -> {end}:{PORT}", Outcome.ALLOWED),
        fix=_excepting(policy, of, blocks, address),
        advice="Use Pod Identity or IRSA, require IMDSv2, and leave its hop limit at 1.",
    )


def _excepting(policy: Policy, of: Rule, blocks: list[BlockPeer], address: Address) -> Patch | None:
    """Take the address out of the blocks that hold more than it."""
    wider = [each for each in blocks if each.block.range.last > each.block.range.first]
    if policy.kind != "NetworkPolicy" or not blocks or len(wider) < len(blocks):
        return None
    patch = Patch("Except the metadata service.")
    for each in wider:
        path = (*steps(of.path, each.path), "ipBlock", "except")
        known = written(policy, path) or []
        patch = patch.put(policy, path, [*known, address.cidr])
    return patch
