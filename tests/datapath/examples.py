"""Manifests that several tests of chains are about, and the datapath of the first pod in some."""

from nsimlib.datapath.calico_settings import Settings
from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.entry import datapath
from nsimlib.manifests import loads

#: policy and pods of F2.30
RDS = """
apiVersion: v1
kind: Pod
metadata: {name: api-server-0, namespace: production, labels: {app: api}}
spec: {nodeName: worker-1, containers: [{name: api, image: api}]}
status: {podIP: 10.244.1.10}
---
apiVersion: v1
kind: Pod
metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec: {nodeName: worker-2, containers: [{name: dns, image: dns}]}
status: {podIP: 10.244.2.2}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: app-to-rds, namespace: production}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Egress]
  egress:
  - to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
      podSelector: {matchLabels: {k8s-app: kube-dns}}
    ports: [{port: 53, protocol: UDP}]
  - to: [{ipBlock: {cidr: 10.0.0.0/16}}]
    ports: [{port: 3306, protocol: TCP}]
"""

PODS = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: a}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: worker-1, containers: [{name: web, image: web}]}
status: {podIPs: [{ip: 10.244.1.10}, {ip: "fd00::10"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec:
  nodeName: worker-1
  containers: [{name: db, image: db, ports: [{name: sql, containerPort: 5432}]}]
status: {podIP: 10.244.1.11}
---
"""


def egress(rule: str) -> str:
    return f"""{PODS}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: p, namespace: shop}}
spec: {{podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [Egress], egress: [{rule}]}}
"""


def calico(spec: str, kind: str = "GlobalNetworkPolicy") -> str:
    return f"""{PODS}
apiVersion: projectcalico.org/v3
kind: {kind}
metadata: {{name: p}}
spec: {{selector: "app == 'web'", {spec}}}
"""


def node(manifests: str, settings: Settings | None = None) -> Datapath:
    cluster = loads(manifests)
    return datapath("calico", cluster, cluster.pods[0].key, settings=settings or Settings())


PORTS_16 = ", ".join(f"{{port: {number}}}" for number in range(2, 34, 2))

TIERS = f"""{PODS}
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {{name: security}}
spec: {{order: 100, defaultAction: Pass}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: security.first}}
spec: {{tier: security, order: 1, selector: all(), types: [Egress], egress: [{{action: Pass}}]}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: late}}
spec: {{order: 2000, selector: "app == 'web'", types: [Egress], egress: [{{action: Allow}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: k8s, namespace: shop}}
spec: {{podSelector: {{}}, policyTypes: [Egress], egress: [{{}}]}}
"""


def many(number: int) -> str:
    policy = """---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: p{}, namespace: shop}}
spec: {{podSelector: {{}}, policyTypes: [Egress], egress: [{{}}]}}
"""
    return PODS.rstrip("-\n") + "\n" + "".join(policy.format(n) for n in range(number))


def scattered(*names: str) -> str:
    pod = """
apiVersion: v1
kind: Pod
metadata: {{name: {}, namespace: shop}}
spec: {{nodeName: worker-1, containers: [{{name: c, image: c}}]}}
status: {{podIP: 10.244.1.{}}}
"""
    return "---".join(pod.format(name, n) for n, name in enumerate(names, 1))
