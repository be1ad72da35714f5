"""The same comparison with policies of Calico's, beside NetworkPolicies, as far as both know them.

    python -m benchmarks.agreement_calico [200] [--write]

The peer knows no tiers, network sets, accounts or Services, and four things it takes otherwise than
Calico does. They are left out here, and named in README.md.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from benchmarks.agreement import Question, by_names, run
from benchmarks.many import APPS, NAMESPACES, TIERS, Manifest, cluster_manifests
from benchmarks.nca import Pairs
from nsimlib.cni.profile import Profile, load_profile
from nsimlib.evaluation.reachability import Reachability
from nsimlib.model.cluster import Cluster

API = "projectcalico.org/v3"
ACTIONS = ("Allow", "Allow", "Deny", "Deny", "Pass", "Log")
NETS = (["203.0.113.0/24"], ["198.51.100.0/24", "203.0.113.64/26"], ["0.0.0.0/0"])
NOT_NETS = (["203.0.113.128/25"], ["198.51.100.7/32", "10.0.0.0/8"])
PORTS = ([80], [53, "8000:8080"], ["http"], ["metrics", 443])
NAMESPACE_SELECTORS = ("all()", "zone == 'east-1'", "env == 'prod'", "zone != 'west-1'")


def profile() -> Profile:
    """Return Calico's tiers in the reading of the peer, whose blocks never match pods."""
    calico, reading = load_profile("calico"), load_profile("workloads")
    return replace(calico, name="calico-workloads", settles=reading.settles)


def answer(cluster: Cluster) -> Pairs:
    """Return our answer in the peer's reading, by its names."""
    return by_names(Reachability(cluster, profile()))


def manifests(seed: int, features: Counter[str]) -> Iterator[Manifest]:
    """Yield the objects of a cluster with policies of both kinds."""
    random = Random(seed)
    for each in cluster_manifests(seed, Counter()):
        if each["kind"] != "NetworkPolicy":
            yield each
        elif random.random() < 0.2:
            features["NetworkPolicy"] += 1
            yield each
    count = random.randint(2, 5)
    # Where two policies have one order, the peer takes them as they come.
    orders = random.sample(range(500, 1500), count - 1)
    for number, order in enumerate((*orders, None)):
        yield _policy(number, order, random, features)


def _policy(number: int, order: int | None, random: Random, features: Counter[str]) -> Manifest:
    is_global = random.random() < 0.5
    features["GlobalNetworkPolicy" if is_global else "NetworkPolicy.projectcalico.org"] += 1
    types = random.choice((["Ingress"], ["Egress"], ["Ingress", "Egress"]))
    spec: Manifest = {"types": types, "selector": _selector(random)}
    if order is not None:
        spec["order"] = order
    metadata = {"name": f"calico-{number}"}
    if is_global and random.random() < 0.5:
        spec["namespaceSelector"] = random.choice(NAMESPACE_SELECTORS)
    elif not is_global:
        metadata["namespace"] = random.choice(NAMESPACES)
    for side in types:
        rules = [_rule(side, is_global, random, features) for _ in range(random.randint(1, 3))]
        spec[side.lower()] = rules
    kind = "GlobalNetworkPolicy" if is_global else "NetworkPolicy"
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec}


def _rule(side: str, is_global: bool, random: Random, features: Counter[str]) -> Manifest:
    rule: Manifest = {"action": random.choice(ACTIONS)}
    features[rule["action"]] += 1
    entity = _entity(is_global, random, features) if random.random() < 0.85 else {}
    near, far = ("destination", "source") if side == "Ingress" else ("source", "destination")
    if entity:
        rule[far] = entity
    if random.random() < 0.2:
        features["own end"] += 1
        rule[near] = {"selector": _selector(random)}
    match random.randrange(5):
        case 0 | 1:
            rule["protocol"] = random.choice(("TCP", "UDP", "SCTP", 6))
            if random.random() < 0.7:
                field = random.choice(("ports", "ports", "notPorts"))
                features[field] += 1
                ports = random.choice(PORTS[:2] if field == "notPorts" else PORTS)
                rule.setdefault("destination", {})[field] = ports
        case 2:
            rule["notProtocol"] = random.choice(("TCP", "UDP"))
            features["notProtocol"] += 1
        case 3:
            rule["protocol"] = "ICMP"
            features["ICMP"] += 1
    return rule


def _entity(is_global: bool, random: Random, features: Counter[str]) -> Manifest:
    match random.randrange(5):
        case 0:
            features["nets"] += 1
            nets: Manifest = {"nets": random.choice(NETS)}
            if random.random() < 0.4:
                features["notNets"] += 1
                nets["notNets"] = random.choice(NOT_NETS)
            return nets
        case 1 if is_global:
            features["notSelector"] += 1
            return {"notSelector": _selector(random)}
        case 1 | 2:
            chosen: Manifest = {"namespaceSelector": random.choice(NAMESPACE_SELECTORS)}
            if random.random() < 0.6:
                chosen["selector"] = _selector(random)
            if random.random() < 0.3:
                features["notSelector"] += 1
                chosen["notSelector"] = _selector(random)
            return chosen
        case _:
            return {"selector": _selector(random)}


def _selector(random: Random, depth: int = 0) -> str:
    app, other = random.sample(APPS, 2)
    tier = random.choice(TIERS)
    kinds = (
        "all()",
        f"app == '{app}'",
        f"tier != '{tier}'",
        f"app in {{'{app}', '{other}'}}",
        f"app not in {{'{app}', '{other}'}}",
        f"has({random.choice(('unit', 'gone'))})",
        f"!has({random.choice(('unit', 'gone'))})",
        f"app contains '{app[1:]}'",
        f"unit starts with 'u' && app ends with '{app[-1]}'",
    )
    if depth < 2 and random.random() < 0.3:
        parts = (_selector(random, depth + 1) for _ in range(2))
        return f" {random.choice(('&&', '||'))} ".join(f"({part})" for part in parts)
    return random.choice(kinds)


def ask(seed: int, features: Counter[str]) -> Question:
    """Return the question that a seed stands for."""
    return Question(manifests(seed, features), answer)


if __name__ == "__main__":
    run("agreement with Calico", ask)
