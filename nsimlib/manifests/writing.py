"""A cluster → YAML that reads back as the same cluster."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import Any, Final

import yaml

from nsimlib.manifests.accounts import ROLE
from nsimlib.manifests.admin_writing import admin_spec
from nsimlib.manifests.apps import FINISHED
from nsimlib.manifests.calico import POLICIES, SETS
from nsimlib.manifests.calico_writing import calico_spec, set_spec, tier_spec
from nsimlib.manifests.cilium import CLUSTERWIDE, NAMESPACED
from nsimlib.manifests.cilium_writing import cilium_body
from nsimlib.manifests.cluster_policy_writing import cluster_policy_spec
from nsimlib.manifests.containers import written_container
from nsimlib.manifests.scalars import resolve
from nsimlib.model.addresses import Address
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import NetworkSet, Node, Place, Pod, Service, ServiceAccount
from nsimlib.model.peers import BlockPeer, Peer, PodPeer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort
from nsimlib.model.selectors import LabelSelector, Operator, Requirement

__all__ = ["dump"]

Manifest = dict[str, Any]
ADMIN: Final = ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy")
CALICO: Final = (*POLICIES, *SETS, "StagedKubernetesNetworkPolicy", "Tier")
VERSIONS: Final = {
    **dict.fromkeys(ADMIN, "policy.networking.k8s.io/v1alpha1"),
    "ClusterNetworkPolicy": "policy.networking.k8s.io/v1alpha2",
    **dict.fromkeys(CALICO, "projectcalico.org/v3"),
    **dict.fromkeys((NAMESPACED, CLUSTERWIDE), "cilium.io/v2"),
    "NetworkPolicy": "networking.k8s.io/v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "Place": "nsimlib.io/v1",
    "VirtualMachine": "kubevirt.io/v1",
    **dict.fromkeys(("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"), "apps/v1"),
    **dict.fromkeys(("Job", "CronJob"), "batch/v1"),
}


def dump(cluster: Cluster) -> str:
    """Return the cluster as YAML, the server's defaults written out; `loads` gives it back.

    Left-out policy types stay left out: whether somebody said them is a part of the policy (F1.10).

    Raises
    ------
    TypeError
        If it holds what no manifest can say, such as a rule with an empty list of peers.

    Examples
    --------
    >>> from nsimlib.manifests import loads
    >>> print(dump(loads("{kind: Namespace, apiVersion: v1, metadata: {name: 'on'}}")))
    apiVersion: v1
    kind: Namespace
    metadata:
      name: 'on'
      labels:
        kubernetes.io/metadata.name: 'on'
    """
    return yaml.dump_all(_manifests(cluster), Dumper=_Dumper, sort_keys=False, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Quotes what the server would not take for text; PyYAML alone leaves `y` and `1e3` bare."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if isinstance(resolve(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _manifests(cluster: Cluster) -> Iterator[Manifest]:
    for namespace in cluster.namespaces.values():
        yield _object("Namespace", namespace.name, labels=namespace.labels)
    yield from map(_node, cluster.nodes)
    yield from map(_place, cluster.places)
    yield from _accounts(cluster)
    yield from map(_pod, cluster.pods)
    yield from (_pod(pod, FINISHED[0]) for pod in cluster.finished)
    for service in cluster.services:
        yield from _service(service)
    yield from map(_network_set, cluster.network_sets)
    yield from (_object("Tier", tier.name, spec=tier_spec(tier)) for tier in cluster.tiers)
    for _, policies in groupby(cluster.policies, key=lambda policy: policy.identity):
        yield _policy(*policies)


def _object(kind: str, name: str, namespace: str | None = None, **more: Any) -> Manifest:
    """A manifest; `labels` belong to its metadata, all else stands beside that."""
    labels = dict(more.pop("labels", None) or {})
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    metadata |= more.pop("metadata", {})
    bare = kind.removesuffix(".projectcalico.org")
    head = {"apiVersion": VERSIONS.get(kind, "v1"), "kind": bare, "metadata": _said(metadata)}
    return head | more


def _said(fields: Manifest) -> Manifest:
    return {key: value for key, value in fields.items() if value not in (None, "", [], {})}


def _texts(addresses: Iterable[Address]) -> list[str]:
    return [str(address) for address in addresses]


def _node(node: Node) -> Manifest:
    addresses = [{"type": "InternalIP", "address": text} for text in _texts(node.addresses)]
    return _object("Node", node.name, labels=node.labels, status={"addresses": addresses})


def _place(place: Place) -> Manifest:
    spec = {
        "description": place.description,
        "cidrs": [cidr for block in place.cidrs for cidr in block.cidrs],
        "names": {name: _texts(addresses) for name, addresses in place.names.items()},
    }
    return _object("Place", place.name, spec=_said(spec))


def _accounts(cluster: Cluster) -> Iterator[Manifest]:
    """The accounts that say anything; the others are there as soon as a pod names them."""
    pods = (*cluster.pods, *cluster.finished)
    for namespace, account in dict.fromkeys((pod.namespace.name, pod.account) for pod in pods):
        if account.labels or account.has_role:
            notes = {"annotations": {ROLE: ""}} if account.has_role else {}
            name, labels = account.name, account.labels
            yield _object("ServiceAccount", name, namespace, labels=labels, metadata=notes)


def _network_set(found: NetworkSet) -> Manifest:
    own, shared = SETS
    kind, namespace = (own, found.namespace.name) if found.namespace else (shared, None)
    return _object(kind, found.name, namespace, labels=found.labels, spec=set_spec(found))


def _pod(pod: Pod, phase: str = "") -> Manifest:
    container = written_container(pod)
    spec = _said(
        {
            "containers": [container] if container else [],
            "nodeName": pod.node,
            "hostNetwork": pod.host_network or None,
            "serviceAccountName": "" if pod.account == ServiceAccount() else pod.account.name,
            **_dns(pod),
        }
    )
    if pod.from_template:
        return _workload(pod, {"metadata": {"labels": dict(pod.labels)}, "spec": spec})
    owner = pod.workload and [
        {"kind": pod.workload.kind, "name": pod.workload.name, "controller": True}
    ]
    status: Manifest = {"podIPs": [{"ip": text} for text in _texts(pod.addresses)]}
    status |= _said({"phase": phase})
    return _object(
        "Pod",
        pod.name,
        pod.namespace.name,
        labels=pod.labels,
        metadata=_said({"ownerReferences": owner}),
        spec=spec,
        status=status,
    )


def _dns(pod: Pod) -> Manifest:
    if pod.dns is None:
        return {}
    config = {"nameservers": _texts(pod.dns.nameservers), "searches": list(pod.dns.searches)}
    return {"dnsPolicy": "None", "dnsConfig": _said(config)}


def _workload(pod: Pod, template: Manifest) -> Manifest:
    spec: Manifest = {"template": template}
    if pod.owner.kind == "CronJob":
        spec = {"jobTemplate": {"spec": spec}}
    return _object(pod.owner.kind, pod.owner.name, pod.namespace.name, spec=spec)


def _service(service: Service) -> Iterator[Manifest]:
    ports = [
        _said({"name": name, "port": port.number, "protocol": port.protocol.value})
        | {"targetPort": target}
        for name, port, target in service.ports
    ]
    selector = dict(service.selector or {})
    addresses = ["None"] if service.headless else _texts(service.cluster_ips)
    spec = {"clusterIPs": addresses, "selector": selector, "ports": ports}
    labels = service.labels
    yield _object("Service", service.name, service.namespace, labels=labels, spec=_said(spec))
    if service.endpoints is not None:
        runs = groupby(service.endpoints, key=lambda endpoint: (endpoint[0], endpoint[2]))
        slices = [
            (
                [_said({"name": name, "port": port.number, "protocol": port.protocol.value})],
                [{"addresses": [str(address)]} for _, address, _ in run],
            )
            for (name, port), run in runs
        ]
        for number, (found, endpoints) in enumerate(slices or [([], [])]):
            yield _object(
                "EndpointSlice",
                f"{service.name}-{number}",
                service.namespace,
                labels={"kubernetes.io/service-name": service.name},
                endpoints=endpoints,
                ports=found,
            )


def _policy(policy: Policy, *more: Policy) -> Manifest:
    """The manifest of an object; one of Cilium's may hold several policies."""
    if policy.kind in (NAMESPACED, CLUSTERWIDE):
        body = cilium_body((policy, *more), _selector)
        return _object(policy.kind, policy.name, policy.namespace, **body)
    if policy.kind not in SPECS:
        raise TypeError(f"cannot write a {policy.kind} yet: {policy.key}")
    spec = SPECS[policy.kind](policy)
    return _object(policy.kind, policy.name, policy.namespace, spec=spec)


