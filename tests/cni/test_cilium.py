"""What Cilium's policies mean to Cilium: rows for each thing that its text and code say."""

import re
from functools import partial

import pytest

import nsimlib as ns
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.evidence import place_of
from nsimlib.evaluation.verdict import Verdict
from nsimlib.explanation.facts import facts
from nsimlib.model.cluster import Cluster

WORLD = """
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: a}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: data, labels: {team: b}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}
---
{apiVersion: v1, kind: Node, metadata: {name: here, labels: {pool: a}},
 status: {addresses: [{type: InternalIP, address: 10.9.0.1}]}}
---
{apiVersion: v1, kind: Node, metadata: {name: there, labels: {pool: b}},
 status: {addresses: [{type: InternalIP, address: 10.9.0.2}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}},
 spec: {nodeName: here}, status: {podIP: 10.1.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {name: api, namespace: shop, labels: {app: api, tier: back}},
 spec: {nodeName: there, serviceAccountName: robot,
        containers: [{ports: [{name: http, containerPort: 8080}]}]}, status: {podIP: 10.1.0.2}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: data, labels: {app: db}},
 spec: {nodeName: there, containers: [{ports: [{name: sql, containerPort: 5432}]}]},
 status: {podIP: 10.2.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: data, labels: {app: agent}},
 spec: {nodeName: there, hostNetwork: true}, status: {podIP: 10.9.0.2}}
---
{apiVersion: v1, kind: Pod, metadata: {name: coredns, namespace: kube-system,
 labels: {k8s-app: kube-dns}}, spec: {nodeName: there}, status: {podIP: 10.3.0.1}}
---
{apiVersion: v1, kind: Service, metadata: {name: db, namespace: data, labels: {kind: sql}},
 spec: {clusterIP: 10.96.0.1, selector: {app: db}, ports: [{port: 3306, targetPort: sql}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop},
 spec: {clusterIP: 10.96.0.2, selector: {app: web}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: legacy, namespace: data},
 spec: {clusterIP: 10.96.0.3, ports: [{port: 1521}]}}
---
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4,
 metadata: {name: legacy-1, namespace: data, labels: {kubernetes.io/service-name: legacy}},
 endpoints: [{addresses: [198.51.100.7]}], ports: [{port: 1521}]}
---
{apiVersion: nsimlib.io/v1, kind: Place, metadata: {name: rds}, spec: {cidrs: [203.0.113.0/24],
 names: {orders.rds.example: [203.0.113.9], www.orders.rds.example: [203.0.113.10],
         evilrds.example: [203.0.113.11], inside.example: [10.1.0.2]}}}
"""
API_SERVER = """
{apiVersion: v1, kind: Service, metadata: {name: kubernetes, namespace: default},
 spec: {clusterIP: 10.96.0.9, ports: [{port: 443, targetPort: 6443}]}}
---
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4,
 metadata: {name: k, namespace: default, labels: {kubernetes.io/service-name: kubernetes}},
 endpoints: [{addresses: [198.51.100.1]}], ports: [{port: 6443}]}
"""
DB, API, WEB = "data/db:5432/TCP", "shop/api:8080/TCP", "shop/web:80/TCP"
OUT, PING = "203.0.113.50:443/TCP", "203.0.113.50:8/ICMP"
HERE, THERE, AGENT = "node/here:53/UDP", "node/there:53/UDP", "data/agent:53/UDP"
DNS, RDS = "kube-system/coredns:53/UDP", "orders.rds.example:3306/TCP"
HEAD = "{apiVersion: cilium.io/v2"


def policy(key: str, *parts: str, subject: str = "matchLabels: {app: web}") -> str:
    """Return a policy of Cilium's: `shop/p` of a namespace, `g` of the cluster."""
    namespace, _, name = key.rpartition("/")
    kind = "CiliumNetworkPolicy" if namespace else "CiliumClusterwideNetworkPolicy"
    place = f"name: {name}, namespace: {namespace}" if namespace else f"name: {name}"
    spec = ", ".join((f"endpointSelector: {{{subject}}}", *parts))
    return f"{HEAD}, kind: {kind}, metadata: {{{place}}}, spec: {{{spec}}}}}"


p, q, g = (partial(policy, key) for key in ("shop/p", "shop/q", "g"))


def np(spec: str) -> str:
    """Return a NetworkPolicy of Kubernetes, shop/np."""
    head = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy"
    return f"{head}, metadata: {{name: np, namespace: shop}}, spec: {{{spec}}}}}"


def section(name: str, *rules: str) -> str:
    """Return one of the four sections of a spec."""
    return f"{name}: [{', '.join(f'{{{rule}}}' for rule in rules)}]"


