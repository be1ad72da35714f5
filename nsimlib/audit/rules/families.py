"""Rules for one address family, of pods that have both."""

from collections.abc import Iterator, Mapping
from typing import Any

from nsimlib.audit.blocks import EXAMPLES, INSIDE, end_text, first_port, is_anywhere, tried
from nsimlib.audit.context import Context, Group
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.patches import Patch, steps
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, ports_meant, workloads
from nsimlib.model.addresses import Address, AddressRange, Family
from nsimlib.model.objects import Pod
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule

__all__ = ["ipv6_forgotten"]

OTHER: Mapping[Family, Family] = {Family.IPV4: Family.IPV6, Family.IPV6: Family.IPV4}


@rule(
    "NSIM-C411",
    "ipv6-forgotten",
    Severity.HIGH,
    facts=("E43", "F5.15"),
    references=("kubernetes-sigs/agent-sandbox#815",),
)
def ipv6_forgotten(context: Context) -> Iterator[Hit]:
    """Pods with addresses of both families may go outside in one of them alone.

    A block is of one family. Clients that try the other one first wait until they give up: about
    two minutes for TCP. Told of are blocks of a whole family, and of places whose addresses in the
    other are known (kind Place). Who has a block of each family has not forgotten.
    """
    found = dict[tuple[object, ...], tuple[Policy, Rule, BlockPeer, list[Pod]]]()
    for group in context.groups(Direction.EGRESS):
        pods = [pod for pod in group.pods if len({a.family for a in pod.addresses}) > 1]
        blocks = list(_blocks(group)) if group.isolating and pods else []
        if len({peer.block.range.family for _, _, peer in blocks}) == 1:
            for policy, each, peer in blocks:
                closed = [p for p in pods if _is_closed(context, p, _missing(context, peer), each)]
                if closed:
                    key = (*policy.identity, each.path, peer.path)
                    found.setdefault(key, (policy, each, peer, []))[3].extend(closed)
    for policy, each, peer, pods in found.values():
        yield _one_family(context, policy, each, peer, pods)


def _blocks(group: Group) -> Iterator[tuple[Policy, Rule, BlockPeer]]:
    for policy in group.policies:
        for each in policy.rules_for(Direction.EGRESS):
            for peer in each.peers or ():
                if each.action is Action.ALLOW and isinstance(peer, BlockPeer):
                    yield policy, each, peer


def _missing(context: Context, peer: BlockPeer) -> list[AddressRange]:
    """What of the other family belongs to a block."""
    family = peer.block.range.family
    if is_anywhere(peer.block):
        return [OTHER[family].everything]
    return [
        other
        for place in context.cluster.places
        if any(cidr.overlaps(peer.block.range) for cidr in place.cidrs)
        for other in place.cidrs
        if other.family is not family
    ]


def _end(within: AddressRange) -> Address:
    example = EXAMPLES[within.family]
    return (example if within.covers(example) else within).start


def _is_closed(context: Context, pod: Pod, missing: list[AddressRange], of: Rule) -> bool:
    port = first_port(of)
    if port is None or not missing:
        return False
    ports = context.opens(pod, _end(missing[0]))
    return port not in ports.allowed and port not in ports.open


def _one_family(
    context: Context, policy: Policy, of: Rule, peer: BlockPeer, pods: list[Pod]
) -> Hit:
    missing = _missing(context, peer)
    version, end = missing[0].family.version, end_text(_end(missing[0]))
    return Hit(
        (Where.of(policy, (*steps(of.path), *steps(peer.path))),),
        f"{policy.kind} {policy.key} {of.path}: {peer.block.cidr} is open on {ports_meant(of)}, "
        f"and nothing in IPv{version}, which {listed(workloads(pods))} have too: clients that try "
        "it first hang. Add a block.",
        confidence=context.confidence(pods),
        key=peer.block.cidr,
        pods=workloads(pods),
        witness=tried(context, f"{pods[0].key} -> {end}:{first_port(of)}"),
        fix=_mirrored(policy, of, peer, missing),
        advice=f"Allow the same in IPv{version}, with exceptions of that family.",
    )


def _mirrored(
    policy: Policy, of: Rule, peer: BlockPeer, missing: list[AddressRange]
) -> Patch | None:
    if policy.kind != "NetworkPolicy":
        return None
    *above, position = (*steps(of.path), *steps(peer.path))
    patch = Patch(f"Allow IPv{missing[0].family.version} too.")
    blocks: list[dict[str, Any]] = [{"cidr": cidr} for each in missing for cidr in each.cidrs]
    if is_anywhere(peer.block):
        blocks = [{**blocks[0], "except": list(INSIDE[missing[0].family])}]
    for more, block in enumerate(blocks, int(position) + 1):
        patch = patch.insert(policy, (*above, more), {"ipBlock": block})
    return patch
