"""Clusters and reachability as networkx graphs: the one place that imports networkx.

Nodes are strings with a `kind`: `namespace`, `workload`, `pod`, `node`, `service`, `place`,
`block` or `policy`. Edges have a `kind` too:

======== =================================================
contains namespace to workload, workload to pod
runs     node to pod
backs    pod to Service
selects  policy to pod
allows   policy to what a peer of its rules names
======== =================================================
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import selects
from nsimlib.model.peers import BlockPeer, Peer, PodPeer
from nsimlib.model.policy import Policy

if TYPE_CHECKING:
    import networkx

__all__ = [
    "Adjacency",
    "algorithm",
    "cluster_graph",
    "components",
    "digraph",
    "dominators",
    "view",
]

NodeData = tuple[str, dict[str, Any]]
EdgeData = tuple[str, str, dict[str, Any]]
Adjacency = Mapping[str, Mapping[str, dict[str, Any]]]
Numbers = Iterable[tuple[int, int]]


def digraph(nodes: Iterable[NodeData], edges: Iterable[EdgeData]) -> "networkx.DiGraph[str]":
    """Return a directed graph of nodes and edges with their attributes."""
    import networkx  # late: it takes longer to import than a small cluster takes to analyse

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    return graph


def view(
    nodes: Mapping[str, dict[str, Any]],
    successors: Adjacency,
    predecessors: Adjacency,
    backend: str,
) -> "networkx.DiGraph[str]":
    """Return a graph that holds nothing: what it is asked for, it asks the mappings.

    This is how networkx makes its own views. Its algorithms are dispatched to the backend of this
    name where that is installed; what networkx derives from the graph is an ordinary graph again.
    """
    import networkx
    from networkx.utils import backends

    graph: Any = networkx.freeze(networkx.DiGraph())
    graph._node, graph._succ, graph._pred = nodes, successors, predecessors
    if backend in vars(backends)["backends"]:
        graph.__networkx_backend__ = backend
    return cast("networkx.DiGraph[str]", graph)


def algorithm(name: str) -> Callable[..., Any] | None:
    """Return networkx's own implementation of an algorithm, without a backend; None if none is."""
    from networkx.utils import backends

    registered: dict[str, Any] = vars(backends)["_registered_algorithms"]
    return registered[name].orig_func if name in registered else None


def components(edges: Numbers) -> list[set[int]]:
    """Return the strongly connected components, each after those that it leads to."""
    import networkx

    graph = networkx.DiGraph(edges)
    condensed = networkx.condensation(graph)
    order = reversed(list(networkx.topological_sort(condensed)))
    return [condensed.nodes[number]["members"] for number in order]


def dominators(edges: Numbers, source: int, destination: int) -> list[int]:
    """Return what every path from source to destination passes, in order, the ends left out."""
    import networkx

    graph = networkx.DiGraph(edges)
    graph.add_node(source)
    before = networkx.immediate_dominators(graph, source)
    passed: list[int] = []
    at = before.get(destination)
    while at is not None and at != source:
        passed.append(at)
        at = before[at]
    return passed[::-1]


def cluster_graph(cluster: Cluster) -> "networkx.DiGraph[str]":
    """Return everything in the cluster with how it hangs together.

    Whether a connection is allowed is not in this graph: that is `Reachability.graph`.

    >>> import nsimlib as ns
    >>> graph = ns.scenario("shop").graph
    >>> sorted(graph.successors("policy shop/web-egress"))[0]
    'block 203.0.113.0/24'
    """
    return digraph(_nodes(cluster), _edges(cluster))


def _nodes(cluster: Cluster) -> Iterator[NodeData]:
    for namespace in cluster.namespaces.values():
        yield f"namespace {namespace}", {"kind": "namespace", "labels": dict(namespace.labels)}
    for workload in cluster.workloads:
        yield f"workload {workload}", {"kind": "workload", "of": workload.kind}
    for pod in cluster.pods:
        yield f"pod {pod}", {"kind": "pod", "labels": dict(pod.labels)}
    yield from ((f"node {node.name}", {"kind": "node"}) for node in cluster.nodes)
    yield from ((f"service {service.key}", {"kind": "service"}) for service in cluster.services)
    yield from ((f"place {place.name}", {"kind": "place"}) for place in cluster.places)
    for policy in cluster.policies:
        yield f"policy {policy.key}", {"kind": "policy", "of": policy.kind}
        blocks = (peer.block for peer in _peers(policy) if isinstance(peer, BlockPeer))
        yield from ((f"block {block}", {"kind": "block"}) for block in blocks)


def _edges(cluster: Cluster) -> Iterator[EdgeData]:
    for workload, pods in cluster.workloads.items():
        yield f"namespace {workload.namespace}", f"workload {workload}", {"kind": "contains"}
        yield from ((f"workload {workload}", f"pod {pod}", {"kind": "contains"}) for pod in pods)
    for pod in cluster.pods:
        if pod.node is not None:
            yield f"node {pod.node}", f"pod {pod}", {"kind": "runs"}
    for service in cluster.services:
        backing = (pod for pod in cluster.pods if service.selects(pod))
        yield from ((f"pod {pod}", f"service {service.key}", {"kind": "backs"}) for pod in backing)
    for policy in cluster.policies:
        yield from _policy_edges(cluster, policy)


def _policy_edges(cluster: Cluster, policy: Policy) -> Iterator[EdgeData]:
    for pod in cluster.pods:
        if selects(policy.subject, pod, policy.namespace):
            yield f"policy {policy.key}", f"pod {pod.key}", {"kind": "selects"}
    for peer in _peers(policy):
        match peer:
            case BlockPeer():
                yield f"policy {policy.key}", f"block {peer.block}", {"kind": "allows"}
            case PodPeer():
                for pod in cluster.pods:
                    if selects(peer, pod, policy.namespace):
                        yield f"policy {policy.key}", f"pod {pod.key}", {"kind": "allows"}


def _peers(policy: Policy) -> Iterator[Peer]:
    return (peer for rule in policy.rules for peer in rule.peers or ())
