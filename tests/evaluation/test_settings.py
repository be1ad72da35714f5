"""How each profile settles what the text leaves open: one connection a row, with its fact.

The cluster has a client `shop/web` on worker-1 and a server `data/db`; each row adds its policies.
Where all pairs have an answer too, it is the same.
"""

from functools import lru_cache

import pytest

import nsimlib as ns
from nsimlib.cni.choosing import profile_for
from nsimlib.cni.profile import load_profile, profile_names
from nsimlib.evaluation.ends import parties
from nsimlib.evaluation.engine import evaluate
from nsimlib.evaluation.reachability import Reachability
from nsimlib.evaluation.settling import REASONS
from nsimlib.evaluation.verdict import Verdict
from nsimlib.model.connection import Connection, ObjectName
from nsimlib.model.policy import Policy

CLUSTER = """
{apiVersion: v1, kind: Node, metadata: {name: worker-1},
 status: {addresses: [{type: InternalIP, address: 10.9.0.1}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}},
 spec: {nodeName: worker-1, containers: [{ports: [{containerPort: 8080}]}]},
 status: {podIP: 10.1.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {name: dual, namespace: shop}, spec: {containers: [{}]},
 status: {podIPs: [{ip: 10.1.0.9}, {ip: "fd00::9"}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: data, labels: {app: db, tier: back}},
 spec: {nodeName: worker-2, containers: [{ports: [{name: sql, containerPort: 5432}]}]},
 status: {podIP: 10.1.0.2}}
---
{apiVersion: v1, kind: Pod, metadata: {name: proxy, namespace: data, labels: {app: proxy}},
 spec: {nodeName: worker-1, hostNetwork: true, containers: [{}]}, status: {podIP: 10.9.0.1}}
---
{apiVersion: v1, kind: Service, metadata: {name: db, namespace: data},
 spec: {clusterIP: 10.96.0.7, selector: {app: db}, ports: [{port: 80, targetPort: sql}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: direct, namespace: data},
 spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80, targetPort: 5432}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop},
 spec: {clusterIP: 10.96.0.8, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: listed, namespace: data},
 spec: {clusterIP: 10.96.0.9, ports: [{port: 80, targetPort: 5432}]}}
---
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4,
 metadata: {name: listed-1, namespace: data, labels: {kubernetes.io/service-name: listed}},
 endpoints: [{addresses: [10.1.0.2]}], ports: [{port: 5432}]}
"""
#: policies for all of namespace shop, by what they allow to leave
POLICIES = {
    "nothing": "",
    "anything": "{}",
    "to db": "{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}]}",
    "to back": "{to: [{namespaceSelector: {}, podSelector: {matchLabels: {tier: back}}}]}",
    "to db on 5432": "{ports: [{port: 5432}],"
    " to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}]}",
    "to db on 80": "{ports: [{port: 80}],"
    " to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}]}",
    "to db on sql": "{ports: [{port: sql}],"
    " to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}]}",
    "to pods": "{to: [{ipBlock: {cidr: 10.1.0.0/16}}]}",
    "to pods on 5432": "{ports: [{port: 5432}], to: [{ipBlock: {cidr: 10.1.0.0/16}}]}",
    "to pods on sql": "{ports: [{port: sql}], to: [{ipBlock: {cidr: 10.1.0.0/16}}]}",
    "to db or pods, on sql": "{ports: [{port: sql}], to: [{ipBlock: {cidr: 10.1.0.0/16}},"
    " {namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}]}",
    "to nodes": "{to: [{ipBlock: {cidr: 10.9.0.0/16}}]}",
    "to services": "{to: [{ipBlock: {cidr: 10.96.0.0/12}}]}",
    "to services on 80": "{ports: [{port: 80}], to: [{ipBlock: {cidr: 10.96.0.0/12}}]}",
    "to services on 5432": "{ports: [{port: 5432}], to: [{ipBlock: {cidr: 10.96.0.0/12}}]}",
    "to both, crosswise": "{ports: [{port: 80}], to: [{ipBlock: {cidr: 10.1.0.0/16}}]},"
    " {ports: [{port: 5432}], to: [{ipBlock: {cidr: 10.96.0.0/12}}]}",
    "to all addresses": "{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}",
    "on 80": "{ports: [{port: 80}]}",
    "on 5432": "{ports: [{port: 5432}]}",
    "on a range": "{ports: [{port: 5000, endPort: 6000}]}",
    "on sql": "{ports: [{port: sql}]}",
    "on SCTP": "{ports: [{port: 5432, protocol: SCTP}]}",
}
NETWORK_POLICY = (
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy,"
    " metadata: {name: leaving, namespace: shop}, spec: {policyTypes: [Egress], egress: [%s]}}"
)

