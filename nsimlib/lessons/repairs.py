"""The narrowest policies that open one connection: something to try on a copy of the cluster."""

from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.verdict import DirectionVerdict, Verdict
from nsimlib.manifests import dump
from nsimlib.model.addresses import IPBlock
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import NAME_LABEL, Party, Pod
from nsimlib.model.peers import BlockPeer, Peer, PodPeer
from nsimlib.model.policy import Policy, Rule
from nsimlib.model.ports import PolicyPort, Port
from nsimlib.model.selectors import LabelSelector

__all__ = ["policy_for"]

#: labels that a controller puts on pods: they change with every rollout
GENERATED = (
    "pod-template-hash",
    "pod-template-generation",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "statefulset.kubernetes.io/",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/",
)


def policy_for(verdict: Verdict) -> str:
    """Return manifests that open the connection, one for each end that does not; else nothing.

    They select pods by the labels that people gave them. Policies only add up (F1.12), so what
    was allowed stays allowed.

    >>> import nsimlib as ns
    >>> asked = "shop/web -> kube-system/coredns:53/UDP"
    >>> shop = ns.scenario("shop")
    >>> ns.why(shop.with_policies(policy_for(ns.why(shop, asked))), asked).outcome
    allowed
    """
    closed = (end for end in verdict.ends if end.outcome is not Outcome.ALLOWED)
    made = tuple(
        _policy(end.subject, end, verdict.case.path.port)
        for end in closed
        if isinstance(end.subject, Pod)
    )
    return dump(Cluster(policies=made)).strip() if made else ""


def _policy(subject: Pod, end: DirectionVerdict, port: Port) -> Policy:
    name = f"{subject.owner.name}-{end.direction.word}-{port.number}-{port.protocol.value.lower()}"
    rule = Rule(end.direction, (PolicyPort(port.protocol, port.number),), _peers(end.peer, subject))
    directions = frozenset({end.direction})
    selected = PodPeer(None, _given_labels(subject))
    return Policy(
        "NetworkPolicy", subject.namespace.name, name, selected, directions, directions, (rule,)
    )


def _peers(peer: Party, subject: Pod) -> tuple[Peer, ...]:
    """Return the peer by its labels if it is a pod, else by its addresses."""
    if isinstance(peer, Pod) and not peer.host_network:
        elsewhere = peer.namespace != subject.namespace
        names = LabelSelector.of({NAME_LABEL: peer.namespace.name}) if elsewhere else None
        return (PodPeer(names, _given_labels(peer)),)
    return tuple(BlockPeer(IPBlock(address.cidr)) for address in peer.addresses)


def _given_labels(pod: Pod) -> LabelSelector:
    return LabelSelector.of({k: v for k, v in pod.labels.items() if not k.startswith(GENERATED)})
