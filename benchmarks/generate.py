"""Write a made-up cluster the way kubectl writes a real one: the same seed gives the same bytes.

    python benchmarks/generate.py M --format yaml --out m.yaml

Pods come in groups of replicas. Every object is made once per group as a template of text, so
that 100,000 pods take seconds.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from textwrap import indent
from typing import Any, Final
from uuid import UUID

import yaml

from benchmarks.policies import admin_policies, policies

Manifest = dict[str, Any]

SYSTEM: Final = ("kube-system", "monitoring", "ingress")
TIERS: Final = ("frontend", "backend", "backend", "backend", "cache", "db", "worker")
PORTS: Final = {"frontend": 8080, "backend": 8000, "cache": 6379, "db": 5432, "worker": 9000}
ENVIRONMENTS: Final = ("prod", "prod", "stage", "dev")
POD = Path(__file__).with_name("pod.yaml")
METRICS = 9102
SLOT = re.compile("@([a-z]+)@")
# What Kubernetes makes names from: no vowels, so no words, and no digits that look like a number.
SAFE = "bcdfghjklmnpqrst"


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a cluster is; `fat` pods carry all that the API server adds to a running pod.

    `style` names another way to write its policies (`policies.STYLES`), `admin` is how many
    AdminNetworkPolicies of ten rules there are besides.
    """

    pods: int
    namespaces: int
    policies: int
    seed: int = 1
    fat: bool = True
    replicas: int = 10
    style: str = ""
    admin: int = 0


SHAPES: Final = {
    "XS": Shape(200, 10, 60),
    "S": Shape(1_000, 20, 200),
    "M": Shape(10_000, 200, 2_000),
    "L": Shape(100_000, 1_000, 10_000),
    # The same bytes as L, and then policies of a tier above.
    "TIER": Shape(100_000, 1_000, 10_000, admin=100),
    "L3": Shape(100_000, 1_000, 30_000),
    "XL": Shape(150_000, 5_000, 50_000),
    # As many as in the one cluster whose numbers are published: more policies than pods.
    "OBS": Shape(5_413, 604, 13_678, replicas=2),
    "UNIQ": Shape(100_000, 1_000, 10_000, replicas=1),
    "DENSE": Shape(100_000, 1_000, 10_000, replicas=1, style="dense"),
    "FLAT": Shape(100_000, 1_000, 1, style="flat"),
    # The shapes of Antrea's scale tests, and of Cilium's report.
    "A1": Shape(100_000, 25_000, 75_000, replicas=2, style="small"),
    "A2": Shape(100_000, 100, 10_000, style="own"),
    "A3": Shape(10_000, 4, 10_000, replicas=1, style="own"),
    "A4": Shape(10_000, 4, 10_000, style="all"),
    "A5": Shape(100_000, 1_000, 10_000, style="across"),
    "CIL": Shape(50_000, 5, 1_500, replicas=200, style="identities"),
    # The same workloads and policies with ten times the replicas.
    "R10": Shape(10_000, 100, 1_000),
    "R100": Shape(100_000, 100, 1_000, replicas=100),
    "P1": Shape(500, 15, 120),
    "P2": Shape(1_000, 20, 200),
    "P3": Shape(2_000, 40, 400),
    "P4": Shape(4_000, 80, 800),
}


@dataclass(frozen=True, slots=True)
class Workload:
    """A group of replicas."""

    namespace: str
    name: str
    tier: str
    count: int

    @property
    def is_set(self) -> bool:
        """Whether its pods keep their names."""
        return self.tier in ("cache", "db")