PING = "shop/web -> data/db:8/ICMP"
SQL = "shop/web -> data/db:5432"
SERVICE = "shop/web -> 10.96.0.7:80"
ITSELF = "shop/web -> 10.96.0.8:80"
NODE = "shop/web -> node/worker-1:80"
ABROAD = "shop/dual -> [2001:db8::9]:443"

# profile, what may leave, connection, outcome, fact
ROWS = [
    # who enforces at all (X1)
    ("spec", "nothing", SQL, "denied", "F8.1"),
    ("flannel", "nothing", SQL, "allowed", "F4.1"),
    ("flannel", "nothing", PING, "allowed", "F4.1"),
    ("flannel", "nothing", SERVICE, "allowed", "F4.1"),
    ("weave", "nothing", SQL, "denied", "F4.6"),
    ("kube-router", "nothing", SQL, "denied", "F4.11"),
    ("antrea", "nothing", SQL, "denied", "F4.17"),
    ("aws-vpc-cni", "nothing", SQL, "denied", "F4.23"),
    # a block over the addresses of pods and nodes (X2)
    ("spec", "to pods", SQL, "allowed", "F1.20"),
    ("workloads", "to pods", SQL, "denied", "F1.20"),
    ("weave", "to pods", SQL, "allowed", "F1.20"),
    ("kube-router", "to pods", SQL, "allowed", "F1.20"),
    ("antrea", "to pods", SQL, "allowed", "F1.20"),
    ("aws-vpc-cni", "to pods", SQL, "allowed", "F4.25"),
    ("aws-vpc-cni", "to nodes", "shop/web -> 10.9.0.7:80", "allowed", "F4.25"),
    # the address and port of a Service, or of the pod behind it (X3)
    ("spec", "to pods on 5432", SERVICE, "undetermined", "F1.18"),
    ("spec", "to services on 80", SERVICE, "undetermined", "F1.18"),
    ("spec", "to both, crosswise", SERVICE, "denied", "F1.18"),
    ("spec", "to services on 5432", SERVICE, "denied", "F1.18"),
    ("spec", "to all addresses", SERVICE, "allowed", "F1.18"),
    ("spec", "on 80", SERVICE, "undetermined", "F1.18"),
    ("spec", "on 5432", SERVICE, "undetermined", "F1.18"),
    ("spec", "to db on 5432", SERVICE, "allowed", "F1.18"),
    ("spec", "to db on 80", SERVICE, "denied", "F1.18"),
    ("spec", "to db", SERVICE, "allowed", "F1.18"),
    ("weave", "to pods on 5432", SERVICE, "allowed", "F4.8"),
    ("weave", "to services", SERVICE, "denied", "F4.8"),
    ("kube-router", "on 5432", SERVICE, "allowed", "F4.16"),
    ("kube-router", "to services on 80", SERVICE, "denied", "F4.16"),
    ("antrea", "to pods on 5432", SERVICE, "allowed", "F4.20"),
    ("antrea", "on 80", SERVICE, "denied", "F4.20"),
    ("aws-vpc-cni", "to services on 80", SERVICE, "allowed", "F4.29"),
    ("aws-vpc-cni", "to services on 5432", SERVICE, "denied", "F4.29"),
    ("aws-vpc-cni", "to pods on 5432", SERVICE, "denied", "F4.29"),
    ("aws-vpc-cni", "on 80", SERVICE, "allowed", "F4.29"),
    ("aws-vpc-cni", "on 5432", SERVICE, "denied", "F4.29"),
    ("aws-vpc-cni", "to db on 5432", SERVICE, "allowed", "F4.29"),
    ("aws-vpc-cni", "to db on 80", SERVICE, "denied", "F4.29"),
    # its controller adds the Services whose own selector the rule selects; others it misses
    ("aws-vpc-cni", "to back", SQL, "allowed", "F4.29"),
    ("aws-vpc-cni", "to back", SERVICE, "denied", "F4.29"),
    ("aws-vpc-cni", "to db", "shop/web -> 10.96.0.9:80", "denied", "F4.29"),
    ("aws-vpc-cni", "to services", "shop/web -> 10.96.0.9:80", "allowed", "F4.29"),
    # a headless Service translates nothing: the client takes the pod's address and its own port
    ("spec", "to pods on 5432", "shop/web -> data/service/direct:5432", "allowed", "F1.18"),
    ("spec", "on 80", "shop/web -> data/service/direct:5432", "denied", "F1.18"),
    ("spec", "on 80", "shop/web -> data/service/direct:80", "allowed", "F1.18"),
    ("aws-vpc-cni", "to back", "shop/web -> data/service/direct:5432", "allowed", "F4.29"),
    # what becomes of ICMP (X8)
    ("spec", "nothing", PING, "undetermined", "F1.22"),
    ("spec", "anything", PING, "undetermined", "F1.22"),
    ("spec", "nothing", "data/db -> data/proxy:8/ICMP", "allowed", "F1.22"),
    ("workloads", "nothing", PING, "undetermined", "F1.22"),
    ("weave", "anything", PING, "allowed", "F4.7"),
    ("weave", "on 5432", PING, "denied", "F4.7"),
    ("kube-router", "nothing", PING, "allowed", "F4.12"),
    ("kube-router", "nothing", "shop/web -> data/db:3/ICMP", "allowed", "F4.12"),
    ("kube-router", "nothing", "shop/web -> data/db:11/ICMP", "allowed", "F4.12"),
    ("kube-router", "nothing", "shop/web -> data/db:128/ICMPv6", "allowed", "F4.12"),
    ("kube-router", "nothing", "shop/web -> data/db:13/ICMP", "denied", "F4.12"),
    ("kube-router", "to db", "shop/web -> data/db:13/ICMP", "allowed", "F4.12"),
    ("antrea", "to db", PING, "allowed", "F4.21"),
    ("antrea", "to db on 5432", PING, "denied", "F4.21"),
    ("aws-vpc-cni", "to db", PING, "allowed", "F4.27"),
    ("aws-vpc-cni", "to db on 5432", PING, "denied", "F4.27"),
    # port names (X9)
    ("spec", "to db on sql", SQL, "allowed", "F1.8"),
    ("spec", "to pods on sql", SQL, "allowed", "F1.8"),
    ("weave", "to db on sql", "shop/web -> data/db:22", "allowed", "F4.10"),
    ("kube-router", "to db on sql", SQL, "allowed", "F4.14"),
    ("aws-vpc-cni", "to db on sql", SQL, "allowed", "F4.30"),
    ("aws-vpc-cni", "to pods on sql", SQL, "denied", "F4.30"),
    ("aws-vpc-cni", "on sql", SQL, "denied", "F4.30"),
    ("aws-vpc-cni", "to db or pods, on sql", SQL, "allowed", "F4.30"),
    # the end of a range (X10)
    ("spec", "on a range", SQL, "allowed", "F1.8"),
    ("weave", "on a range", SQL, "denied", "F4.10"),
    ("weave", "on a range", "shop/web -> data/db:5000", "allowed", "F4.10"),
    ("kube-router", "on a range", SQL, "allowed", "F4.14"),
    ("aws-vpc-cni", "on a range", SQL, "allowed", "F4.25"),
    # what becomes of SCTP (X11)
    ("spec", "on SCTP", f"{SQL}/SCTP", "allowed", "F1.21"),
    ("weave", "on SCTP", f"{SQL}/SCTP", "undetermined", "X11"),
    ("weave", "nothing", f"{SQL}/SCTP", "undetermined", "X11"),
    ("weave", "nothing", f"{SQL}/UDP", "denied", "F4.6"),
    ("weave", "nothing", "data/db -> data/proxy:1/SCTP", "allowed", "X11"),
    ("aws-vpc-cni", "on SCTP", f"{SQL}/SCTP", "allowed", "F4.27"),
    # what becomes of IPv6 (X15)
    ("spec", "to all addresses", ABROAD, "denied", "F1.42"),
    ("spec", "anything", ABROAD, "allowed", "F1.42"),
    ("weave", "anything", ABROAD, "undetermined", "X15"),
    ("weave", "nothing", ABROAD, "undetermined", "X15"),
    ("weave", "nothing", "shop/web -> 203.0.113.9:443", "denied", "F4.6"),
    # a pod to its own node (X17), and a node to its own pod
    ("spec", "nothing", NODE, "undetermined", "F1.25"),
    ("spec", "to nodes", NODE, "allowed", "F1.25"),
    ("workloads", "nothing", NODE, "denied", "F1.25"),
    ("weave", "nothing", NODE, "allowed", "F4.9"),
    ("weave", "nothing", "shop/web -> data/proxy:80", "allowed", "F4.9"),
    ("kube-router", "nothing", NODE, "undetermined", "X17"),
    ("antrea", "nothing", NODE, "undetermined", "X17"),
    ("aws-vpc-cni", "nothing", NODE, "denied", "F4.25"),
    # a pod to itself, directly and through a Service (X18)
    ("spec", "nothing", "shop/web -> 10.1.0.1:8080", "allowed", "F1.26"),
    ("spec", "nothing", ITSELF, "undetermined", "F1.66"),
    ("spec", "anything", ITSELF, "allowed", "F1.66"),
    ("weave", "nothing", ITSELF, "undetermined", "X18"),
    ("kube-router", "nothing", ITSELF, "undetermined", "X18"),
    ("antrea", "nothing", ITSELF, "allowed", "F4.20"),
    ("aws-vpc-cni", "nothing", ITSELF, "undetermined", "X18"),
    # pods in the host network (X12)
    ("spec", "to nodes", "shop/web -> data/proxy:80", "allowed", "F1.27"),
    ("kube-router", "nothing", "data/proxy -> shop/web:80", "allowed", "F4.12"),
    ("aws-vpc-cni", "nothing", "data/proxy -> data/db:80", "allowed", "F4.24"),
]


