"""Noise: nothing bad is found in what is right, and each finding in the corpus can be defended."""

from collections import Counter
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

import nsimlib as ns
from nsimlib.audit.model import Severity
from nsimlib.audit.run import Audit
from tests.conftest import ROOT

CORPUS = ROOT.parent / "shared" / "corpora" / "netpol-analyzer"
TRIAGE = cast(
    "dict[str, dict[str, Any]]",
    yaml.safe_load((Path(__file__).parent / "triage.yaml").read_text(encoding="utf-8")),
)
#: the ways in which vendors tell people to deny by default
DENIALS = {
    "calico": """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: default-deny}
spec:
  namespaceSelector: kubernetes.io/metadata.name not in {"kube-system", "calico-system"}
  types: [Ingress, Egress]
  egress:
  - action: Allow
    protocol: UDP
    destination: {selector: k8s-app == "kube-dns", ports: [53]}
  - action: Allow
    protocol: TCP
    destination: {selector: k8s-app == "kube-dns", ports: [53]}
""",
    "cilium": """
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: default-deny}
spec:
  endpointSelector:
    matchExpressions:
    - {key: k8s:io.kubernetes.pod.namespace, operator: NotIn, values: [kube-system]}
  ingress: [{}]
  egress:
  - toEndpoints:
    - matchLabels: {k8s:io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}
    toPorts:
    - ports: [{port: "53", protocol: ANY}]
      rules: {dns: [{matchPattern: "*"}]}
""",
    "spec": """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-dns, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
      podSelector: {matchLabels: {k8s-app: kube-dns}}
    ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
""",
}
PODS = """
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
status: {podIP: 10.0.1.1}
---
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec:
  clusterIP: 10.96.0.10
  selector: {k8s-app: kube-dns}
  ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
"""


def bad(found: Audit) -> list[str]:
    return [str(each) for each in found.findings if each.severity >= Severity.HIGH]


@pytest.mark.parametrize("cni", DENIALS)
def test_the_denials_of_vendors_have_nothing_bad(cni: str) -> None:
    assert bad(ns.audit(ns.loads(f"{PODS}---{DENIALS[cni]}"), cni=cni)) == []


@pytest.mark.parametrize("dialect", ["networkpolicy", "cilium"])
@pytest.mark.parametrize("database", ["aurora", "rds", "rds-proxy"])
def test_our_own_patterns_have_nothing_bad(database: str, dialect: str) -> None:
    cluster = ns.loads(PODS)
    found = ns.pattern(
        database, dialect=dialect, cluster=cluster, app={"app": "api"}, namespace="shop"
    )
    after = cluster.with_policies(found.yaml)
    cni = "cilium" if dialect == "cilium" else "calico"
    assert bad(ns.audit(after, cni=cni)) == []


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpora are not beside the repository")
def test_each_finding_in_the_corpus_is_triaged() -> None:
    found = Counter[str]()
    for folder in sorted(path for path in CORPUS.iterdir() if path.is_dir()):
        try:
            cluster = ns.load(str(folder), strict=False)
        except ns.NsimError:
            continue
        for each in ns.audit(cluster, cni="spec").findings:
            found.update(f.id for f in (each, *each.consequences))
    assert dict(found) == {rule: entry["findings"] for rule, entry in TRIAGE.items()}
