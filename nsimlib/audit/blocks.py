"""Blocks of addresses in rules that allow egress, and connections that show what they open."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.model import Witness
from nsimlib.errors import ConnectionSyntaxError
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import why
from nsimlib.model.addresses import (
    Address,
    AddressRange,
    Family,
    IPBlock,
    parse_address,
    parse_cidr,
)
from nsimlib.model.connection import Connection
from nsimlib.model.objects import Pod
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import Port

__all__ = [
    "DNS",
    "EXAMPLES",
    "INSIDE",
    "LINK_LOCAL",
    "METADATA",
    "common",
    "end_text",
    "first_port",
    "is_anywhere",
    "is_broad",
    "is_dns_rule",
    "is_gateway",
    "is_whole_network",
    "opened",
    "size_of",
    "tried",
    "written_blocks",
]

#: what `any destination` hardly ever means: private, shared and link-local addresses (F6.15)
INSIDE: Final = {
    Family.IPV4: (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
    ),
    Family.IPV6: ("fc00::/7", "fe80::/10"),
}
#: a private block of so few leading bits is a whole network
WHOLE: Final = {Family.IPV4: 16, Family.IPV6: 48}
#: so many leading bits a subnet has
SUBNET: Final = {Family.IPV4: 24, Family.IPV6: 64}
#: of these, what never leaves its link
LINK_LOCAL: Final = ("169.254.0.0/16", "fe80::/10")
#: the instance metadata service in both families (F6.1)
METADATA: Final = tuple(map(parse_address, ("169.254.169.254", "fd00:ec2::254")))
#: says that a pod is there to reach anything
GATEWAY: Final = ("nsimlib.io/role", "egress-gateway")
DNS: Final = 53
HTTPS: Final = Port(443)
#: where an address of the internet may be anybody's
EXAMPLES: Final = {
    Family.IPV4: parse_cidr("203.0.113.0/24"),
    Family.IPV6: parse_cidr("2001:db8::/32"),
}
#: so many addresses of a range are looked at for one that is nobody's
TRIES: Final = 64


def written_blocks(context: Context) -> Iterator[tuple[Policy, Rule, BlockPeer]]:
    """Yield the blocks that stand in rules which allow egress, each with its policy and rule."""
    for policy, each in context.rules(Direction.EGRESS):
        if each.action is Action.ALLOW:
            for peer in each.peers or ():
                if isinstance(peer, BlockPeer) and not peer.via:
                    yield policy, each, peer


def is_dns_rule(of: Rule) -> bool:
    """Whether a rule is for DNS alone."""
    return bool(of.ports) and all(port.port == DNS for port in of.ports or ())


def is_anywhere(block: IPBlock) -> bool:
    """Whether a block is all of a family, whatever it excepts."""
    return block.range == block.range.family.everything


def is_gateway(context: Context, policy: Policy) -> bool:
    """Whether all pods that a policy selects say that they are there to reach anything."""
    pods = context.subjects(policy)
    return bool(pods) and all(GATEWAY in pod.labels.items() for pod in pods)


def common(ranges: Iterable[AddressRange], whole: AddressRange) -> Iterator[AddressRange]:
    """Yield what ranges share with another.

    >>> [str(each) for each in common([parse_cidr("10.0.0.0/8")], parse_cidr("10.1.0.0/16"))]
    ['10.1.0.0-10.1.255.255']
    """
    for each in ranges:
        if each.overlaps(whole):
            first, last = max(each.first, whole.first), min(each.last, whole.last)
            yield AddressRange(whole.family, first, last)


def is_broad(block: IPBlock) -> bool:
    """Whether a block is wider than a subnet: /24, in IPv6 /64."""
    found = block.range
    return size_of(found) > 1 << (found.family.bits - SUBNET[found.family])


def is_whole_network(block: IPBlock) -> bool:
    """Whether a block is private and so wide that it is a network and not a part of one."""
    found = block.range
    widest = 1 << (found.family.bits - WHOLE[found.family])
    private = (parse_cidr(each) for each in INSIDE[found.family] if each not in LINK_LOCAL)
    return size_of(found) >= widest and any(each.covers(found) for each in private)


def size_of(of: AddressRange) -> int:
    """How many addresses there are in a range."""
    return of.last - of.first + 1


def end_text(address: Address) -> str:
    """Return an address as it stands in a connection.

    >>> end_text(parse_address("fd00:ec2::254"))
    '[fd00:ec2::254]'
    """
    return f"[{address}]" if address.family is Family.IPV6 else str(address)


def first_port(of: Rule) -> Port | None:
    """Return a port that a rule allows to addresses; None if it has names of ports alone."""
    meant = (Port(first, p) for each in of.ports or () for p, (first, _) in each.numbers())
    return HTTPS if of.ports is None else next(meant, None)


def opened(
    context: Context, pods: Iterable[Pod], ranges: Iterable[AddressRange], port: Port | None
) -> Witness | None:
    """Return a connection that some pod may open to an address there which is nobody's yet."""
    address = next((a for each in ranges if (a := _free(context, each))), None)
    if port is not None and address is not None:
        for pod in pods:
            if port in context.opens(pod, address).allowed:
                return Witness(f"{pod.key} -> {end_text(address)}:{port}", Outcome.ALLOWED)
    return None


def tried(context: Context, connection: str) -> Witness | None:
    """Return a connection with how it ends now; None if it cannot be written with such names."""
    try:
        asked = Connection.parse(connection)
    except ConnectionSyntaxError:
        return None
    return Witness(connection, why(context.cluster, asked, cni=context.profile.name).outcome)


def _free(context: Context, within: AddressRange) -> Address | None:
    cluster = context.cluster
    taken = (cluster.pods_by_address, cluster.nodes_by_address, cluster.services_by_address)
    example = EXAMPLES[within.family]
    first = example.first + 7 if within.covers(example) else within.first
    first += first == within.first < within.last
    numbers = islice(range(first, within.last + 1), TRIES)
    found = (Address(within.family, number) for number in numbers)
    return next((each for each in found if not any(each in known for known in taken)), None)
