"""Directions that a policy isolates without saying so, or says and has no rules for."""

from collections.abc import Iterator

from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.patches import Patch
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.model.policy import Direction

__all__ = ["types_omitted_egress_only"]


@rule(
    "NSIM-T601",
    "types-omitted-egress-only",
    Severity.HIGH,
    facts=("F1.10",),
    references=("projectcalico/calico#1360",),
)
def types_omitted_egress_only(context: Context) -> Iterator[Hit]:
    """A policy has egress rules alone and no `policyTypes`.

    The server then fills in Ingress and Egress: it cannot tell an empty list of ingress rules from
    none. So a policy about egress denies all ingress too. Where another policy lets something in,
    the finding is low.
    """
    for policy in context.policies:
        is_meant = policy.kind == "NetworkPolicy" and policy.directions_defaulted
        if not is_meant or policy.rules_for(Direction.INGRESS):
            continue
        if not policy.rules_for(Direction.EGRESS):
            continue
        pods = context.subjects(policy)
        closed = [pod for pod in pods if context.is_closed(pod, Direction.INGRESS)]
        whom = listed(workloads(closed or pods)) or "the pods it selects"
        yield Hit(
            (Where.of(policy, "spec"),),
            f"{policy.kind} {policy.key} has no policyTypes and egress rules alone: the server "
            f"adds Ingress, so nothing may connect to {whom}. Write policyTypes: [Egress].",
            severity=Severity.LOW if pods and not closed else Severity.HIGH,
            confidence=context.confidence(pods),
            pods=workloads(pods),
            fix=Patch("Isolate egress alone.").put(policy, "spec.policyTypes", ["Egress"]),
        )
