"""Directions that a policy isolates without saying so, or says and has no rules for."""

import re
from collections.abc import Iterator
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.model import Confidence, Hit, Severity, Where
from nsimlib.audit.patches import Patch
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.model.policy import Direction

__all__ = ["deny_egress_without_type", "rules_for_undeclared_type", "types_omitted_egress_only"]

#: names that promise that egress is denied
DENIES_EGRESS: Final = re.compile(r"(deny|block)-(all-)?egress|egress-(deny|block)|no-egress")


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


@rule("NSIM-T602", "rules-for-undeclared-type", Severity.HIGH, facts=("F1.11",))
def rules_for_undeclared_type(context: Context) -> Iterator[Hit]:
    """A policy has rules for a direction that its `policyTypes` leave out.

    By the API those rules have no effect: they allow nothing, and they isolate nobody. So what
    reads as a restriction is none. Some enforcers have been reported to apply them all the same.
    """
    for policy in context.policies:
        if policy.kind != "NetworkPolicy":
            continue
        for direction in Direction:
            if direction in policy.directions or not policy.rules_for(direction):
                continue
            pods = context.subjects(policy)
            types = [each.value for each in Direction if each in (*policy.directions, direction)]
            yield Hit(
                (Where.of(policy, f"spec.{direction.word}"),),
                f"{policy.kind} {policy.key} has {direction.word} rules and policyTypes without "
                f"{direction.value}: by the API they have no effect. Add {direction.value}, or "
                "delete the rules.",
                confidence=context.confidence(pods),
                key=direction.value,
                pods=workloads(pods),
                fix=Patch(f"Isolate {direction.word} too.").put(policy, "spec.policyTypes", types),
            )


@rule("NSIM-T603", "deny-egress-without-type", Severity.HIGH, facts=("F1.10",))
def deny_egress_without_type(context: Context) -> Iterator[Hit]:
    """A policy is called a denial of egress, and does not isolate egress.

    Without `policyTypes` and without egress rules the server fills in Ingress alone; an empty list
    of egress rules changes nothing about that. The pods may still send anywhere, as far as this
    policy goes.
    """
    for policy in context.policies:
        is_meant = policy.kind == "NetworkPolicy" and DENIES_EGRESS.search(policy.name)
        if not is_meant or Direction.EGRESS in policy.directions:
            continue
        if policy.rules_for(Direction.EGRESS):
            continue  # T602 says it
        pods = context.subjects(policy)
        keeps = not policy.directions_defaulted or policy.rules_for(Direction.INGRESS)
        types = ["Ingress", "Egress"] if keeps or "ingress" in policy.name else ["Egress"]
        yield Hit(
            (Where.of(policy, "spec"),),
            f"{policy.kind} {policy.key} is called a denial of egress and isolates Ingress alone: "
            f"{listed(workloads(pods)) or 'what it selects'} may still send. "
            f"Write policyTypes: [{', '.join(types)}].",
            confidence=Confidence.LIKELY,
            pods=workloads(pods),
            fix=Patch("Isolate egress.").put(policy, "spec.policyTypes", types),
        )
