"""What a policy toward a database is to allow, and why each part of it is as it is."""

from dataclasses import dataclass
from typing import Final

from nsimlib.model.addresses import Address, IPBlock
from nsimlib.model.objects import NAME_LABEL, Namespace, Service
from nsimlib.model.peers import BlockPeer, PodPeer
from nsimlib.model.ports import Port
from nsimlib.model.selectors import Labels, LabelSelector
from nsimlib.patterns.databases import Database, Shape, shape_of

__all__ = [
    "KUBE_DNS",
    "NODE_CACHE_AS_HOST",
    "NODE_CACHE_BY_ADDRESS",
    "Because",
    "Goal",
    "named",
    "to_database",
    "to_names",
]


@dataclass(frozen=True, slots=True)
class Because:
    """Why something is in a policy, and the facts that it rests on."""

    says: str
    facts: tuple[str, ...]

    def also(self, *facts: str, says: str = "") -> "Because":
        """Return it with more facts, and more to say."""
        return Because(self.says + says, tuple(dict.fromkeys((*self.facts, *facts))))

    def __str__(self) -> str:
        return f"{self.says} ({', '.join(self.facts)})"


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be allowed: an application its database, and the DNS that it needs for that.

    `dns` is the Service that answers names, `dns_ports` those of the pods behind it. With
    `node_caches`, a cache on every node answers at these addresses before it (F5.5).
    """

    name: str
    namespace: Namespace
    app: Labels
    database: Database
    dns: Service
    dns_ports: tuple[Port, ...]
    node_caches: tuple[Address, ...] = ()

    @property
    def port(self) -> Port:
        """Where the database listens."""
        return Port(self.database.port)

    @property
    def pods(self) -> PodPeer:
        """The application's pods, as their own namespace says it."""
        return PodPeer(None, LabelSelector.of(self.app))

    @property
    def dns_pods(self) -> PodPeer:
        """The pods behind the Service."""
        return PodPeer(named(self.dns.namespace), LabelSelector.of(self.dns.selector))

    @property
    def caches(self) -> tuple[BlockPeer, ...]:
        """The addresses of caches, one block each."""
        return tuple(BlockPeer(IPBlock(address.cidr)) for address in self.node_caches)

    @property
    def subnets(self) -> tuple[BlockPeer, ...]:
        """Where the database may be."""
        return tuple(BlockPeer(IPBlock(each)) for each in self.database.subnets)


def named(namespace: str) -> LabelSelector:
    """Return the selector of the namespace of that name (F1.36)."""
    return LabelSelector.of({NAME_LABEL: namespace})


KUBE_DNS: Final = Because(
    "DNS of the cluster: the pods behind the Service, by namespace and by label in one entry, on "
    "the port that these pods listen on; TCP too, for answers that are too large for UDP",
    ("F5.4", "F1.2", "F1.36", "F5.16"),
)
NODE_CACHE_BY_ADDRESS: Final = Because(
    "NodeLocal DNSCache answers on the pod's own node, at an address that is the node's: no "
    "selector of pods means it",
    ("F5.5", "F1.27"),
)
NODE_CACHE_AS_HOST: Final = Because(
    "NodeLocal DNSCache on its node's network is the host to Cilium; run as ordinary pods behind "
    "a Local Redirect Policy, it is selected by the labels of those pods instead",
    ("F5.5", "F3.37"),
)
SHAPES: Final = {
    Shape.INSTANCE: "F5.29",
    Shape.CLUSTER: "F5.27",
    Shape.READER: "F5.27",
    Shape.CUSTOM: "F5.29",
    Shape.PROXY: "F5.30",
    Shape.ALIAS: "F5.31",
}


def to_database(goal: Goal, *facts: str) -> Because:
    """Return why the database is these subnets, on one port."""
    says = goal.database.because.strip().rstrip(".") or "All subnets that the database may be in"
    return Because(f"{says}. One port: the one that it listens on", goal.database.facts).also(
        "E48", *facts
    )


def to_names(goal: Goal, *facts: str) -> Because:
    """Return why the database is these names."""
    shapes = tuple(dict.fromkeys(map(shape_of, goal.database.endpoints)))
    says = f"The names that clients ask for ({', '.join(shapes)})"
    if goal.database.autoscaled:
        says += "; an instance to come has no name yet, so all names of the account's instances"
    enforced = f"{says}. What is let through are the addresses that were answered"
    return Because(enforced, ()).also(*(SHAPES[each] for each in shapes), *facts)
