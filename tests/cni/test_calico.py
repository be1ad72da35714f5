"""What Calico's policies mean to Calico: one row for each thing its text says (F2.1-F2.12)."""

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
{apiVersion: v1, kind: Namespace, metadata: {name: ops}}
---
{apiVersion: v1, kind: Node, metadata: {name: worker},
 status: {addresses: [{type: InternalIP, address: 10.9.0.1}]}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: front, namespace: shop, labels: {role: ui}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}},
 spec: {serviceAccountName: front, nodeName: worker}, status: {podIP: 10.1.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {name: api, namespace: shop, labels: {app: api, tier: back}},
 spec: {containers: [{ports: [{name: http, containerPort: 8080}]}]}, status: {podIP: 10.1.0.2}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: data, labels: {app: db}},
 spec: {containers: [{ports: [{name: sql, containerPort: 5432}]}]}, status: {podIP: 10.2.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {name: job, namespace: ops}, status: {podIP: 10.3.0.1}}
---
{apiVersion: v1, kind: Service, metadata: {name: db, namespace: data},
 spec: {clusterIP: 10.96.0.1, selector: {app: db}, ports: [{port: 3306, targetPort: sql}]}}
---
{apiVersion: projectcalico.org/v3, kind: NetworkSet,
 metadata: {name: near, namespace: shop, labels: {kind: rds}}, spec: {nets: [10.20.0.0/24]}}
---
{apiVersion: projectcalico.org/v3, kind: NetworkSet,
 metadata: {name: far, namespace: data, labels: {kind: rds}}, spec: {nets: [10.20.1.0/24]}}
---
{apiVersion: projectcalico.org/v3, kind: GlobalNetworkSet,
 metadata: {name: partners, labels: {kind: rds, trust: low}},
 spec: {nets: [203.0.113.0/24, 10.20.2.7]}}
---
"""
DB, API, JOB = "data/db:5432/TCP", "shop/api:8080/TCP", "ops/job:80/TCP"
OUT, ELSE, PING = "203.0.113.9:443/TCP", "203.0.114.9:443/TCP", "203.0.113.9:8/ICMP"
HEAD = "{apiVersion: projectcalico.org/v3"


def policy(key: str, spec: str) -> str:
    """Return a policy of Calico's: `shop/p` of a namespace, `g` of the cluster."""
    namespace, _, name = key.rpartition("/")
    kind = "NetworkPolicy" if namespace else "GlobalNetworkPolicy"
    place = f"name: {name}, namespace: {namespace}" if namespace else f"name: {name}"
    return f"{HEAD}, kind: {kind}, metadata: {{{place}}}, spec: {{{spec}}}}}"


p, q, g, h = (partial(policy, key) for key in ("shop/p", "shop/q", "g", "h"))


def np(spec: str) -> str:
    """Return a NetworkPolicy of Kubernetes, shop/np."""
    kind = "apiVersion: networking.k8s.io/v1, kind: NetworkPolicy"
    return f"{{{kind}, metadata: {{name: np, namespace: shop}}, spec: {{{spec}}}}}"


def tier(name: str, spec: str) -> str:
    """Return a tier."""
    return f"{HEAD}, kind: Tier, metadata: {{name: {name}}}, spec: {{{spec}}}}}"


def out(*rules: str) -> str:
    """Return egress rules, for the spec of a policy."""
    return f"egress: [{', '.join(f'{{{rule}}}' for rule in rules)}]"


def to(what: str) -> str:
    """Return an Allow to a destination."""
    return f"{ALLOW}, destination: {{{what}}}"


def cluster(*policies: str) -> Cluster:
    """Return the world with some policies."""
    return ns.loads(WORLD + "\n---\n".join(policies))


ALLOW, DENY, PASS, LOG = (f"action: {action}" for action in ("Allow", "Deny", "Pass", "Log"))
FIRST, AT, LATE, IN = "order: 1", "order: 5", "order: 9", "tier: security"
WEB, ALL, ICMP = "selector: app == 'web'", "namespaceSelector: all()", "protocol: ICMP"
OF_UI = "selector: role == 'ui'"
TO_DB = "destination: {namespaceSelector: all(), selector: app == 'db'}"
NONE_OUT = "policyTypes: [Egress]"
SECURITY = tier("security", "order: 100")
PASSING = tier("security", "order: 100, defaultAction: Pass")

