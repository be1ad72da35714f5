"""Who exists, in other words: namespaces, pods, nodes, Services, places, network sets."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nsimlib.model.addresses import parse_cidr
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import (
    ContainerPort,
    Namespace,
    NetworkSet,
    Node,
    OwnDns,
    Place,
    Pod,
    Service,
    ServiceAccount,
    ServicePort,
    Workload,
)
from nsimlib.model.policy import Tier
from nsimlib.model.selectors import Labels
from nsimlib.redaction.policies import Policies
from nsimlib.redaction.ties import numbered

__all__ = ["Objects", "values_of_labels"]


def values_of_labels(cluster: Cluster) -> Iterator[str]:
    """Yield the values of all labels, those that nobody wrote among them."""
    pods = (*cluster.pods, *cluster.finished)
    for pod in pods:
        yield from pod.labels.values()
        yield from pod.implied_labels.values()
    spaces, sets = cluster.namespaces.values(), cluster.network_sets
    labels = (each.labels for found in (spaces, cluster.nodes, sets) for each in found)
    yield from (value for each in labels for value in each.values())
    yield from (value for each in cluster.services for value in each.labels.values())


@dataclass(frozen=True)
class Objects:
    """How a cluster is said anew; `policies` has the words, the addresses and the selectors."""

    policies: Policies

    def cluster(self, of: Cluster) -> Cluster:
        """Return a cluster in other words."""
        spaces = {key: self._namespace(each) for key, each in of.namespaces.items()}
        return Cluster(
            namespaces={each.name: each for each in spaces.values()},
            pods=tuple(map(self._pod, of.pods)),
            finished=tuple(map(self._pod, of.finished)),
            nodes=tuple(map(self._node, of.nodes)),
            services=tuple(map(self._service, of.services)),
            places=tuple(map(self._place, of.places)),
            policies=numbered(of.policies, tuple(map(self.policies.policy, of.policies))),
            network_sets=tuple(map(self._network_set, of.network_sets)),
            tiers=tuple(map(self._tier, of.tiers)),
        )

    def _word(self, text: str) -> str:
        return self.policies.words.word(text)

    def _labels(self, of: Labels) -> dict[str, str]:
        key = self.policies.words.key_of_label
        return {key(name): self._word(value) for name, value in of.items()}

    def _namespace(self, of: Namespace) -> Namespace:
        return Namespace(self._word(of.name), self._labels(of.labels))

    def _pod(self, of: Pod) -> Pod:
        return replace(
            of,
            namespace=self._namespace(of.namespace),
            name=self._word(of.name),
            labels=self._labels(of.labels),
            addresses=tuple(map(self.policies.addresses.address, of.addresses)),
            ports=tuple(ContainerPort(self._port(each.name), each.port) for each in of.ports),
            node=of.node and self._word(of.node),
            workload=of.workload and self._workload(of.workload),
            account=ServiceAccount(
                self._word(of.account.name), self._labels(of.account.labels), of.account.has_role
            ),
            dns=of.dns and self._dns(of.dns),
        )

    def _port(self, name: str) -> str:
        return self.policies.words.port(name)

    def _workload(self, of: Workload) -> Workload:
        return Workload(self._word(of.namespace), of.kind, self._word(of.name))

    def _dns(self, of: OwnDns) -> OwnDns:
        servers = tuple(map(self.policies.addresses.address, of.nameservers))
        return OwnDns(servers, tuple(map(self.policies.words.domain, of.searches)))

    def _node(self, of: Node) -> Node:
        addresses = tuple(map(self.policies.addresses.address, of.addresses))
        return Node(self._word(of.name), self._labels(of.labels), addresses)

    def _service(self, of: Service) -> Service:
        said = self.policies.addresses.address
        endpoints = of.endpoints and tuple(
            (self._port(name), said(address), port) for name, address, port in of.endpoints
        )
        return replace(
            of,
            namespace=self._word(of.namespace),
            name=self._word(of.name),
            cluster_ips=tuple(map(said, of.cluster_ips)),
            ports=tuple(map(self._service_port, of.ports)),
            selector=None if of.selector is None else self._labels(of.selector),
            labels=self._labels(of.labels),
            endpoints=endpoints,
        )

    def _service_port(self, of: ServicePort) -> ServicePort:
        target = self._port(of.target) if isinstance(of.target, str) else of.target
        return ServicePort(self._port(of.name), of.port, target)

    def _place(self, of: Place) -> Place:
        addresses = self.policies.addresses
        blocks = (parse_cidr(text) for each in of.cidrs for text in each.cidrs)
        names = {
            self.policies.words.domain(name): tuple(map(addresses.address, answers))
            for name, answers in of.names.items()
        }
        return Place(self._word(of.name), "", tuple(map(addresses.range, blocks)), names)

    def _network_set(self, of: NetworkSet) -> NetworkSet:
        space = of.namespace and self._namespace(of.namespace)
        blocks = tuple(map(self.policies.block, of.blocks))
        return NetworkSet(space, self._word(of.name), self._labels(of.labels), blocks)

    def _tier(self, of: Tier) -> Tier:
        kinds = tuple(self._kind(each) for each in of.kinds)
        return replace(of, name=self._word(of.name), kinds=kinds)

    def _kind(self, of: str) -> str:
        kind, slash, tier = of.partition("/")
        return f"{kind}/{self._word(tier)}" if slash else kind
