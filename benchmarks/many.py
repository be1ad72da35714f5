"""Small made-up clusters with everything that a NetworkPolicy can say, for comparisons."""

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

__all__ = ["APPS", "NAMESPACES", "TIERS", "Manifest", "cluster_manifests"]

Manifest = dict[str, Any]
NAMESPACES = ("east", "west", "north")
APPS = ("web", "api", "db", "cron")
TIERS = ("front", "back")
PORT_NAMES = ("http", "dns", "metrics")
BLOCKS = (
    ("0.0.0.0/0", ("10.0.0.0/8", "192.168.0.0/16")),
    ("203.0.113.0/24", ("203.0.113.64/26",)),
    ("198.51.100.0/24", ()),
    ("172.16.0.0/12", ("172.20.0.0/16", "172.16.5.0/24")),
    ("2001:db8::/32", ("2001:db8:1::/48",)),
    ("::/0", ("fc00::/7",)),
    ("2001:db8:2::/64", ()),
)


def cluster_manifests(seed: int, features: Counter[str]) -> Iterator[Manifest]:
    """Yield the objects of a cluster, and count the features that its policies use."""
    random = Random(seed)
    for name in NAMESPACES:
        yield _object(
            "v1", "Namespace", {"name": name, "labels": {"zone": f"{name}-1", "env": "prod"}}
        )
    for number in range(random.randint(4, 7)):
        yield _deployment(number, random)
    for number in range(random.randint(2, 6)):
        yield _policy(number, random, features)


def _object(version: str, kind: str, metadata: Manifest, **more: Any) -> Manifest:
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def _deployment(number: int, random: Random) -> Manifest:
    labels = {"app": random.choice(APPS), "tier": random.choice(TIERS), "unit": f"u{number}"}
    ports = [
        {"name": name, "containerPort": random.choice((53, 80, 8080)), "protocol": protocol}
        for name, protocol in zip(PORT_NAMES, ("TCP", "UDP", "TCP"), strict=True)
        if random.random() < 0.6
    ]
    container = {"name": "main", "image": "registry.example/app:1", "ports": ports}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    metadata = {"name": f"unit-{number}", "namespace": random.choice(NAMESPACES)}
    return _object("apps/v1", "Deployment", metadata, spec=spec)


def _policy(number: int, random: Random, features: Counter[str]) -> Manifest:
    types = random.choice((["Ingress"], ["Egress"], ["Ingress", "Egress"]))
    spec: Manifest = {"podSelector": _selector(random), "policyTypes": types}
    for side, peers in (("ingress", "from"), ("egress", "to")):
        if side.title() in types:
            spec[side] = [_rule(peers, random, features) for _ in range(random.randint(0, 2))]
    metadata = {"name": f"policy-{number}", "namespace": random.choice(NAMESPACES)}
    return _object("networking.k8s.io/v1", "NetworkPolicy", metadata, spec=spec)


def _rule(side: str, random: Random, features: Counter[str]) -> Manifest:
    rule: Manifest = {}
    if random.random() < 0.8:
        rule["ports"] = [_port(random, features) for _ in range(random.randint(1, 2))]
    if random.random() < 0.85:
        rule[side] = [_peer(side, random, features) for _ in range(random.randint(1, 2))]
    blocks = [peer["ipBlock"]["cidr"] for peer in rule.get(side, ()) if "ipBlock" in peer]
    if len({":" in block for block in blocks}) == 2:
        features["both families"] += 1
    return rule


def _port(random: Random, features: Counter[str]) -> Manifest:
    protocol = random.choice(("TCP", "UDP", "SCTP"))
    match random.randrange(4):
        case 0:
            features["a named port"] += 1
            return {"port": random.choice(PORT_NAMES), "protocol": random.choice(("TCP", "UDP"))}
        case 1:
            features["a port range"] += 1
            return {
                "port": 8000,
                "endPort": random.choice((8000, 8080, 9000)),
                "protocol": protocol,
            }
        case 2:
            return {"protocol": protocol}
        case _:
            return {"port": random.choice((53, 80, 443, 8080)), "protocol": protocol}


def _peer(side: str, random: Random, features: Counter[str]) -> Manifest:
    if random.random() < 0.4:
        cidr, exceptions = random.choice(BLOCKS)
        block: Manifest = {"cidr": cidr}
        if exceptions:
            block["except"] = list(exceptions)
            features[f"{'egress' if side == 'to' else 'ingress'} except"] += 1
        features["IPv6"] += ":" in cidr
        return {"ipBlock": block}
    peer: Manifest = {}
    anywhere = random.random() < 0.5
    if random.random() < 0.6:
        # Beside a namespaceSelector the peer tool looks for `Exists` in the policy's namespace only
        # (Parsers/K8sPolicyYamlParser.py, get_peers_with_key(self.namespace, …)), against the API.
        peer["podSelector"] = _selector(random, of=4 if anywhere else 5)
    if anywhere or not peer:
        labels = random.choice(({}, {"zone": "east-1"}, {"env": "prod"}, {"zone": "absent"}))
        peer["namespaceSelector"] = {"matchLabels": labels} if labels else {}
    return peer


def _selector(random: Random, of: int = 5) -> Manifest:
    match random.randrange(of):
        case 0:
            return {}
        case 1:
            return {"matchLabels": {"app": random.choice(APPS)}}
        case 2:
            return {"matchLabels": {"tier": random.choice(TIERS)}}
        case 3:
            operator = random.choice(("In", "NotIn"))
            values = random.sample(APPS, 2)
            return {"matchExpressions": [{"key": "app", "operator": operator, "values": values}]}
        case _:
            operator = random.choice(("Exists", "DoesNotExist"))
            return {"matchExpressions": [{"key": "unit", "operator": operator}]}