#: policies, where to from shop/web, and what becomes of it, with the rule or the policies that
#: determine it: `p 0` is the first rule of shop/p, `g` is the policy as a whole
Row = tuple[list[str], str, str]
#: what Calico does, with the fact that says so, and the rows that show it
TABLE: dict[str, list[Row]] = {
    "no policy, no isolation (F2.9)": [
        ([], DB, "allowed"),
        ([policy("data/p", out(ALLOW))], DB, "allowed"),
    ],
    "the first matching rule decides, within a policy by position (F2.2)": [
        ([p(out(ALLOW, DENY))], DB, "allowed p 0"),
        ([p(out(DENY, ALLOW))], DB, "denied p 0"),
        ([p(out(to("nets: [10.9.9.0/24]"), DENY))], DB, "denied p 1"),
    ],
    "and between policies by order, whatever the kind; the lowest first (F2.2)": [
        ([p(f"{LATE}, {out(DENY)}"), g(f"{FIRST}, {out(ALLOW)}")], DB, "allowed g 0"),
        ([p(f"{FIRST}, {out(DENY)}"), g(f"{LATE}, {out(ALLOW)}")], DB, "denied p 0"),
        ([p(f"order: 0.5, {out(DENY)}"), g(f"{FIRST}, {out(ALLOW)}")], DB, "denied p 0"),
        ([p(f"order: -1, {out(DENY)}"), g(f"order: 0, {out(ALLOW)}")], DB, "denied p 0"),
    ],
    "without an order a policy is the last (F2.2)": [
        ([p(out(DENY)), policy("z", f"order: 1000000, {out(ALLOW)}")], DB, "allowed z 0"),
    ],
    "ties go by name, not by namespace or kind (F2.2)": [
        (
            [policy("shop/b", f"{AT}, {out(DENY)}"), policy("a", f"{AT}, {out(ALLOW)}")],
            DB, "allowed a 0",
        ),
        (
            [policy("shop/a", f"{AT}, {out(DENY)}"), policy("b", f"{AT}, {out(ALLOW)}")],
            DB, "denied a 0",
        ),
        ([policy("shop/default.a", out(DENY)), policy("b", out(ALLOW))], DB, "denied a 0"),
    ],
    "Log notes and goes on; alone it isolates and so denies the rest (F2.3, F2.7)": [
        ([p(out(LOG, ALLOW))], DB, "allowed p 1"),
        ([p(out(LOG))], DB, "denied p"),
    ],
    "the default tier denies what nothing matches, once a policy of it applies (F2.7)": [
        ([p("types: [Egress]")], DB, "denied p"),
        ([p(f"{WEB}, types: [Egress]"), q("types: [Egress]")], DB, "denied p q"),
        ([p("selector: app == 'api', types: [Egress]")], DB, "allowed"),
    ],
    "tiers are asked by order, and a denial in the first is final (F2.7)": [
        ([SECURITY, g(f"{IN}, {out(DENY)}"), p(f"order: 0, {out(ALLOW)}")], DB, "denied g 0"),
        (
            [tier("security", "order: 2000000"), g(f"{IN}, {out(DENY)}"), p(out(ALLOW))],
            DB, "allowed p 0",
        ),
        ([tier("security", ""), g(f"{IN}, {out(DENY)}"), p(out(ALLOW))], DB, "allowed p 0"),
    ],
    "Pass leaves the tier, past its other rules and policies (F2.3)": [
        ([SECURITY, g(f"{IN}, {out(PASS, DENY)}"), p(out(ALLOW))], DB, "allowed p 0"),
        (
            [SECURITY, g(f"{IN}, {FIRST}, {out(PASS)}"), h(f"{IN}, {LATE}, {out(DENY)}")],
            DB, "allowed",
        ),
        ([p(out(PASS))], DB, "allowed"),
    ],
    "a tier in which nothing matches ends with its default: Deny unless it says Pass (F2.7)": [
        ([SECURITY, g(f"{IN}, {out(to('nets: [10.9.9.0/24]'))}")], DB, "denied g"),
        ([PASSING, g(f"{IN}, {out(to('nets: [10.9.9.0/24]'))}")], DB, "allowed"),
        ([PASSING, g(f"{IN}, types: [Egress]"), p("types: [Egress]")], DB, "denied p"),
    ],
    "a tier without a policy for this pod and direction is skipped (F2.7)": [
        ([SECURITY, g(f"{IN}, selector: app == 'api', types: [Egress]")], DB, "allowed"),
        ([SECURITY, g(f"{IN}, types: [Ingress], namespaceSelector: team == 'a'")], DB, "allowed"),
    ],
    "a policy of a tier that is not there is not applied": [
        ([g(f"tier: gone, {out(DENY)}")], DB, "allowed"),
    ],
    "tiers that Calico brings (F2.7, F2.10)": [
        ([g(f"tier: kube-admin, {out(ALLOW)}"), p(out(DENY))], DB, "allowed g 0"),
        ([g("tier: kube-admin, types: [Egress]")], DB, "allowed"),
        ([g(f"tier: kube-baseline, {out(DENY)}")], DB, "denied g 0"),
        ([g(f"tier: kube-baseline, {out(DENY)}"), p(out(PASS))], DB, "denied g 0"),
    ],
    "NetworkPolicy is in the default tier with order 1000, and the tier denies the rest (F2.8)": [
        ([np(NONE_OUT), p(f"order: 999, {out(ALLOW)}")], DB, "allowed p 0"),
        ([np("egress: [{}]"), p(f"order: 999, {out(DENY)}")], DB, "denied p 0"),
        (
            [np("policyTypes: [Egress], egress: [{}]"), p(f"order: 1001, {out(DENY)}")],
            DB, "allowed np 0",
        ),
        ([np(NONE_OUT), p(f"order: 1001, {out(ALLOW)}")], DB, "allowed p 0"),
        ([np(NONE_OUT)], DB, "denied np"),
    ],
    "left-out types are those of the rules, and Ingress if there are none (F2.5)": [
        ([p("")], DB, "allowed"),
        ([policy("data/p", "")], DB, "denied data/p"),
        ([policy("data/p", out(DENY))], DB, "allowed"),
        ([policy("data/p", f"{out(DENY)}, ingress: [{{{ALLOW}}}]")], DB, "allowed data/p 0"),
        ([policy("data/p", f"types: [Ingress], {out(DENY)}")], DB, "denied data/p"),
    ],
    "a selector of a namespaced policy means pods and sets of its namespace (F2.6)": [
        ([p(out(to("selector: app == 'db'")))], DB, "denied p"),
        ([p(out(to("selector: app == 'api'")))], API, "allowed p 0"),
        ([p(out(f"{ALLOW}, {TO_DB}"))], DB, "allowed p 0"),
        ([p(out(to("namespaceSelector: team == 'b'")))], DB, "allowed p 0"),
        ([p(out(to("namespaceSelector: team == 'a'")))], DB, "denied p"),
    ],
    "of a global one, of any (F2.6)": [
        ([g(out(to("selector: app == 'db'")))], DB, "allowed g 0"),
        ([g(f"{WEB}, {out(DENY)}")], DB, "denied g 0"),
        ([g(f"namespaceSelector: team == 'b', {out(DENY)}")], DB, "allowed"),
    ],
    "!= and not in match what lacks the label (F2.6)": [
        ([p(out(to("namespaceSelector: all(), selector: tier != 'back'")))], DB, "allowed p 0"),
        ([p(out(to("selector: tier != 'back'")))], API, "denied p"),
        ([p(out(to("namespaceSelector: \"team not in {'a', 'b'}\"")))], JOB, "allowed p 0"),
    ],
    "the rest of the language (F2.6)": [
        ([g(out(to("selector: has(app)")))], JOB, "denied g"),
        ([g(out(to("selector: '!has(app)'")))], JOB, "allowed g 0"),
        ([g(out(to("selector: app starts with 'd' && app ends with 'b'")))], DB, "allowed g 0"),
        ([g(out(to("selector: app contains 'p'")))], API, "allowed g 0"),
        ([g(out(to("selector: \"app in {'db', 'api'} || all()\"")))], JOB, "allowed g 0"),
        ([g(out(to("selector: projectcalico.org/namespace == 'ops'")))], JOB, "allowed g 0"),
    ],
    "selectors mean endpoints; what they leave out, notSelector takes out of everything (F2.4)": [
        ([g(out(to("selector: '!has(app)'")))], ELSE, "denied g"),
        ([g(out(to("notSelector: has(app)")))], ELSE, "allowed g 0"),
        ([g(out(to("notSelector: app == 'db'")))], DB, "denied g"),
    ],
    "in a namespaced policy, notSelector alone still means pods of the namespace": [
        ([p(out(to("notSelector: app == 'db'")))], API, "allowed p 0"),
        ([p(out(to("notSelector: app == 'web'")))], OUT, "denied p"),
    ],
    "global() means what is in no namespace (F2.6)": [
        ([p(out(to("namespaceSelector: global(), selector: kind == 'rds'")))], OUT, "allowed p 0"),
        ([p(out(to("namespaceSelector: global()")))], DB, "denied p"),
        ([p(out(to("namespaceSelector: all(), selector: kind == 'rds'")))], OUT, "denied p"),
        (
            [p(out(to("namespaceSelector: team != 'a', selector: kind == 'rds'")))],
            OUT, "allowed p 0",
        ),
    ],
    "network sets: of the policy's own namespace, of others, of none (F2.1)": [
        ([p(out(to("selector: kind == 'rds'")))], "10.20.0.5:5432/TCP", "allowed p 0"),
        ([p(out(to("selector: kind == 'rds'")))], "10.20.1.5:5432/TCP", "denied p"),
        (
            [p(out(to("selector: kind == 'rds', namespaceSelector: team == 'b'")))],
            "10.20.1.5:5432/TCP", "allowed p 0",
        ),
        ([g(out(to("selector: kind == 'rds'")))], "10.20.2.7:5432/TCP", "allowed g 0"),
        ([g(out(to("selector: kind == 'rds', notSelector: trust == 'low'")))], OUT, "denied g"),
    ],
    "accounts: by name, by label, of the policy's subject (F2.4)": [
        ([p(f"serviceAccountSelector: role == 'ui', {out(DENY)}")], DB, "denied p 0"),
        ([p(f"serviceAccountSelector: role == 'x', {out(DENY)}")], DB, "allowed"),
        ([p(out(to("serviceAccounts: {names: [default]}")))], API, "allowed p 0"),
        ([p(out(to("serviceAccounts: {names: [front]}")))], API, "denied p"),
        (
            [g(out(f"{ALLOW}, source: {{serviceAccounts: {{names: [front], {OF_UI}}}}}"))],
            API, "allowed g 0",
        ),
    ],
    "what a rule asks of the policy's own end (F2.4)": [
        ([p(out(f"{DENY}, source: {{selector: app == 'api'}}", ALLOW))], DB, "allowed p 1"),
        ([p(out(f"{DENY}, source: {{nets: [10.1.0.1/32]}}", ALLOW))], DB, "denied p 0"),
    ],
    "nets and what is taken out of them, of pods and of all others alike (F2.4)": [
        ([p(out(to("nets: [10.2.0.0/16]")))], DB, "allowed p 0"),
        ([p(out(to("nets: [10.0.0.0/8], notNets: [10.2.0.0/16]")))], DB, "denied p"),
        ([p(out(to("notNets: [10.2.0.0/16, 10.3.0.0/16]")))], JOB, "denied p"),
        ([p(out(to("notNets: [10.2.0.0/16, 10.3.0.0/16]")))], OUT, "allowed p 0"),
        ([p(out(to("namespaceSelector: all(), nets: [10.3.0.0/16]")))], DB, "denied p"),
    ],
    "the address of a Service has been replaced before policy looks (F2.19)": [
        ([p(out(to("nets: [10.96.0.1/32]")))], "10.96.0.1:3306/TCP", "denied p"),
        ([p(out(to("nets: [10.2.0.1/32]")))], "10.96.0.1:3306/TCP", "allowed p 0"),
    ],
    "Services by name: their endpoints, and the ports of these (F2.4)": [
        ([p(out(to("services: {name: db, namespace: data}")))], DB, "allowed p 0"),
        ([p(out(to("services: {name: db, namespace: data}")))], "data/db:3306/TCP", "denied p"),
        ([p(out(to("services: {name: db}")))], DB, "denied p"),
    ],
    "protocols by name and by number, and all but one (F2.4)": [
        ([p(out(f"{ALLOW}, protocol: TCP"))], DB, "allowed p 0"),
        ([p(out(f"{ALLOW}, protocol: 6"))], DB, "allowed p 0"),
        ([p(out(f"{ALLOW}, protocol: '6'"))], DB, "allowed p 0"),
        ([p(out(f"{ALLOW}, protocol: 47"))], DB, "denied p"),
        ([p(out(f"{ALLOW}, protocol: UDPLite"))], DB, "denied p"),
        ([p(out(f"{ALLOW}, notProtocol: UDP"))], DB, "allowed p 0"),
        ([p(out(f"{ALLOW}, notProtocol: TCP"))], DB, "denied p"),
    ],
    "ports by number, range and name; and all but some (F2.4, F2.28)": [
        ([p(out(f"{to('ports: [80, 5000:6000]')}, protocol: TCP"))], DB, "allowed p 0"),
        ([p(out(f"{to('ports: [sql]')}, protocol: TCP"))], DB, "allowed p 0"),
        ([p(out(f"{to('ports: [sql]')}, protocol: UDP"))], DB, "denied p"),
        ([p(out(f"{to('notPorts: [1:1024]')}, protocol: TCP"))], DB, "allowed p 0"),
        ([p(out(f"{to('notPorts: [sql]')}, protocol: TCP"))], DB, "denied p"),
        ([p(out(f"{to('ports: [1:9999], notPorts: [5432]')}, protocol: TCP"))], DB, "denied p"),
    ],
    "ICMP by type; a rule without a protocol is for it too (F2.4, F1.23)": [
        ([p(out(f"{ALLOW}, protocol: ICMP"))], PING, "allowed p 0"),
        ([p(out(f"{ALLOW}, {ICMP}, icmp: {{type: 8}}"))], PING, "allowed p 0"),
        ([p(out(f"{ALLOW}, protocol: 1, icmp: {{type: 0}}"))], PING, "denied p"),
        ([p(out(f"{ALLOW}, protocol: ICMP, notICMP: {{type: 8}}"))], PING, "denied p"),
        ([p(out(f"{ALLOW}, protocol: TCP"))], PING, "denied p"),
        ([p(out(ALLOW))], PING, "allowed p 0"),
    ],
    "a connection has a type and no code, and a destination port and no other": [
        ([p(out(f"{ALLOW}, {ICMP}, icmp: {{type: 8, code: 0}}"))], PING, "undetermined p 0"),
        ([p(out(f"{ALLOW}, {ICMP}, icmp: {{type: 3, code: 0}}"))], PING, "denied p"),
        (
            [p(out(f"{ALLOW}, protocol: TCP, source: {{ports: [1024:65535]}}"))],
            DB, "undetermined p 0",
        ),
        ([p(out(f"{DENY}, protocol: TCP, source: {{ports: [80]}}", DENY))], DB, "denied p 1"),
    ],
    "names are no part of open source Calico, so a rule about them stays open (F2.12)": [
        ([p(out(to("domains: ['*.example.com']")))], OUT, "undetermined p 0"),
    ],
    "the family of addresses": [
        ([p(out(f"{ALLOW}, ipVersion: 4"))], DB, "allowed p 0"),
        ([p(out(f"{ALLOW}, ipVersion: 6"))], DB, "denied p"),
    ],
    "a pod's egress policy is asked on the way to its own node (F2.16)": [
        ([p("types: [Egress]")], "node/worker:53/UDP", "denied p"),
        ([p(out(to("nets: [10.9.0.1/32]")))], "node/worker:53/UDP", "allowed p 0"),
    ],
}  # fmt: skip
ROWS = [(says, *row) for says, rows in TABLE.items() for row in rows]
IDS = [f"{says} {number}" for says, rows in TABLE.items() for number, _ in enumerate(rows)]


