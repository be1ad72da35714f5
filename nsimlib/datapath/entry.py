"""The door to what enforcers write; what is behind it is imported when somebody asks."""

from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from nsimlib.datapath.calico_settings import Settings
    from nsimlib.datapath.chains import Datapath
    from nsimlib.datapath.lookups import MapDatapath
    from nsimlib.datapath.writers import WithMaps, WithRules
    from nsimlib.model.cluster import Cluster

__all__ = ["datapath"]


@overload
def datapath(cni: "WithMaps", cluster: "Cluster", pod: str) -> "MapDatapath": ...
@overload
def datapath(
    cni: "WithRules", cluster: "Cluster", pod: str, *, settings: "Settings | None" = None
) -> "Datapath": ...
@overload
def datapath(
    cni: str, cluster: "Cluster", pod: str, *, settings: "Settings | None" = None
) -> "Datapath | MapDatapath": ...
def datapath(
    cni: str, cluster: "Cluster", pod: str, *, settings: "Settings | None" = None
) -> "Datapath | MapDatapath":
    """Return what the enforcer has written for a pod: the rules of its node, or maps of its own.

    Parameters
    ----------
    cni
        Whose rules: `"calico"`, `"kube-router"`, `"weave"`, or `"flannel"`, which has none (F4.1).
        Whose maps: `"cilium"`, `"aws-vpc-cni"`.
    pod
        A pod or a workload by `namespace/name`; of a workload the first pod is taken.
    settings
        How the node's Felix is set.

    Raises
    ------
    UnknownName
        If there is no such pod, or no rules are known for that enforcer.

    Examples
    --------
    What a policy allows it only marks; the packet is accepted at the end of FORWARD (F2.23).

    >>> import nsimlib as ns
    >>> debug = datapath("calico", ns.scenario("shop"), "shop/debug")
    >>> print(debug.walk("shop/debug -> 203.0.113.7:443/TCP").deciding.line.chain)
    FORWARD
    """
    from nsimlib.datapath.opening import opened

    return opened(cni, cluster, pod, settings)