out, deny, into, keep_out = (
    partial(section, name) for name in ("egress", "egressDeny", "ingress", "ingressDeny")
)


def to(labels: str, *more: str) -> str:
    """Return a rule to endpoints with labels."""
    return ", ".join((f"toEndpoints: [{{matchLabels: {{{labels}}}}}]", *more))


def ports(*entries: str, rules: str = "") -> str:
    """Return `toPorts` of one entry."""
    listed = ", ".join(f"{{{entry}}}" for entry in entries)
    return f"toPorts: [{{ports: [{listed}]{f', rules: {{{rules}}}' if rules else ''}}}]"


def entities(*names: str) -> str:
    return f"toEntities: [{', '.join(names)}]"


NS, LABELS = "k8s:io.kubernetes.pod.namespace", "k8s:io.cilium.k8s.namespace.labels"
ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
NONE_OUT = "podSelector: {}, policyTypes: [Egress]"
ALL, NOBODY = entities("all"), "toEndpoints: []"
TO_DB, TO_API = to(f"app: db, '{NS}': data"), to("app: api")
OFF = "enableDefaultDeny: {egress: false}"
ON_80, ON_SQL = ports("port: '80'"), ports("port: '5432', protocol: TCP")
EITHER = ("port: '80'", "port: '5432'")
ON_3306 = ports("port: '3306', protocol: TCP")
TO_DNS = f"k8s-app: kube-dns, '{NS}': kube-system"
PLAIN_DNS = to(TO_DNS, ports("port: '53', protocol: ANY"))


def block(cidr: str) -> str:
    """Return an egress rule of a NetworkPolicy to a block."""
    return f"egress: [{{to: [{{ipBlock: {{cidr: {cidr}}}}}]}}]"


def except_(cidr: str) -> str:
    """Return a rule to all addresses with names but some."""
    return f"toCIDRSet: [{{cidr: 203.0.113.0/24, except: [{cidr}]}}]"


def service(name: str) -> str:
    """Return a rule to a Service."""
    return f"toServices: [{{k8sService: {{serviceName: {name}}}}}]"


def dns(*names: str) -> str:
    """Return a rule that lets the proxy see questions for names that match patterns."""
    said = ", ".join(f"{{matchPattern: '{name}'}}" for name in names)
    return to(TO_DNS, ports("port: '53', protocol: ANY", rules=f"dns: [{said}]"))


def name(said: str) -> str:
    """Return a rule to a domain name on the port of a database."""
    kind = "matchPattern" if "*" in said else "matchName"
    return f"toFQDNs: [{{{kind}: '{said}'}}], {ON_3306}"


