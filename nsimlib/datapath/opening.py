"""What is behind the door: the node of a pod, with an address for everyone."""

from dataclasses import replace

from nsimlib.cni.profile import load_profile
from nsimlib.datapath.calico_settings import Settings
from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.lookups import MapDatapath
from nsimlib.datapath.writers import MAPS, WRITERS
from nsimlib.errors import UnknownName
from nsimlib.evaluation.ends import parties
from nsimlib.model.addresses import Address
from nsimlib.model.assumed import ASSUMED, free_in, given
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import parse_end
from nsimlib.model.objects import Pod

__all__ = ["opened"]


def opened(
    cni: str, cluster: Cluster, name: str, settings: Settings | None = None
) -> Datapath | MapDatapath:
    """Return what an enforcer has written for a pod; see `entry.datapath`."""
    if cni not in WRITERS and cni not in MAPS:
        raise UnknownName("rules in the kernel for the CNI", cni, (*WRITERS, *MAPS))
    pod = parties(cluster, parse_end(name))[0]
    if not isinstance(pod, Pod):
        raise UnknownName("pod", name, (each.key for each in cluster.pods))
    addressed, assumed = _addressed(cluster)
    profile = load_profile(cni).within(cluster)
    if cni in MAPS:
        return MapDatapath(addressed, pod.key, profile, MAPS[cni], assumed)
    return Datapath(addressed, pod.key, profile, settings or Settings(), assumed)


def _addressed(cluster: Cluster) -> tuple[Cluster, dict[str, Address]]:
    """Give an address to pods that have none: without one there is nothing to put into a set."""
    free = free_in(ASSUMED, cluster)
    pods = tuple(pod if pod.host_network else given(pod, free) for pod in cluster.pods)
    changed = (new for old, new in zip(cluster.pods, pods, strict=True) if new is not old)
    return replace(cluster, pods=pods), {pod.key: pod.addresses[0] for pod in changed}
