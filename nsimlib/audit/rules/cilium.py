"""What Cilium's own kinds do that their authors seldom mean."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.context import Context, Group
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.patches import Patch, steps
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.model.peers import DomainPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule

__all__ = ["KINDS", "deny_rule_isolates", "fqdn_too_wide", "fqdn_without_dns_proxy"]

KINDS: Final = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
#: names under which anybody can have one
SHARED: Final = (
    "amazonaws.com",
    "azurewebsites.net",
    "blob.core.windows.net",
    "cloudfront.net",
    "github.io",
    "googleapis.com",
    "s3.amazonaws.com",
)
#: top domains that are never delegated on the internet
OWN: Final = ("corp", "home", "internal", "lan", "local", "localdomain")
#: the rule by which the agent learns names (F3.23)
LEARNING: Final = {
    "toEndpoints": [
        {
            "matchLabels": {
                "k8s:io.kubernetes.pod.namespace": "kube-system",
                "k8s:k8s-app": "kube-dns",
            }
        }
    ],
    "toPorts": [
        {
            "ports": [{"port": "53", "protocol": "ANY"}],
            "rules": {"dns": [{"matchPattern": "*"}]},
        }
    ],
}


def _naming(policy: Policy) -> Iterator[tuple[Rule, DomainPeer]]:
    """The rules of a policy that name domains, each with a name."""
    if policy.kind in KINDS:
        for each in policy.rules_for(Direction.EGRESS):
            for peer in each.all_peers:
                if isinstance(peer, DomainPeer):
                    yield each, peer


@rule(
    "NSIM-N710",
    "fqdn-without-dns-proxy",
    Severity.CRITICAL,
    facts=("F3.21", "F3.22", "F3.23"),
    references=("cilium/cilium#11767", "cilium/cilium#44452"),
)
def fqdn_without_dns_proxy(context: Context) -> Iterator[Hit]:
    """Pods may connect to names, and no rule sends their questions through Cilium's DNS proxy.

    The agent learns addresses from the answers that pass its proxy, and only a rule with
    `rules.dns` leads there. Without one no name ever has an address, and every connection is
    denied. A NetworkPolicy that allows DNS does not help.
    """
    found = dict[tuple[str, str, str], tuple[Policy, list[Group]]]()
    for group in context.groups(Direction.EGRESS):
        rules = [each for p in group.policies for each in p.rules_for(Direction.EGRESS)]
        if any(each.layer7 and each.layer7.dns for each in rules):
            continue
        for policy in group.policies:
            for each, _ in list(_naming(policy))[:1]:
                key = (*policy.identity, each.path)
                found.setdefault(key, (policy, []))[1].append(group)
    for (_, _, path), (policy, groups) in found.items():
        yield _unlearned(context, policy, path, groups)


def _unlearned(context: Context, policy: Policy, path: str, groups: list[Group]) -> Hit:
    pods = [pod for group in groups for pod in group.pods]
    names = listed(peer.pattern for _, peer in _naming(policy))
    rules = steps(path)[:-1]
    fix = Patch("Send DNS through the proxy.").insert(policy, (*rules, 0), LEARNING)
    return Hit(
        (Where.of(policy, path),),
        f"{policy.kind} {policy.key} {path}: no rule with rules.dns applies to "
        f"{listed(workloads(pods))}, so {names} never gets an address and is denied. "
        "Allow DNS with rules.dns.",
        confidence=context.confidence(pods),
        pods=workloads(pods),
        fix=fix,
    )


@rule("NSIM-N711", "fqdn-too-wide", Severity.HIGH, facts=("F3.25", "F3.28"))
def fqdn_too_wide(context: Context) -> Iterator[Hit]:
    """A rule allows every name, every name of a top domain, or of a place that anybody can rent.

    Whoever gets data out of a pod needs one name of his own that matches: with `*` any name looked
    up is let through, with `*.s3.amazonaws.com` any bucket. In `rules.dns` such a pattern is
    normal, and is not looked at.
    """
    for policy in context.policies:
        for each, peer in _naming(policy):
            if _is_wide(peer.pattern):
                pods = context.subjects(policy)
                yield Hit(
                    (Where.of(policy, (*steps(each.path), *steps(peer.path))),),
                    f"{policy.kind} {policy.key} {each.path}: {peer.pattern} matches names that "
                    "anybody can have, so data can leave to any of them. Name the hosts.",
                    key=peer.pattern,
                    confidence=context.confidence(pods),
                    pods=workloads(pods),
                    advice="Write the exact names that the pods use.",
                )


def _is_wide(pattern: str) -> bool:
    first, _, rest = pattern.lower().rstrip(".").partition(".")
    is_any = bool(first) and not first.strip("*")
    return is_any and rest not in OWN and ("." not in rest or rest in SHARED)


@rule(
    "NSIM-N717",
    "deny-rule-isolates",
    Severity.CRITICAL,
    facts=("F3.2",),
    references=("cilium/cilium#14992", "cilium/cilium#20914", "cilium/cilium#37729"),
)
def deny_rule_isolates(context: Context) -> Iterator[Hit]:
    """Pods are isolated by a policy of denials alone, and nothing allows them anything.

    A section of denials isolates like any other, unless `enableDefaultDeny` switches that off. So
    a policy meant to take one destination away takes all of them.
    """
    found = dict[tuple[str, str, Direction], tuple[Policy, Rule, list[Group]]]()
    for direction in Direction:
        for group in context.groups(direction):
            rules = {p: p.rules_for(direction) for p in group.policies}
            if not group.isolating or any(
                r.action is Action.ALLOW for p in rules for r in rules[p]
            ):
                continue
            if not all(p.kind in KINDS and rules[p] for p in group.isolating):
                continue  # a default denial besides: meant
            for policy in group.isolating:
                first = rules[policy][0]
                found.setdefault((*policy.identity, direction), (policy, first, []))[2].append(
                    group
                )
    for (_, _, direction), (policy, first, groups) in found.items():
        yield _isolated(context, direction, policy, first, groups)


def _isolated(
    context: Context, direction: Direction, policy: Policy, first: Rule, groups: list[Group]
) -> Hit:
    pods = [pod for group in groups for pod in group.pods]
    spec = steps(first.path)[:-2]
    switch = (*spec, "enableDefaultDeny", direction.word)
    return Hit(
        (Where.of(policy, first.path),),
        f"{policy.kind} {policy.key} {first.path}: denials isolate too, and nothing allows "
        f"{listed(workloads(pods))} any {direction.word}. "
        f"Set enableDefaultDeny.{direction.word}: false.",
        confidence=context.confidence(pods),
        key=direction.value,
        pods=workloads(pods),
        fix=Patch("Deny these and nothing else.").put(policy, switch, False),
    )