#: policies, where to from shop/web, and what becomes of it, with what determines it: `p e0` is the
#: first rule of egress of shop/p, `d0` of egressDeny; `p` is the policy as a whole
Row = tuple[list[str], str, str]
TABLE: dict[str, list[Row]] = {
    "nothing selects, nothing is denied (F3.2)": [
        ([], DB, "allowed"),
        ([policy("data/p", out(TO_API), subject="")], DB, "allowed"),
        ([p(out(ALL), subject="matchLabels: {app: api}")], DB, "allowed"),
    ],
    "a section of a direction isolates for it, and for no other (F3.2)": [
        ([p(out(TO_API))], DB, "denied p"),
        ([p(into("fromEntities: [all]"))], DB, "allowed"),
        ([policy("data/p", into("fromEntities: [none]"), subject="")], DB, "denied data/p"),
        ([p(out(""))], DB, "denied p"),
    ],
    "a denial isolates too (F3.2)": [
        ([p(deny(TO_API))], DB, "denied p"),
        ([p(deny(TO_API), OFF)], DB, "allowed"),
        ([p(deny(TO_API)), q(out(ALL))], DB, "allowed q e0"),
    ],
    "enableDefaultDeny false does not isolate, and neither do its rules (F3.2)": [
        ([p(out(TO_API), OFF)], DB, "allowed"),
        ([p(out(TO_API), OFF)], API, "allowed p e0"),
        ([p(out(TO_API), OFF), q(out(NOBODY))], DB, "denied q"),
        ([p(out(TO_API), "enableDefaultDeny: {ingress: false}")], DB, "denied p"),
        ([p(out(TO_API), "enableDefaultDeny: {egress: true}")], DB, "denied p"),
    ],
    "a denial wins over every allowance, however special (F3.3)": [
        ([p(out(TO_DB), deny(ALL))], DB, "denied p d0"),
        ([p(out(f"{TO_DB}, {ON_SQL}"), deny(entities("cluster")))], DB, "denied p d0"),
        ([p(deny(TO_DB)), g(out(ALL))], DB, "denied p d0"),
        ([g(deny(ALL)), p(out(TO_DB))], DB, "denied g d0"),
        ([np(f"{NONE_OUT}, egress: [{{}}]"), p(deny(TO_DB), OFF)],
         DB, "denied p d0"),
        ([p(out(ALL), deny(f"{ALL}, {ON_80}"))], DB, "allowed p e0"),
    ],
    "rules and policies add up (F3.5)": [
        ([p(out(TO_API, TO_DB))], DB, "allowed p e1"),
        ([p(out(TO_API)), q(out(TO_DB))], DB, "allowed q e0"),
        ([p(out(TO_DB)), q(out(TO_DB))], DB, "allowed p e0 q e0"),
        ([np(NONE_OUT), p(out(TO_DB))], DB, "allowed p e0"),
    ],
    "absent, empty and all: three things (F3.6)": [
        ([p(out(ON_SQL))], DB, "allowed p e0"),
        ([p(out(ON_SQL))], "203.0.113.50:5432/TCP", "allowed p e0"),
        ([p(out(f"{NOBODY}, {ON_SQL}"))], DB, "denied p"),
        ([p(out("toEndpoints: [{}]"))], API, "allowed p e0"),
        ([p(out("toEndpoints: [{}]"))], DB, "denied p"),
        ([p(out("toCIDRSet: []"))], OUT, "denied p"),
        ([p(out("toEntities: []"))], OUT, "denied p"),
    ],
    "endpoints are those of the namespace, unless a key says otherwise (F3.7)": [
        ([p(out(to("app: db")))], DB, "denied p"),
        ([p(out(TO_DB))], DB, "allowed p e0"),
        ([p(out(to("app: db, io.kubernetes.pod.namespace: data")))], DB, "allowed p e0"),
        ([p(out(to("app: db, 'any:io.kubernetes.pod.namespace': data")))], DB, "allowed p e0"),
        ([p(out(to(f"'{LABELS}.team': b")))], DB, "allowed p e0"),
        ([p(out(to(f"'{LABELS}.team': b")))], API, "denied p"),
        ([p(out(to(f"'{LABELS}.kubernetes.io/metadata.name': data")))], DB, "allowed p e0"),
        ([p(out(f"toEndpoints: [{{matchExpressions: [{{key: '{NS}', operator: Exists}}]}}]"))],
         DB, "allowed p e0"),
        ([p(out(f"toEndpoints: [{{matchExpressions: [{{key: '{NS}', operator: NotIn, "
                "values: [shop]}]}]"))], API, "denied p"),
        ([g(out(to("app: db")))], DB, "allowed g e0"),
        ([g(out("toEndpoints: [{}]"))], DB, "allowed g e0"),
        ([g(out("toEndpoints: [{}]"))], OUT, "denied g"),
    ],
    "sources of labels, and labels that Cilium adds (F3.14)": [
        ([p(out(to("'k8s:app': api")))], API, "allowed p e0"),
        ([p(out(to("'any:app': api, tier: back")))], API, "allowed p e0"),
        ([p(out(to("'container:app': api")))], API, "denied p"),
        ([p(out(to(f"{ACCOUNT}: robot")))], API, "allowed p e0"),
        ([p(out(to(f"'k8s:{ACCOUNT}': default")))], API, "denied p"),
        ([p(out(to("'reserved:host': ''")))], HERE, "allowed p e0"),
        ([p(out(to("'reserved:host': ''")))], API, "denied p"),
        ([p(out(to("'io.cilium.k8s.policy.cluster': east, app: api")))], API, "undetermined p e0"),
        ([p(out(to("'io.cilium.k8s.policy.cluster': east, app: web")))], API, "denied p"),
    ],
    "whom a policy is for (F3.7)": [
        ([p(out(NOBODY), subject="matchLabels: {'k8s:app': web}")], DB, "denied p"),
        ([p(out(NOBODY), subject=f"matchLabels: {{'{NS}': shop, app: web}}")], DB, "denied p"),
        ([policy("data/p", out(NOBODY), subject=f"matchLabels: {{'{NS}': shop}}")], DB, "allowed"),
        ([p(out(NOBODY), subject=f"matchLabels: {{'{NS}': data}}")], DB, "denied p"),
        ([p(out(NOBODY), subject="matchLabels: {io.kubernetes.pod.namespace: data}")],
         DB, "allowed"),
        ([g(out(NOBODY), subject=f"matchLabels: {{'{NS}': shop}}")], DB, "denied g"),
        ([g(out(NOBODY), subject=f"matchLabels: {{'{LABELS}.team': b}}")], DB, "allowed"),
        ([g(out(NOBODY), subject=f"matchLabels: {{{ACCOUNT}: default}}")], DB, "denied g"),
        ([g(out(NOBODY), subject="matchLabels: {'reserved:ingress': ''}")], DB, "allowed"),
    ],
    "entities (F3.8)": [
        ([p(out(ALL))], OUT, "allowed p e0"),
        ([p(out(ALL))], HERE, "allowed p e0"),
        ([p(out(entities("none")))], OUT, "denied p"),
        ([p(out(entities("world")))], OUT, "allowed p e0"),
        ([p(out(entities("world")))], DB, "denied p"),
        ([p(out(entities("world")))], THERE, "denied p"),
        ([p(out(entities("world-ipv6")))], OUT, "denied p"),
        ([p(out(entities("world-ipv4")))], OUT, "allowed p e0"),
        ([p(out(entities("cluster")))], DB, "allowed p e0"),
        ([p(out(entities("cluster")))], THERE, "allowed p e0"),
        ([p(out(entities("cluster")))], OUT, "denied p"),
        ([p(out(entities("host")))], HERE, "allowed p e0"),
        ([p(out(entities("host")))], THERE, "denied p"),
        ([p(out(entities("remote-node")))], THERE, "allowed p e0"),
        ([p(out(entities("remote-node")))], AGENT, "allowed p e0"),
        ([p(out(entities("remote-node")))], HERE, "denied p"),
        ([p(out(entities("world", "host")))], HERE, "allowed p e0"),
        ([p(out(entities("health")))], DB, "denied p"),
        ([p(out(entities("health")))], OUT, "undetermined p e0"),
        ([p(out(entities("unmanaged")))], DB, "undetermined p e0"),
    ],
    "kube-apiserver is whoever the input says answers for it (F3.8)": [
        ([p(out(entities("kube-apiserver")))], "198.51.100.1:6443/TCP", "undetermined p e0"),
        ([API_SERVER, p(out(entities("kube-apiserver")))], "198.51.100.1:6443/TCP", "allowed p e0"),
        ([API_SERVER, p(out(entities("kube-apiserver")))], "198.51.100.2:6443/TCP", "denied p"),
        ([API_SERVER, p(out(entities("kube-apiserver")))], "10.96.0.9:443/TCP", "allowed p e0"),
    ],
    "blocks are outside the cluster: never a pod, a node or the host (F3.14)": [
        ([p(out("toCIDR: [0.0.0.0/0]"))], OUT, "allowed p e0"),
        ([p(out("toCIDR: [0.0.0.0/0]"))], DB, "denied p"),
        ([p(out("toCIDR: [0.0.0.0/0]"))], THERE, "denied p"),
        ([p(out("toCIDR: [0.0.0.0/0]"))], HERE, "denied p"),
        ([p(out("toCIDRSet: [{cidr: 10.2.0.1/32}]"))], DB, "denied p"),
        ([p(out(ALL), deny("toCIDR: [10.0.0.0/8]"))], DB, "allowed p e0"),
    ],
    "so are those of a NetworkPolicy (F3.14)": [
        ([np(f"{NONE_OUT}, {block('0.0.0.0/0')}")],
         DB, "denied np"),
        ([np(f"{NONE_OUT}, {block('0.0.0.0/0')}")],
         OUT, "allowed np e0"),
        ([np(f"{NONE_OUT}, {block('10.9.0.1/32')}")],
         HERE, "denied np"),
    ],
    "a Service has been translated before policy looks (F3.17)": [
        ([p(out("toCIDR: [10.96.0.1/32]"))], "10.96.0.1:3306/TCP", "denied p"),
        ([p(out(f"{TO_DB}, {ON_3306}"))], "10.96.0.1:3306/TCP", "denied p"),
        ([p(out(f"{TO_DB}, {ON_SQL}"))], "10.96.0.1:3306/TCP", "allowed p e0"),
    ],
    "what a block is written like, and what it excepts (F3.18)": [
        ([p(out("toCIDR: [203.0.113.50]"))], OUT, "allowed p e0"),
        ([p(out("toCIDR: [203.0.113.77/24]"))], OUT, "allowed p e0"),
        ([p(out(except_("203.0.113.48/28")))], OUT, "denied p"),
        ([p(out(except_("203.0.113.0/24")))], OUT, "denied p"),
        ([p(out(except_("203.0.113.50/32"), "toCIDR: [203.0.113.50]"))], OUT, "allowed p e1"),
    ],
    "a pod reaches itself through a Service without a rule (F3.19)": [
        ([p(out(NOBODY))], "10.96.0.2:80/TCP", "allowed"),
    ],
    "what names others: Services, nodes, groups (F3.9)": [
        ([p(out(service("db, namespace: data")))], DB, "allowed p e0"),
        ([p(out(service("db")))], DB, "allowed p e0"),
        ([p(out(service("db, namespace: shop")))], DB, "denied p"),
        ([p(out("toServices: [{k8sServiceSelector: {selector: {matchLabels: {kind: sql}}}}]"))],
         DB, "allowed p e0"),
        ([p(out("toServices: [{k8sServiceSelector: {selector: {matchLabels: {kind: sql}}, "
                "namespace: shop}}]"))], DB, "denied p"),
        ([p(out(service("legacy, namespace: data")))],
         "198.51.100.7:1521/TCP", "allowed p e0"),
        ([p(out(service("legacy, namespace: data")))], OUT, "denied p"),
        ([p(out("toNodes: [{matchLabels: {pool: b}}]"))], THERE, "allowed p e0"),
        ([p(out("toNodes: [{matchLabels: {pool: a}}]"))], THERE, "denied p"),
        ([p(out("toNodes: [{matchLabels: {pool: a}}]"))], HERE, "denied p"),
        ([p(out("toGroups: [{aws: {securityGroupsIds: [sg-1]}}]"))], OUT, "undetermined p e0"),
        ([p(out("toGroups: [{aws: {securityGroupsIds: [sg-1]}}]"))], DB, "denied p"),
        ([p(out("toCIDRSet: [{cidrGroupRef: partners}]"))], OUT, "undetermined p e0"),
    ],
    "ports: texts, names, ranges, any protocol, every port (F3.10)": [
        ([p(out(ports("port: '5432', protocol: TCP")))], DB, "allowed p e0"),
        ([p(out(ports("port: '5432', protocol: UDP")))], DB, "denied p"),
        ([p(out(ports("port: '5432', protocol: ANY")))], DB, "allowed p e0"),
        ([p(out(ports("port: '5432'")))], "data/db:5432/UDP", "allowed p e0"),
        ([p(out(ports("port: '5000', endPort: 5999")))], DB, "allowed p e0"),
        ([p(out(ports("port: '5000', endPort: 5100")))], DB, "denied p"),
        ([p(out(ports("port: '5432', endPort: 80")))], DB, "allowed p e0"),
        ([p(out(ports("port: sql")))], DB, "allowed p e0"),
        ([p(out(ports("port: SQL, protocol: TCP")))], DB, "allowed p e0"),
        ([p(out(ports("port: sql")))], "203.0.113.50:5432/TCP", "denied p"),
        ([p(out(ports("port: '0', protocol: TCP")))], DB, "allowed p e0"),
        ([p(out(ports("port: '0'")))], PING, "denied p"),
        ([p(out(f"{ALL}, {ports(*EITHER)}"))], DB, "allowed p e0"),
        ([p(out(f"{TO_DB}, toPorts: []"))], DB, "allowed p e0"),
        ([p(out(f"{ALL}, toPorts: [{{}}]"))], DB, "denied p"),
    ],
    "ICMP by type and family; rules without ports are for it too (F3.11)": [
        ([p(out("icmps: [{fields: [{type: 8}]}]"))], PING, "allowed p e0"),
        ([p(out("icmps: [{fields: [{type: EchoRequest}]}]"))], PING, "allowed p e0"),
        ([p(out("icmps: [{fields: [{type: 0}]}]"))], PING, "denied p"),
        ([p(out("icmps: [{fields: [{type: 8, family: IPv6}]}]"))], PING, "denied p"),
        ([p(out("toEntities: [world], icmps: [{fields: [{type: 8}]}]"))], PING, "allowed p e0"),
        ([p(out("icmps: [{fields: [{type: 8}]}]"))], DB, "denied p"),
        ([p(out(ALL))], PING, "allowed p e0"),
        ([p(out(ALL), deny("icmps: [{fields: [{type: 8}]}]"))], PING, "denied p d0"),
    ],
    "a name isolates, DNS included (F3.21, F3.22)": [
        ([p(out(name("orders.rds.example")))], DNS, "denied p"),
        ([p(out(name("orders.rds.example")))], RDS, "denied p"),
    ],
    "with plain DNS the question is answered and the address is not learned (F3.22)": [
        ([p(out(name("orders.rds.example"), PLAIN_DNS))], DNS, "allowed p e1"),
        ([p(out(name("orders.rds.example"), PLAIN_DNS))], RDS, "denied p"),
    ],
    "with the companion rule it works (F3.23)": [
        ([p(out(name("orders.rds.example"), dns("*")))], DNS, "allowed p e1"),
        ([p(out(name("orders.rds.example"), dns("*")))], RDS, "allowed p e0"),
        ([p(out(name("orders.rds.example"))), g(out(dns("*")), subject="")], RDS, "allowed p e0"),
        ([p(out(name("orders.rds.example"), dns("*.rds.example")))], RDS, "allowed p e0"),
        ([p(out(name("orders.rds.example"), dns("*.other.example")))], RDS, "denied p"),
        ([p(out(name("orders.rds.example"), dns("*")))], "orders.rds.example:80/TCP", "denied p"),
    ],
    "patterns of names (F3.25)": [
        ([p(out(name("*.rds.example"), dns("*")))], RDS, "allowed p e0"),
        ([p(out(name("*.rds.example"), dns("*")))], "www.orders.rds.example:3306/TCP", "denied p"),
        ([p(out(name("**.rds.example"), dns("*")))],
         "www.orders.rds.example:3306/TCP", "allowed p e0"),
        ([p(out(name("*rds.example"), dns("*")))], "evilrds.example:3306/TCP", "allowed p e0"),
        ([p(out(name("ORDERS.RDS.example."), dns("*")))], RDS, "allowed p e0"),
    ],
    "the name that counts is the one asked for, not one behind it (F3.27)": [
        ([p(out(name("alias.example"), dns("*")))], RDS, "denied p"),
    ],
    "a name is a rule for its addresses, whoever else is there (F3.28)": [
        ([p(out(name("orders.rds.example"), dns("*")))], "203.0.113.9:3306/TCP", "allowed p e0"),
        ([p(out(name("orders.rds.example"), dns("*")))], "203.0.113.10:3306/TCP", "denied p"),
    ],
    "a name that leads into the cluster means nobody (F3.29)": [
        ([p(out(name("inside.example"), dns("*")))], "inside.example:3306/TCP", "denied p"),
    ],
    "kinds mix, and each contribution counts (F3.3, F3.14)": [
        ([g(deny(entities("world")), OFF), np(NONE_OUT), p(out(TO_DB))],
         DB, "allowed p e0"),
        ([g(deny(entities("world")), OFF), np(NONE_OUT), p(out(TO_DB))],
         API, "denied np p"),
        ([g(deny(entities("world")), OFF), np("podSelector: {}, egress: [{}]"), p(out(TO_DB))],
         OUT, "denied g d0"),
    ],
}  # fmt: skip
ROWS = [row for rows in TABLE.values() for row in rows]
IDS = [f"{says} {number}" for says, rows in TABLE.items() for number, _ in enumerate(rows)]
SHORT = {"egress": "e", "egressDeny": "d", "ingress": "i", "ingressDeny": "k"}


