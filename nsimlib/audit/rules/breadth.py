"""Blocks that are wider than what they are for."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.blocks import (
    first_port,
    is_anywhere,
    is_broad,
    is_dns_rule,
    is_whole_network,
    opened,
    size_of,
    written_blocks,
)
from nsimlib.audit.context import Context
from nsimlib.audit.held import destinations
from nsimlib.audit.model import Confidence, Hit, Severity, Where
from nsimlib.audit.patches import Patch, steps
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, ports_meant, workloads
from nsimlib.evaluation.naming import merged
from nsimlib.model.addresses import AddressRange
from nsimlib.model.objects import Place
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Policy, Rule
from nsimlib.model.ports import PolicyPort

__all__ = ["database_port_to_broad_range", "vpc_wide_cidr"]

#: what needs so much of a block needs the block
NEEDS_IT: Final = 0.8
#: ports of databases, caches and search engines
DATABASES: Final = (1433, 1521, 3306, 5432, 6379, 9200, 11211, 27017)


@rule(
    "NSIM-C401",
    "vpc-wide-cidr",
    Severity.HIGH,
    facts=("F5.25", "F6.12"),
)
def vpc_wide_cidr(context: Context) -> Iterator[Hit]:
    """A rule allows egress to a whole private network: a block of /16 or wider, in IPv6 of /48.

    A database needs the subnets of its subnet group, and no more. The whole network holds every
    other database and, where blocks meet them, nodes and pods. With the places outside that the
    input knows (kind Place), it is sure, and the fix names those in the block. Rules for DNS alone
    are left out.
    """
    places = destinations(context)
    for policy, each, peer in written_blocks(context):
        if is_whole_network(peer.block) and not is_dns_rule(each):
            needed = [found for found in places if _is_within(peer, found[1])]
            if not _fills(peer, needed):
                says = f"is a whole private network, open on {ports_meant(each)}"
                yield _found(context, policy, each, peer, needed, says)


@rule(
    "NSIM-C402",
    "db-port-to-broad-range",
    Severity.MEDIUM,
    follows=("NSIM-C403",),
    facts=("F5.25",),
)
def database_port_to_broad_range(context: Context) -> Iterator[Hit]:
    """A rule opens the port of a database to a block wider than /24, in IPv6 than /64.

    A database has a few subnets. In a wider block the same port is that of other databases, in the
    internet of those that somebody else runs. Whole private networks are C401. Blocks that known
    places nearly fill are left out.
    """
    places = destinations(context)
    for policy, each, peer in written_blocks(context):
        ports = [port for port in each.ports or () if _is_database(port)]
        if not ports or is_whole_network(peer.block) or not is_broad(peer.block):
            continue
        if is_anywhere(peer.block) and not peer.block.except_:
            continue
        needed = [found for found in places if _is_within(peer, found[1])]
        if not _fills(peer, needed):
            says = f"is wide for databases, open on {listed(map(str, ports))}"
            yield _found(context, policy, each, peer, needed, says)


def _is_database(port: PolicyPort) -> bool:
    return port.end_port is None and port.port in DATABASES


def _fills(peer: BlockPeer, needed: list[tuple[Place, AddressRange]]) -> bool:
    sizes = (size_of(each) for each in merged(cidr for _, cidr in needed))
    return sum(sizes) > NEEDS_IT * size_of(peer.block.range)


def _is_within(peer: BlockPeer, cidr: AddressRange) -> bool:
    return peer.block.range.covers(cidr) and peer.block.range != cidr


def _found(
    context: Context,
    policy: Policy,
    of: Rule,
    peer: BlockPeer,
    needed: list[tuple[Place, AddressRange]],
    says: str,
) -> Hit:
    cidrs = [text for _, cidr in needed for text in cidr.cidrs]
    known = listed(dict.fromkeys(place.name for place, _ in needed))
    pods = context.subjects(policy)
    return Hit(
        (Where.of(policy, (*steps(of.path), *steps(peer.path))),),
        f"{policy.kind} {policy.key} {of.path}: {peer.block.cidr} {says}. "
        + (f"Known in it: {known}, {listed(cidrs)}. " if needed else "")
        + "Allow the subnets that are needed.",
        confidence=Confidence.CERTAIN if needed else Confidence.LIKELY,
        key=peer.block.cidr,
        pods=workloads(pods),
        witness=opened(context, pods, peer.block.ranges, first_port(of)),
        fix=_narrowed(policy, of, peer, cidrs),
        advice="Name the subnets, for a database all those of its subnet group.",
    )


def _narrowed(policy: Policy, of: Rule, peer: BlockPeer, cidrs: list[str]) -> Patch | None:
    if policy.kind != "NetworkPolicy" or not cidrs or peer.block.except_:
        return None
    *above, position = (*steps(of.path), *steps(peer.path))
    patch = Patch("Allow the known places in it.").put(
        policy, (*above, position, "ipBlock", "cidr"), cidrs[0]
    )
    for more, cidr in enumerate(cidrs[1:], int(position) + 1):
        patch = patch.insert(policy, (*above, more), {"ipBlock": {"cidr": cidr}})
    return patch
