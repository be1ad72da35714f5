"""Ports by which machines and clusters are administered."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.blocks import is_broad, opened
from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.patches import steps
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.model.addresses import Family
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort, Port, Protocol

__all__ = ["admin_port_broad"]

#: remote shells and desktops, etcd, the API server and kubelet
ADMIN: Final = {
    22: "remote shell",
    2379: "etcd",
    2380: "etcd",
    3389: "remote desktop",
    6443: "the API server",
    10250: "kubelet",
    10255: "kubelet",
}
#: says that a pod administers others
ROLES: Final = ("automation", "bastion", "egress-gateway")
ROLE: Final = "nsimlib.io/role"


@rule(
    "NSIM-P508",
    "admin-port-broad",
    Severity.HIGH,
    follows=("NSIM-C401", "NSIM-C403"),
)
def admin_port_broad(context: Context) -> Iterator[Hit]:
    """A rule opens a port of administration to a block wider than /24, or to anybody.

    Remote shells, kubelet and etcd give whoever gets in the machine, or the cluster. Few pods need
    one of them, and those need few addresses. Pods labelled `nsimlib.io/role: bastion` or
    `automation` may; rules for all ports are P501.
    """
    for policy, each in context.rules(Direction.EGRESS):
        named = [port for port in each.ports or () if _is_admin(port)]
        blocks = [p for p in each.peers or () if isinstance(p, BlockPeer) and is_broad(p.block)]
        is_wide = each.peers is None or bool(blocks)
        pods = context.subjects(policy)
        may = pods and all(pod.labels.get(ROLE) in ROLES for pod in pods)
        if named and is_wide and not may and each.action is Action.ALLOW:
            yield _found(context, policy, each, named, blocks)


def _is_admin(port: PolicyPort) -> bool:
    is_tcp = port.protocol in (None, Protocol.TCP)
    return is_tcp and port.end_port is None and port.port in ADMIN


def _found(
    context: Context, policy: Policy, of: Rule, named: list[PolicyPort], blocks: list[BlockPeer]
) -> Hit:
    pods = context.subjects(policy)
    numbers = [port.port for port in named if isinstance(port.port, int)]
    ranges = blocks[0].block.ranges if blocks else (Family.IPV4.everything,)
    whom = listed(block.block.cidr for block in blocks) or "anybody"
    told = listed(f"{number} ({ADMIN[number]})" for number in numbers)
    return Hit(
        (Where.of(policy, steps(of.path)),),
        f"{policy.kind} {policy.key} {of.path}: {listed(workloads(pods)) or 'pods'} may open "
        f"{told} to {whom}. Name the machines.",
        key=" ".join(map(str, numbers)),
        pods=workloads(pods),
        witness=opened(context, pods, ranges, Port(numbers[0])),
        advice="Name the addresses that pods have to administer, or take the port out.",
    )