def cluster(*policies: str) -> Cluster:
    """Return the world with some policies."""
    return ns.loads("\n---\n".join((WORLD, *policies)))


def determining(verdict: Verdict) -> str:
    """Return what determines a verdict, as the table has it."""
    places = (place_of(each).removeprefix("shop/") for each in verdict.determining)
    shorter = (re.sub(r"spec\.(\w+)\[(\d+)\]", lambda m: SHORT[m[1]] + m[2], p) for p in places)
    return " ".join(shorter)


@pytest.mark.parametrize(("policies", "where", "becomes"), ROWS, ids=IDS)
def test_the_table(policies: list[str], where: str, becomes: str) -> None:
    verdict = ns.why(cluster(*policies), f"shop/web -> {where}", cni="cilium")

    assert f"{verdict.outcome.value} {determining(verdict)}".strip() == becomes, str(verdict)


IN_PAIRS = [(policies, where) for policies, where, _ in ROWS if where in (DB, API, DNS)]


@pytest.mark.parametrize(("policies", "where"), IN_PAIRS)
def test_all_pairs_say_the_same(policies: list[str], where: str) -> None:
    world, (to_pod, _, port) = cluster(*policies), where.rpartition(":")
    outcome = ns.why(world, f"shop/web -> {where}", cni="cilium").outcome
    ports = ns.reachability(world, cni="cilium").ports("shop/web", to_pod)
    assert (port in ports.allowed, port in ports.open) == (
        outcome is Outcome.ALLOWED,
        outcome is Outcome.UNDETERMINED,
    )