def _network_policy_spec(policy: Policy) -> Manifest:
    spec: Manifest = {"podSelector": _selector(policy.subject.pods)}
    for direction in Direction:
        if rules := policy.rules_for(direction):
            spec[direction.word] = [_rule(rule) for rule in rules]
    if not policy.directions_defaulted:
        spec["policyTypes"] = sorted(direction.value for direction in policy.directions)
    if policy.staged and not policy.directions:
        spec["stagedAction"] = "Delete"
    return spec


def _rule(rule: Rule) -> Manifest:
    if () in (rule.ports, rule.peers):
        raise TypeError(f"no manifest says none: an empty list in {rule.path} would mean any")
    side = "to" if rule.direction is Direction.EGRESS else "from"
    ports, peers = map(_port, rule.ports or ()), map(_peer, rule.peers or ())
    return _said({side: list(peers), "ports": list(ports)})


def _port(port: PolicyPort) -> Manifest:
    protocol = port.protocol.value if port.protocol else None
    return _said({"protocol": protocol, "port": port.port, "endPort": port.end_port})


def _peer(peer: Peer) -> Manifest:
    match peer:
        case BlockPeer(block=block):
            return {"ipBlock": _said({"cidr": block.cidr, "except": list(block.except_)})}
        case PodPeer(namespaces=namespaces, pods=pods):
            sides = {"namespaceSelector": namespaces, "podSelector": pods}
            return {key: _selector(each) for key, each in sides.items() if each is not None}
    raise TypeError(f"no NetworkPolicy says {peer}")


