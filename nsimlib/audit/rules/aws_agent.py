"""Limits of the AWS agent: what it may not enforce, or has no room for."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.model import Confidence, Hit, Need, Severity, Where
from nsimlib.audit.registry import rule
from nsimlib.audit.rules.aws_services import is_aws
from nsimlib.audit.words import keys, listed, workloads
from nsimlib.model.objects import Pod
from nsimlib.model.peers import BlockPeer, PodPeer
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.selectors import selects_all

__all__ = ["empty_namespace_selector", "port_combinations", "standalone_pod"]

#: so many ports the agent holds for one block (F4.25)
MOST_PORTS: Final = 24


def _selecting(context: Context) -> Iterator[tuple[Policy, tuple[Pod, ...]]]:
    for policy in context.policies if is_aws(context) else ():
        yield policy, tuple(context.members(context.subjects(policy)))


@rule("NSIM-N752", "vpccni-standalone-pod", Severity.MEDIUM, needs=(Need.PODS,), facts=("F4.23",))
def standalone_pod(context: Context) -> Iterator[Hit]:
    """Under the AWS agent, a policy selects a pod that no controller owns.

    Some versions of the EKS documentation say that such pods are not enforced. Which of them holds
    for a cluster, a connection tells.
    """
    for policy, pods in _selecting(context):
        bare = [pod for pod in pods if pod.owner.kind == "Pod" and not pod.from_template]
        if bare:
            yield Hit(
                (Where.of(policy, ("spec", "podSelector")),),
                f"{policy.kind} {policy.key} selects {listed(workloads(bare))}, which no controller"
                " owns. The AWS agent may not enforce it: try a connection, or use a Deployment.",
                confidence=Confidence.MAYBE,
                pods=workloads(bare),
                advice="Let a Deployment or a Job make the pod.",
            )


@rule("NSIM-N753", "vpccni-port-combinations", Severity.MEDIUM, facts=("F4.25",))
def port_combinations(context: Context) -> Iterator[Hit]:
    """Under the AWS agent, more than 24 ports are allowed to one peer.

    For each block of addresses the agent has room for 24 entries of protocol and ports. All
    policies of a pod count together; a range is one entry.
    """
    for direction in Direction if is_aws(context) else ():
        for group in context.groups(direction):
            ports = defaultdict[object, set[object]](set)
            by = defaultdict[object, dict[Policy, None]](dict)
            for policy in group.isolating:
                for each in policy.rules_for(direction):
                    for peer in each.peers or (None,):
                        about: object = peer and replace(peer, path="")
                        ports[about].update(replace(p, path="") for p in each.ports or ())
                        by[about][policy] = None
            for whom, found in ports.items():
                if len(found) > MOST_PORTS:
                    yield _too_many(context, direction, whom, len(found), list(by[whom]))


def _too_many(
    context: Context, direction: Direction, about: object, count: int, by: list[Policy]
) -> Hit:
    peer = str(about.block) if isinstance(about, BlockPeer) else "one peer"
    return Hit(
        tuple(map(Where.of, by)),
        f"{keys(by)}: {count} entries of ports for {peer}, and the AWS agent has room for "
        f"{MOST_PORTS}. Use ranges.",
        key=f"{direction.value} {peer}",
        pods=workloads(context.subjects(by[0])),
        advice="Join ports into ranges with endPort.",
    )


@rule(
    "NSIM-N757",
    "vpccni-empty-ns-selector-with-labels",
    Severity.LOW,
    facts=("F1.2",),
    references=("aws/aws-network-policy-agent#572",),
)
def empty_namespace_selector(context: Context) -> Iterator[Hit]:
    """Under the AWS agent, a peer asks for labels of pods in all namespaces.

    That is valid, and users report that connections by such a rule are dropped. Whether it is so,
    the logs of the agent show.
    """
    for policy, each in context.rules(Direction.EGRESS) if is_aws(context) else ():
        for peer in each.peers or ():
            is_all = isinstance(peer, PodPeer) and peer.namespaces and selects_all(peer.namespaces)
            if is_all and isinstance(peer, PodPeer) and peer.pods and not selects_all(peer.pods):
                yield Hit(
                    (Where.of(policy, f"{each.path}.{peer.path}"),),
                    f"{policy.kind} {policy.key} {each.path}: pods by label in all namespaces, "
                    "which the AWS agent was reported to drop. Look at its logs, or name them.",
                    confidence=Confidence.MAYBE,
                    key=str(peer.pods),
                    pods=workloads(context.subjects(policy)),
                    advice="Name the namespaces that are meant.",
                )