#: policies of shop/web, who asks it, and what becomes of that
INWARD = [
    ([p(into("fromEndpoints: [{}]"))], "shop/api", "allowed p i0"),
    ([p(into("fromEndpoints: [{}]"))], "data/db", "denied p"),
    ([p(into("fromEntities: [world]"))], "203.0.113.50", "allowed p i0"),
    ([p(into("fromCIDR: [203.0.113.0/24]"))], "203.0.113.50", "allowed p i0"),
    ([p(into("fromCIDR: [0.0.0.0/0]"))], "data/db", "denied p"),
    ([p(into("fromCIDR: [0.0.0.0/0]"))], "node/there", "denied p"),
    ([p(into("fromEntities: [remote-node]"))], "node/there", "allowed p i0"),
    ([p(into("fromNodes: [{matchLabels: {pool: b}}]"))], "node/there", "allowed p i0"),
    ([p(into("fromEntities: [none]"))], "node/here", "allowed"),
    ([p(into("fromEndpoints: [{}]"), keep_out("fromEntities: [all]"))], "shop/api", "denied p k0"),
    ([p(into("fromEndpoints: [{}]"), keep_out(f"{ON_SQL}"))], "shop/api", "allowed p i0"),
    ([p(keep_out("fromEndpoints: [{}]"), "enableDefaultDeny: {ingress: false}")],
     "data/db", "allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("policies", "who", "becomes"), INWARD)
def test_inward(policies: list[str], who: str, becomes: str) -> None:
    """The same fields from the other side; the local host is always let in (F3.20)."""
    verdict = ns.why(cluster(*policies), f"{who} -> {WEB}", cni="cilium")
    assert f"{verdict.outcome.value} {determining(verdict)}".strip() == becomes, str(verdict)


def told(asked: str, *policies: str) -> list[str]:
    """Return what is said of the egress of a connection, without places in files and numbers."""
    lines = str(ns.why(cluster(*policies), asked, cni="cilium")).splitlines()
    end = next(i for i, line in enumerate(lines) if line.startswith("Ingress"))
    return [
        re.sub(r"( \([FX][\d., FX]+\))?(  \[<text>:\d+\])?$", "", line) for line in lines[1:end]
    ]


ORDERS = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: orders, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: web}}
  egress:
  - toFQDNs: [{matchName: orders.rds.example}]
    toPorts: [{ports: [{port: "3306", protocol: TCP}]}]"""
AURORA = ORDERS.replace("matchName: orders.rds.example", "matchPattern: '*.rds.example'")
ASKING = """
  - toEndpoints:
    - matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system, k8s-app: kube-dns}
    toPorts:
    - ports: [{port: "53", protocol: ANY}]"""
COMPANION = f"""{ASKING}
      rules: {{dns: [{{matchPattern: "*"}}]}}"""
ISOLATED = "  shop/web is isolated for egress by shop/orders"
TO_COREDNS = (
    "    + toEndpoints[0]: namespace kube-system matches kubernetes.io/metadata.name=kube-system"
    " and kube-system/coredns matches k8s-app=kube-dns"
)


@pytest.mark.parametrize(
    ("manifest", "says"), [(ORDERS, "orders.rds.example"), (AURORA, "*.rds.example")]
)
class TestNamesAlone:
    """The article's two examples in our words (E22, E53): two symptoms, one companion rule."""

    def test_dns_is_denied(self, manifest: str, says: str) -> None:
        assert told(f"shop/web -> {DNS}", manifest) == [
            "Egress: denied",
            ISOLATED,
            "  - shop/orders spec.egress[0]",
            "    - ports: 53/UDP is not among 3306/TCP",
            f"    - toFQDNs[0]: kube-system/coredns is no address of {says}",
        ]

    def test_so_is_the_database_and_a_plain_dns_rule_does_not_help(
        self, manifest: str, says: str
    ) -> None:
        address = f"203.0.113.9 (orders.rds.example) is an address of {says}"
        denied = [
            "Egress: denied",
            ISOLATED,
            "  - shop/orders spec.egress[0]",
            "    + ports: 3306/TCP is among 3306/TCP",
            "    - toFQDNs[0]: no rule sends DNS through the proxy, so orders.rds.example has no"
            f" known address, though {address}",
        ]
        nearest = "  nearest miss: shop/orders spec.egress[0] fails only at toFQDNs[0]"
        assert told(f"shop/web -> {RDS}", manifest) == [*denied, nearest]
        with_plain = told(f"shop/web -> {RDS}", manifest + ASKING)
        assert with_plain[: len(denied)] == denied
        assert told(f"shop/web -> {DNS}", manifest + ASKING)[0] == "Egress: allowed"

    def test_the_companion_rule_lets_both_through(self, manifest: str, says: str) -> None:
        asked = told(f"shop/web -> {DNS}", manifest + COMPANION)
        assert asked[0] == "Egress: allowed"
        assert asked[-4:] == [
            "  + shop/orders spec.egress[1]",
            "    + ports: 53/UDP is among 53/any protocol",
            TO_COREDNS,
            "    dns: a proxy lets through questions for * and refuses others",
        ]
        assert told(f"shop/web -> {RDS}", manifest + COMPANION)[:5] == [
            "Egress: allowed",
            ISOLATED,
            "  + shop/orders spec.egress[0]",
            "    + ports: 3306/TCP is among 3306/TCP",
            f"    + toFQDNs[0]: 203.0.113.9 (orders.rds.example) is an address of {says} and the"
            " address of orders.rds.example is learned from the DNS proxy",
        ]


