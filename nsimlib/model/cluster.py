"""Who exists: namespaces, pods and their workloads, nodes, Services, places outside, policies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from nsimlib.errors import UnknownName
from nsimlib.model.addresses import Address, AddressRange
from nsimlib.model.policy import PodPeer, Policy
from nsimlib.model.ports import Port
from nsimlib.model.report import LoadReport
from nsimlib.model.selectors import Labels
from nsimlib.model.shown import Shown

if TYPE_CHECKING:
    import networkx

__all__ = [
    "Cluster",
    "ContainerPort",
    "External",
    "Namespace",
    "Node",
    "Party",
    "Place",
    "Pod",
    "Service",
    "ServicePort",
    "Workload",
    "selects",
]

#: the label that the control plane puts on every namespace (F1.36)
NAME_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace with the labels it has, the automatic one included."""

    name: str
    labels: Labels = field(hash=False)

    def __str__(self) -> str:
        return self.name


class Workload(NamedTuple):
    """What pods are made from: a Deployment or any other owner, or a pod of its own."""

    namespace: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class ContainerPort(NamedTuple):
    """A port that a container declares; the name is empty when it has none."""

    name: str
    port: Port


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod. `from_template` marks the stand-in for a workload that has no live pods."""

    namespace: Namespace
    name: str
    labels: Labels = field(hash=False)
    addresses: tuple[Address, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    node: str | None = None
    host_network: bool = False
    workload: Workload | None = None
    from_template: bool = False

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace.name}/{self.name}"

    @property
    def owner(self) -> Workload:
        """The workload it belongs to; a bare pod is its own."""
        return self.workload or Workload(self.namespace.name, "Pod", self.name)

    def named_ports(self, name: str) -> tuple[Port, ...]:
        """The ports that its containers call so, in their order."""
        return tuple(declared.port for declared in self.ports if declared.name == name)

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster and the addresses it answers on."""

    name: str
    labels: Labels = field(default_factory=dict, hash=False)
    addresses: tuple[Address, ...] = ()

    def __str__(self) -> str:
        return f"node/{self.name}"


@dataclass(frozen=True, slots=True)
class External:
    """An address that is no pod and no node, with the domain names and places it belongs to."""

    address: Address
    names: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The one address, in the shape that pods and nodes have."""
        return (self.address,)

    def __str__(self) -> str:
        return str(self.address)


Party = Pod | Node | External


@dataclass(frozen=True, slots=True)
class Place:
    """A part of the world outside that has a name: its addresses and its domain names."""

    name: str
    description: str = ""
    cidrs: tuple[AddressRange, ...] = ()
    names: Mapping[str, tuple[Address, ...]] = field(default_factory=dict, hash=False)


class ServicePort(NamedTuple):
    """A port of a Service; `target` is a number, or the name of a container port."""

    name: str
    port: Port
    target: int | str


@dataclass(frozen=True, slots=True)
class Service:
    """A Service; `endpoints` are None when the input has no EndpointSlices for it.

    Without them the selector and the target port say where it sends connections.
    """

    namespace: str
    name: str
    cluster_ips: tuple[Address, ...] = ()
    ports: tuple[ServicePort, ...] = ()
    selector: Labels | None = field(default=None, hash=False)
    endpoints: tuple[tuple[str, Address, Port], ...] | None = None

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    def selects(self, pod: Pod) -> bool:
        """Whether the Service's selector takes the pod as a backend."""
        return (
            self.selector is not None
            and pod.namespace.name == self.namespace
            and all(pod.labels.get(key) == value for key, value in self.selector.items())
        )

    def port_for(self, port: Port) -> ServicePort | None:
        """The Service port that answers on `port`, or None."""
        return next((p for p in self.ports if p.port == port), None)


PolicyReader = Callable[[str], tuple[Policy, ...]]


