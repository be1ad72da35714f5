"""Nothing with `zqx` in it, and no sign beyond ASCII, is left: asked of the text alone."""

import json
import re

import pytest

from nsimlib.manifests import loads
from nsimlib.redaction.redact import redact

LEFT = re.compile(r"zqx|[^\x00-\x7f]|\\u|9\.9\.9\.|10\.20\.", re.IGNORECASE)
PEER = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: zqx-policy, namespace: zqx-shop}}
spec:
  description: zqx
  endpointSelector: {{matchLabels: {{"k8s:io.zqxbank.team": zqx, "any:zqx": zqx}}}}
  egress:
  - {peer}
"""
CALICO = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: zqx-policy}}
spec:
  selector: {selector}
  types: [Egress]
  egress:
  - {{action: Allow, protocol: TCP, destination: {{domains: ["*.zqxbank.example"], ports: [443]}}}}
  - {{action: Allow, destination: {{services: {{name: zqx, namespace: zqx-shop}}}}}}
"""


def labelled(labels: str) -> str:
    meta = f"{{name: zqx-shop, annotations: {{zqx: zqx}}, labels: {{{labels}}}}}"
    return f"{{apiVersion: v1, kind: Namespace, metadata: {meta}}}"


MANIFESTS = {
    "a key like those of Cilium": labelled("io.zqxbank.team: zqx"),
    "a domain that ends like that of Kubernetes": labelled("zqx-k8s.io/team: zqx"),
    "a domain of its own": labelled("zqx.example.com/zqx: zqx"),
    "a role of nodes": labelled('node-role.kubernetes.io/zqx-pay: ""'),
    "a name under the domain of Kubernetes": labelled("app.kubernetes.io/zqx: zqx"),
    "a pod": """
apiVersion: v1
kind: Pod
metadata: {name: zqx-7f8-abc, namespace: zqx-shop, labels: {app: zqx}, annotations: {zqx: zqx}}
spec:
  nodeName: Zürich-三菱-zqx
  hostname: zqx
  subdomain: zqx
  serviceAccountName: zqx
  dnsPolicy: None
  dnsConfig: {nameservers: [10.20.2.3], searches: [zqx.internal]}
  containers: [{name: zqx, image: zqx, ports: [{name: zqx, containerPort: 80}]}]
status: {podIP: 10.20.0.1}
""",
    "a role of an account": """
apiVersion: v1
kind: ServiceAccount
metadata: {name: zqx, namespace: zqx-shop, annotations: {eks.amazonaws.com/role-arn: zqx}}
---
apiVersion: v1
kind: Pod
metadata: {name: zqx, namespace: zqx-shop}
spec: {serviceAccountName: zqx, containers: []}
""",
    "a Service": """
apiVersion: v1
kind: Service
metadata: {name: zqx, namespace: zqx-shop, labels: {zqx: zqx}}
spec:
  clusterIP: 10.20.0.7
  externalIPs: [9.9.9.77]
  selector: {app: zqx}
  ports: [{name: zqx, port: 80, targetPort: zqx}]
""",
    "a name of another place": """
apiVersion: v1
kind: Service
metadata: {name: zqx, namespace: zqx-shop}
spec: {type: ExternalName, externalName: db.zqxbank.example.com}
""",
    "a place": """
apiVersion: nsimlib.io/v1
kind: Place
metadata: {name: zqx-place}
spec: {description: zqx, cidrs: [9.9.9.0/24], names: {db.zqxbank.com: [9.9.9.7]}}
""",
    "requests": PEER.format(
        peer='toEndpoints: [{}], toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: '
        '[{path: "/zqx/.*", method: GET, host: zqx.com, headers: ["X-Zqx: zqx"]}]}}]'.join("{}")
    ),
    "tags of a cloud": PEER.format(
        peer="{toGroups: [{aws: {labels: {zqx: zqx}, securityGroupsNames: [zqx]}}]}"
    ),
    "another cluster": PEER.format(
        peer='{toEndpoints: [{matchLabels: {"k8s:zqx": zqx}, matchExpressions: '
        "[{key: io.cilium.k8s.policy.cluster, operator: NotIn, values: [zqx]}]}]}"
    ),
    "domains": PEER.format(
        peer='{toFQDNs: [{matchPattern: "*.zqx.com"}, {matchName: api.zqx.com}]}'
    ),
    "values in a selector": CALICO.format(selector=json.dumps("zqx == 'zqx Müller 三菱'")),
    "parts of values": CALICO.format(
        selector=json.dumps("has(io.zqxbank.team) && zqx contains 'zqx' && zqx in {'zqx', 'b'}")
    ),
    "rules with names": """
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: zqx}
spec:
  priority: 5
  subject: {namespaces: {matchLabels: {zqx: zqx}}}
  egress: [{name: "zqx rule", action: Deny, to: [{networks: [9.9.9.0/24]}]}]
""",
}


@pytest.mark.parametrize("text", MANIFESTS.values(), ids=MANIFESTS)
def test_nothing_that_is_somebodys_is_left(text: str) -> None:
    found = redact(loads(text), "example")
    assert found.yaml.strip()
    assert not LEFT.search(found.yaml)
    assert not found.cluster.report.problems


def test_that_an_account_has_a_role_stays() -> None:
    found = redact(loads(MANIFESTS["a role of an account"]), "example")
    assert [pod.account.has_role for pod in loads(found.yaml).pods] == [True]


@pytest.mark.parametrize(
    "key",
    [
        *("app.kubernetes.io/part-of", "app.kubernetes.io/managed-by", "k8s-app"),
        *("kubernetes.io/metadata.name", "topology.kubernetes.io/zone", "kubernetes.io/hostname"),
        *("node-role.kubernetes.io/control-plane", "pod-security.kubernetes.io/enforce"),
    ],
)
def test_keys_that_everybody_has_stay(key: str) -> None:
    text = f"{{apiVersion: v1, kind: Namespace, metadata: {{name: a, labels: {{{key}: b}}}}}}"
    assert f"{key}:" in redact(loads(text), "example").yaml
