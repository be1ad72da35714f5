"""What kube-router writes on a node (F4.11-F4.16).

::

    FORWARD ── KUBE-ROUTER-FORWARD ── KUBE-POD-FW-<pod>, by the address at either end
                                      ├── KUBE-NWPLCY-COMMON   open connections, pings (F4.12)
                                      ├── from the node itself: accepted
                                      ├── KUBE-NWPLCY-<policy>, or -DEFAULT: mark what is allowed
                                      └── unmarked: logged and refused (F4.13)
                                   ── what all pods' chains let through: accepted

A policy for both directions has one chain for both, and nothing tells them apart but the sets of
its own pods. So between two of these pods what it lets in counts as let out, too, and the other
way round; this was read in the code and not run. `left_out` names it, with other entries that do
not do what they say.

The rules for what is bridged on the node, which lead to the same chains, are not there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from nsimlib.cni.profile import Profile
from nsimlib.datapath.calico_settings import Settings
from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.kube_router_endpoints import called, pod_rules, shared_chains
from nsimlib.datapath.kube_router_names import policy_chain
from nsimlib.datapath.kube_router_policies import Entries, ends_by_name
from nsimlib.datapath.ruleset import Chain, Origin, Ruleset, Table
from nsimlib.evaluation.engine import applies
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.policy import Rule as PolicyRule

__all__ = ["KubeRouterNode"]

HEAD = (
    "# On a node the names of KUBE-POD-FW- and KUBE-NWPLCY- chains change with the time; not here.",
    "# The rules for what is bridged, which lead to the same chains, are left out.",
)


@dataclass(frozen=True)
class KubeRouterNode:
    """What is on a node with kube-router: chains for its pods, and for all policies."""

    cluster: Cluster
    pods: tuple[Pod, ...]
    profile: Profile
    settings: Settings

    @cached_property
    def _policies(self) -> tuple[Policy, ...]:
        return tuple(each for each in self.cluster.policies if self.profile.enforces(each))

    def _entries(self, policy: Policy, family: Family) -> Iterator[Entries]:
        for direction in Direction:
            for number, rule in enumerate(policy.rules_for(direction)):
                if direction in policy.directions:
                    yield Entries(policy, rule, number, self.cluster, family)

    def ruleset(self, family: Family) -> Ruleset:
        """Return the filter table of one family."""
        pods = sorted((pod for pod in self.pods if not pod.host_network), key=lambda pod: pod.key)
        own = [pod_rules(pod, self._policies, family) for pod in pods]
        found = [each for each in own if each is not None]
        chains = [*shared_chains(found, family), *(each.chain for each in found)]
        for policy in self._policies:
            rules = (rule for each in self._entries(policy, family) for rule in each.rules)
            chains.append(Chain(policy_chain(policy, family), tuple(rules)))
        by_name = sorted(chains, key=lambda chain: chain.name)
        return Ruleset((Table("filter", (*called(), *by_name), HEAD),), family)

    def sets(self, family: Family) -> tuple[IPSet, ...]:
        """Return all sets that the rules name."""
        entries = (each for policy in self._policies for each in self._entries(policy, family))
        by_name = {found.name: found for each in entries for found in each.sets}
        return tuple(by_name[name] for name in sorted(by_name))

    def left_out(self, _: Family) -> Iterator[tuple[Origin, str]]:
        """Yield what of the policies does something else than it says, and why."""
        for policy in self.cluster.policies:
            for direction in Direction:
                if not any(applies(policy, pod, direction) for pod in self.cluster.pods):
                    continue
                if (ignored := self.profile.ignored(policy)) is not None:
                    yield Origin(policy, direction), ignored.because
                    continue
                yield from _crossing(policy, direction, self.cluster.pods)
                for rule in policy.rules_for(direction):
                    for why in _otherwise(rule):
                        yield Origin(policy, direction, rule), why

    @staticmethod
    def interface(_: Pod) -> str:
        """The node's end of a pod's cable: all hang on one bridge."""
        return "kube-bridge"


def _crossing(
    policy: Policy, direction: Direction, pods: Iterable[Pod]
) -> Iterator[tuple[Origin, str]]:
    own = [pod for pod in pods if applies(policy, pod, direction)]
    is_for_both = set(policy.directions) == set(Direction)
    if is_for_both and len(own) > 1 and policy.rules_for(direction):
        yield (
            Origin(policy, direction),
            f"between its own pods, what its {direction.word} allows it allows in both directions",
        )


def _otherwise(rule: PolicyRule) -> Iterator[str]:
    """What an entry does that it does not say, or the other way round."""
    blocks = [peer.block for peer in rule.peers or () if isinstance(peer, BlockPeer)]
    if len(blocks) > 1 and any(block.except_ for block in blocks):
        yield "its blocks share one set, in which the longest prefix decides, taken out or not"
    if any(block.range == Family.IPV6.everything for block in blocks):
        yield "::/0 is said as 2000::/3 and fd00::/8"
    if rule.direction is Direction.EGRESS and ends_by_name(rule):
        if blocks:
            yield "the name of a port is not looked up on whom a block means"
        elif rule.peers is None:
            yield "the name of a port is looked up in the policy's own namespace alone"
