"""The policies of a made-up cluster: defaults per namespace, then workload by workload.

AdminNetworkPolicies, where there are any, are for teams.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from random import Random
from typing import Any, Protocol

__all__ = ["STYLES", "admin_policies", "policies"]

Manifest = dict[str, Any]
NAME_LABEL = "kubernetes.io/metadata.name"
ADMIN_PORTS = (80, 443, 5432, 8080)
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
    number: int, names: list[str], workloads: Sequence[Subject], random: Random, style: str = ""
) -> Iterator[Manifest]:
    """Yield so many policies for these namespaces and workloads."""
    left = number
    if style:
        yield from islice(STYLES[style](names, workloads, random), number)
        return
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
    yield from islice(_of_workloads(len(names), workloads, random), left)


def _of_workloads(
    namespaces: int, workloads: Sequence[Subject], random: Random
) -> Iterator[Manifest]:
    neighbours: dict[str, list[Subject]] = defaultdict(list)
    for workload in workloads:
        neighbours[workload.namespace].append(workload)
    kinds = (_from_sibling, _from_tiers, _from_team, _from_outside, _to_blocks)
    for index in count():
        subject = random.choice(workloads)
        sibling = random.choice(neighbours[subject.namespace])
        kind = random.choices(kinds, weights=(40, 20, 20, 10, 10))[0]
        yield of_workload(subject, index, kind(random, sibling, max(1, namespaces // 5)))
        if kind is _from_sibling:
            # Where egress is denied as well, a connection needs a policy at either end.
            yield of_workload(sibling, f"{index}-out", _to_sibling(subject))


def of_workload(subject: Subject, index: int | str, spec: Manifest) -> Manifest:
    """Return a policy for the pods of a workload."""
    selector = {"matchLabels": {"app": subject.name}}
    return _policy(f"{subject.name}-{index}", subject.namespace, selector, **spec)


def _from_sibling(_: Random, sibling: Subject, __: int) -> Manifest:
    peers = [_peer({"app": sibling.name}, None), _peer(None, {NAME_LABEL: "monitoring"})]
    return {"ingress": [_rule(["main/TCP"], peers, "from")]}


def _to_sibling(sibling: Subject) -> Manifest:
    rule = _rule(["main/TCP"], [_peer({"app": sibling.name}, None)])
    return {"egress": [rule], "policyTypes": ["Egress"]}


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


def _flat(namespaces: list[str], *_: Any) -> Iterator[Manifest]:
    """One policy: the rest of the cluster is open."""
    yield _policy("default-deny", namespaces[-1], {})


def _dense(_: list[str], workloads: Sequence[Subject], random: Random) -> Iterator[Manifest]:
    """Every policy lets one pod send to all pods but a few."""
    for index in count():
        subject, *others = (random.choice(workloads) for _ in range(4))
        values = [other.name for other in others]
        requirement = {"key": "app", "operator": "NotIn", "values": values}
        selector = {"matchExpressions": [requirement]}
        peer = {"namespaceSelector": {}, "podSelector": selector}
        spec = {"egress": [{"to": [peer]}], "policyTypes": ["Egress"]}
        yield of_workload(subject, index, spec)


def _antrea_small(names: list[str], workloads: Sequence[Subject], _: Random) -> Iterator[Manifest]:
    """Namespaces with two workloads that let each other in, and a default denial."""
    neighbours: dict[str, list[Subject]] = defaultdict(list)
    for workload in workloads:
        neighbours[workload.namespace].append(workload)
    for name in names:
        yield _policy("default-deny", name, {})
        for i, subject in enumerate(neighbours[name]):
            peer = _peer({"app": neighbours[name][i - 1].name}, None)
            yield of_workload(subject, i, {"ingress": [{"from": [peer]}]})


def _antrea_own(_: list[str], workloads: Sequence[Subject], __: Random) -> Iterator[Manifest]:
    """One policy for each workload, which lets its own pods in."""
    for i, subject in enumerate(workloads):
        spec = {"ingress": [{"from": [_peer({"app": subject.name}, None)]}]}
        yield of_workload(subject, i, spec)


def _antrea_all(names: list[str], *_: Any) -> Iterator[Manifest]:
    """Policies that all select every pod of the one namespace, and let all of them in."""
    for i in count():
        yield _policy(f"all-{i}", names[-1], {}, ingress=[{"from": [{"podSelector": {}}]}])


def _antrea_across(names: list[str], workloads: Sequence[Subject], _: Random) -> Iterator[Manifest]:
    """One policy for each workload, which lets in another namespace."""
    for i, subject in enumerate(workloads):
        peer = _peer(None, {NAME_LABEL: names[(i + 1) % len(names)]})
        yield of_workload(subject, i, {"ingress": [{"from": [peer]}]})


def _identities(_: list[str], workloads: Sequence[Subject], __: Random) -> Iterator[Manifest]:
    """Few kinds of pods, and six policies for each, every one with ports of its own."""
    for i, subject in enumerate(list(workloads) * 6):
        other = workloads[(i * 7 + 1) % len(workloads)]
        peer = _peer({"app": other.name}, {NAME_LABEL: other.namespace})
        ports = [{"port": 1000 + 2 * i, "protocol": "TCP"}]
        yield of_workload(subject, i, {"ingress": [{"from": [peer], "ports": ports}]})


Style = Callable[[list[str], Sequence[Subject], Random], Iterator[Manifest]]
STYLES: dict[str, Style] = {
    "flat": _flat,
    "dense": _dense,
    "small": _antrea_small,
    "own": _antrea_own,
    "all": _antrea_all,
    "across": _antrea_across,
    "identities": _identities,
}


def admin_policies(number: int, teams: list[str], random: Random) -> Iterator[Manifest]:
    """Yield so many AdminNetworkPolicies of ten rules, each for eight of the teams."""
    for priority in range(number):
        operator = {"key": "team", "operator": "In", "values": random.sample(teams, 8)}
        spec: Manifest = {
            "priority": priority,
            "subject": {"namespaces": {"matchExpressions": [operator]}},
        }
        for index in range(10):
            direction, side = random.choice((("ingress", "from"), ("egress", "to")))
            rule = {
                "name": f"rule-{index}",
                "action": random.choice(("Allow", "Deny", "Pass")),
                side: [_admin_peer(direction, teams, random)],
                "ports": [{"portNumber": {"protocol": "TCP", "port": random.choice(ADMIN_PORTS)}}],
            }
            spec.setdefault(direction, []).append(rule)
        yield {
            "apiVersion": "policy.networking.k8s.io/v1alpha1",
            "kind": "AdminNetworkPolicy",
            "metadata": {"name": f"admin-{priority}"},
            "spec": spec,
        }


def _admin_peer(direction: str, teams: list[str], random: Random) -> Manifest:
    """A team, in egress sometimes a block, else pods by their tier and environment."""
    chance = random.random()
    if chance < 0.5:
        return {"namespaces": {"matchLabels": {"team": random.choice(teams)}}}
    if chance >= 0.8 and direction == "egress":
        return {"networks": [f"10.{random.randrange(256)}.{random.randrange(256)}.0/24"]}
    environment = random.choice(("prod", "stage", "dev"))
    return {
        "pods": {
            "namespaceSelector": {"matchLabels": {"env": environment}},
            "podSelector": {"matchLabels": {"tier": random.choice(("backend", "cache", "db"))}},
        }
    }


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
