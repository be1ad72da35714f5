"""The same egress in every dialect: DNS, the database, and nothing else, each rule with its reason.

=============================  =================================  ==============================
dialect                        the database is                    the rest is closed
=============================  =================================  ==============================
`networkpolicy`                `ipBlock` for each subnet          by isolation (F1.9)
`clusternetworkpolicy`         `networks`                         by a Deny in the Baseline tier
`clusternetworkpolicy-names`   `domainNames`                      by a Deny in the Baseline tier
`calico`                       a NetworkSet, by its label         at the end of the tier (F2.7)
`cilium`                       `toFQDNs`                          by default deny (F3.2)
`cilium-blocks`                `toCIDRSet`                        by default deny (F3.2)
=============================  =================================  ==============================

NetworkPolicy and open source Calico have no rule for a name (F1.15, F2.12).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import inf
from typing import Final, NamedTuple

from nsimlib.model.addresses import Family, IPBlock
from nsimlib.model.domains import PatternDialect
from nsimlib.model.expressions import All, And, Comparator, Compare, Expression
from nsimlib.model.objects import NAME_LABEL, NetworkSet
from nsimlib.model.peers import BlockPeer, DomainPeer, Entity, EntityPeer, Peer, PodPeer
from nsimlib.model.policy import Action, Direction, Layer7, Policy, Rule
from nsimlib.model.selectors import Labels
from nsimlib.patterns.clauses import Clause, Drafted, clauses_for, drafted
from nsimlib.patterns.goals import (
    KUBE_DNS,
    NODE_CACHE_AS_HOST,
    NODE_CACHE_BY_ADDRESS,
    Because,
    Goal,
    named,
    to_database,
    to_names,
)

__all__ = ["DIALECTS", "Dialect"]

EGRESS: Final = frozenset({Direction.EGRESS})
#: in the middle, so that there is room before it and after it
PRIORITY: Final = 500
#: all names may be asked for, and those that are asked for are learned
SEES_NAMES: Final = Layer7((DomainPeer("*", "dns[0]", PatternDialect.CILIUM),))

# NetworkPolicy


def _network_policy(goal: Goal) -> Iterator[Drafted]:
    because = to_database(goal, "F1.17")
    clauses = clauses_for(goal, goal.dns_pods, goal.caches, goal.subnets, because)
    says = "Selects this application alone, and isolates it for egress; ingress stays as it was"
    yield drafted(
        Policy("NetworkPolicy", goal.namespace.name, goal.name, goal.pods, EGRESS, EGRESS),
        Because(says, ("F1.1", "F1.9", "F1.10", "E84")),
        clauses,
    )


# ClusterNetworkPolicy


def _by_networks(goal: Goal) -> Iterator[Drafted]:
    yield from _in_tiers(goal, _listed(goal.subnets, "networks"), to_database(goal, "F1.61"))


def _by_domain_names(goal: Goal) -> Iterator[Drafted]:
    names = _listed(map(DomainPeer, goal.database.patterns), "domainNames")
    yield from _in_tiers(goal, names, to_names(goal, "F1.64", "F1.65"))


def _in_tiers(goal: Goal, target: tuple[Peer, ...], because: Because) -> Iterator[Drafted]:
    """Two objects: what is accepted in any case, and what is denied where nobody else decides.

    A Deny in the Admin tier would overrule every NetworkPolicy of the namespace.
    """
    caches = _listed(goal.caches, "networks")
    yield drafted(
        _cluster_policy(goal, "Admin"),
        Because(
            "Accepted before any NetworkPolicy is asked; to be selected here isolates nobody",
            ("F1.58", "F1.59"),
        ),
        clauses_for(goal, goal.dns_pods, caches, target, because),
    )
    families = (BlockPeer(IPBlock(family.everything.cidrs[0])) for family in Family)
    everything = _listed(families, "networks")
    all_else = Because(
        "All else, of both families, pods of the cluster included: selecting alone denies nothing",
        ("F1.59", "F1.63"),
    )
    yield drafted(
        _cluster_policy(goal, "Baseline"),
        Because(
            "Asked only where no NetworkPolicy isolates the application, so that these may still "
            "open more",
            ("F1.58", "F1.59"),
        ),
        [(Rule(Direction.EGRESS, None, everything, Action.DENY), all_else)],
    )


def _cluster_policy(goal: Goal, tier: str) -> Policy:
    subject = replace(goal.pods, namespaces=named(goal.namespace.name))
    name = f"{goal.namespace.name}-{goal.name}-{tier.lower()}"
    kind = "ClusterNetworkPolicy"
    return Policy(kind, None, name, subject, EGRESS, frozenset(), order=PRIORITY, tier=tier)


def _listed(peers: Iterable[Peer], field: str) -> tuple[Peer, ...]:
    """Peers that are written in one list of one entry."""
    return tuple(replace(peer, path=f"to[0].{field}[{i}]") for i, peer in enumerate(peers))


# Calico


def _calico(goal: Goal) -> Iterator[Drafted]:
    labels = {"network-set": goal.database.name}
    blocks = tuple(each.block for each in goal.subnets)
    yield Drafted(
        NetworkSet(goal.namespace, goal.database.name, labels, blocks),
        Because("The subnets, in one place for all policies that mean them", ("F2.1", "E74")),
    )
    pods = PodPeer(
        _expression({NAME_LABEL: goal.dns.namespace}), _expression(goal.dns.selector or {})
    )
    in_set = (PodPeer(None, _expression(labels)),)
    clauses = clauses_for(goal, pods, goal.caches, in_set, to_database(goal, "F2.12"))
    yield drafted(
        Policy(
            "NetworkPolicy.projectcalico.org",
            goal.namespace.name,
            goal.name,
            PodPeer(None, _expression(goal.app)),
            EGRESS,
            frozenset(),
            order=inf,
            tier="default",
        ),
        Because(
            "Without an order it is asked last in its tier, so it opens nothing that a policy "
            "before it denies",
            ("F2.2", "F2.5", "F2.7", "E84"),
        ),
        # A rule of Calico's is about one protocol.
        [(replace(rule, ports=(port,)), why) for rule, why in clauses for port in rule.ports or ()],
    )


def _expression(labels: Labels) -> Expression:
    parts = tuple(Compare(k, Comparator.EQUALS, (v,)) for k, v in sorted(labels.items()))
    if not parts:
        return All()
    return parts[0] if len(parts) == 1 else And(parts)


# Cilium


def _cilium(goal: Goal) -> Iterator[Drafted]:
    names = tuple(
        DomainPeer(name, f"toFQDNs[{i}]", _dialect(name))
        for i, name in enumerate(goal.database.patterns)
    )
    clauses = _cilium_clauses(goal, names, to_names(goal, "F3.25", "F3.27", "F3.28"))
    learning = "; a proxy has to see the answers, or no name is ever learned. Any name may be asked"
    learning += " for: refusals upset resolvers that walk a search list"
    facts = ("F3.21", "F3.23", "F3.36")
    *looking_up, connecting = clauses
    seen = [
        (replace(rule, layer7=SEES_NAMES), why.also(*facts, says=learning))
        for rule, why in looking_up
    ]
    yield _cilium_policy(goal, [*seen, connecting])


def _dialect(name: str) -> PatternDialect:
    return PatternDialect.CILIUM if "*" in name else PatternDialect.EXACT


def _cilium_blocks(goal: Goal) -> Iterator[Drafted]:
    blocks = tuple(replace(each, path=f"toCIDRSet[{i}]") for i, each in enumerate(goal.subnets))
    yield _cilium_policy(goal, _cilium_clauses(goal, blocks, to_database(goal, "F3.14")))


def _cilium_clauses(goal: Goal, target: tuple[Peer, ...], because: Because) -> list[Clause]:
    """To Cilium a cache on the node's network is no block and no pod."""
    pods = replace(goal.dns_pods, path="toEndpoints[0]")
    host = (EntityPeer(Entity.HOST, "toEntities[0]"),)
    clauses = clauses_for(goal, pods, host, target, because)
    why = {KUBE_DNS: KUBE_DNS.also("F3.7"), NODE_CACHE_BY_ADDRESS: NODE_CACHE_AS_HOST}
    return [
        (replace(rule, path=f"spec.egress[{i}]"), why.get(each, each))
        for i, (rule, each) in enumerate(clauses)
    ]


def _cilium_policy(goal: Goal, clauses: list[Clause]) -> Drafted:
    says = "Selects this application alone; its egress section denies it all else"
    return drafted(
        Policy("CiliumNetworkPolicy", goal.namespace.name, goal.name, goal.pods, EGRESS, EGRESS),
        Because(says, ("F3.2", "E84")),
        clauses,
    )


class Dialect(NamedTuple):
    """How a dialect says it, under whose reading it is tried, and what its names may mean."""

    draft: Callable[[Goal], Iterator[Drafted]]
    cni: str
    patterns: PatternDialect | None = None


DIALECTS: Final = {
    "networkpolicy": Dialect(_network_policy, "spec"),
    "clusternetworkpolicy": Dialect(_by_networks, "spec"),
    "clusternetworkpolicy-names": Dialect(_by_domain_names, "spec", PatternDialect.KUBERNETES),
    "calico": Dialect(_calico, "calico"),
    "cilium": Dialect(_cilium, "cilium", PatternDialect.CILIUM),
    "cilium-blocks": Dialect(_cilium_blocks, "cilium"),
}
