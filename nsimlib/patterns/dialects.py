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

from nsimlib.model.addresses import Address, Family, IPBlock
from nsimlib.model.domains import PatternDialect
from nsimlib.model.expressions import All, And, Comparator, Compare, Expression
from nsimlib.model.objects import NAME_LABEL, NetworkSet
from nsimlib.model.peers import BlockPeer, DomainPeer, Entity, EntityPeer, Peer, PodPeer
from nsimlib.model.policy import Action, Direction, Layer7, Policy, Rule
from nsimlib.model.ports import PolicyPort, Port, Protocol
from nsimlib.model.selectors import Labels, LabelSelector
from nsimlib.patterns.goals import (
    KUBE_DNS,
    NODE_CACHE_AS_HOST,
    NODE_CACHE_BY_ADDRESS,
    Because,
    Goal,
    to_database,
    to_names,
)

__all__ = ["DIALECTS", "Dialect", "Drafted"]

EGRESS: Final = frozenset({Direction.EGRESS})
#: where a cache on the node listens, wherever the pods of kube-dns do
AT_53: Final = (Port(53, Protocol.UDP), Port(53, Protocol.TCP))
#: in the middle, so that there is room before it and after it
PRIORITY: Final = 500
#: all names may be asked for, and those that are asked for are learned
SEES_NAMES: Final = Layer7((DomainPeer("*", "dns[0]", PatternDialect.CILIUM),))

Clause = tuple[Rule, Because]


class Drafted(NamedTuple):
    """An object, why it is as it is, and why each of its rules is there."""

    made: Policy | NetworkSet
    because: Because
    rules: tuple[Because, ...] = ()


def _clauses(
    goal: Goal,
    dns_pods: Peer,
    node_cache: tuple[Peer, ...],
    target: tuple[Peer, ...],
    because: Because,
) -> list[Clause]:
    """DNS as this cluster has it, and the database, by whatever peers the dialect has for them."""
    found = [(_allow(goal.dns_ports, (dns_pods,)), KUBE_DNS)]
    if goal.node_caches:
        found.append((_allow(AT_53, node_cache), NODE_CACHE_BY_ADDRESS))
    return [*found, (_allow((goal.port,), target), because)]


def _allow(ports: Iterable[Port], peers: tuple[Peer, ...]) -> Rule:
    meant = tuple(PolicyPort(port.protocol, port.number) for port in ports)
    return Rule(Direction.EGRESS, meant, peers)


# NetworkPolicy


def _network_policy(goal: Goal) -> Iterator[Drafted]:
    caches, subnets = _singles(goal.node_caches), tuple(map(BlockPeer, goal.subnets))
    clauses = _clauses(goal, _dns_pods(goal), caches, subnets, to_database(goal, "F1.17"))
    says = "Selects this application alone, and isolates it for egress; ingress stays as it was"
    yield _drafted(
        Policy("NetworkPolicy", goal.namespace.name, goal.name, _app(goal), EGRESS, EGRESS),
        Because(says, ("F1.1", "F1.9", "F1.10", "E84")),
        clauses,
    )


# ClusterNetworkPolicy


def _by_networks(goal: Goal) -> Iterator[Drafted]:
    yield from _in_tiers(goal, _networks(goal.subnets), to_database(goal, "F1.61"))


def _by_domain_names(goal: Goal) -> Iterator[Drafted]:
    names = _listed(map(DomainPeer, goal.database.patterns), "domainNames")
    yield from _in_tiers(goal, names, to_names(goal, "F1.64", "F1.65"))


def _in_tiers(goal: Goal, target: tuple[Peer, ...], because: Because) -> Iterator[Drafted]:
    """Two objects: what is accepted in any case, and what is denied where nobody else decides.

    A Deny in the Admin tier would overrule every NetworkPolicy of the namespace.
    """
    caches = _listed(_singles(goal.node_caches), "networks")
    yield _drafted(
        _cluster_policy(goal, "Admin"),
        Because(
            "Accepted before any NetworkPolicy is asked; to be selected here isolates nobody",
            ("F1.58", "F1.59"),
        ),
        _clauses(goal, _dns_pods(goal), caches, target, because),
    )
    everything = _networks(IPBlock(family.everything.cidrs[0]) for family in Family)
    all_else = Because(
        "All else, of both families, pods of the cluster included: selecting alone denies nothing",
        ("F1.59", "F1.63"),
    )
    yield _drafted(
        _cluster_policy(goal, "Baseline"),
        Because(
            "Asked only where no NetworkPolicy isolates the application, so that these may still "
            "open more",
            ("F1.58", "F1.59"),
        ),
        [(Rule(Direction.EGRESS, None, everything, Action.DENY), all_else)],
    )