def determining(verdict: Verdict) -> str:
    """Return what determines a verdict, as the table has it."""
    places = (place_of(each).removeprefix("shop/") for each in verdict.determining)
    return " ".join(re.sub(r"spec\.\w+\[(\d+)\]", r"\1", place) for place in places)


@pytest.mark.parametrize(("says", "policies", "where", "becomes"), ROWS, ids=IDS)
def test_the_table(says: str, policies: list[str], where: str, becomes: str) -> None:
    world, asked = cluster(*policies), f"shop/web -> {where}"
    verdict = ns.why(world, asked, cni="calico")

    assert f"{verdict.outcome.value} {determining(verdict)}".strip() == becomes, str(verdict)
    assert set(re.findall(r"F\d\.\d+", says)) <= facts().keys()
    ebpf = ns.why(world, asked, cni="calico-ebpf")
    assert ebpf.outcome is verdict.outcome


@pytest.mark.parametrize(
    ("policies", "where"),
    [(policies, where) for _, policies, where, _ in ROWS if where in (DB, API, JOB)],
)
def test_all_pairs_say_the_same(policies: list[str], where: str) -> None:
    world, (to_pod, _, port) = cluster(*policies), where.rpartition(":")
    outcome = ns.why(world, f"shop/web -> {where}", cni="calico").outcome
    allowed = ns.reachability(world, cni="calico").ports("shop/web", to_pod).allowed
    assert (port in allowed) is (outcome is Outcome.ALLOWED)


