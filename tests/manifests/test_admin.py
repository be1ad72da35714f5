"""Admin policies: what is refused, and what the tiers around NetworkPolicy decide (F1.48-F1.56)."""

import json

import pytest
import yaml

import nsimlib as ns

PODS = """
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}},
 spec: {containers: [{ports: [{name: http, containerPort: 8080}]}]}, status: {podIP: 10.1.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: data, labels: {app: db}},
 spec: {containers: [{ports: [{name: sql, containerPort: 5432}]}]}, status: {podIP: 10.1.0.2}}
---
"""
HEAD = "{apiVersion: policy.networking.k8s.io/v1alpha1, kind: %s, metadata: {name: %s}, spec: {%s}}"
SHOP = "subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}"
TO_DATA = "to: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: data}}}]"
ISOLATED = """
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop},
 spec: {policyTypes: [Egress]}}
"""


def admin(priority: int, *rules: str) -> str:
    spec = f"priority: {priority}, {SHOP}, egress: [{', '.join(rules)}]"
    return HEAD % ("AdminNetworkPolicy", f"admin-{priority}", spec)


def baseline(*rules: str) -> str:
    return HEAD % ("BaselineAdminNetworkPolicy", "default", f"{SHOP}, egress: [{', '.join(rules)}]")


def rule(action: str, peers: str = TO_DATA, ports: str = "") -> str:
    return f"{{action: {action}, {peers}{f', ports: [{ports}]' if ports else ''}}}"


NETWORK = "to: [{networks: [10.1.0.0/24]}]"
PASSED = [admin(1, rule("Pass")), ISOLATED]
ROWS = [
    # no object, no effect; being there isolates nobody (F1.52)
    ([], "allowed"),
    ([admin(1, rule("Allow", ports="{portNumber: {port: 1, protocol: TCP}}"))], "allowed"),
    # the first matching rule decides, lower priorities first (F1.48, F1.49)
    ([admin(1, rule("Deny"), rule("Allow"))], "denied"),
    ([admin(1, rule("Allow"), rule("Deny"))], "allowed"),
    ([admin(2, rule("Deny")), admin(1, rule("Allow"))], "allowed"),
    # Allow and Deny are final, Pass goes on: NetworkPolicy, then the baseline (F1.49, F1.51)
    ([admin(1, rule("Allow")), ISOLATED], "allowed"),
    (PASSED, "denied"),
    ([admin(1, rule("Pass")), baseline(rule("Deny"))], "denied"),
    # the baseline is asked only for pods that no NetworkPolicy isolates (F1.50)
    ([ISOLATED, baseline(rule("Allow"))], "denied"),
    ([baseline(rule("Allow"), rule("Deny"))], "allowed"),
    # ports by number, range and name; a number without a protocol is TCP (F1.55)
    ([admin(1, rule("Deny", ports="{portNumber: {port: 5432, protocol: TCP}}"))], "denied"),
    ([admin(1, rule("Deny", ports="{portNumber: {port: 5432, protocol: UDP}}"))], "allowed"),
    ([admin(1, rule("Deny", ports="{portRange: {start: 5000, end: 6000}}"))], "denied"),
    ([admin(1, rule("Deny", ports="{namedPort: sql}"))], "denied"),
    ([admin(1, rule("Deny", ports="{namedPort: http}"))], "allowed"),
    # networks are compared with the addresses of pods, too
    ([admin(1, rule("Deny", NETWORK))], "denied"),
]  # fmt: skip


@pytest.mark.parametrize(("policies", "outcome"), ROWS)
def test_the_tiers_decide(policies: list[str], outcome: str) -> None:
    cluster = ns.loads(PODS + "\n---\n".join(policies))

    assert ns.why(cluster, "shop/web -> data/db:5432/TCP").outcome.value == outcome
    port = "5432/TCP" in ns.reachability(cluster).ports("shop/web", "data/db").allowed
    assert port is (outcome == "allowed")


def test_the_chain_of_tiers_is_told() -> None:
    verdict = ns.why(ns.loads(PODS + "\n---\n".join(PASSED)), "shop/web -> data/db:5432/TCP")

    lines = [line.strip() for line in str(verdict).splitlines()]
    assert "admin: no decision, the next tier is asked" in lines
    assert "NetworkPolicy: denied" in lines


REFUSED = [
    ("priority: 1001, " + SHOP, "spec.priority: Invalid value: 1001: should be less than"),
    (SHOP, "spec.priority: Required value"),
    ("priority: 1, subject: {}", "spec.subject: Required value: exactly one of the fields"),
    (f"priority: 1, {SHOP}, egress: [{rule('Accept')}]", "action: Unsupported value"),
    (f"priority: 1, {SHOP}, egress: [{{action: Deny, to: []}}]", "at least 1 items"),
    (f"priority: 1, {SHOP}, egress: [{rule('Deny', 'to: [{}]')}]", "exactly one of the fields"),
    (f"priority: 1, {SHOP}, egress: [{rule('Deny', ports='{}')}]", "exactly one of the fields"),
    (f"priority: 1, {SHOP}, egres: []", 'unknown field "spec.egres"'),
    (
        f"priority: 1, {SHOP}, ingress: [{{action: Deny, from: [{{networks: [10.0.0.0/8]}}]}}]",
        "networks: Forbidden",
    ),
]


@pytest.mark.parametrize(("spec", "words"), REFUSED)
def test_what_the_server_refuses_is_refused(spec: str, words: str) -> None:
    with pytest.raises(ns.ManifestError) as error:
        ns.loads(HEAD % ("AdminNetworkPolicy", "admin", spec))
    assert words in str(error.value)


def test_a_dump_reads_as_the_same() -> None:
    texts = [admin(1, rule("Deny"), rule("Pass")), baseline(rule("Allow"))]
    manifests = [yaml.safe_load(text) for text in texts]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}, indent=1)
    read, dumped = ns.loads("\n---\n".join(texts)), ns.loads(listed)
    assert dumped.policies == read.policies
    assert all(rule.line > 1 for policy in dumped.policies for rule in policy.rules)


def test_there_is_one_baseline() -> None:
    with pytest.raises(ns.ManifestError, match="Only one baseline"):
        ns.loads(HEAD % ("BaselineAdminNetworkPolicy", "second", SHOP))
