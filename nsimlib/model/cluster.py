"""A cluster: who exists, which policies there are, and what would be if they were others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from nsimlib.errors import UnknownName
from nsimlib.model.addresses import Address
from nsimlib.model.objects import (
    NAME_LABEL,
    External,
    Namespace,
    NetworkSet,
    Node,
    Place,
    Pod,
    Service,
    Workload,
)
from nsimlib.model.policy import Policy, Tier
from nsimlib.model.report import LoadReport
from nsimlib.model.resolution import resolved, stands_alone
from nsimlib.model.selectors import Labels
from nsimlib.model.shown import Shown

if TYPE_CHECKING:
    import networkx

__all__ = ["Cluster", "PolicyReader"]

PolicyReader = Callable[[str], tuple[Policy, ...]]


@dataclass(frozen=True, repr=False)
class Cluster(Shown):
    """Everything that was read. Never changed: `without` and all `with_…` return another one."""

    namespaces: Mapping[str, Namespace] = field(default_factory=dict)
    pods: tuple[Pod, ...] = ()
    #: pods that run no more: they have no network, and only a comparison with other tools asks
    finished: tuple[Pod, ...] = ()
    nodes: tuple[Node, ...] = ()
    services: tuple[Service, ...] = ()
    places: tuple[Place, ...] = ()
    policies: tuple[Policy, ...] = ()
    #: named sets of addresses that Calico's selectors select
    network_sets: tuple[NetworkSet, ...] = ()
    #: tiers that are objects of the cluster, as Calico has them
    tiers: tuple[Tier, ...] = ()
    #: the labels that workloads have themselves, which no policy sees
    controllers: Mapping[Workload, Labels] = field(default_factory=dict, compare=False)
    report: LoadReport = field(default=LoadReport(), compare=False)
    #: turns a file or a manifest text into policies; given by whoever read the cluster
    read_policies: PolicyReader | None = field(default=None, compare=False, repr=False)

    @property
    def resolved(self) -> "Cluster":
        """The same cluster; its policies name what Services and network sets stand for."""
        return self if self._stands_alone else self._resolved

    @cached_property
    def _stands_alone(self) -> bool:
        return all(map(stands_alone, self.policies))

    @cached_property
    def _resolved(self) -> "Cluster":
        policies = resolved(self.policies, self.services, self.network_sets)
        return replace(self, policies=policies)

    @cached_property
    def derived(self) -> dict[object, "Cluster"]:
        """Clusters that others made of this one, kept with it by what sets them apart."""
        return {}

    @cached_property
    def pods_by_address(self) -> Mapping[Address, Pod]:
        """Pods by address; those on the host's network share their node's and are left out."""
        return {a: pod for pod in self.pods if not pod.host_network for a in pod.addresses}

    @cached_property
    def pods_by_namespace(self) -> Mapping[str, tuple[Pod, ...]]:
        """Pods by the name of their namespace."""
        found: dict[str, list[Pod]] = {}
        for pod in self.pods:
            found.setdefault(pod.namespace.name, []).append(pod)
        return {name: tuple(pods) for name, pods in found.items()}

    def policies_for(self, namespace: str) -> tuple[Policy, ...]:
        """Return the policies that can be for pods of a namespace; the cluster's go first."""
        held = self._policies_by_namespace
        return (*held.get(None, ()), *held.get(namespace, ()))

    @cached_property
    def _policies_by_namespace(self) -> Mapping[str | None, tuple[Policy, ...]]:
        found: dict[str | None, list[Policy]] = {}
        for policy in self.policies:
            found.setdefault(policy.namespace, []).append(policy)
        return {name: tuple(policies) for name, policies in found.items()}

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
        names = {
            name
            for place in self.places
            for name, answers in place.names.items()
            if address in answers
        }
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

        A policy of the same kind, namespace and name is replaced, as `kubectl apply` would; the
        new one stands in its place.
        """
        added: dict[tuple[str, str], list[Policy]] = {}
        for policy in policies:
            # One object may hold several policies of its name.
            read: dict[tuple[str, str], list[Policy]] = {}
            for each in self._read(policy) if isinstance(policy, str) else (policy,):
                read.setdefault(each.identity, []).append(each)
            added |= read
        new, replaced = tuple(chain.from_iterable(added.values())), set(added)
        found: list[Policy] = []
        for each in self.policies:
            found += added.pop(each.identity, ()) if each.identity in replaced else (each,)
        after = replace(self, policies=(*found, *chain.from_iterable(added.values())))
        if vars(self).get("_stands_alone"):
            # A change of one policy is asked again and again, and is not to look at all of them.
            vars(after)["_stands_alone"] = all(map(stands_alone, new))
        return after

    def without(self, *keys: str) -> "Cluster":
        """Return this cluster without the policies of these keys (`namespace/name`)."""
        known = {policy.key for policy in self.policies}
        for key in keys:
            if key not in known:
                raise UnknownName("policy", key, known)
        return replace(self, policies=tuple(p for p in self.policies if p.key not in keys))

    def with_staged(self) -> "Cluster":
        """Return this cluster as it would be with its staged policies in force.

        Each takes the place of its namesake; one that is staged to be deleted leaves it empty.
        """
        staged = {each.in_force.identity: each.in_force for each in self.policies if each.staged}
        kept = (p for p in self.policies if not p.staged and p.identity not in staged)
        found = (*kept, *(policy for policy in staged.values() if policy.directions))
        return replace(self, policies=found)

    def with_labels(
        self, key: str, labels: Mapping[str, str | None] | None = None, /, **more: str | None
    ) -> "Cluster":
        """Return this cluster with other labels on a pod, or on all pods of a workload.

        Labels that are not named stay; None takes one away.

        >>> import nsimlib as ns
        >>> after = ns.scenario("shop").with_labels("shop/debug", app="web", run=None)
        >>> next(dict(pod.labels) for pod in after.pods if pod.name == "debug")
        {'app': 'web'}
        """
        chosen = {id(pod) for pod in self.pods if pod.key == key}
        chosen = chosen or {id(pod) for pod in self.pods if str(pod.owner) == key}
        if not chosen:
            known = {str(workload) for workload in self.workloads} | {p.key for p in self.pods}
            raise UnknownName("pod or workload", key, known)
        changed = {**(labels or {}), **more}
        pods = (
            replace(pod, labels=_relabelled(pod.labels, changed)) if id(pod) in chosen else pod
            for pod in self.pods
        )
        return replace(self, pods=tuple(pods))

    def with_namespace(
        self, name: str, labels: Mapping[str, str | None] | None = None, /, **more: str | None
    ) -> "Cluster":
        """Return this cluster with one more namespace, or with other labels on one it has."""
        old = self.namespaces.get(name) or Namespace(name, {NAME_LABEL: name})
        new = Namespace(name, _relabelled(old.labels, {**(labels or {}), **more}))
        pods = (
            replace(pod, namespace=new) if pod.namespace.name == name else pod for pod in self.pods
        )
        return replace(self, namespaces={**self.namespaces, name: new}, pods=tuple(pods))

    def _read(self, text: str) -> tuple[Policy, ...]:
        if self.read_policies is None:
            raise TypeError("a cluster built by hand takes Policy objects, not files or texts")
        return self.read_policies(text)

    @property
    def graph(self) -> "networkx.DiGraph[str]":
        """The whole cluster as a directed graph with typed nodes and edges; see `model.graph`."""
        from nsimlib.model.graph import cluster_graph

        return cluster_graph(self)


def _relabelled(labels: Labels, changed: Mapping[str, str | None]) -> Labels:
    after = {**labels, **changed}
    return {key: value for key, value in after.items() if value is not None}