def test_staged_policies_are_told_and_not_enforced() -> None:
    staged = p(out(DENY)).replace("kind: NetworkPolicy", "kind: StagedNetworkPolicy")
    gone = g("stagedAction: Delete").replace("kind: Global", "kind: StagedGlobal")
    world = cluster(p(out(ALLOW)), staged, g(f"{FIRST}, {out(ALLOW)}"), gone)

    before = ns.why(world, f"shop/web -> {DB}", cni="calico")
    assert determining(before) == "g 0"
    assert "StagedNetworkPolicy shop/p is not enforced" in str(before)
    after = ns.why(world.with_staged(), f"shop/web -> {DB}", cni="calico")
    assert (after.outcome, determining(after)) == (Outcome.DENIED, "p 0")


def test_a_staged_policy_of_kubernetes_takes_its_namesakes_place() -> None:
    staged = np("stagedAction: Set, policyTypes: [Egress]").replace(
        "apiVersion: networking.k8s.io/v1, kind: NetworkPolicy",
        "apiVersion: projectcalico.org/v3, kind: StagedKubernetesNetworkPolicy",
    )
    world = cluster(np("policyTypes: [Egress], egress: [{}]"), staged)
    assert ns.why(world, f"shop/web -> {DB}").outcome is Outcome.ALLOWED
    assert ns.why(world.with_staged(), f"shop/web -> {DB}").outcome is Outcome.DENIED
    ignored = cluster(staged.replace("Action: Set", "Action: Ignore"))
    assert ignored.policies == ()


