"""Calico's rules in their order: those that an earlier one leaves nothing, and that overrule."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import reduce
from itertools import islice
from operator import or_

from nsimlib.audit.blocks import is_dns_rule
from nsimlib.audit.containment import holds, is_wider, narrows
from nsimlib.audit.context import Context
from nsimlib.audit.examples import between, ends_of
from nsimlib.audit.model import Hit, Severity, Where, Witness
from nsimlib.audit.near import NearRules
from nsimlib.audit.patches import Patch, steps
from nsimlib.audit.registry import rule
from nsimlib.audit.rules.calico_tiers import KINDS
from nsimlib.audit.words import keys, listed, workloads
from nsimlib.evaluation.combination import place_in
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Action, Combination, Direction, Policy, Rule
from nsimlib.model.ports import ALL_PORTS, NO_PORTS, PortSet

__all__ = ["gnp_allow_overrides", "unreachable_rule"]

#: so many pods, and ends of a rule, are looked at for a connection that shows it
FEW = 4


@rule("NSIM-N730", "calico-unreachable-rule", Severity.MEDIUM, facts=("F2.2", "F2.3"))
def unreachable_rule(context: Context) -> Iterator[Hit]:
    """A rule of Calico's comes after others that decide all that it is about.

    The first rule that matches decides, so this one never does. An Allow behind a wider Deny is
    dead, and so is a Deny behind a wider Allow, which protects nobody. Rules that log decide
    nothing. Rules are compared by what they say: the finding holds for pods to come.
    """
    for policy, before in _in_order(context):
        earlier = [each for each in before if _is_for_all_of(context, each, policy)]
        for direction in Direction:
            if direction in policy.directions:
                yield from _unreachable(policy, direction, earlier)


def _in_order(context: Context) -> Iterator[tuple[Policy, list[Policy]]]:
    """Each policy with those before it in its tier that can apply to the same pods."""
    for tier in context.profile.tiers:
        if tier.combine is Combination.FIRST_MATCH:
            own = [each for each in context.policies if tier.holds(each) and each.kind in KINDS]
            before: dict[str | None, list[Policy]] = {None: []}
            for policy in sorted(own, key=lambda policy: place_in(tier, policy)):
                same = before.setdefault(policy.namespace, [*before[None]])
                yield policy, same
                for each in before.values() if policy.namespace is None else (same,):
                    each.append(policy)


def _is_for_all_of(context: Context, wide: Policy, policy: Policy) -> bool:
    """Whether a policy applies to all pods that another applies to."""
    space = context.cluster.namespaces.get(policy.namespace or "")
    if space is None or wide.subject.namespaces is None:
        return is_wider(wide.subject, policy.subject, wide.namespace, policy.namespace)
    pods = wide.subject.pods
    is_there = wide.subject.namespaces.matches(space.labels)
    return is_there and (pods is None or narrows(policy.subject.pods, pods))


def _unreachable(policy: Policy, direction: Direction, earlier: Iterable[Policy]) -> Iterator[Hit]:
    before = [(each, one) for each in earlier for one in each.rules_for(direction)]
    own = policy.rules_for(direction)
    known = [(p, r) for p, r in (*before, *((policy, one) for one in own)) if _decides(r)]
    near = NearRules([one for _, one in known], policy.namespace)
    places = {id(one): place for place, (_, one) in enumerate(known)}
    for each in own:
        place = places.get(id(each), len(known))
        around = [n for n in near.of(each) if n < place]
        if _is_plain(each) and holds([known[n][1] for n in around], each, policy.namespace):
            first = next(
                (n for n in around if holds([known[n][1]], each, policy.namespace)), around[-1]
            )
            yield _never(policy, each, *known[first])


def _decides(of: Rule) -> bool:
    return of.action is not Action.LOG and _is_plain(of)


def _is_plain(of: Rule) -> bool:
    return of.layer7 is None and of.subject is None and not of.except_ports and _has_ports(of)


def _has_ports(of: Rule) -> bool:
    """Whether a rule is about ports, and not about types of ICMP or other protocols alone."""
    return of.ports is None or all(p.numbers() or isinstance(p.port, str) for p in of.ports)


def _never(policy: Policy, of: Rule, by: Policy, first: Rule) -> Hit:
    before = first.path if by is policy else f"{by.kind} {by.key} {first.path}"
    return Hit(
        (Where.of(policy, of.path), Where.of(by, first.path)),
        f"{policy.kind} {policy.key} {of.path} never decides: {before} "
        f"({first.action.value}) comes first and matches all of it. Move it up, or take it out.",
        key=f"{of.direction.value} {of.action.value} {first.action.value}",
        advice="Put the narrower rule before the wider one.",
    )


@rule(
    "NSIM-N731",
    "gnp-allow-overrides-netpol",
    Severity.HIGH,
    facts=("F2.2", "F2.7", "F2.8"),
    references=("projectcalico/calico#5940", "projectcalico/calico#4474"),
)
def gnp_allow_overrides(context: Context) -> Iterator[Hit]:
    """A policy for the whole cluster allows what the NetworkPolicies of a namespace do not.

    NetworkPolicies are asked in the tier `default`, at order 1000, and deny only at its end. An
    Allow of a GlobalNetworkPolicy decides before that, so whoever owns the namespace cannot keep
    it out. Rules for DNS alone are left out: to allow that to all is what such policies are for.
    """
    kinds = {policy.kind for policy in context.policies}
    if not {"NetworkPolicy", "GlobalNetworkPolicy"} <= kinds:
        return
    own = tuple(each for each in context.cluster.policies if each.kind == "NetworkPolicy")
    alone = context.after(replace(context.cluster, policies=own))
    for policy, each in context.rules():
        is_for_all = policy.kind == "GlobalNetworkPolicy" and each.action is Action.ALLOW
        if is_for_all and not is_dns_rule(each):
            pods = list(_isolated(context, policy, each.direction))
            if witness := _overruling(context, alone, policy, each, pods):
                yield _overruled(context, policy, each, pods, witness)


def _isolated(context: Context, policy: Policy, direction: Direction) -> Iterator[Pod]:
    """Pods of the policy that NetworkPolicies isolate."""
    for group in context.groups(direction):
        plain = (each for each in group.policies if each.kind == "NetworkPolicy")
        if policy in group.policies and any(direction in each.isolates for each in plain):
            yield from group.pods


def _overruling(
    context: Context, alone: Context, policy: Policy, of: Rule, pods: list[Pod]
) -> Witness | None:
    """A connection that the rule allows, and that the NetworkPolicies alone would deny."""
    out = of.direction is Direction.EGRESS
    for pod in pods[:FEW]:
        for end in islice(ends_of(context, policy, of), FEW):
            if end != pod:
                ask = alone.opens if out else alone.lets_in
                denied = ALL_PORTS - ask(pod, end).allowed - ask(pod, end).open
                if found := between(context, pod, end, of.direction, _ports(of) & denied):
                    return found
    return None


def _ports(of: Rule) -> PortSet:
    if of.ports is None:
        return ALL_PORTS
    return reduce(or_, (port.numbers() for port in of.ports), NO_PORTS)


def _overruled(
    context: Context, policy: Policy, of: Rule, pods: list[Pod], witness: Witness
) -> Hit:
    groups = defaultdict[str, list[Policy]](list)
    for group in context.groups(of.direction):
        for each in group.policies if policy in group.policies else ():
            if each.kind == "NetworkPolicy":
                groups[group.namespace].append(each)
    overruled = dict.fromkeys(each for found in groups.values() for each in found)
    # In the tier of NetworkPolicies to pass on would skip them as well.
    is_before = policy.tier != "default"
    path = (*steps(of.path), "action")
    return Hit(
        (Where.of(policy, of.path), *map(Where.of, overruled)),
        f"{policy.kind} {policy.key} {of.path} allows {witness.connection}, which {keys(overruled)}"
        f" would deny: {listed(groups)} cannot keep it out. Pass on what namespaces decide.",
        confidence=context.confidence(pods),
        pods=workloads(pods),
        witness=witness,
        fix=Patch("Leave it to the namespaces.").put(policy, path, "Pass") if is_before else None,
        advice="Narrow it to what every namespace must allow, or leave it to the namespaces.",
    )
