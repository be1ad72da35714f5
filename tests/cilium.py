"""Generated policies of Cilium, as manifests that it accepts, over `strategies`' clusters.

They go through the reader, so what it cannot say is not generated, and what it says is tested.
"""

import json
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from nsimlib.cni.profile import load_profile
from nsimlib.manifests import loads
from nsimlib.model.cluster import Cluster
from tests import strategies as make

Manifest = dict[str, Any]
CILIUM = load_profile("cilium")
NAMESPACE = "k8s:io.kubernetes.pod.namespace"
TEAM = "io.cilium.k8s.namespace.labels.team"
ACCOUNT = "io.cilium.k8s.policy.serviceaccount"

SELECTORS: tuple[Manifest, ...] = (
    {},
    {"matchLabels": {"app": "web"}},
    {"matchLabels": {"k8s:app": "db", "any:tier": "front"}},
    {"matchLabels": {"container:app": "web"}},
    {"matchLabels": {NAMESPACE: "data"}},
    {"matchLabels": {NAMESPACE: "shop", "app": "web", TEAM: "a"}},
    {"matchLabels": {ACCOUNT: "default"}},
    {"matchExpressions": [{"key": TEAM, "operator": "DoesNotExist"}]},
    {"matchExpressions": [{"key": NAMESPACE, "operator": "Exists"}]},
    {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web", "db"]}]},
)
ENDPOINTS = (
    *SELECTORS,
    {"matchLabels": {"reserved:host": ""}},
    {"matchLabels": {"io.cilium.k8s.policy.cluster": "east", "app": "db"}},
    {"matchLabels": {"reserved:health": "", "app": "db"}},
)
ENTITIES = (
    "all", "world", "world-ipv4", "world-ipv6", "cluster", "host", "remote-node", "kube-apiserver",
    "none", "health", "unmanaged", "cluster-mesh",
)  # fmt: skip
CIDRS = ("0.0.0.0/0", "::/0", "10.0.0.2", "10.0.0.0/8", "203.0.113.7/24", "fd00::/64")
CIDR_SETS: tuple[Manifest, ...] = (
    {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "203.0.113.0/24"]},
    {"cidr": "203.0.113.0/24", "except": ["203.0.113.0/24"]},
    {"cidr": "::/0"},
    {"cidrGroupRef": "partners"},
    {"cidrGroupSelector": {"matchLabels": {"kind": "partner"}}},
)
SERVICES: tuple[Manifest, ...] = (
    {"k8sService": {"serviceName": "front", "namespace": "shop"}},
    {"k8sService": {"serviceName": "all"}},
    {"k8sService": {"serviceName": "gone", "namespace": "data"}},
    {"k8sServiceSelector": {"selector": {}, "namespace": "data"}},
)
NODES: tuple[Manifest, ...] = ({}, {"matchLabels": {"zone": "a"}})
GROUPS: tuple[Manifest, ...] = (
    {"aws": {"securityGroupsIds": ["sg-1"], "region": "eu-central-1"}},
    {"aws": {"labels": {"kind": "db"}}},
)
NAMES: tuple[Manifest, ...] = (
    {"matchName": "db.example.com"},
    {"matchPattern": "*.example.com"},
    {"matchPattern": "*"},
    {},
)
COMMON: dict[str, tuple[Any, ...]] = {
    "Endpoints": ENDPOINTS,
    "CIDR": CIDRS,
    "CIDRSet": CIDR_SETS,
    "Entities": ENTITIES,
    "Nodes": NODES,
    "Groups": GROUPS,
}
OUTWARD = COMMON | {"Services": SERVICES}
PORTS: tuple[Manifest, ...] = (
    {"port": "80", "protocol": "TCP"},
    {"port": "80"},
    {"port": "53", "endPort": 443, "protocol": "ANY"},
    {"port": "0", "protocol": "UDP"},
    {"port": "0"},
    {"port": "http", "protocol": "TCP"},
    {"port": "dns"},
    {"port": "443", "protocol": "SCTP"},
    {"port": "0", "protocol": "GRE"},
)
ICMPS: tuple[Manifest, ...] = (
    {"type": 8},
    {"type": "EchoRequest", "family": "IPv6"},
    {"type": 3, "family": "IPv4"},
)
REQUESTS: tuple[Manifest, ...] = (
    {"method": "GET", "path": '/a"and"/.*'},
    {"host": "api\\.example", "headers": ["X-Token: 1", "and"]},
    {},
)