CLUSTER_POLICY = """
{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy,
 metadata: {name: development}, spec: {tier: Admin, priority: 5, subject: {namespaces: {}},
 egress: [{name: to-data, action: Pass, to: [{namespaces: {matchLabels: {team: b}}}]}]}}
"""


def test_one_verdict_names_what_every_kind_contributes() -> None:
    """ClusterNetworkPolicy passes, a tier of the cluster's own passes, NetworkPolicy allows."""
    watched = g(f"{IN}, {out(LOG, PASS)}")
    late = h(f"order: 2000, {out(DENY)}")
    world = cluster(CLUSTER_POLICY, SECURITY, watched, np("egress: [{}]"), late)
    verdict = ns.why(world, f"shop/web -> {DB}", cni="calico")

    assert (verdict.outcome, determining(verdict)) == (Outcome.ALLOWED, "np 0")
    lines = [line.strip() for line in str(verdict).splitlines()]
    tiers = ["security: no decision, the next tier is asked"]
    tiers += ["kube-admin: no decision, the next tier is asked", "default: allowed"]
    assert [line for line in lines if line in tiers] == tiers
    for place in ("development spec.egress[0]", "g spec.egress[1]", "h spec.egress[0]"):
        assert place in str(verdict)


def test_the_chain_is_told_in_the_order_in_which_it_is_asked() -> None:
    world = cluster(h(out(ALLOW)), np("egress: [{}]"), p(f"{FIRST}, {out(LOG)}"))
    told = str(ns.why(world, f"shop/web -> {DB}", cni="calico"))
    places = ["shop/p spec.egress[0]", "shop/np spec.egress[0]", "h spec.egress[0]"]
    assert sorted(places, key=told.index) == places


def test_what_a_proxy_lets_through_is_told() -> None:
    http = "http: {methods: [GET], paths: [{exact: /a}, {prefix: /b}]}"
    rule = f"ingress: [{{{ALLOW}, protocol: TCP, {http}}}]"
    verdict = ns.why(cluster(policy("data/p", rule)), f"shop/web -> {DB}", cni="calico")
    assert "http: a proxy lets through method GET, path /a, path beginning with /b" in str(verdict)
