"""Ports by name that the other end does not have."""

from collections.abc import Iterator
from typing import NamedTuple

from nsimlib.audit.blocks import tried
from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Need, Severity, Where, Witness
from nsimlib.audit.patches import Patch, Steps, steps
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.model.objects import Pod
from nsimlib.model.peers import BlockPeer, PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort, Port

__all__ = ["named_port_protocol", "named_port_unresolved"]


class Named(NamedTuple):
    """A port by name in a rule, with the pods that are the other end; none for blocks."""

    policy: Policy
    rule: Rule
    port: PolicyPort
    path: Steps
    pods: tuple[Pod, ...]
    has_blocks: bool


def _named(context: Context) -> Iterator[Named]:
    for policy, each in context.rules(Direction.EGRESS):
        peers = each.peers or ()
        named = [n for n, port in enumerate(each.ports or ()) if isinstance(port.port, str)]
        if not named or not peers or each.action is not Action.ALLOW:
            continue
        selecting = [peer for peer in peers if isinstance(peer, PodPeer)]
        pods = {p: None for peer in selecting for p in context.selected(peer, policy.namespace)}
        blocks = [peer for peer in peers if isinstance(peer, BlockPeer)]
        if len(selecting) + len(blocks) == len(peers):
            for number in named:
                path = (*steps(each.path), "ports", number)
                port = (each.ports or ())[number]
                yield Named(policy, each, port, path, tuple(pods), bool(blocks))


@rule(
    "NSIM-P502",
    "named-port-unresolved",
    Severity.HIGH,
    facts=("F1.8",),
    references=("np-guard/netpol-analyzer",),
)
def named_port_unresolved(context: Context) -> Iterator[Hit]:
    """A rule names a port that no pod it is for calls so, or names one for a block of addresses.

    A name stands for the number that each pod's containers give it. Where none does, and for
    addresses outside always, it stands for nothing, and what the rule was to allow is denied. Pods
    of which nothing is known, and peers that select none, are left out.
    """
    for each in _named(context):
        name = str(each.port.port)
        if each.has_blocks and not each.pods:
            yield _unresolved(context, each, "addresses outside have no names of ports", None)
        is_known = context.has(Need.PODS) and each.pods
        if is_known and not any(pod.named_ports(name) for pod in each.pods):
            yield _without(context, each)


def _without(context: Context, each: Named) -> Hit:
    declared = [port for pod in each.pods for port in pod.ports]
    known = listed(f"{port.name} {port.port}".strip() for port in declared)
    ports = {found.port for found in declared if found.port.protocol is each.port.protocol}
    only = next(iter(ports)) if len(ports) == 1 else None
    says = f"{listed(workloads(each.pods))} have {known or 'no declared ports'}"
    return _unresolved(context, each, says, only)


def _unresolved(context: Context, each: Named, says: str, only: Port | None) -> Hit:
    fix = None
    if only is not None and each.policy.kind == "NetworkPolicy":
        fix = Patch("Write the number.").put(each.policy, (*each.path, "port"), only.number)
    pods = context.subjects(each.policy)
    return Hit(
        (Where.of(each.policy, each.path),),
        f"{each.policy.kind} {each.policy.key} {each.rule.path}: port {each.port.port} stands for "
        f"no number, so it allows nothing: {says}. Write the number.",
        key=str(each.port),
        pods=workloads(pods),
        witness=_to(context, pods, each, only),
        fix=fix,
        advice="Write the number that the other end listens on.",
    )


def _to(context: Context, pods: tuple[Pod, ...], each: Named, port: Port | None) -> Witness | None:
    """A connection to the port that the rule was probably for."""
    if port is None or not pods:
        return None
    other = next((pod for pod in each.pods if pod.key != pods[0].key), None)
    return tried(context, f"{pods[0].key} -> {other.key}:{port}") if other else None


@rule(
    "NSIM-P503",
    "named-port-protocol-mismatch",
    Severity.HIGH,
    needs=(Need.PODS,),
    facts=("F1.8", "F2.28"),
    references=("np-guard/netpol-analyzer",),
)
def named_port_protocol(context: Context) -> Iterator[Hit]:
    """A rule names a port with one protocol, and the pods call a port of another one so.

    Both have to agree: `dns` of UDP is not `dns` of TCP. Often the protocol was left out, which
    means TCP.
    """
    for each in _named(context):
        found = [port for pod in each.pods for port in pod.named_ports(str(each.port.port))]
        protocols = {port.protocol for port in found}
        if protocols and each.port.protocol not in (None, *protocols):
            yield _other_protocol(context, each, found[0])


def _other_protocol(context: Context, each: Named, port: Port) -> Hit:
    pods, is_plain = context.subjects(each.policy), each.policy.kind == "NetworkPolicy"
    path, protocol = (*each.path, "protocol"), port.protocol.value
    return Hit(
        (Where.of(each.policy, each.path),),
        f"{each.policy.kind} {each.policy.key} {each.rule.path}: port {each.port} is "
        f"{port} at {listed(workloads(each.pods))}, so it allows nothing. Say {protocol}.",
        key=str(each.port),
        pods=workloads(pods),
        witness=_to(context, pods, each, port),
        fix=Patch(f"Say {protocol}.").put(each.policy, path, protocol) if is_plain else None,
        advice=f"Say {protocol}.",
    )
