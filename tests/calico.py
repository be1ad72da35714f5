"""Generated policies of Calico, as manifests that its server accepts, over `strategies`' clusters.

They go through the reader, so what it cannot say is not generated, and what it says is tested.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from nsimlib.cni.profile import load_profile
from nsimlib.manifests import loads
from nsimlib.model.cluster import Cluster
from tests import strategies as make

Manifest = dict[str, Any]
API = "projectcalico.org/v3"
CALICO = load_profile("calico")

SELECTORS = (
    "all()",
    "app == 'web'",
    "app != 'web'",
    "has(tier) || app in {'db'}",
    "!(app starts with 'w') && tier not in {'front'}",
    "projectcalico.org/namespace == 'data'",
    "pcns.team == 'a'",
)
NAMESPACE_SELECTORS = ("all()", "global()", "team == 'a'", "team != 'a'", "!has(team)")
NETS = (["0.0.0.0/0"], ["10.0.0.0/30", "203.0.113.0/24"], ["10.9.0.0/31"], ["10.0.0.2/32"])
ACCOUNTS = ({"names": ["default"]}, {"names": ["other"]}, {"selector": "role != 'ui'"})
SERVICES = (
    {"name": "front", "namespace": "shop"},
    {"name": "all", "namespace": "data"},
    {"name": "gone", "namespace": "data"},
)
PORTS = ([80], ["53:443"], ["http"], [1, "dns", 65535])
#: what a rule says of its protocol, and of the ports of its destination
TRAFFIC: Sequence[tuple[Manifest, Manifest]] = (
    ({}, {}),
    ({}, {}),
    ({"protocol": "TCP"}, {}),
    ({"notProtocol": "UDP"}, {}),
    ({"protocol": 47}, {}),
    ({"protocol": "ICMP", "icmp": {"type": 8}}, {}),
    ({"protocol": "ICMP", "icmp": {"type": 3, "code": 1}}, {}),
    ({"protocol": "ICMP", "notICMP": {"type": 8}}, {}),
    ({"ipVersion": 4}, {}),
    ({"protocol": "TCP", "source": {"ports": [80]}}, {}),
    *(
        ({"protocol": protocol}, {field: ports})
        for protocol in ("TCP", 17)
        for field in ("ports", "notPorts")
        for ports in PORTS
    ),
)
ACTIONS = ("Allow", "Allow", "Deny", "Deny", "Pass", "Log")
TIERS = ("default", "default", "default", "security", "late", "kube-admin", "gone")
TYPES = ((), (), ("Egress",), ("Ingress",), ("Egress", "Ingress"))


@st.composite
def ends(draw: st.DrawFn) -> Manifest:
    """What a rule says of one end, its ports and Services apart."""
    fields = {
        "selector": st.sampled_from(SELECTORS),
        "notSelector": st.sampled_from(SELECTORS),
        "namespaceSelector": st.sampled_from(NAMESPACE_SELECTORS),
        "nets": st.sampled_from(NETS),
        "notNets": st.sampled_from(NETS),
        "serviceAccounts": st.sampled_from(ACCOUNTS),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), max_size=2, unique=True))
    return {field: draw(fields[field]) for field in chosen}


@st.composite
def rules(draw: st.DrawFn, outward: bool) -> Manifest:
    """A rule; one in four names a Service."""
    about, ports = draw(st.sampled_from(TRAFFIC))
    sides = {side: draw(ends()) for side in ("source", "destination")}
    if draw(st.integers(0, 3)) == 0 and not (outward and ports):
        sides["destination" if outward else "source"] = {"services": draw(services())}
    sides["destination"] = sides["destination"] | ports
    sides["source"] = sides["source"] | about.get("source", {})
    return {"action": draw(st.sampled_from(ACTIONS)), **about, **sides}


def services() -> st.SearchStrategy[Manifest]:
    """A Service by name."""
    return st.sampled_from(SERVICES)


@st.composite
def manifests(draw: st.DrawFn, number: int) -> Manifest:
    """A policy of a namespace or of none, staged or in force."""
    namespace = draw(st.sampled_from((*make.NAMES, None)))
    staged = draw(st.sampled_from(("", "", "", "Staged")))
    spec: Manifest = {
        "tier": draw(st.sampled_from(TIERS)),
        "order": draw(st.sampled_from((None, 1, 1.5, 1000))),
        "selector": draw(st.sampled_from(("", "", *SELECTORS))),
        "serviceAccountSelector": draw(st.sampled_from(("", "", "", "has(role)", "all()"))),
        "types": list(draw(st.sampled_from(TYPES))),
        "egress": draw(st.lists(rules(True), max_size=2)),
        "ingress": draw(st.lists(rules(False), max_size=2)),
    }
    metadata = {"name": f"policy-{number}"}
    if namespace is None:
        kind = "GlobalNetworkPolicy"
        spec["namespaceSelector"] = draw(st.sampled_from(("", "", "team != 'a'")))
    else:
        kind, metadata = "NetworkPolicy", metadata | {"namespace": namespace}
    return {"apiVersion": API, "kind": staged + kind, "metadata": metadata, "spec": spec}


ADDED_TIERS: tuple[Manifest, ...] = (
    {"order": 100, "defaultAction": "Deny"},
    {"order": 100, "defaultAction": "Pass"},
    {"order": 2_000_000},
    {},
)


@st.composite
def clusters(draw: st.DrawFn, most: int = 3) -> Cluster:
    """A cluster with Calico's policies, its own tiers, and sometimes a NetworkPolicy."""
    tiers = [
        {"apiVersion": API, "kind": "Tier", "metadata": {"name": name}, "spec": spec}
        for name, spec in zip(
            ("security", "late"), draw(st.permutations(ADDED_TIERS))[:2], strict=True
        )
    ]
    said = [draw(manifests(number)) for number in range(draw(st.integers(1, most)))]
    read = loads(json.dumps({"apiVersion": "v1", "kind": "List", "items": [*tiers, *said]}))
    others = draw(st.lists(make.network_policies("np"), max_size=1))
    return replace(draw(make.clusters()), policies=(*read.policies, *others), tiers=read.tiers)
