"""Who answers the pods of a cluster: kube-dns, or a cache on every node in front of it."""

from dataclasses import dataclass, replace

from nsimlib.errors import UnknownName
from nsimlib.model.addresses import Address, parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Node, Pod, Service

__all__ = ["NODE_CACHE", "NODE_CACHE_LABEL", "Layout", "bound", "layout_of", "placed"]

#: where node-cache listens on every node (F5.5)
NODE_CACHE = parse_address("169.254.20.10")
NODE_CACHE_LABEL = ("k8s-app", "node-local-dns")
#: the DNS Service as Kubernetes names it (F5.2), and as OpenShift does
SERVICES = (("kube-system", "kube-dns"), ("openshift-dns", "dns-default"))


@dataclass(frozen=True, slots=True)
class Layout:
    """Who answers the pods of a cluster.

    `nameserver` is what their resolv.conf names. With `node_local`, every node has that address, so
    that questions end on the node they come from. `resolver` is who knows about the names outside;
    where its address is not known, nothing is said of the way there.
    """

    service: Service
    nameserver: Address
    node_local: bool = False
    resolver: Address | None = None

    @property
    def is_of_the_cluster(self) -> bool:
        """Whether the nameserver is the Service, or a cache that stands before it."""
        local = (NODE_CACHE,) if self.node_local else ()
        return self.nameserver in (*self.service.cluster_ips, *local)


def layout_of(
    cluster: Cluster, *, node_local: bool | None = None, resolver: Address | None = None
) -> Layout:
    """Return who answers, as far as the cluster's objects show it (F5.2).

    NodeLocal DNSCache is seen by its pods, unless `node_local` says whether it is there. With
    kube-proxy in iptables mode it takes the address of kube-dns too, so that resolv.conf stays as
    it was (F5.5); with IPVS, resolv.conf has `NODE_CACHE`.

    Raises
    ------
    UnknownName
        If there is no DNS Service with an address.
    """
    for service in cluster.services:
        if (service.namespace, service.name) in SERVICES and service.cluster_ips:
            if node_local is None:
                node_local = any(map(_is_node_cache, cluster.pods))
            return Layout(service, service.cluster_ips[0], node_local, resolver)
    raise UnknownName("DNS Service", "/".join(SERVICES[0]), (each.key for each in cluster.services))


def _is_node_cache(pod: Pod) -> bool:
    return pod.host_network and NODE_CACHE_LABEL in pod.labels.items()


def placed(cluster: Cluster, pod: Pod) -> tuple[Cluster, Pod, Node]:
    """Return the cluster with the pod on a node, if need be on one made for it, and all three."""
    node = next((each for each in cluster.nodes if each.name == pod.node), None)
    if node is not None:
        return cluster, pod, node
    node = Node(pod.node or f"node-of-{pod.name}")
    there = replace(pod, node=node.name)
    pods = tuple(there if each is pod else each for each in cluster.pods)
    return replace(cluster, nodes=(*cluster.nodes, node), pods=pods), there, node


def bound(cluster: Cluster, node: Node, layout: Layout) -> Cluster:
    """Return the cluster as a pod of the node meets it: the DNS addresses are the node's own.

    The Service keeps its name and loses its addresses, as nothing translates them any more (F5.5).
    """
    # Policy is asked about the first address of a family: the one that the pod sends to.
    taken = (layout.nameserver, NODE_CACHE, *layout.service.cluster_ips)
    caching = replace(node, addresses=tuple(dict.fromkeys((*taken, *node.addresses))))
    without = replace(layout.service, cluster_ips=())
    return replace(
        cluster,
        nodes=tuple(caching if each is node else each for each in cluster.nodes),
        services=tuple(without if each is layout.service else each for each in cluster.services),
    )
