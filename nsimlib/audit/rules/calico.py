"""What Calico's own kinds select, or say, that their authors seldom mean."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.control_plane import refused_api
from nsimlib.audit.examples import named, somewhere
from nsimlib.audit.model import Hit, Severity, Where, Witness
from nsimlib.audit.patches import Patch, written
from nsimlib.audit.registry import rule
from nsimlib.audit.rules.hygiene import EXEMPT
from nsimlib.audit.words import listed, workloads
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.ports import Port
from nsimlib.model.selectors import selects_all

__all__ = ["domains_on_open_source", "gnp_hits_host_endpoints", "gnp_no_system_exclusion"]

GLOBAL: Final = "GlobalNetworkPolicy"
#: what Calico's own default deny leaves out
LEFT_OUT: Final = ("kube-system", "calico-system", "calico-apiserver", "tigera-operator")
HTTPS: Final = Port(443)


@rule(
    "NSIM-N733",
    "gnp-no-system-exclusion",
    Severity.CRITICAL,
    facts=("F2.7",),
    references=("projectcalico/calico#10168", "Calico: enable default deny for Kubernetes pods"),
)
def gnp_no_system_exclusion(context: Context) -> Iterator[Hit]:
    """A policy for the whole cluster denies pods of the system what they send.

    DNS, the controllers of the network and its operator are pods too. Without an exclusion they
    can ask neither the API server nor other resolvers, and with them the cluster stops.
    """
    for policy in context.policies:
        if policy.kind == GLOBAL and Direction.EGRESS in policy.directions:
            pods = [pod for pod in context.subjects(policy) if pod.namespace.name in EXEMPT]
            refused = [(pod, found) for pod in pods if (found := _refused(context, pod))]
            if refused:
                yield _not_left_out(context, policy, *zip(*refused, strict=True))


def _refused(context: Context, pod: Pod) -> Witness | None:
    """A connection that shows that a pod may not ask the API server, or nobody on 443."""
    if found := refused_api(context, pod):
        return found
    end = next(somewhere(context, pod), None)
    if end is None or context.opens(pod, end).outcome(HTTPS) is not Outcome.DENIED:
        return None
    return Witness(f"{pod.key} -> {named(end)}:{HTTPS}", Outcome.DENIED)


def _not_left_out(
    context: Context, policy: Policy, pods: tuple[Pod, ...], witnesses: tuple[Witness, ...]
) -> Hit:
    known = written(policy, "spec.namespaceSelector")
    names = ", ".join(f"'{name}'" for name in LEFT_OUT)
    wanted = f"kubernetes.io/metadata.name not in {{{names}}}"
    selector = f"({known}) && {wanted}" if known else wanted
    return Hit(
        (Where.of(policy, ("spec", "namespaceSelector")),),
        f"{policy.kind} {policy.key} selects pods of the system too: {listed(workloads(pods))} are "
        f"denied {witnesses[0].connection}. Leave out {LEFT_OUT[0]} and Calico's own namespaces.",
        confidence=context.confidence(pods),
        pods=workloads(pods),
        witness=witnesses[0],
        fix=Patch("Leave out the system.").put(policy, "spec.namespaceSelector", selector),
    )


@rule("NSIM-N734", "gnp-hits-host-endpoints", Severity.HIGH, facts=("F2.1",))
def gnp_hits_host_endpoints(context: Context) -> Iterator[Hit]:
    """A policy for all endpoints selects those of nodes too.

    A GlobalNetworkPolicy without a `namespaceSelector` is for workloads and for host endpoints, and
    a node that is denied what it needs leaves the cluster. Told of where there are host endpoints
    and the selector takes everything. `applyOnForward` says that nodes are meant.
    """
    hosts = dict(context.given.report.objects).get("HostEndpoint", 0)
    for policy in context.policies if hosts else ():
        pods = policy.subject.pods
        takes_all = policy.kind == GLOBAL and (pods is None or selects_all(pods))
        is_bounded = written(policy, "spec.namespaceSelector") or written(
            policy, "spec.applyOnForward"
        )
        if takes_all and policy.written is not None and not is_bounded:
            yield Hit(
                (Where.of(policy, "spec"),),
                f"{policy.kind} {policy.key} selects host endpoints too, of which there are "
                f"{hosts}: nodes are restricted as pods are. Ask for a namespace in the "
                "namespaceSelector.",
                fix=Patch("Select pods alone.").put(
                    policy, "spec.namespaceSelector", "has(kubernetes.io/metadata.name)"
                ),
            )


@rule("NSIM-N735", "domains-on-open-source", Severity.HIGH, facts=("F2.12",))
def domains_on_open_source(context: Context) -> Iterator[Hit]:
    """A rule or a set of addresses names domains, which open source Calico does not have.

    The field belongs to Calico Enterprise. Elsewhere the API server refuses it or drops it, and a
    rule that loses its destination is for any destination.
    """
    for problem in context.warnings:
        if problem.path.rpartition(".")[2] in ("domains", "allowedEgressDomains"):
            yield Hit(
                (Where.at(problem),),
                f"{problem.about} {problem.path}: open source Calico has no rules by name, so the "
                "field is refused or lost. Use a NetworkSet with the subnets.",
                advice="Use a NetworkSet with the subnets, or an enforcer that learns names.",
            )
