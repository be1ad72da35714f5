"""What is beside the policies, more than anybody can follow, or past its time."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from nsimlib.audit.accepted import overdue
from nsimlib.audit.blocks import METADATA
from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Need, Severity, Where
from nsimlib.audit.owners import said
from nsimlib.audit.patches import Patch, written
from nsimlib.audit.registry import rule
from nsimlib.audit.rules.hygiene import EXEMPT
from nsimlib.audit.words import keys, listed, workloads
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Action, Direction, Policy

__all__ = ["bypass_surface", "policy_sprawl", "temporary_too_long", "untested_deny"]

#: more policies than these for one pod and direction, nobody follows
MOST: Final = 8
#: so long a staged policy may only show what it would do
STAGED: Final = timedelta(days=30)
#: last parts of keys of labels and annotations that say until when a policy is meant
UNTIL: Final = ("expires", "temporary", "until")


@rule(
    "NSIM-H911",
    "untested-deny",
    Severity.INFO,
    needs=(Need.EXPECTATIONS, Need.PODS),
    references=("PCI DSS 4.0.1, 11.4.5",),
)
def untested_deny(context: Context) -> Iterator[Hit]:
    """A namespace has policies, and no expectation says what they are to deny.

    What is allowed shows itself when it fails. What should be denied and is not shows itself to
    whoever looks for it.
    """
    denied = [e.connection for e in context.expected or () if e.outcome == "denied"]
    tested = {end.strip().partition("/")[0] for each in denied for end in each.split("->")}
    found = defaultdict[str, list[Pod]](list)
    for group in context.groups(Direction.EGRESS):
        found[group.namespace] += group.pods if group.isolating else ()
    for namespace, pods in sorted(found.items()):
        if pods and namespace not in (*EXEMPT, *tested):
            yield Hit(
                (Where(f"Namespace {namespace}"),),
                f"Namespace {namespace}: its policies isolate {listed(workloads(pods))}, and no "
                f"expectation denies any. Add `deny: [{pods[0].key} -> {METADATA[0]}:80/TCP]`.",
                confidence=context.confidence(pods),
                pods=workloads(pods),
                advice="Add an expectation for each target that nobody is to reach.",
            )


@rule(
    "NSIM-H912",
    "bypass-surface",
    Severity.MEDIUM,
    needs=(Need.PODS,),
    facts=("F1.27",),
    references=("kubernetes/website#39875",),
)
def bypass_surface(context: Context) -> Iterator[Hit]:
    """Beside isolated pods there are some that policies do not hold.

    A pod on its node's network is no pod to most enforcers. A privileged one can enter the network
    of others, and a port of the node leads past the Service: the policies still apply to such a
    pod, so that it gets past them is likely and no more. Agents in namespaces of the system are a
    note.
    """
    isolated = {g.namespace for way in Direction for g in context.groups(way) if g.isolating}
    found = defaultdict[str, list[Pod]](list)
    for pod in context.given.pods:
        if pod.namespace.name in isolated and _passes(pod):
            found[pod.namespace.name].append(pod)
    for namespace, pods in sorted(found.items()):
        reasons = dict.fromkeys(_passes(pod) for pod in pods)
        yield Hit(
            (Where(f"Namespace {namespace}"),),
            f"Namespace {namespace}: its policies do not hold all of {listed(workloads(pods))} "
            f"({listed(reasons)}). Move such pods to a namespace of their own, or take it away.",
            severity=Severity.INFO if namespace in EXEMPT else Severity.MEDIUM,
            confidence=context.confidence(pods),
            pods=workloads(pods),
            advice="Pod Security at the level baseline forbids all three.",
        )


def _passes(pod: Pod) -> str:
    """How a pod gets past policies; nothing if it does not."""
    if pod.host_network:
        return "the node's network"
    if pod.traits.privileged:
        return "privileged"
    return "a port of the node" if pod.traits.host_ports else ""


@rule("NSIM-H913", "policy-sprawl", Severity.INFO, needs=(Need.PODS,), facts=("F1.12",))
def policy_sprawl(context: Context) -> Iterator[Hit]:
    """More than eight policies apply to a pod in one direction.

    Allows add up, so whoever wants to know why something is open has to read them all.
    """
    for direction in Direction:
        for group in context.groups(direction):
            if len(group.policies) > MOST:
                yield Hit(
                    tuple(map(Where.of, sorted(group.policies, key=lambda each: each.identity))),
                    f"{keys(group.policies)} apply to {listed(workloads(group.pods))} for "
                    f"{direction.word}: to explain a verdict needs {len(group.policies)} objects. "
                    "Join those that belong together.",
                    confidence=context.confidence(group.pods),
                    key=direction.value,
                    pods=workloads(group.pods),
                    advice="Begin with the policies that R802 and R803 find.",
                )


@rule("NSIM-H914", "temporary-too-long", Severity.LOW, facts=("F2.1",))
def temporary_too_long(context: Context) -> Iterator[Hit]:
    """Something was meant for a time, and the time is over.

    Told of are policies with a label or an annotation such as `until: 2026-01-31`, staged policies
    that are older than 30 days, and findings whose acceptance has run out. The patch takes out a
    policy that only allows. One that denies, or that alone isolates a pod, it leaves: without it
    that pod would be open.
    """
    needed = _needed(context)
    for policy in context.given.policies:
        last, why = _last_day(policy)
        if last and last < context.today:
            is_grant = policy.identity not in needed and _only_allows(context, policy)
            yield Hit(
                (Where.of(policy, "metadata"),),
                f"{policy.kind} {policy.key} {why} {last}, which is over. "
                f"{_then(policy, is_grant)}",
                key=why,
                advice="A staged policy protects nobody; a temporary one stays in force.",
                fix=Patch("Take it out.").delete(policy) if is_grant else None,
            )
    for each in overdue(context.given, context.today):
        yield Hit(
            (Where(each.object),),
            f"{each.object}: {each.rule} was accepted until {each.until}, which is over "
            f"({each.reason}). Mend it, or decide again.",
            key=each.rule,
            advice="Mend the finding, or give the annotation a new date and a reason.",
        )


def _needed(context: Context) -> set[tuple[str, str]]:
    """The policies without which some pod would be open in a direction."""
    alone = (g.isolating for way in Direction for g in context.groups(way))
    return {one[0].identity for one in alone if len(one) == 1}


def _only_allows(context: Context, policy: Policy) -> bool:
    in_force = not policy.staged and context.profile.enforces(policy)
    return in_force and bool(policy.rules) and all(r.action is Action.ALLOW for r in policy.rules)


def _then(policy: Policy, is_grant: bool) -> str:
    if policy.staged:
        return "Put it into force, or take it out."
    if is_grant:
        return "Take it out, or give it a new date."
    return "Give it a new date, or replace it: without it pods may be open."


def _last_day(policy: Policy) -> tuple[date | None, str]:
    """Until when a policy is meant, and who says so."""
    notes = {**said(policy, "labels"), **said(policy, "annotations")}
    for key, value in notes.items():
        if key.rpartition("/")[2] in UNTIL and (day := _date(value)):
            return day, "is for the time until"
    made = _date(str(written(policy, "metadata.creationTimestamp") or "")[:10])
    if policy.staged and made:
        return made + STAGED, "was to be staged for 30 days, until"
    return None, ""


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