class TestRequests:
    ON_PROXY = ports("port: '80', protocol: TCP", rules="http: [{method: GET}]")
    GETS = p(into(f"fromEndpoints: [{{}}], {ON_PROXY}"))

    def test_a_verdict_says_what_a_proxy_lets_through(self) -> None:
        verdict = str(ns.why(cluster(self.GETS), f"shop/api -> {WEB}", cni="cilium"))
        assert '    http: a proxy lets through method "GET" (F3.12, F3.13)' in verdict
        assert "the proxy lets everything through" not in verdict

    def test_and_that_a_plain_rule_lifts_it(self) -> None:
        world = cluster(self.GETS, q(into("fromEndpoints: [{}]")))
        verdict = str(ns.why(world, f"shop/api -> {WEB}", cni="cilium"))
        assert (
            "  shop/q spec.ingress[0] allows the same without a word about requests,"
            " so the proxy lets everything through (F3.13)"
        ) in verdict

    def test_a_plain_rule_for_others_does_not(self) -> None:
        world = cluster(self.GETS, q(into("fromEntities: [world]")))
        verdict = str(ns.why(world, f"shop/api -> {WEB}", cni="cilium"))
        assert "the proxy lets everything through" not in verdict


class TestMixedKinds:
    """One verdict names what each kind contributes, whoever wrote it."""

    KINDS = (g(deny(entities("world")), OFF), np(NONE_OUT), p(out(TO_DB)))

    def test_where_one_of_them_allows(self) -> None:
        assert told(f"shop/web -> {DB}", *self.KINDS) == [
            "Egress: allowed",
            "  shop/web is isolated for egress by shop/np, shop/p",
            "  - shop/np has no egress rules, so it allows nothing",
            "  - g spec.egressDeny[0] (Deny)",
            "    + ports: any",
            "    - toEntities[0]: data/db does not belong to world",
            "  + shop/p spec.egress[0]",
            "    + ports: any",
            "    + toEndpoints[0]: namespace data matches kubernetes.io/metadata.name=data"
            " and data/db matches app=db",
        ]

    def test_where_one_of_them_denies(self) -> None:
        """No near miss is named: whatever else matched, the denial would win."""
        assert told(f"shop/web -> {OUT}", *self.KINDS) == [
            "Egress: denied",
            "  shop/web is isolated for egress by shop/np, shop/p",
            "  - shop/np has no egress rules, so it allows nothing",
            "  + g spec.egressDeny[0] (Deny)",
            "    + ports: any",
            "    + toEntities[0]: 203.0.113.50 (rds) belongs to world",
            "  - shop/p spec.egress[0]",
            "    + ports: any",
            "    - toEndpoints[0]: 203.0.113.50 (rds) is no pod; selectors select pods",
        ]

    def test_other_enforcers_say_whom_they_leave_out(self) -> None:
        verdict = ns.why(cluster(*self.KINDS), f"shop/web -> {DB}", cni="calico")
        assert verdict.outcome is Outcome.DENIED
        assert "CiliumNetworkPolicy shop/p is not enforced" in str(verdict)


