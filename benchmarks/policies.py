"""The NetworkPolicies of a made-up cluster: defaults per namespace, then workload by workload."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Protocol

__all__ = ["policies"]

Manifest = dict[str, Any]
NAME_LABEL = "kubernetes.io/metadata.name"
TIERS = ("backend", "cache", "db", "frontend", "worker")


class Subject(Protocol):
    """Whom a policy is for."""

    @property
    def namespace(self) -> str:
        """Its namespace."""

    @property
    def name(self) -> str:
        """The value of its label `app`."""


def policies(
    number: int, names: list[str], workloads: Sequence[Subject], random: Random
) -> Iterator[Manifest]:
    """Yield so many policies for these namespaces and workloads."""
    left = number
    for name in names:
        chance = random.random()
        if left < 2 or chance >= 0.95:
            continue
        types = ["Ingress", "Egress"] if chance < 0.9 else ["Ingress"]
        yield _policy("default-deny", name, {}, policyTypes=types)
        dns = _peer({"k8s-app": "kube-dns"}, {NAME_LABEL: "kube-system"})
        rule = _rule(["53/UDP", "53/TCP"], [dns])
        yield _policy("allow-dns", name, {}, egress=[rule], policyTypes=["Egress"])
        left -= 2
    teams = max(1, len(names) // 5)
    kinds = (_from_sibling, _from_tiers, _from_team, _from_outside, _to_blocks)
    for index in range(left):
        subject = random.choice(workloads)
        kind = random.choices(kinds, weights=(40, 20, 20, 10, 10))[0]
        spec = kind(random, random.choice(workloads), teams)
        selector = {"matchLabels": {"app": subject.name}}
        yield _policy(f"{subject.name}-{index}", subject.namespace, selector, **spec)


def _from_sibling(_: Random, sibling: Subject, __: int) -> Manifest:
    peers = [_peer({"app": sibling.name}, None), _peer(None, {NAME_LABEL: "monitoring"})]
    return {"ingress": [_rule(["main/TCP"], peers, "from")]}


def _from_tiers(random: Random, _: Subject, __: int) -> Manifest:
    operator, values = random.choice(("In", "NotIn")), random.sample(TIERS, 2)
    selector = {"matchExpressions": [{"key": "tier", "operator": operator, "values": values}]}
    return {"ingress": [{"from": [{"podSelector": selector}]}]}


def _from_team(random: Random, _: Subject, teams: int) -> Manifest:
    ports = [{"endPort": 9999, "port": 8000, "protocol": "TCP"}]
    peers = [_peer(None, {"team": f"t{random.randrange(teams)}"})]
    return {"ingress": [{"from": peers, "ports": ports}]}


def _from_outside(_: Random, __: Subject, ___: int) -> Manifest:
    block = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "192.168.0.0/16"]}}
    return {"ingress": [_rule(["main/TCP"], [_peer(None, {NAME_LABEL: "ingress"}), block], "from")]}


def _to_blocks(random: Random, _: Subject, __: int) -> Manifest:
    cidrs = [
        f"172.{random.randrange(16, 32)}.{random.randrange(256)}.0/24"
        for _ in range(random.randint(1, 6))
    ]
    peers = [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]
    return {"egress": [_rule(["5432/TCP"], peers)], "policyTypes": ["Egress"]}


def _policy(name: str, namespace: str, subject: Manifest, **spec: Any) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": subject, "policyTypes": ["Ingress"], **spec},
    }


def _rule(ports: list[str], peers: list[Manifest], side: str = "to") -> Manifest:
    split = (port.split("/") for port in ports)
    entries = [
        {"port": int(port) if port.isdigit() else port, "protocol": protocol}
        for port, protocol in split
    ]
    return {"ports": entries, side: peers}


def _peer(pods: dict[str, str] | None, namespaces: dict[str, str] | None) -> Manifest:
    sides = {"podSelector": pods, "namespaceSelector": namespaces}
    return {side: {"matchLabels": labels} for side, labels in sides.items() if labels is not None}
