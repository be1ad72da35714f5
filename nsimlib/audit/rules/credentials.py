"""Pods that have no way to their credentials."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from nsimlib.audit.blocks import METADATA, end_text
from nsimlib.audit.context import Context, Group
from nsimlib.audit.model import Confidence, Hit, Need, Severity, Where, Witness
from nsimlib.audit.patches import Patch
from nsimlib.audit.registry import rule
from nsimlib.audit.words import keys, workloads
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.addresses import Address, parse_address
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.ports import Port

__all__ = ["identity_endpoint_blocked", "metadata_needed_but_blocked"]

#: variables with which a pod needs no credentials of its node
OWN: Final = ("AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_ROLE_ARN")
REGIONS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
AGENT: Final = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
ROLE: Final = "AWS_ROLE_ARN"
HTTP, HTTPS = Port(80), Port(443)


def _isolated(context: Context) -> Iterator[tuple[Group, Pod, dict[str, str]]]:
    """Isolated pods with what their environment says, or will say, one of each workload.

    Policies do not ask for variables, so pods of one class may have different ones. Those of IRSA
    are in no manifest: they come with the account when a pod starts.
    """
    for group in context.groups(Direction.EGRESS):
        members = context.members(group.pods) if group.isolating else ()
        each_once = {
            pod.owner: pod for pod in members if pod.traits.variables or pod.account.has_role
        }
        for _, pod in sorted(each_once.items()):
            said = dict(pod.traits.variables)
            yield group, pod, {**said, ROLE: ""} if pod.account.has_role else said


@rule(
    "NSIM-C406",
    "imds-needed-but-blocked",
    Severity.MEDIUM,
    needs=(Need.PODS,),
    facts=("F6.1", "F6.3"),
    references=("Azure/aad-pod-identity#1195",),
)
def metadata_needed_but_blocked(context: Context) -> Iterator[Hit]:
    """A pod is told its region and no credentials, and may not ask the metadata service.

    An SDK of AWS that finds neither a role nor a key asks the node. The pattern says no more than
    that: a pod may have its key from elsewhere.
    """
    for group, pod, said in _isolated(context):
        asks_node = any(name in said for name in REGIONS) and not any(n in said for n in OWN)
        if asks_node and context.opens(pod, METADATA[0]).outcome(HTTP) is Outcome.DENIED:
            says = "is told its region and no credentials, so it may need the node's, and cannot "
            then, end = "Give it a role of its own.", (METADATA[0], HTTP)
            hit = _blocked(context, group.isolating, pod, end, f"{says}ask for them", then, None)
            yield replace(hit, confidence=Confidence.MAYBE)


@rule(
    "NSIM-C407",
    "workload-identity-endpoint-blocked",
    Severity.HIGH,
    needs=(Need.PODS,),
    facts=("F3.16", "F6.4", "F6.5"),
    references=("aws/eks-pod-identity-agent", "gke-labs/kube-agents#676"),
)
def identity_endpoint_blocked(context: Context) -> Iterator[Hit]:
    """A pod is given credentials by an agent or by STS, and its policies do not let it ask.

    EKS Pod Identity answers at 169.254.170.23 on port 80 of the node, which its webhook writes into
    the environment of a pod. In Cilium the node is an entity and no address, so that a block does
    not allow it. IRSA, known by a variable or by an annotation of the account, goes to
    STS on 443: told of where no rule allows that port.
    """
    for group, pod, said in _isolated(context):
        end = _agent_end(said.get(AGENT, ""))
        if end and context.opens(pod, end[0]).outcome(end[1]) is Outcome.DENIED:
            says = "gets its credentials from EKS Pod Identity, and may not ask it"
            by_entity = context.profile.name == "cilium"
            then = f"Allow toEntities: [host], {end[1]}." if by_entity else "Allow the address."
            fix = None if by_entity else _allowing(group, end)
            yield _blocked(context, group.isolating, pod, end, says, then, fix)
        elif end is None and ROLE in said and not _has_https(group):
            says = "gets its credentials from STS, and no rule allows 443"
            yield _blocked(
                context, group.isolating, pod, None, says, "Allow STS, or its VPC endpoint.", None
            )


def _agent_end(uri: str) -> tuple[Address, Port] | None:
    parts = urlsplit(uri)
    try:
        return parse_address(parts.hostname or ""), Port(parts.port or 80)
    except ValueError:
        return None


def _has_https(group: Group) -> bool:
    rules = (one for policy in group.policies for one in policy.rules_for(Direction.EGRESS))
    return any(one.ports is None or any(HTTPS in p.numbers() for p in one.ports) for one in rules)


def _allowing(group: Group, end: tuple[Address, Port]) -> Patch | None:
    """One more rule for the policy that is for the fewest pods, by what its selector asks."""
    policy = max(group.isolating, key=_narrow)
    if policy.kind != "NetworkPolicy":
        return None
    address, port = end
    entry = {
        "to": [{"ipBlock": {"cidr": address.cidr}}],
        "ports": [{"protocol": port.protocol.value, "port": port.number}],
    }
    count, path = len(policy.rules_for(Direction.EGRESS)), ("spec", "egress")
    patch = Patch("Allow the agent that has the credentials.")
    if count == 0:
        return patch.put(policy, path, [entry])
    return patch.insert(policy, (*path, count), entry)


def _narrow(policy: Policy) -> tuple[int, str]:
    return len(policy.subject.pods.keys) if policy.subject.pods else 0, policy.key


def _blocked(
    context: Context,
    isolating: tuple[Policy, ...],
    pod: Pod,
    end: tuple[Address, Port] | None,
    says: str,
    then: str,
    fix: Patch | None,
) -> Hit:
    target = f"{end_text(end[0])}:{end[1]}" if end else ""
    where = f" at {target}" if target else ""
    return Hit(
        tuple(map(Where.of, sorted(isolating, key=lambda each: each.identity))),
        f"{keys(isolating)} isolates {pod.owner}, which {says}{where}. {then}",
        confidence=context.confidence([pod]),
        key=str(pod.owner),
        pods=workloads([pod]),
        witness=Witness(f"{pod.key} -> {target}", Outcome.DENIED) if target else None,
        fix=fix,
        advice=then,
    )
