"""A cluster's policies → what Calico's Felix has written on one node, for one address family.

The way of the data::

    policy ── clauses ── lines ── chain of the policy ─┐
    pod ───── tiers of policies ── chains of the pod ──┼── ruleset of the node
    selectors, named ports ── ipsets ──────────────────┘

Only what some pod of the node needs is there, as on a real node.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from nsimlib.cni.profile import Profile
from nsimlib.datapath.calico_clauses import Clause, clauses, unsaid
from nsimlib.datapath.calico_endpoints import Endpoint, TierPart, dispatch, endpoint_chain
from nsimlib.datapath.calico_names import interface_of
from nsimlib.datapath.calico_policies import chain_of_policy, chain_of_profile, profiles_of
from nsimlib.datapath.calico_rules import is_dropped
from nsimlib.datapath.calico_sets import Endpoints, SetOf
from nsimlib.datapath.calico_settings import Settings
from nsimlib.datapath.calico_static import static_chains
from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.matches import InSet
from nsimlib.datapath.ruleset import Chain, Origin, Ruleset, Table
from nsimlib.evaluation.engine import applies
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction, Policy, Tier

__all__ = ["CalicoNode"]


@dataclass(frozen=True)
class CalicoNode:
    """What Felix writes for these pods, all of them on one node.

    `profile` says which tiers there are, and which policies are in them.
    """

    cluster: Cluster
    pods: tuple[Pod, ...]
    profile: Profile
    settings: Settings
    _rulesets: dict[Family, Ruleset] = field(default_factory=dict, init=False, compare=False)

    @cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The pods that have an interface: those on the host's network have none (F2.35)."""
        return tuple(self._endpoint(pod) for pod in self.pods if not pod.host_network)

    def _endpoint(self, pod: Pod) -> Endpoint:
        parts = {each: tuple(self._parts(pod, each)) for each in Direction}
        profiles = profiles_of(pod.namespace.name, pod.account.name)
        return Endpoint(self.interface(pod), parts, profiles)

    @staticmethod
    def interface(pod: Pod) -> str:
        """The node's end of a pod's cable."""
        return interface_of(pod.namespace.name, pod.name)

    def _parts(self, pod: Pod, direction: Direction) -> Iterator[TierPart]:
        asked = self.cluster.policies_for(pod.namespace.name)
        applying = [policy for policy in asked if applies(policy, pod, direction)]
        for tier in self.profile.tiers:
            policies = [each for each in applying if tier.holds(each)]
            if policies:
                policies.sort(key=lambda each: (tier.order_of(each), each.key))
                yield TierPart.of(tier, direction, policies, self.settings)

    @cached_property
    def policies(self) -> tuple[tuple[Policy, Direction, Tier], ...]:
        """The policies that some pod here needs, each direction for itself."""
        found = {
            (policy.identity, direction): (policy, direction, part.tier)
            for endpoint in self.endpoints
            for direction in Direction
            for part in endpoint.parts[direction]
            for group in part.groups
            for policy in group.policies
        }
        return tuple(found.values())

    def ruleset(self, family: Family) -> Ruleset:
        """Return the filter table of one family; chains come as `iptables-save` sorts them."""
        if family not in self._rulesets:
            self._rulesets[family] = self._ruleset(family)
        return self._rulesets[family]

    def _ruleset(self, family: Family) -> Ruleset:
        chains = (*static_chains(family, self.settings), *self._chains(family))
        by_name = {chain.name: chain for chain in chains if chain.policy is None}
        called = (chain for chain in chains if chain.policy is not None)
        own = (by_name[name] for name in sorted(by_name))
        return Ruleset((Table("filter", (*called, *own)),), family)

    def _chains(self, family: Family) -> Iterator[Chain]:
        for direction in Direction:
            yield from dispatch(self.endpoints, direction, family, self.settings)
        for endpoint in self.endpoints:
            for direction in Direction:
                yield endpoint_chain(endpoint, direction, family, self.settings)
        yield from self._group_chains()
        for policy, direction, tier in self.policies:
            yield chain_of_policy(policy, direction, tier.name, family, self.settings)
        for profile in dict.fromkeys(name for one in self.endpoints for name in one.profiles):
            yield from (chain_of_profile(profile, direction) for direction in Direction)

    def _group_chains(self) -> Iterator[Chain]:
        parts = (part for one in self.endpoints for parts in one.parts.values() for part in parts)
        for group in dict.fromkeys(group for part in parts for group in part.groups):
            if chain := group.as_chain():
                yield chain

    def sets(self, family: Family) -> tuple[IPSet, ...]:
        """Return the ipsets that the rules of one family name, in order."""
        wanted = {each.name(family): each for each in self._wanted()}
        used = sorted(wanted.keys() & _named_in(self.ruleset(family)))
        among = Endpoints(self.cluster)
        return tuple(wanted[name].filled(among, family) for name in used)

    def left_out(self, family: Family) -> Iterator[tuple[Origin, str]]:
        """Yield the entries of policies that have no rule, or not every rule, and why."""
        for policy, direction, _ in self.policies:
            for rule in policy.rules_for(direction):
                origin = Origin(policy, direction, rule)
                if peer := unsaid(rule):
                    yield origin, f"no rule of iptables can ask for {peer.path or peer}"
                elif any(is_dropped(clause, family) for clause in clauses(policy, rule)):
                    yield origin, f"what it takes out leaves no rule for IPv{family.version}"

    def _wanted(self) -> Iterator[SetOf]:
        for policy, direction, _ in self.policies:
            for rule in policy.rules_for(direction):
                for clause in clauses(policy, rule) if unsaid(rule) is None else ():
                    yield from _sets_of(clause)


def _sets_of(clause: Clause) -> Iterator[SetOf]:
    for end in (clause.source, clause.destination):
        yield from (*end.sets, *end.not_sets)
    for group in (clause.ports, *clause.excepted):
        yield from clause.named_ports(group)


def _named_in(ruleset: Ruleset) -> set[str]:
    matches = (match for line in ruleset.lines for match in line.rule.matches)
    return {match.name for match in matches if isinstance(match, InSet)}
