"""A cluster → the plan of a miniature network: who lives where, and how packets get there.

::

    pod --- node --.
    pod --- node --+-- fabric --- world
            node --'

Every node of the cluster is a network namespace that forwards for its pods, as real nodes do, so
that a packet between two nodes meets the policy of both. The fabric joins the nodes to the world,
in which every address that nobody has is somebody's. Routes go pod by pod, by the gateway address
that Calico's pods have; nobody ever asks for a link address.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

from nsimlib.datapath.calico_names import interface_of
from nsimlib.errors import LabError
from nsimlib.model.addresses import Address, Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import External, Party, Pod
from nsimlib.packets.addressing import FENCE, LAB_NODE, ends_of, networked, outside_of
from nsimlib.packets.labd.plan import HOME, LOOPBACK, End

__all__ = ["ETHERNET", "FABRIC", "UPLINK", "WORLD", "Topology", "host_of", "node_netns"]

FABRIC = HOME
WORLD = "world"
#: what a node's way to the others is called, and a pod's only interface
UPLINK = "uplink"
ETHERNET = "eth0"
#: all that a node's interfaces have, as on Calico's nodes
NODE_MAC = "ee:ee:ee:ee:ee:ee"
#: the number of the interface that leads to the host; those that lead to guests follow
OWN = LOOPBACK + 1

#: No addresses of their own making, so nothing is sent but what the lab sends; and no rationing of
#: what the kernel says of packets it rejects, for some rejections would look like drops.
#: Ports below 1024 are everybody's, for the notebook itself listens on sockets of the lab.
WISHES = {
    "net/ipv4/ip_unprivileged_port_start": "0",
    "net/ipv4/icmp_ratelimit": "0",
    "net/ipv6/icmp/ratelimit": "0",
    "net/ipv6/conf/default/addr_gen_mode": "1",
}
FORWARDING = {"net/ipv6/conf/all/forwarding": "1"}
#: sockets may speak for any address, as the world has them all; for IPv4 its routes say so
ANY_ADDRESS = {"net/ipv6/ip_nonlocal_bind": "1"}
NOTHING: Mapping[str, str] = {}
EVERYTHING = {Family.IPV4: "0.0.0.0/0", Family.IPV6: "::/0"}


def host_of(pod: Pod) -> str:
    """Return the name of the node that a pod lives on in the lab."""
    return pod.node or LAB_NODE


@dataclass
class Planned:
    """One network namespace as it is planned."""

    forwards: bool
    sysctls: Mapping[str, str]
    wishes: Mapping[str, str]
    addresses: list[tuple[int, str]] = field(default_factory=list)
    routes: list[tuple[int, str, str]] = field(default_factory=list)
    guests: int = 0


class Topology:
    """Where everyone of a cluster lives in the lab; every end of it has an address."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        addresses = (a for each in ends_of(cluster) for a in each.addresses)
        self.families = tuple(sorted({Family.IPV4, *(address.family for address in addresses)}))

    @cached_property
    def hosts(self) -> Mapping[str, tuple[Address, ...]]:
        """Nodes by name, each with its addresses and those of pods on its network."""
        found = {node.name: dict.fromkeys(node.addresses) for node in self.cluster.nodes}
        if not found:
            found[LAB_NODE] = {}
        for pod in self.cluster.pods:
            of_host = found.setdefault(host_of(pod), {})
            if pod.host_network:
                of_host.update(dict.fromkeys(pod.addresses))
        return {name: tuple(addresses) for name, addresses in sorted(found.items())}

    @cached_property
    def pods(self) -> Mapping[str, tuple[Pod, ...]]:
        """Pods with a network of their own, by the name of their node."""
        found: dict[str, list[Pod]] = {name: [] for name in self.hosts}
        for pod in networked(self.cluster):
            found[host_of(pod)].append(pod)
        return {name: tuple(pods) for name, pods in found.items()}

    @property
    def fence(self) -> tuple[str, str, str]:
        """Who sends the datagram that all probes are behind, who takes it, and at which address."""
        return WORLD, node_netns(next(iter(self.hosts))), FENCE

    @property
    def watched(self) -> tuple[str, ...]:
        """The namespaces in which paths begin and end: nodes, and the fabric before the world."""
        return (FABRIC, *map(node_netns, self.hosts))

    def netns(self, party: Party) -> str:
        """The namespace in which an end lives."""
        match party:
            case Pod() if not party.host_network:
                return f"pod/{party.key}"
            case Pod():
                return node_netns(host_of(party))
            case External():
                return WORLD
            case _:
                return node_netns(party.name)

    def plan(self, of_every_node: tuple[Address, ...] = ()) -> dict[str, Any]:
        """Return the plan as the helper reads it; some addresses are on every node."""
        return Planning(self, of_every_node).plan()