@lru_cache
def cluster(leaving: str) -> ns.Cluster:
    return ns.loads(CLUSTER).with_policies(NETWORK_POLICY % POLICIES[leaving])


def judged(cni: str, leaving: str, connection: str) -> Verdict:
    return evaluate(cluster(leaving), Connection.parse(connection), load_profile(cni))


@pytest.mark.parametrize(("cni", "leaving", "connection", "outcome", "fact"), ROWS)
def test_a_profile_settles(
    cni: str, leaving: str, connection: str, outcome: str, fact: str
) -> None:
    profile = load_profile(cni)
    cited = {each for setting in profile.settles.values() for each in setting.facts}
    assert fact in {*cited, *profile.ignores.facts, *profile.kinds.values()}
    assert judged(cni, leaving, connection).outcome.value == outcome


def has_pairs(connection: Connection) -> bool:
    """Whether all pairs speak of it too: of transports, and of no Service."""
    end, services = connection.destination, cluster("nothing").services_by_address
    by_name = isinstance(end, ObjectName) and end.kind == "service"
    return connection.port.protocol.has_ports and not by_name and end not in services


@pytest.mark.parametrize(
    ("cni", "leaving", "connection"),
    [row[:3] for row in ROWS if has_pairs(Connection.parse(row[2]))],
)
def test_all_pairs_say_the_same(cni: str, leaving: str, connection: str) -> None:
    asked = Connection.parse(connection)
    (source,), (destination,) = (
        parties(cluster(leaving), end) for end in (asked.source, asked.destination)
    )
    reach = Reachability(cluster(leaving), profile_for(cluster(leaving), cni))
    found = reach.between(source, destination).outcome(asked.port)
    assert found is judged(cni, leaving, connection).outcome