def _selector(selector: object) -> Manifest:
    if selector is None:
        return {}
    if not isinstance(selector, LabelSelector):
        raise TypeError(f"no NetworkPolicy says {selector}")
    exact = _exact(selector.requirements)
    more = [
        _said({"key": each.key, "operator": each.operator.value, "values": list(each.values)})
        for each in selector.requirements[len(exact) :]
    ]
    return _said({"matchLabels": exact, "matchExpressions": more})


def _exact(requirements: tuple[Requirement, ...]) -> dict[str, str]:
    """The requirements at the start that `matchLabels` can say, which is read back by key."""
    exact: dict[str, str] = {}
    for each in requirements:
        is_exact = each.operator is Operator.IN and len(each.values) == 1
        if not is_exact or (exact and each.key <= max(exact)):
            break
        exact[each.key] = each.values[0]
    return exact


SPECS: dict[str, Callable[[Policy], Manifest]] = {
    **dict.fromkeys(ADMIN, partial(admin_spec, selector=_selector)),
    **dict.fromkeys(POLICIES, calico_spec),
    "ClusterNetworkPolicy": partial(cluster_policy_spec, selector=_selector),
    "NetworkPolicy": _network_policy_spec,
    "StagedKubernetesNetworkPolicy": _network_policy_spec,
}