def node_netns(name: str) -> str:
    """Return the namespace of a node, by the node's name."""
    return f"node/{name}"


class Planning:
    """A plan in the making."""

    def __init__(self, topology: Topology, of_every_node: tuple[Address, ...]) -> None:
        self.topology, self.of_every_node = topology, of_every_node
        self.places: dict[str, Planned] = {}
        self.links: list[tuple[End, End]] = []

    def plan(self) -> dict[str, Any]:
        """Plan the fabric, the world, each node, and each pod."""
        self._place(FABRIC, FORWARDING, forwards=True)
        self._world()
        for name in self.topology.hosts:
            self._node(name)
        return {
            "netns": {name: vars(place) for name, place in self.places.items()},
            "links": self.links,
            "ipv6": Family.IPV6 in self.topology.families,
        }

    def _place(
        self, name: str, sysctls: Mapping[str, str] = NOTHING, forwards: bool = False
    ) -> None:
        if name in self.places:
            raise LabError("plan", f"there are two of {name}")
        needed, wished = map(self._of_families, (sysctls, WISHES))
        self.places[name] = Planned(forwards, needed, wished)

    def _of_families(self, sysctls: Mapping[str, str]) -> Mapping[str, str]:
        if Family.IPV6 in self.topology.families:
            return sysctls
        return {path: value for path, value in sysctls.items() if "/ipv6/" not in path}

    def _world(self) -> None:
        self._place(WORLD, ANY_ADDRESS)
        outward, inward = self._link(FABRIC, WORLD, WORLD, ETHERNET)
        self.places[WORLD].routes.append((inward, f"{FENCE}/32", "first"))
        for family, address in outside_of(self.topology.cluster).items():
            if family in self.topology.families:
                self.places[WORLD].addresses.append((inward, str(address)))
        of_pods = (a for pod in networked(self.topology.cluster) for a in pod.addresses)
        for address in (*chain(*self.topology.hosts.values()), *of_pods):
            self.places[WORLD].routes.append((inward, address.cidr, "first"))
        # Once every address is local the gateway is, too, and the kernel refuses routes by it.
        for family in self.topology.families:
            self.places[FABRIC].routes.append((outward, EVERYTHING[family], "via"))
            self.places[WORLD].routes.append((LOOPBACK, EVERYTHING[family], "local"))

    def _node(self, name: str) -> None:
        netns = node_netns(name)
        self._place(netns, FORWARDING, forwards=True)
        number = len(self.links)
        down, up = self._link(FABRIC, netns, f"node{number}", UPLINK)
        self._default_route(netns, up)
        own = ((LOOPBACK, str(address)) for address in self.of_every_node)
        self.places[netns].addresses.extend(own)
        if netns == self.topology.fence[1]:
            self.places[netns].addresses.append((up, FENCE))
            self.places[FABRIC].routes.append((down, f"{FENCE}/32", "via"))
        for address in self.topology.hosts[name]:
            self.places[netns].addresses.append((up, str(address)))
            self.places[FABRIC].routes.append((down, address.cidr, "via"))
        for pod in self.topology.pods[name]:
            for address in pod.addresses:
                self.places[FABRIC].routes.append((down, address.cidr, "via"))
            self._pod(netns, pod)

    def _pod(self, host: str, pod: Pod) -> None:
        netns = self.topology.netns(pod)
        self._place(netns)
        name = interface_of(pod.namespace.name, pod.name)
        down, up = self._link(host, netns, name, ETHERNET)
        self._default_route(netns, up)
        for address in pod.addresses:
            self.places[netns].addresses.append((up, str(address)))
            self.places[host].routes.append((down, address.cidr, "via"))

    def _default_route(self, netns: str, index: int) -> None:
        routes = ((index, EVERYTHING[family], "via") for family in self.topology.families)
        self.places[netns].routes.extend(routes)

    def _link(self, host: str, guest: str, name: str, called: str) -> tuple[int, int]:
        """Link a guest to its host, and return the numbers of both interfaces."""
        mac = "02:00:" + ":".join(f"{byte:02x}" for byte in len(self.links).to_bytes(4, "big"))
        self.places[host].guests += 1
        # Two ends of one number pass for a device of its own, and the kernel takes a second to
        # notice that it is up.
        end = End(host, name, OWN + self.places[host].guests, NODE_MAC)
        self.links.append((end, End(guest, called, OWN, mac)))
        return end.number, OWN