# profile, what may leave, connection, a line of the explanation
SAID = [
    (
        "flannel", "nothing", SQL,
        "NetworkPolicy shop/leaving is not enforced: Flannel enforces no policy of any kind (F4.1)",
    ),
    (
        "weave", "on sql", SQL,
        "NetworkPolicy shop/leaving is not enforced: A rule with a port name makes the policy"
        " controller refuse the whole policy (F4.10)",
    ),
    ("weave", "on a range", SQL,
     "- ports: 5432/TCP is not among 5000-6000/TCP (read as 5000/TCP) (F4.10, F1.8)"),
    ("weave", "nothing", NODE, "shop/web may always reach its own node here (F1.25, F4.9)"),
    ("weave", "nothing", f"{SQL}/SCTP", "? it is open what policies do to SCTP (X11)"),
    ("weave", "nothing", ABROAD, "? it is open what policies do to IPv6 (X15)"),
    ("spec", "nothing", PING, "? it is open what policies do to ICMP (F1.22)"),
    ("spec", "nothing", ITSELF,
     "? it is open whether a pod may always reach itself by a Service (F1.26, F1.66)"),
    ("antrea", "nothing", ITSELF,
     "shop/web may always reach itself through a Service here (X18, F4.20)"),
    ("kube-router", "nothing", PING,
     "pings and ICMP errors pass here, whatever policies say (F4.12)"),
    ("spec", "to services on 80", SERVICE,
     "? it would be allowed if rules with addresses met the Service's (F1.18)"),
    ("aws-vpc-cni", "to back", SERVICE,
     "- to[0]: the rule's selector does not take in Service data/db by the labels that it selects"
     " (F4.29)"),
    ("aws-vpc-cni", "to db", "shop/web -> 10.96.0.9:80",
     "- to[0]: Service data/listed has no selector, so no rule by selector takes it in (F4.29)"),
    ("spec", "on 80", "shop/web -> data/service/direct:5432",
     "Service data/direct is headless, so the client connects to data/db:5432/TCP"),
]  # fmt: skip


