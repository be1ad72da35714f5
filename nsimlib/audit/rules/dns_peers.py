"""Rules for DNS that let pods ask more than the cluster's DNS."""

from collections.abc import Iterator

from nsimlib.audit.blocks import (
    DNS,
    first_port,
    is_anywhere,
    is_dns_rule,
    is_gateway,
    opened,
    tried,
)
from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Need, Severity, Where, Witness
from nsimlib.audit.patches import Patch, steps
from nsimlib.audit.registry import rule
from nsimlib.audit.standins import is_dns
from nsimlib.audit.words import listed, workloads
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.addresses import Family
from nsimlib.model.objects import Pod
from nsimlib.model.peers import BlockPeer, PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import Port, Protocol
from nsimlib.model.selectors import EVERYTHING

__all__ = ["dns_labels_stale", "dns_to_anywhere", "dns_to_every_pod"]

#: so many pods are looked at for one that lets in
TRIES = 16


@rule(
    "NSIM-D306",
    "dns-to-every-pod",
    Severity.LOW,
    facts=("F1.3", "F5.5"),
)
def dns_to_every_pod(context: Context) -> Iterator[Hit]:
    """A rule for DNS allows it to every pod of the cluster.

    Names are found, so nobody notices. But any pod may then listen on port 53 and carry data away,
    and a cache on the node, which is no pod to policy, is not allowed.
    """
    for policy, each in _dns_rules(context):
        for peer in each.peers or ():
            if isinstance(peer, PodPeer) and _is_everybody(peer):
                yield _every_pod(context, policy, each, peer)


def _dns_rules(context: Context) -> Iterator[tuple[Policy, Rule]]:
    for policy, each in context.rules(Direction.EGRESS):
        if each.action is Action.ALLOW and is_dns_rule(each):
            yield policy, each


def _is_everybody(peer: PodPeer) -> bool:
    return peer.namespaces == EVERYTHING and peer.pods in (None, EVERYTHING)


def _every_pod(context: Context, policy: Policy, of: Rule, peer: PodPeer) -> Hit:
    pods, servers = context.subjects(policy), context.resolvers
    path = (*steps(of.path), *steps(peer.path))
    return Hit(
        (Where.of(policy, path),),
        f"{policy.kind} {policy.key} {of.path}: DNS is allowed to every pod of the cluster, so any "
        "of them may carry data away on port 53, and a cache on the node is not meant. "
        f"Name {servers.pods[0].owner}.",
        confidence=context.confidence((*pods, servers.pods[0])),
        pods=workloads(pods),
        witness=_beside_dns(context, pods),
        fix=_named(context, policy, path),
        advice="Name the namespace and the pods of the cluster's DNS.",
    )


def _named(context: Context, policy: Policy, path: tuple[str | int, ...]) -> Patch | None:
    """The servers in the place of the peer."""
    if policy.kind != "NetworkPolicy":
        return None
    *above, position = path
    first, *others = context.resolvers.peers
    patch = Patch("Name the DNS servers.").put(policy, path, first)
    for more, other in enumerate(others, int(position) + 1):
        patch = patch.insert(policy, (*above, more), other)
    return patch


def _beside_dns(context: Context, pods: tuple[Pod, ...]) -> Witness | None:
    """A question to somebody who is no DNS server."""
    port = Port(DNS, Protocol.UDP)
    others = (pod for pod in context.cluster.pods if not is_dns(pod) and not pod.host_network)
    for _, other in zip(range(TRIES), others, strict=False):
        for pod in pods[:1]:
            if pod.key != other.key and port in context.reach.between(pod, other).allowed:
                return Witness(f"{pod.key} -> {other.key}:{port}", Outcome.ALLOWED)
    return None


@rule(
    "NSIM-D305",
    "dns-to-anywhere",
    Severity.HIGH,
    facts=("F1.6", "F5.4"),
    references=(
        "killer-sh/cks-course-environment#2",
        "ahmetb/kubernetes-network-policy-recipes#34",
    ),
)
def dns_to_anywhere(context: Context) -> Iterator[Hit]:
    """A rule allows DNS to any address, or names no peers at all.

    Questions carry data: whoever runs a resolver of his own gets out of a pod what he likes, name
    by name. Pods need the cluster's DNS, which asks the others for them. The DNS pods themselves
    may, and gateways.
    """
    for policy, each in _dns_rules(context):
        blocks = [peer for peer in each.peers or () if isinstance(peer, BlockPeer)]
        wide = next((peer for peer in blocks if is_anywhere(peer.block)), None)
        if each.peers is None or wide:
            pods = tuple(pod for pod in context.subjects(policy) if not is_dns(pod))
            if (pods or not context.subjects(policy)) and not is_gateway(context, policy):
                yield _anywhere(context, policy, each, wide, pods)


def _anywhere(
    context: Context, policy: Policy, of: Rule, wide: BlockPeer | None, pods: tuple[Pod, ...]
) -> Hit:
    path = (*steps(of.path), *steps(wide.path if wide else ""))
    ranges = wide.block.ranges if wide else (Family.IPV4.everything,)
    fix = _named(context, policy, path)
    if wide is None and policy.kind == "NetworkPolicy":
        fix = Patch("Name the DNS servers.").put(policy, (*path, "to"), context.resolvers.peers)
    return Hit(
        (Where.of(policy, path),),
        f"{policy.kind} {policy.key} {of.path}: {listed(workloads(pods)) or 'pods'} may ask any "
        "resolver in the world, and send it data in questions. "
        f"Name {context.resolvers.pods[0].owner}.",
        confidence=context.confidence((*pods, context.resolvers.pods[0])),
        key=wide.block.cidr if wide else "",
        pods=workloads(pods),
        witness=opened(context, pods, ranges, first_port(of)),
        fix=fix,
        advice="Name the cluster's DNS, and the resolvers that pods have to ask themselves.",
    )


@rule(
    "NSIM-D309",
    "dns-labels-stale",
    Severity.HIGH,
    needs=(Need.PODS,),
    follows=("NSIM-S203", "NSIM-S207"),
    facts=("F1.2", "F5.4"),
)
def dns_labels_stale(context: Context) -> Iterator[Hit]:
    """A rule for DNS selects no pod at all, and the DNS pods are elsewhere or labelled otherwise.

    Often the namespace was left out, and a podSelector alone looks in the policy's own. The rule
    reads right, and allows nothing. Without DNS pods in the input nothing is said.
    """
    if any(pod.key in context.known.invented for pod in context.resolvers.pods):
        return
    for policy, each in _dns_rules(context):
        selecting = [peer for peer in each.peers or () if isinstance(peer, PodPeer)]
        if not selecting or len(selecting) < len(each.peers or ()):
            continue
        if not any(context.selected(peer, policy.namespace) for peer in selecting):
            yield _stale(context, policy, each, selecting[0])


def _stale(context: Context, policy: Policy, of: Rule, peer: PodPeer) -> Hit:
    pods, server = context.subjects(policy), context.resolvers.pods[0]
    path = (*steps(of.path), *steps(peer.path))
    port = Port(context.resolvers.ports[Protocol.UDP], Protocol.UDP)
    return Hit(
        (Where.of(policy, path),),
        f"{policy.kind} {policy.key} {of.path}: DNS is allowed to pods that do not exist. The DNS "
        f"pods are {server.owner}: select them by namespace and label.",
        pods=workloads(pods),
        witness=tried(context, f"{pods[0].key} -> {server.key}:{port}") if pods else None,
        fix=_named(context, policy, path),
        advice="Select the DNS pods by the labels that they have.",
    )