def write(path: Path, shape: Shape, form: str) -> None:
    """Write a cluster to a file as `json` or `yaml`."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(text(shape, form))


def text(shape: Shape, form: str) -> Iterator[str]:
    """Yield a cluster in pieces, as `kubectl get -A -o json` or `-o yaml` prints it."""
    if form == "yaml":
        yield "apiVersion: v1\nitems:\n"
        yield from _items(shape, _yaml_item)
        yield 'kind: List\nmetadata:\n  resourceVersion: ""\n'
        return
    yield '{\n    "apiVersion": "v1",\n    "items": [\n'
    separator = ""
    for item in _items(shape, _json_item):
        yield separator + item
        separator = ",\n"
    yield '\n    ],\n    "kind": "List",\n    "metadata": {"resourceVersion": ""}\n}\n'


def _json_item(manifest: Manifest) -> str:
    return indent(json.dumps(manifest, indent=4, sort_keys=True), " " * 8)


def _yaml_item(manifest: Manifest) -> str:
    return yaml.dump([manifest], Dumper=DUMPER, width=1 << 20)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


DUMPER: Final = _Dumper


def _items(shape: Shape, form: Any) -> Iterator[str]:
    random = Random(shape.seed)
    names = [*SYSTEM, *(f"team-{i}" for i in range(shape.namespaces - len(SYSTEM)))]
    labels = {name: _namespace_labels(i, name, shape, random) for i, name in enumerate(names)}
    for name in names:
        metadata = {"labels": labels[name], "name": name}
        yield form({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    workloads = list(_workloads(shape, names))
    address = 10 << 24
    for number, workload in enumerate(workloads):
        template = _template(form(_pod(workload, number, shape.fat)))
        for replica in range(workload.count):
            address += 1
            yield template % _slots(workload, replica, address, random)
    for policy in policies(shape.policies, names, workloads, random, shape.style):
        yield form(policy)
    teams = sorted(
        {of_namespace["team"] for of_namespace in labels.values() if "team" in of_namespace}
    )
    for policy in admin_policies(shape.admin, teams, random):
        yield form(policy)


def _code(number: int) -> str:
    return "".join(SAFE[int(digit, 16)] for digit in f"{number:010x}")


def _template(written: str) -> str:
    return SLOT.sub(r"%(\1)s", written.replace("%", "%%"))


def _slots(workload: Workload, replica: int, address: int, random: Random) -> dict[str, str]:
    code = _code(random.getrandbits(20))[-5:]
    return {
        "pod": f"{workload.name}-{replica if workload.is_set else code + str(replica)}",
        "ip": ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0)),
        "node": f"node-{address % 500}",
        "index": str(replica),
        "version": "v2" if replica % 5 == 4 else "v1",
        "uid": str(UUID(int=random.getrandbits(128))),
    }


def _namespace_labels(index: int, name: str, shape: Shape, random: Random) -> dict[str, str]:
    labels = {"kubernetes.io/metadata.name": name}
    if name in SYSTEM:
        return labels
    labels |= {
        "team": f"t{index % max(1, shape.namespaces // 5)}",
        "env": ENVIRONMENTS[index % len(ENVIRONMENTS)],
    }
    return labels | ({"pci": "true"} if random.random() < 0.05 else {})


def _workloads(shape: Shape, names: list[str]) -> Iterator[Workload]:
    left = shape.pods
    number = 0
    while left > 0:
        namespace = names[number % len(names)]
        tier = TIERS[number // len(names) % len(TIERS)]
        count = min(shape.replicas, left)
        yield Workload(namespace, f"{tier}-{number}", tier, count)
        left -= count
        number += 1


def _pod(workload: Workload, number: int, fat: bool) -> Manifest:
    """The template of a workload's pods: all of `pod.yaml`, or only what nsimlib reads."""
    pod: Manifest = deepcopy(_full_pod())
    if not fat:
        pod["metadata"] = {key: pod["metadata"][key] for key in ("labels", "name")}
        pod["spec"] = {key: pod["spec"][key] for key in ("containers", "nodeName")}
        pod["spec"]["containers"] = [{"image": "registry.example/app:1.0", "name": "main"}]
        pod["status"] = {key: pod["status"][key] for key in ("phase", "podIP", "podIPs")}
    labels = {"app": workload.name, "name": f"{workload.namespace}-{workload.name}"}
    pod["metadata"]["labels"] |= {**labels, "tier": workload.tier, **_own_labels(workload, number)}
    pod["metadata"]["namespace"] = workload.namespace
    owner = {
        "apiVersion": "apps/v1",
        "controller": True,
        "kind": "StatefulSet" if workload.is_set else "ReplicaSet",
        "name": workload.name if workload.is_set else f"{workload.name}-{_code(number)}",
    }
    pod["metadata"]["ownerReferences"] = [owner]
    pod["spec"]["containers"][0]["ports"] = [
        {"containerPort": PORTS[workload.tier], "name": "main", "protocol": "TCP"},
        {"containerPort": METRICS, "name": "metrics", "protocol": "TCP"},
    ]
    return pod


@cache
def _full_pod() -> Manifest:
    """`pod.yaml`, read once: that takes longer than all the rest."""
    pod: Manifest = yaml.safe_load(POD.read_text("utf-8"))
    return pod


def _own_labels(workload: Workload, number: int) -> dict[str, str]:
    labels = {"k8s-app": "kube-dns"} if workload.namespace == "kube-system" else {}
    if workload.is_set:
        return labels | {
            "statefulset.kubernetes.io/pod-name": "@pod@",
            "apps.kubernetes.io/pod-index": "@index@",
        }
    return labels | {"pod-template-hash": _code(number)}


def main() -> None:
    """Write one of the named shapes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--format", choices=("json", "yaml"), default="json")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slim", action="store_true", help="only what nsimlib reads")
    parser.add_argument("--out", type=Path, help="file to write; the standard output if left out")
    chosen = parser.parse_args()
    shape = replace(SHAPES[chosen.shape], seed=chosen.seed, fat=not chosen.slim)
    if chosen.out:
        write(chosen.out, shape, chosen.format)
    else:
        sys.stdout.writelines(text(shape, chosen.format))


if __name__ == "__main__":
    main()