@pytest.mark.parametrize(("cni", "leaving", "connection", "line"), SAID)
def test_it_is_said(cni: str, leaving: str, connection: str, line: str) -> None:
    lines = str(judged(cni, leaving, connection)).splitlines()
    assert line in [each.strip().partition("  [")[0] for each in lines]


def test_a_staged_policy_is_reported_and_not_obeyed() -> None:
    (leaving,) = cluster("nothing").policies
    staged = Policy(
        leaving.kind,
        leaving.namespace,
        leaving.name,
        leaving.subject,
        leaving.directions,
        leaving.isolates,
        staged=True,
    )
    verdict = ns.why(cluster("nothing").with_policies(staged), SQL)
    assert verdict.outcome is ns.Outcome.ALLOWED
    (ignored,) = verdict.egress.ignored
    assert ignored.why.because == "A staged policy shows what it would do, and does nothing."


def test_what_hangs_on_the_address_of_a_service_is_settled_by_the_rules_of_both_ways() -> None:
    verdict = judged("spec", "to services on 80", SERVICE)
    assert [str(each.place) for each in verdict.egress.turned] == ["shop/leaving spec.egress[0]"]
    assert len(verdict.determining) == 1
    assert verdict.near_misses == ()


def test_every_question_that_a_profile_settles_has_words() -> None:
    asked = {question for name in profile_names() for question in load_profile(name).settles}
    assert asked == REASONS.keys()
