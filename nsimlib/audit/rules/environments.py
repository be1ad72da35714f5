"""Environments that should be apart, and data that should not meet the internet."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from nsimlib.audit.blocks import EXAMPLES, opened
from nsimlib.audit.context import Context
from nsimlib.audit.examples import between
from nsimlib.audit.model import Hit, Need, Severity, Where, Witness
from nsimlib.audit.nobody import places
from nsimlib.audit.patches import Patch, egress_policy, steps
from nsimlib.audit.registry import rule
from nsimlib.audit.rules.hygiene import EXEMPT
from nsimlib.audit.rules.sensitive import DATABASES
from nsimlib.audit.words import keys, listed, workloads
from nsimlib.model.objects import NAME_LABEL, Namespace, Pod
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import Port

__all__ = ["cross_environment", "data_tier_internet"]

#: the last part of a label's key by which a namespace says which environment it is
ENVIRONMENT: Final = ("environment", "env", "stage")
#: parts of what the label says, such as `prod` of prod-eu
PRODUCTION: Final = {"live", "prd", "prod", "production"}
#: and parts that make it none, such as `pre` of pre-prod
BEFORE: Final = {"dev", "no", "non", "not", "pre", "qa", "stage", "staging", "test"}
#: namespaces and values of the label that belong to all environments
SHARED: Final = {
    *("common", "global", "infra", "platform", "shared"),
    *("cert-manager", "ingress", "ingress-nginx", "logging", "monitoring", "observability"),
    *("prometheus", "registry"),
    *EXEMPT,
}
#: labels by which pods say that they keep data
TIERS: Final = ("tier", "component", "role")
DATA: Final = ("database", "db", "data", "datastore")
#: so many pairs of pods are looked at for one that shows it
TRIES: Final = 4


@rule("NSIM-H909", "cross-environment", Severity.HIGH, needs=(Need.NAMESPACES,), facts=("F1.32",))
def cross_environment(context: Context) -> Iterator[Hit]:
    """A rule connects production with an environment that is none, by the labels of namespaces.

    Whoever breaks into a test system is in production then, with test's care and production's
    data. Namespaces that say no environment, or say `shared`, belong to all of them. So do those
    that are known to, such as `monitoring`, `ingress` and `registry`.
    """
    for policy, each in context.rules():
        own = context.cluster.namespaces.get(policy.namespace or "")
        if own and each.action is Action.ALLOW and (mine := _environment(own)):
            for peer in each.peers or ():
                if isinstance(peer, PodPeer) and peer.namespaces is not None:
                    yield from _crossed(context, policy, each, peer, mine)


def _environment(namespace: Namespace) -> tuple[str, str] | None:
    """The label that says the environment; None where a namespace serves all of them."""
    found = namespace.labels.items()
    label = next((each for each in found if each[0].rpartition("/")[2] in ENVIRONMENT), None)
    return label if label and SHARED.isdisjoint((namespace.name, label[1].lower())) else None


def _is_production(label: tuple[str, str]) -> bool:
    parts = {part.rstrip("0123456789") for part in re.split(r"[-_.]", label[1].lower())}
    return not PRODUCTION.isdisjoint(parts) and BEFORE.isdisjoint(parts)


def _crossed(
    context: Context, policy: Policy, of: Rule, peer: PodPeer, mine: tuple[str, str]
) -> Iterator[Hit]:
    others = {}
    for each in places(context, peer, policy.namespace):
        theirs = _environment(each)
        if theirs and _is_production(theirs) != _is_production(mine):
            others[each.name] = theirs
    pods = [p for p in context.selected(peer, policy.namespace) if p.namespace.name in others]
    witness = _shown(context, context.subjects(policy), pods, of.direction)
    if witness:
        path = (*steps(of.path), *steps(peer.path), "namespaceSelector")
        away = listed(f"{name} ({label[1]})" for name, label in sorted(others.items()))
        way = "may open" if of.direction is Direction.EGRESS else "lets in"
        yield Hit(
            (Where.of(policy, path),),
            f"{policy.kind} {policy.key} {of.path}: {policy.namespace} ({mine[1]}) {way} {away}, "
            f"such as {witness.connection}. Ask for {mine[0]} in the namespaceSelector.",
            confidence=context.confidence(pods),
            key=",".join(sorted(others)),
            pods=workloads(pods),
            witness=witness,
            fix=_same_environment(policy, path, peer, mine),
            advice="Name the namespaces that are meant, each in its own environment.",
        )


def _shown(
    context: Context, pods: tuple[Pod, ...], others: list[Pod], direction: Direction
) -> Witness | None:
    pairs = ((pod, other) for pod in pods[:TRIES] for other in others[:TRIES])
    shown = (between(context, pod, other, direction) for pod, other in pairs)
    return next((found for found in shown if found), None)


def _same_environment(
    policy: Policy, path: tuple[str | int, ...], peer: PodPeer, mine: tuple[str, str]
) -> Patch | None:
    """Ask for the own environment too; None where namespaces are named one by one."""
    known = peer.namespaces.keys if peer.namespaces else ()
    if policy.kind != "NetworkPolicy" or NAME_LABEL in known or mine[0] in known:
        return None
    key, value = mine
    return Patch(f"Ask for {key}={value}.").put(policy, (*path, "matchLabels", key), value)


@rule(
    "NSIM-H910",
    "data-tier-internet",
    Severity.HIGH,
    needs=(Need.PODS,),
    follows=("NSIM-H904", "NSIM-H901", "NSIM-C403", "NSIM-T606"),
    facts=("F1.9",),
)
def data_tier_internet(context: Context) -> Iterator[Hit]:
    """Pods that keep data may open any address of the internet.

    A database answers; it has hardly anybody to call but DNS, its peers and its backup. What it may
    open is how its data leaves. Pods count by a label such as `tier: database`, or by the port of a
    database that they declare.
    """
    found = defaultdict[tuple[str, tuple[Policy, ...]], list[Pod]](list)
    for group in context.groups(Direction.EGRESS):
        if group.namespace not in EXEMPT:
            for each in group.pods:
                # Labels that no policy asks for do not tell the pods of a class apart.
                pods = [pod for pod in context.members([each]) if _keeps_data(pod)]
                if pods and _leaves(context, pods[:1]):
                    found[group.namespace, group.isolating] += pods
    for (namespace, isolating), pods in found.items():
        if pods:
            yield _leaving(context, namespace, isolating, pods)


def _keeps_data(pod: Pod) -> bool:
    labels = pod.labels.items()
    says = any(key.rpartition("/")[2] in TIERS and value in DATA for key, value in labels)
    return says or any(each.port.number in DATABASES for each in pod.ports)


def _leaves(context: Context, pods: list[Pod]) -> Witness | None:
    return opened(context, pods, EXAMPLES.values(), Port(443))


def _leaving(
    context: Context, namespace: str, isolating: tuple[Policy, ...], pods: list[Pod]
) -> Hit:
    because = f"{keys(isolating)} lets them" if isolating else "no policy isolates them"
    places = (*map(Where.of, isolating), Where(f"Namespace {namespace}"))
    return Hit(
        places if isolating else places[-1:],
        f"Namespace {namespace}: {listed(workloads(pods))} keep data and may open any address "
        f"outside: {because}. Allow DNS and what they back up to, and nothing else.",
        confidence=context.confidence(pods),
        key=",".join(workloads(pods)),
        pods=workloads(pods),
        witness=_leaves(context, pods),
        fix=None if isolating else _closed(context, namespace, pods),
        advice="Narrow the rule that opens any address, or except these pods from its policy.",
    )


def _closed(context: Context, namespace: str, pods: list[Pod]) -> Patch | None:
    """A policy for the pods of one class of labels that leaves them DNS."""
    common = set(pods[0].labels.items()).intersection(*(pod.labels.items() for pod in pods))
    if "NetworkPolicy" not in context.profile.kinds or not common:
        return None
    name = context.free_name(namespace, "data-egress")
    selector = {"matchLabels": dict(sorted(common))}
    made = egress_policy(namespace, name, [context.resolvers.rule()], selector)
    return Patch("Leave them DNS, and deny the rest until it is allowed.").create(made)
