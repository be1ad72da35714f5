"""Empty rules and empty lists, which mean the opposite in Cilium's policies."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.patches import Patch, Steps, written
from nsimlib.audit.registry import rule
from nsimlib.audit.rules.cilium import KINDS
from nsimlib.audit.words import workloads
from nsimlib.model.policy import Direction, Policy

__all__ = ["empty_rule_flip"]

EMPTY: Final[list[object]] = [{}]


@rule(
    "NSIM-T608",
    "empty-rule-dialect-flip",
    Severity.HIGH,
    facts=("F3.1",),
    references=("Cilium: examples/policies/l3/egress-default-deny",),
)
def empty_rule_flip(context: Context) -> Iterator[Hit]:
    """A Cilium policy has an empty list, or an empty rule beside a NetworkPolicy that has one.

    In Cilium `- {}` matches nobody and isolates, and an empty list has no effect. In NetworkPolicy
    `- {}` allows all, and an empty list denies all. Who writes both sooner or later takes one for
    the other.
    """
    allows_all = {
        (policy.namespace, direction)
        for policy in context.given.policies
        for direction in Direction
        if policy.kind == "NetworkPolicy" and _said(policy, direction) == EMPTY
    }
    for policy in context.given.policies:
        for direction in Direction if policy.kind in KINDS else ():
            said = _said(policy, direction)
            if said == [] and direction not in policy.isolates:
                yield _no_effect(context, policy, direction)
            elif said == EMPTY and (policy.namespace, direction) in allows_all:
                yield _isolates(context, policy, direction)


def _path(direction: Direction) -> Steps:
    return ("spec", direction.word)


def _said(policy: Policy, direction: Direction) -> object:
    return written(policy, _path(direction))


def _no_effect(context: Context, policy: Policy, direction: Direction) -> Hit:
    word = direction.word
    pods = context.subjects(policy)
    return Hit(
        (Where.of(policy, _path(direction)),),
        f"{policy.kind} {policy.key} spec.{word}: in Cilium an empty list has no effect, and {word}"
        f" stays open. Write `{word}: [{{}}]` to deny it.",
        confidence=context.confidence(pods),
        key=word,
        pods=workloads(pods),
        fix=Patch(f"Deny {word}.").put(policy, _path(direction), [{}]),
        advice="Take the list out if nothing was to be denied.",
    )


def _isolates(context: Context, policy: Policy, direction: Direction) -> Hit:
    word = direction.word
    pods = context.subjects(policy)
    return Hit(
        (Where.of(policy, _path(direction)),),
        f"{policy.kind} {policy.key} spec.{word}: `- {{}}` isolates in Cilium, and allows all in a "
        f"NetworkPolicy of the same namespace. Write `toEntities: [all]` to allow all."
        if direction is Direction.EGRESS
        else f"{policy.kind} {policy.key} spec.{word}: `- {{}}` isolates in Cilium, and allows all "
        "in a NetworkPolicy of the same namespace. Write `fromEntities: [all]` to allow all.",
        confidence=context.confidence(pods),
        key=word,
        pods=workloads(pods),
        advice="Say in a description which of the two is meant.",
    )
