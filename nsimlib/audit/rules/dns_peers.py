"""Rules for DNS that let pods ask more than the cluster's DNS."""

from collections.abc import Iterator

from nsimlib.audit.blocks import DNS, is_dns_rule
from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Severity, Where, Witness
from nsimlib.audit.patches import Patch, steps
from nsimlib.audit.registry import rule
from nsimlib.audit.standins import is_dns
from nsimlib.audit.words import workloads
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.objects import Pod
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import Port, Protocol
from nsimlib.model.selectors import EVERYTHING

__all__ = ["dns_to_every_pod"]

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
    for policy, each in context.rules(Direction.EGRESS):
        if each.action is Action.ALLOW and is_dns_rule(each):
            for peer in each.peers or ():
                if isinstance(peer, PodPeer) and _is_everybody(peer):
                    yield _every_pod(context, policy, each, peer)


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
