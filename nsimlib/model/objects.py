"""What a cluster is made of: namespaces, pods and workloads, nodes, Services, places outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from nsimlib.model.addresses import Address, AddressRange, IPBlock
from nsimlib.model.peers import PodPeer
from nsimlib.model.ports import Port
from nsimlib.model.selectors import Labels, Selector, asks_for_implied

__all__ = [
    "NAME_LABEL",
    "ContainerPort",
    "External",
    "Namespace",
    "NetworkSet",
    "Node",
    "OwnDns",
    "Party",
    "Place",
    "Pod",
    "Service",
    "ServiceAccount",
    "ServicePort",
    "Traits",
    "Workload",
    "selects",
    "visible_labels",
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
class ServiceAccount:
    """The account that a pod runs as; its namespace is the pod's.

    `has_role` says that it is given a role of AWS by IRSA; which one nobody needs to know.
    """

    name: str = "default"
    labels: Labels = field(default_factory=dict, hash=False)
    has_role: bool = False


class Traits(NamedTuple):
    """What the containers of a pod say besides their ports, as far as an audit asks.

    `variables` are those of the environment that say whose credentials a pod has, and how an agent
    is set; no others are kept. `host_ports` are ports of a container, each with that of its node.
    """

    variables: tuple[tuple[str, str], ...] = ()
    host_ports: tuple[tuple[int, int], ...] = ()
    privileged: bool = False


NO_TRAITS = Traits()


class OwnDns(NamedTuple):
    """What a pod with the DNS policy None is given instead of the cluster's resolv.conf."""

    nameservers: tuple[Address, ...]
    searches: tuple[str, ...] = ()


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
    account: ServiceAccount = ServiceAccount()
    #: None where the pod asks whom its cluster asks
    dns: OwnDns | None = None
    traits: Traits = NO_TRAITS

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace.name}/{self.name}"

    @property
    def implied_labels(self) -> Labels:
        """Labels that nobody wrote and selectors see: Calico's (F2.6) and Cilium's (F3.14)."""
        return {
            "io.cilium.k8s.policy.serviceaccount": self.account.name,
            "projectcalico.org/namespace": self.namespace.name,
            "projectcalico.org/orchestrator": "k8s",
            "projectcalico.org/serviceaccount": self.account.name,
            **{f"pcns.{key}": value for key, value in self.namespace.labels.items()},
            **{f"pcsa.{key}": value for key, value in self.account.labels.items()},
        }

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


@dataclass(frozen=True, slots=True)
class NetworkSet:
    """Addresses that selectors select by label, of a namespace or of none (F2.1)."""

    namespace: Namespace | None
    name: str
    labels: Labels = field(hash=False)
    blocks: tuple[IPBlock, ...] = ()

    @property
    def implied_labels(self) -> Labels:
        """Labels that nobody wrote and Calico's selectors see."""
        if self.namespace is None:
            return {}
        above = {f"pcns.{key}": value for key, value in self.namespace.labels.items()}
        return {"projectcalico.org/namespace": self.namespace.name, **above}

    def __str__(self) -> str:
        if self.namespace is None:
            return f"GlobalNetworkSet {self.name}"
        return f"NetworkSet {self.namespace.name}/{self.name}"


class ServicePort(NamedTuple):
    """A port of a Service; `target` is a number, or the name of a container port."""

    name: str
    port: Port
    target: int | str


@dataclass(frozen=True, slots=True)
class Service:
    """A Service; `endpoints` are None when the input has no EndpointSlices for it.

    Without them the selector and the target port say where it sends connections. A `headless` one
    has no address of its own: clients learn those of the pods and connect to a port of theirs.
    """

    namespace: str
    name: str
    cluster_ips: tuple[Address, ...] = ()
    ports: tuple[ServicePort, ...] = ()
    selector: Labels | None = field(default=None, hash=False)
    labels: Labels = field(default_factory=dict, hash=False)
    endpoints: tuple[tuple[str, Address, Port], ...] | None = None
    headless: bool = False

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


def selects(peer: PodPeer, pod: Pod, own_namespace: str | None) -> bool:
    """Whether a pod peer or a policy's subject selects the pod, by labels alone."""
    if peer.namespaces is None:
        in_namespace = pod.namespace.name == own_namespace
    else:
        in_namespace = peer.namespaces.matches(pod.namespace.labels)
    return in_namespace and (peer.pods is None or peer.pods.matches(visible_labels(pod, peer.pods)))


def visible_labels(labelled: Pod | NetworkSet, selector: Selector) -> Labels:
    """Return the labels that a selector sees: those written, and implied ones if it asks for some.

    To Kubernetes an implied label is a label like any other, which nobody has.
    """
    if not asks_for_implied(selector):
        return labelled.labels
    return {**labelled.labels, **labelled.implied_labels}