@dataclass(frozen=True, repr=False)
class Cluster(Shown):
    """Everything that was read. Never changed: `with_policies` and `without` return another one."""

    namespaces: Mapping[str, Namespace] = field(default_factory=dict)
    pods: tuple[Pod, ...] = ()
    #: pods that run no more: they have no network, and only a comparison with other tools asks
    finished: tuple[Pod, ...] = ()
    nodes: tuple[Node, ...] = ()
    services: tuple[Service, ...] = ()
    places: tuple[Place, ...] = ()
    policies: tuple[Policy, ...] = ()
    report: LoadReport = field(default=LoadReport(), compare=False)
    #: turns a file or a manifest text into policies; given by whoever read the cluster
    read_policies: PolicyReader | None = field(default=None, compare=False, repr=False)

    @cached_property
    def pods_by_address(self) -> Mapping[Address, Pod]:
        """Pods by address; those on the host's network share their node's and are left out."""
        return {a: pod for pod in self.pods if not pod.host_network for a in pod.addresses}

    @cached_property
    def nodes_by_address(self) -> Mapping[Address, Node]:
        """Nodes by each of their addresses."""
        return {address: node for node in self.nodes for address in node.addresses}

    @cached_property
    def services_by_address(self) -> Mapping[Address, Service]:
        """Services by each of their cluster addresses."""
        return {address: service for service in self.services for address in service.cluster_ips}

    @cached_property
    def workloads(self) -> Mapping[Workload, tuple[Pod, ...]]:
        """Pods by the workload they belong to, in the order of the workloads."""
        found: dict[Workload, list[Pod]] = {}
        for pod in self.pods:
            found.setdefault(pod.owner, []).append(pod)
        return {workload: tuple(found[workload]) for workload in sorted(found)}

    def node(self, name: str) -> Node:
        """Return the node of that name, or raise `UnknownName`."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise UnknownName("node", name, (node.name for node in self.nodes))

    def policy(self, key: str) -> Policy:
        """Return the policy of that key (`namespace/name`), or raise `UnknownName`."""
        for policy in self.policies:
            if policy.key == key:
                return policy
        raise UnknownName("policy", key, (policy.key for policy in self.policies))

    def domain(self, name: str) -> tuple[Address, ...]:
        """Return the addresses that the inventory gives a domain name, or raise `UnknownName`."""
        wanted = name.lower().rstrip(".")
        found = {a: None for place in self.places for a in place.names.get(wanted, ())}
        if not found:
            known = (known for place in self.places for known in place.names)
            raise UnknownName("address for the domain name", name, known)
        return tuple(found)

    def external(self, address: Address) -> External:
        """Return what the inventory knows of an address outside."""
        names = (
            name
            for place in self.places
            for name, answers in place.names.items()
            if address in answers
        )
        places = tuple(place.name for place in self.places_of(address))
        return External(address, tuple(sorted(names)), places)

    def places_of(self, address: Address) -> tuple[Place, ...]:
        """The places that an address belongs to, the narrowest first."""
        holding = (
            (cidr.last - cidr.first, place.name, place)
            for place in self.places
            for cidr in place.cidrs
            if address in cidr
        )
        return tuple(place for _, _, place in sorted(holding, key=lambda found: found[:2]))

    def with_policies(self, *policies: Policy | str) -> "Cluster":
        """Return this cluster with more policies: objects, file names or manifest texts.

        A policy of the same kind, namespace and name is replaced, as `kubectl apply` would.
        """
        added: dict[tuple[str, str], Policy] = {}
        for policy in policies:
            for each in self._read(policy) if isinstance(policy, str) else (policy,):
                added[each.identity] = each
        kept = tuple(policy for policy in self.policies if policy.identity not in added)
        return replace(self, policies=(*kept, *added.values()))

    def without(self, *keys: str) -> "Cluster":
        """Return this cluster without the policies of these keys (`namespace/name`)."""
        known = {policy.key for policy in self.policies}
        for key in keys:
            if key not in known:
                raise UnknownName("policy", key, known)
        return replace(self, policies=tuple(p for p in self.policies if p.key not in keys))

    def _read(self, text: str) -> tuple[Policy, ...]:
        if self.read_policies is None:
            raise TypeError("a cluster built by hand takes Policy objects, not files or texts")
        return self.read_policies(text)

    @property
    def graph(self) -> "networkx.DiGraph[str]":
        """The whole cluster as a directed graph with typed nodes and edges; see `model.graph`."""
        from nsimlib.model.graph import cluster_graph

        return cluster_graph(self)


def selects(peer: PodPeer, pod: Pod, own_namespace: str | None) -> bool:
    """Whether a pod peer or a policy's subject selects the pod, by labels alone."""
    if peer.namespaces is None:
        in_namespace = pod.namespace.name == own_namespace
    else:
        in_namespace = peer.namespaces.matches(pod.namespace.labels)
    return in_namespace and (peer.pods is None or peer.pods.matches(pod.labels))