def test_an_empty_rule_says_that_it_means_nobody() -> None:
    assert told(f"shop/web -> {DB}", p(out(""))) == [
        "Egress: denied",
        "  shop/web is isolated for egress by shop/p",
        "  - shop/p spec.egress[0]",
        "    + ports: any",
        "    - to: no destination",
    ]


@pytest.mark.parametrize("entity", ["host", "remote-node"])
def test_where_it_runs_nobody_knows(entity: str) -> None:
    """A pod that is not placed on a node has a host, but which one is open."""
    nowhere = WORLD.replace("spec: {nodeName: here}", "spec: {}")
    world = ns.loads(f"{nowhere}\n---\n{p(out(entities(entity)))}")
    verdict = ns.why(world, f"shop/web -> {THERE}", cni="cilium")
    assert verdict.outcome is Outcome.UNDETERMINED
    assert f"node/there may belong to {entity}, for it is not known" in str(verdict)
    assert ns.why(world, f"shop/web -> {DB}", cni="cilium").outcome is Outcome.DENIED


@pytest.mark.parametrize("kind", ["NetworkPolicy", "Cilium policies"])
def test_auto_takes_cilium_for_its_policies(kind: str) -> None:
    policies = (p(out(TO_DB)),) if kind == "Cilium policies" else (np(NONE_OUT),)
    verdict = ns.why(cluster(*policies), f"shop/web -> {API}", cni="auto")
    assert (verdict.profile == "cilium") is (kind == "Cilium policies")


def test_what_is_cited_is_there() -> None:
    cited = {fact for says in TABLE for fact in re.findall(r"F\d\.\d+", says)}
    assert cited <= facts().keys()