@st.composite
def peers(draw: st.DrawFn, side: str, fields: dict[str, tuple[Any, ...]]) -> Manifest:
    """The one field that says whom a rule means, sometimes empty, or none at all."""
    name = draw(st.sampled_from((*sorted(fields), "Endpoints", "Endpoints", "")))
    if not name:
        return {}
    return {side + name: draw(st.lists(st.sampled_from(fields[name]), max_size=2))}


@st.composite
def traffic(draw: st.DrawFn, outward: bool, denies: bool) -> Manifest:
    """Ports or types of ICMP, sometimes with what a proxy lets through."""
    kind = draw(st.sampled_from(("", "", "icmps", "toPorts", "toPorts", "toPorts")))
    if kind == "icmps":
        return {"icmps": [{"fields": draw(st.lists(st.sampled_from(ICMPS), max_size=2))}]}
    if not kind:
        return {}
    entries: list[Manifest] = [
        {"ports": draw(st.lists(st.sampled_from(PORTS), max_size=2))}
        for _ in range(draw(st.integers(1, 2)))
    ]
    limits = draw(st.sampled_from(("", "", "http", "dns")))
    if limits == "http" and not denies:
        some = draw(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=2))
        entries[0] = {"ports": [PORTS[0]], "rules": {"http": some}, "serverNames": []}
    if limits == "dns" and outward and not denies:
        names = draw(st.lists(st.sampled_from(NAMES[:3]), min_size=1, max_size=2))
        entries[0] = {"ports": [{"port": "53"}], "rules": {"dns": names}}
    return {"toPorts": entries}


@st.composite
def rules(draw: st.DrawFn, outward: bool, denies: bool) -> Manifest:
    """An entry of one of the four sections."""
    side = "to" if outward else "from"
    fields = OUTWARD if outward else COMMON
    fields = fields | ({"FQDNs": NAMES} if outward and not denies else {})
    return draw(peers(side, fields)) | draw(traffic(outward, denies))


SECTIONS = {
    "egress": (True, False),
    "egressDeny": (True, True),
    "ingress": (False, False),
    "ingressDeny": (False, True),
}


@st.composite
def specs(draw: st.DrawFn) -> Manifest:
    """One rule of the API, with one section at least."""
    chosen = draw(st.lists(st.sampled_from(sorted(SECTIONS)), min_size=1, max_size=3, unique=True))
    spec: Manifest = {"endpointSelector": draw(st.sampled_from(({}, {}, *SELECTORS)))}
    for name in chosen:
        spec[name] = draw(st.lists(rules(*SECTIONS[name]), min_size=1, max_size=2))
    switched = draw(st.sampled_from(({}, {}, {"egress": False}, {"ingress": False})))
    return spec | ({"enableDefaultDeny": switched} if switched else {})


@st.composite
def manifests(draw: st.DrawFn, number: int) -> Manifest:
    """A policy of a namespace or of none, of one rule or of several."""
    namespace = draw(st.sampled_from((*make.NAMES, None)))
    metadata = {"name": f"policy-{number}"} | ({"namespace": namespace} if namespace else {})
    kind = "CiliumNetworkPolicy" if namespace else "CiliumClusterwideNetworkPolicy"
    one, several = draw(st.sampled_from(((1, 0), (1, 0), (0, 2), (1, 1))))
    body: Manifest = {"spec": draw(specs())} if one else {}
    if several:
        body["specs"] = [draw(specs()) for _ in range(several)]
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": metadata, **body}


@st.composite
def clusters(draw: st.DrawFn, most: int = 3) -> Cluster:
    """A cluster with Cilium's policies, and sometimes a NetworkPolicy."""
    said = [draw(manifests(number)) for number in range(draw(st.integers(1, most)))]
    read = loads(json.dumps({"apiVersion": "v1", "kind": "List", "items": said}))
    others = draw(st.lists(make.network_policies("np"), max_size=1))
    return replace(draw(make.clusters()), policies=(*read.policies, *others))
