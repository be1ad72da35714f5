"""Whose rules and maps can be written, by the name of the profile."""

from collections.abc import Iterator, Mapping
from typing import Literal, Protocol

from nsimlib.cni.profile import Profile
from nsimlib.datapath.aws import AwsPod
from nsimlib.datapath.calico import CalicoNode
from nsimlib.datapath.calico_settings import Settings
from nsimlib.datapath.cilium import CiliumPod
from nsimlib.datapath.flannel import FlannelNode
from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.kube_router import KubeRouterNode
from nsimlib.datapath.lookups import MapWriter
from nsimlib.datapath.ruleset import Origin, Ruleset
from nsimlib.datapath.weave import WeaveNode
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod

__all__ = ["MAPS", "WRITERS", "WithMaps", "WithRules", "Writer"]


class Writer(Protocol):
    """What an enforcer has written for the pods of one node."""

    def __init__(
        self, cluster: Cluster, pods: tuple[Pod, ...], profile: Profile, settings: Settings
    ) -> None: ...

    def ruleset(self, family: Family, /) -> Ruleset:
        """Return the rules of one family."""

    def sets(self, family: Family, /) -> tuple[IPSet, ...]:
        """Return the sets that they name."""

    def left_out(self, family: Family, /) -> Iterator[tuple[Origin, str]]:
        """Yield what of the policies has no rule, and why."""

    @staticmethod
    def interface(pod: Pod, /) -> str:
        """Return the name of the node's end of a pod's cable."""


WRITERS: Mapping[str, type[Writer]] = {
    "calico": CalicoNode,
    "flannel": FlannelNode,
    "kube-router": KubeRouterNode,
    "weave": WeaveNode,
}
#: enforcers that have maps for each pod, and no rules
MAPS: Mapping[str, type[MapWriter]] = {"aws-vpc-cni": AwsPod, "cilium": CiliumPod}
WithRules = Literal["calico", "flannel", "kube-router", "weave"]
WithMaps = Literal["aws-vpc-cni", "cilium"]
