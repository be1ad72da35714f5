"""Flannel enforces nothing: the chains of the kernel's are there, and empty (F4.1).

The API server keeps every NetworkPolicy all the same, with no warning and no effect.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from nsimlib.cni.profile import Profile
from nsimlib.datapath.calico_settings import Settings
from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.ruleset import Chain, Origin, Ruleset, Table
from nsimlib.evaluation.engine import applies
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction

__all__ = ["FlannelNode"]

CHAINS = tuple(Chain(name, policy="ACCEPT") for name in ("INPUT", "FORWARD", "OUTPUT"))


@dataclass(frozen=True)
class FlannelNode:
    """What is on a node with Flannel alone, whatever the policies are."""

    cluster: Cluster
    pods: tuple[Pod, ...]
    profile: Profile
    settings: Settings

    def ruleset(self, family: Family) -> Ruleset:
        """Return a filter table without a rule; what Flannel has to carry traffic is left out."""
        keys = dict.fromkeys(origin.policy.key for origin, _ in self.left_out(family))
        without = f"; without effect: {', '.join(keys)}" if keys else ""
        head = (f"# Flannel enforces nothing{without}",)
        return Ruleset((Table("filter", CHAINS, head),), family)

    def sets(self, _: Family) -> tuple[IPSet, ...]:
        """Return no sets."""
        return ()

    def left_out(self, _: Family) -> Iterator[tuple[Origin, str]]:
        """Yield every policy that would be for a pod here."""
        for policy in self.cluster.policies:
            for direction in Direction:
                if any(applies(policy, pod, direction) for pod in self.pods):
                    yield Origin(policy, direction), "Flannel enforces nothing (F4.1)"

    @staticmethod
    def interface(_: Pod) -> str:
        """The node's end of a pod's cable: all hang on one bridge."""
        return "cni0"
