"""The Calico engine: the chains and ipsets of `datapath`, loaded as Felix loads them.

Each node gets what Felix would write on it, by `ipset restore` and `iptables-restore`. What no rule
can say, Felix leaves out, and so does this; the notes name it.
"""

from collections.abc import Iterator

from nsimlib.cni.profile import load_profile
from nsimlib.datapath.calico import CalicoNode
from nsimlib.datapath.calico_settings import Settings
from nsimlib.datapath.saving import save_parts, save_sets
from nsimlib.errors import LabError
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.packets.engines import Engine
from nsimlib.packets.helper import Helper
from nsimlib.packets.topology import Topology, node_netns

__all__ = ["CalicoEngine"]

PROGRAMS = {Family.IPV4: "iptables-restore", Family.IPV6: "ip6tables-restore"}
#: to load the rules of a node, in seconds
PATIENCE = 60.0


class CalicoEngine(Engine):
    """Policies of Kubernetes and of Calico's own kinds as Calico has them in the kernel."""

    name, cni = "calico", "calico"

    def __init__(self, cluster: Cluster, topology: Topology) -> None:
        super().__init__(cluster, topology)
        self.nodes = {node: written(cluster, pods) for node, pods in topology.pods.items()}
        self.notes = tuple(dict.fromkeys(self._left_out()))

    def _left_out(self) -> Iterator[str]:
        for node in self.nodes.values():
            for family in self.topology.families:
                yield from (f"{origin}: {why}" for origin, why in node.left_out(family))

    def enforce(self, helper: Helper) -> None:
        """Load the sets and the chains of each node; what the kernel calls comes last."""
        for name, node in self.nodes.items():
            for family in self.topology.families:
                if sets := save_sets(node.sets(family)):
                    _fed(helper, node_netns(name), sets, "ipset", "restore")
                # Every part is a transaction of its own (`saving`), in one run of the program.
                parts = "".join(save_parts(node.ruleset(family)))
                _fed(helper, node_netns(name), parts, PROGRAMS[family], "--noflush")


def written(cluster: Cluster, pods: tuple[Pod, ...]) -> CalicoNode:
    """Return what Calico writes for the pods of a node, at the settings that it ships with."""
    return CalicoNode(cluster, pods, load_profile("calico").within(cluster), Settings())


def _fed(helper: Helper, netns: str, text: str, *argv: str) -> None:
    """Feed a program; `LabError` with the first line that it complains in."""
    try:
        done = helper.ask("run", netns=netns, argv=argv, stdin=text, timeout=PATIENCE)
    except FileNotFoundError as error:
        raise LabError(argv[0], str(error), "Install the packages iptables and ipset.") from error
    except OSError as error:
        raise LabError(argv[0], str(error)) from error
    if done["code"]:
        raise LabError(argv[0], done["stderr"].strip().partition("\n")[0])
