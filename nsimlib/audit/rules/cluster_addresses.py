"""Blocks that hold addresses of the cluster itself: of Services, pods and nodes."""

from collections.abc import Iterator

from nsimlib.audit.blocks import (
    first_port,
    is_anywhere,
    is_dns_rule,
    is_whole_network,
    tried,
    written_blocks,
)
from nsimlib.audit.context import Context
from nsimlib.audit.held import Held, Holdings, destinations
from nsimlib.audit.model import Confidence, Hit, Need, Severity, Where, Witness
from nsimlib.audit.patches import steps
from nsimlib.audit.registry import rule
from nsimlib.audit.services import instead_of, shown_port
from nsimlib.audit.words import listed, workloads
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.objects import Pod, Service
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Policy, Rule

__all__ = ["cluster_ip_in_block", "pod_or_node_in_block"]


@rule(
    "NSIM-C409",
    "clusterip-in-ipblock",
    Severity.HIGH,
    needs=(Need.SERVICES,),
    facts=("F1.18", "F2.19", "F3.17"),
    references=("cilium/cilium#20550", "projectcalico/libcalico-go#1060"),
)
def cluster_ip_in_block(context: Context) -> Iterator[Hit]:
    """A block is about addresses of Services.

    The text leaves open whether policy sees the address of a Service or that of the pod behind it.
    Most enforcers look after the address was replaced, and then the block matches nothing. Where
    policy does see it, as with the AWS agent, and where a DNS cache on the node has it, the rule is
    silent; DNS is left to D307, and whole networks to C401.
    """
    if context.profile["service_translation"].value == "after":
        return
    holdings, cached = Holdings(context), set(context.resolvers.node_addresses)
    for policy, each, peer in written_blocks(context):
        if is_anywhere(peer.block) or is_whole_network(peer.block):
            continue
        held = holdings.of(peer.block)
        services = [s for address, s in held.services if address not in cached]
        is_dns = is_dns_rule(each) and services == [context.resolvers.service]
        if services and not (is_dns or held.pods or held.nodes):
            yield _service(context, policy, each, peer, services)


def _service(
    context: Context, policy: Policy, of: Rule, peer: BlockPeer, services: list[Service]
) -> Hit:
    pods, service = context.subjects(policy), services[0]
    is_sure = context.profile["service_translation"].value == "before"
    witness = _to_service(context, pods, of, service)
    severity = Severity.HIGH if is_sure else Severity.MEDIUM
    if witness and witness.now is Outcome.ALLOWED:
        severity = Severity.LOW
    says = (
        f"{context.profile.title} compares the pod behind it, so the block matches nothing"
        if is_sure
        else "whether policy sees that address or a pod's is left open"
    )
    return Hit(
        (Where.of(policy, (*steps(of.path), *steps(peer.path))),),
        f"{policy.kind} {policy.key} {of.path}: {peer.block.cidr} is the address of Service "
        f"{listed(each.key for each in services)}; {says}. Select its pods, on their own port.",
        severity=severity,
        confidence=Confidence.CERTAIN if is_sure else Confidence.MAYBE,
        key=peer.block.cidr,
        pods=workloads(pods),
        witness=witness,
        fix=instead_of(context, policy, of, peer, service) if len(services) == 1 else None,
        advice="Select the pods behind the Service, on the port that they listen on.",
    )


def _to_service(
    context: Context, pods: tuple[Pod, ...], of: Rule, service: Service
) -> Witness | None:
    port = shown_port(of, service)
    name = f"{service.namespace}/service/{service.name}"
    return tried(context, f"{pods[0].key} -> {name}:{port}") if pods and port else None


@rule(
    "NSIM-C410",
    "pod-or-node-cidr-in-ipblock",
    Severity.MEDIUM,
    follows=("NSIM-C401",),
    facts=("F1.17", "F1.20", "F3.14"),
    references=("cilium/cilium#9209", "AliyunContainerService/terway#904"),
)
def pod_or_node_in_block(context: Context) -> Iterator[Hit]:
    """A block holds addresses of pods, or of nodes.

    Blocks are meant for what is outside the cluster. What they mean for pods and nodes is up to the
    enforcer: some compare addresses, so that whoever has one of them is meant; Cilium goes by
    identity, so that nobody is. Blocks with a known place in them (kind Place) are left out, and
    blocks of nodes alone where the enforcer compares their addresses, for want of another way.
    """
    holdings, places = Holdings(context), destinations(context)
    for policy, each, peer in written_blocks(context):
        if is_anywhere(peer.block):
            continue
        held = holdings.of(peer.block)
        is_meant = any(peer.block.range.covers(cidr) for _, cidr in places)
        matches = context.profile["ipblock_matches_nodes"].value is not False
        if is_meant or not (held.pods or (held.nodes and not _is_only_way(peer, matches))):
            continue
        yield _held(context, policy, each, peer, held)


def _is_only_way(peer: BlockPeer, matches: bool) -> bool:
    return matches and not is_whole_network(peer.block)


def _held(context: Context, policy: Policy, of: Rule, peer: BlockPeer, held: Held) -> Hit:
    pods, profile = context.subjects(policy), context.profile
    kind, count = ("pods", len(held.pods)) if held.pods else ("nodes", len(held.nodes))
    matches = profile[f"ipblock_matches_{kind}"].value
    is_lost = matches is False and not is_whole_network(peer.block)
    says = {
        True: f"{profile.title} means all of them",
        False: f"{profile.title} means none of them",
    }
    return Hit(
        (Where.of(policy, (*steps(of.path), *steps(peer.path))),),
        f"{policy.kind} {policy.key} {of.path}: {peer.block.cidr} holds {count} {kind} of the "
        f"cluster, and {says if matches is not None else 'whether they are meant is open'}. "
        f"Select {'pods by labels' if held.pods else 'nodes by an entity'}.",
        severity=Severity.HIGH if is_lost else Severity.MEDIUM,
        key=peer.block.cidr,
        pods=workloads(pods),
        witness=_to_held(context, pods, of, held),
        advice="Select pods by labels, and name in blocks what is outside the cluster.",
    )


def _to_held(context: Context, pods: tuple[Pod, ...], of: Rule, held: Held) -> Witness | None:
    port = first_port(of)
    names = [pod.key for _, pod in held.pods if pod not in pods[:1]]
    names += [f"node/{node.name}" for _, node in held.nodes]
    return (
        tried(context, f"{pods[0].key} -> {names[0]}:{port}") if pods and port and names else None
    )