def _cluster_policy(goal: Goal, tier: str) -> Policy:
    subject = replace(_app(goal), namespaces=_named(goal.namespace.name))
    name = f"{goal.namespace.name}-{goal.name}-{tier.lower()}"
    kind = "ClusterNetworkPolicy"
    return Policy(kind, None, name, subject, EGRESS, frozenset(), order=PRIORITY, tier=tier)


def _networks(blocks: Iterable[IPBlock]) -> tuple[Peer, ...]:
    return _listed(map(BlockPeer, blocks), "networks")


def _listed(peers: Iterable[Peer], field: str) -> tuple[Peer, ...]:
    """Peers that are written in one list of one entry."""
    return tuple(replace(peer, path=f"to[0].{field}[{i}]") for i, peer in enumerate(peers))


# Calico


def _calico(goal: Goal) -> Iterator[Drafted]:
    labels = {"network-set": goal.database.name}
    yield Drafted(
        NetworkSet(goal.namespace, goal.database.name, labels, goal.subnets),
        Because("The subnets, in one place for all policies that mean them", ("F2.1", "E74")),
    )
    pods = PodPeer(
        _expression({NAME_LABEL: goal.dns.namespace}), _expression(goal.dns.selector or {})
    )
    in_set = (PodPeer(None, _expression(labels)),)
    caches = _singles(goal.node_caches)
    clauses = _clauses(goal, pods, caches, in_set, to_database(goal, "F2.12"))
    yield _drafted(
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
    *looking_up, (to_database_, because) = clauses
    seen = [
        (replace(rule, layer7=SEES_NAMES), why.also(*facts, says=learning))
        for rule, why in looking_up
    ]
    yield _cilium_policy(goal, [*seen, (to_database_, because)])


def _dialect(name: str) -> PatternDialect:
    return PatternDialect.CILIUM if "*" in name else PatternDialect.EXACT


def _cilium_blocks(goal: Goal) -> Iterator[Drafted]:
    blocks = tuple(BlockPeer(each, f"toCIDRSet[{i}]") for i, each in enumerate(goal.subnets))
    yield _cilium_policy(goal, _cilium_clauses(goal, blocks, to_database(goal, "F3.14")))


def _cilium_clauses(goal: Goal, target: tuple[Peer, ...], because: Because) -> list[Clause]:
    """To Cilium a cache on the node's network is no block and no pod."""
    pods = replace(_dns_pods(goal), path="toEndpoints[0]")
    host = (EntityPeer(Entity.HOST, "toEntities[0]"),)
    clauses = _clauses(goal, pods, host, target, because)
    why = {KUBE_DNS: KUBE_DNS.also("F3.7"), NODE_CACHE_BY_ADDRESS: NODE_CACHE_AS_HOST}
    return [
        (replace(rule, path=f"spec.egress[{i}]"), why.get(each, each))
        for i, (rule, each) in enumerate(clauses)
    ]


def _cilium_policy(goal: Goal, clauses: list[Clause]) -> Drafted:
    says = "Selects this application alone; its egress section denies it all else"
    return _drafted(
        Policy("CiliumNetworkPolicy", goal.namespace.name, goal.name, _app(goal), EGRESS, EGRESS),
        Because(says, ("F3.2", "E84")),
        clauses,
    )


# What all have


def _drafted(policy: Policy, because: Because, clauses: list[Clause]) -> Drafted:
    made = replace(policy, rules=tuple(rule for rule, _ in clauses))
    return Drafted(made, because, tuple(why for _, why in clauses))


def _app(goal: Goal) -> PodPeer:
    return PodPeer(None, LabelSelector.of(goal.app))


def _dns_pods(goal: Goal) -> PodPeer:
    return PodPeer(_named(goal.dns.namespace), LabelSelector.of(goal.dns.selector))


def _named(namespace: str) -> LabelSelector:
    return LabelSelector.of({NAME_LABEL: namespace})


def _singles(addresses: Iterable[Address]) -> tuple[Peer, ...]:
    return tuple(BlockPeer(IPBlock(f"{each}/{each.family.bits}")) for each in addresses)


class Dialect(NamedTuple):
    """How a dialect says it, whose reading it is tried under, and whether it speaks of names."""

    draft: Callable[[Goal], Iterator[Drafted]]
    cni: str
    by_name: bool = False


DIALECTS: Final = {
    "networkpolicy": Dialect(_network_policy, "spec"),
    "clusternetworkpolicy": Dialect(_by_networks, "spec"),
    "clusternetworkpolicy-names": Dialect(_by_domain_names, "spec", by_name=True),
    "calico": Dialect(_calico, "calico"),
    "cilium": Dialect(_cilium, "cilium", by_name=True),
    "cilium-blocks": Dialect(_cilium_blocks, "cilium"),
}
