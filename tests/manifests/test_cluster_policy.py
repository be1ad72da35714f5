"""ClusterNetworkPolicy: what is refused, and what the tiers around NetworkPolicy decide."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import nsimlib as ns
from nsimlib.evaluation.ends import parties
from nsimlib.evaluation.evidence import place_of
from nsimlib.evaluation.verdict import Verdict
from nsimlib.manifests import dump
from nsimlib.model.connection import Connection
from nsimlib.model.policy import Action, Policy

Data = dict[str, Any]
SCENARIOS: list[Data] = yaml.safe_load(
    Path(__file__).with_name("cluster_policy.yaml").read_text("utf-8")
)
TEAMS = ("red", "blue", "green", "amber")
PORTS = "{name: web, containerPort: 80}, {name: dns, containerPort: 53, protocol: UDP}"
POD = """
{apiVersion: v1, kind: Pod, metadata: {name: server, namespace: %s},
 spec: {nodeName: worker-2, containers: [{ports: [%s]}]}, status: {podIP: 10.1.0.%d}}
"""
AROUND = """
{apiVersion: v1, kind: Node, metadata: {name: worker-1, labels: {zone: a}},
 status: {addresses: [{type: InternalIP, address: 10.9.0.1}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: server, namespace: edge},
 spec: {nodeName: worker-1, hostNetwork: true, containers: [{}]}, status: {podIP: 10.9.0.1}}
---
{apiVersion: nsimlib.io/v1, kind: Place, metadata: {name: shop},
 spec: {names: {pay.eu.shop.example: [203.0.113.9], shop.example: [203.0.113.10]}}}
"""


@lru_cache
def teams() -> ns.Cluster:
    pods = [POD % (team, PORTS, number) for number, team in enumerate(TEAMS, 1)]
    return ns.loads("\n---\n".join((AROUND, *pods)))


# A rule in one line: `Deny green 80/TCP`, `Pass 10.0.0.0/8`, `Accept node zone=a`


def rule(line: str, side: str) -> Data:
    action, *words = line.split()
    if words[0] == "node":
        key, value = words[1].split("=")
        peer: Data = {"nodes": {"matchLabels": {key: value}}}
        words = words[1:]
    elif words[0] == "any":
        peer = {"namespaces": {}}
    elif "/" in words[0]:
        peer = {"networks": [words[0]]}
    elif "." in words[0]:
        peer = {"domainNames": [words[0]]}
    else:
        peer = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": words[0]}}}
    written: Data = {"action": action, side: [peer]}
    return written | ({"protocols": [protocol(words[1])]} if words[1:] else {})


def protocol(text: str) -> Data:
    number, slash, name = text.partition("/")
    if not slash:
        return {"destinationNamedPort": number}
    first, dash, last = number.partition("-")
    port = {"range": {"start": int(first), "end": int(last)}} if dash else {"number": int(first)}
    return {name.lower(): {"destinationPort": port}}


def manifest(name: str, said: Data) -> Data:
    red = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "red"}}}
    spec = {"tier": said["tier"], "priority": said.get("priority", 5), "subject": red}
    for direction, side in (("egress", "to"), ("ingress", "from")):
        if lines := said.get(direction):
            spec[direction] = [rule(line, side) for line in lines]
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


def leaving(team: str) -> Data:
    to = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": team}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "leaving", "namespace": "red"},
        "spec": {"policyTypes": ["Egress"], "egress": [{"to": [to]}]},
    }


def cluster(scenario: Data) -> ns.Cluster:
    written = [manifest("guard", scenario)]
    if team := scenario.get("network_policy"):
        written.append(leaving(team))
    if lines := scenario.get("baseline"):
        written.append(manifest("baseline", {"tier": "Baseline", "egress": lines}))
    if rival := scenario.get("rival"):
        written.append(manifest("rival", {"tier": scenario["tier"], **rival}))
    return teams().with_policies(yaml.safe_dump_all(written))


def cases() -> list[tuple[str, Data, Data]]:
    found = []
    for scenario in SCENARIOS:
        for change in ({}, *scenario.get("changed", ())):
            after = scenario | change
            for direction in ("egress", "ingress"):
                if order := change.get("order") if direction in scenario else None:
                    after[direction] = [scenario[direction][i] for i in order]
            about = ", ".join(part["about"] for part in (scenario, change) if part)
            found += [(about, after, asked) for asked in after["asked"]]
    return found


def connection(asked: Data) -> Connection:
    there = str(asked.get("to") or asked.get("from"))
    end = there if "/" in there or "." in there else f"{there}/server"
    ends = ("red/server", end) if "to" in asked else (end, "red/server")
    return Connection.parse(f"{ends[0]} -> {ends[1]}:{asked['port']}")


@pytest.mark.parametrize(("about", "scenario", "asked"), cases())
def test_the_tiers_decide(about: str, scenario: Data, asked: Data) -> None:
    verdict = ns.why(cluster(scenario), connection(asked))
    settled = {place_of(each) for end in verdict.ends for each in end.determining}
    assert (verdict.outcome.value, settled) == (asked["outcome"], places(asked, "by")), about
    assert places(asked, "passed_by") <= passed(verdict), about


def places(asked: Data, key: str) -> set[str]:
    direction = "egress" if "to" in asked else "ingress"
    entries = asked.get(key, ())
    return {f"guard spec.{direction}[{e}]" if isinstance(e, int) else e for e in entries}


def passed(verdict: Verdict) -> set[str]:
    """The rules with which a tier hands the connection to the next."""
    tiers = (tier for end in verdict.ends for tier in end.tiers)
    undecided = (tier.decision for tier in tiers if tier.decision.outcome is None)
    return {rule.place for decision in undecided for rule in decision.rules}


@pytest.mark.parametrize(
    ("about", "scenario", "asked"), [each for each in cases() if "ICMP" not in each[2]["port"]]
)
def test_all_pairs_say_the_same(about: str, scenario: Data, asked: Data) -> None:
    shop, question = cluster(scenario), connection(asked)
    (source,), (destination,) = (parties(shop, e) for e in (question.source, question.destination))
    found = ns.reachability(shop).between(source, destination).outcome(question.port)
    assert found.value == asked["outcome"], about


# What is refused

SPEC = "tier: Admin, priority: 5, subject: {namespaces: {}}"
TO = "to: [{namespaces: {}}]"
TCP = "{tcp: {destinationPort: {%s}}}"


def text(spec: str) -> str:
    head = "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n"
    return f"{head}metadata: {{name: guard}}\nspec: {{{spec}}}\n"


def egress(*rules: str) -> str:
    return f"{SPEC}, egress: [{', '.join(rules)}]"


def ports(*entries: str) -> str:
    return egress(f"{{action: Deny, {TO}, protocols: [{', '.join(entries)}]}}")


def some(count: int, text: str) -> str:
    return ", ".join([text] * count)


REFUSED = [
    ("priority: 5, subject: {namespaces: {}}", "spec.tier: Required value"),
    (
        "tier: admin, priority: 5, subject: {namespaces: {}}",
        'spec.tier: Unsupported value: "admin": supported values: "Admin", "Baseline". Write Admin',
    ),
    ("tier: Admin, subject: {namespaces: {}}", "spec.priority: Required value"),
    ("tier: Admin, priority: 1001, subject: {namespaces: {}}", "less than or equal to 1000"),
    ("tier: Admin, priority: -1, subject: {namespaces: {}}", "greater than or equal to 0"),
    ("tier: Admin, priority: 5", "spec.subject: Required value: exactly one of the fields"),
    (
        "tier: Admin, priority: 5, subject: {namespaces: {}, pods: {podSelector: {}}}",
        "spec.subject: Required value: exactly one of the fields",
    ),
    (
        "tier: Admin, priority: 5, subject: {pods: {namespaceSelector: {}}}",
        "spec.subject.pods.podSelector: Required value",
    ),
    (
        "tier: Admin, priority: 5, subject: {namespaces: {matchLabels: {a: b c}}}",
        "spec.subject.namespaces.matchLabels: Invalid value",
    ),
    (egress(f"{{{TO}}}"), "spec.egress[0].action: Required value"),
    (egress(f"{{action: Allow, {TO}}}"), "Allow of v1alpha1 is Accept here."),
    (egress("{action: Deny, to: []}"), "to: Required value: should have at least 1 items"),
    (egress("{action: Deny, to: [{}]}"), "to[0]: Required value: exactly one of the fields"),
    (egress("{action: Deny, to: [{pod: {}}]}"), 'Did you mean "pods"?'),
    (
        f"{SPEC}, ingress: [{{action: Deny, from: [{{networks: [10.0.0.0/8]}}]}}]",
        "from[0].networks: Forbidden",
    ),
    (egress(f"{{action: Deny, {TO}, ports: []}}"), 'unknown field "spec.egress[0].ports"'),
    (egress(f"{{action: Deny, {TO}, name: {'n' * 101}}}"), "Too long: may not be more than 100"),
    # at most 25 of everything (F1.61)
    (
        egress(some(26, f"{{action: Deny, {TO}}}")),
        "spec.egress: Too many: 26: must have at most 25",
    ),
    (egress(f"{{action: Deny, to: [{some(26, '{namespaces: {}}')}]}}"), "to: Too many: 26"),
    (ports(some(26, TCP % "number: 80")), "protocols: Too many: 26"),
    (
        egress(f"{{action: Deny, to: [{{networks: [{some(26, '10.0.0.0/8')}]}}]}}"),
        "networks: Too many: 26",
    ),
    (
        egress(f"{{action: Accept, to: [{{domainNames: [{some(26, 'a.io')}]}}]}}"),
        "domainNames: Too many: 26",
    ),
    # protocols (F1.62)
    (ports(), "protocols: Required value: should have at least 1 items"),
    (ports("{}"), "protocols[0]: Required value: exactly one of the fields"),
    (ports("{tcp: {}}"), "tcp: Required value: should have at least 1 properties"),
    (ports("{tcp: {destinationPort: {}}}"), "destinationPort: Required value: exactly one"),
    (ports(TCP % "number: 0"), "number: Invalid value: 0: should be greater than or equal to 1"),
    (ports(TCP % "number: 65536"), "should be less than or equal to 65535"),
    (ports(TCP % "range: {start: 80, end: 80}"), "Start port must be less than End port"),
    (ports(TCP % "number: 1, range: {start: 1, end: 2}"), "exactly one of the fields"),
    (ports("{destinationNamedPort: a, udp: {}}"), "protocols[0]: Required value: exactly one"),
    (ports("{icmp: {}}"), 'unknown field "spec.egress[0].protocols[0].icmp"'),
    (
        egress(
            "{action: Deny, to: [{networks: [10.0.0.0/8]}], protocols: [{destinationNamedPort: a}]}"
        ),
        "networks/nodes/domainNames peer cannot be set with namedPorts",
    ),
    # networks and domain names (F1.63, F1.64)
    (egress("{action: Deny, to: [{networks: [10.0.0.5]}]}"), "Invalid CIDR format provided"),
    (egress("{action: Deny, to: [{networks: [010.0.0.0/8]}]}"), "Invalid CIDR format provided"),
    (
        egress("{action: Deny, to: [{networks: [10.0.0.0/8, 10.0.0.0/8]}]}"),
        'networks[1]: Duplicate value: "10.0.0.0/8"',
    ),
    (egress("{action: Accept, to: [{domainNames: ['*x.io']}]}"), "should be a domain name"),
    (egress("{action: Accept, to: [{domainNames: ['a.*.io']}]}"), "should be a domain name"),
    (egress("{action: Accept, to: [{domainNames: [io]}]}"), "should be a domain name"),
]


@pytest.mark.parametrize(("spec", "words"), REFUSED)
def test_what_the_server_refuses_is_refused(spec: str, words: str) -> None:
    with pytest.raises(ns.ManifestError) as error:
        ns.loads(text(spec))
    assert words in str(error.value)


def test_a_denied_domain_name_is_warned_about() -> None:
    (note,) = ns.loads(text(egress("{action: Deny, to: [{domainNames: [a.io]}]}"))).report.notes
    assert "domainNames is only supported for Accept rules, and this is a Deny" in note


# A peer of a later version: strict reading refuses it, lenient reading fails closed


@pytest.mark.parametrize("peers", ["{clusters: {}}", "{clusters: {}}, {namespaces: {}}", "{}"])
@pytest.mark.parametrize("action", ["Accept", "Deny", "Pass"])
def test_what_is_not_known_fails_closed(action: str, peers: str) -> None:
    written = text(egress(f"{{action: {action}, to: [{peers}], protocols: [{TCP % 'number: 1'}]}}"))
    with pytest.raises(ns.ManifestError):
        ns.loads(written)
    cluster = ns.loads(written, strict=False)
    (policy,) = cluster.policies
    (found,) = policy.rules
    if action == "Accept":
        assert (found.action, found.peers) == (Action.ALLOW, ())
    else:
        assert (found.action, found.peers, found.ports) == (Action.DENY, None, None)
    assert len(cluster.report.problems) == 1
    with pytest.raises(TypeError, match=r"any or no peer: spec\.egress\[0\]"):
        dump(cluster)


def test_an_admin_policy_fails_closed_too() -> None:
    written = text(
        "priority: 5, subject: {namespaces: {}}, egress: [{action: Pass, to: [{a: {}}]}]"
    )
    older = written.replace("v1alpha2", "v1alpha1").replace("Cluster", "Admin")
    (policy,) = ns.loads(older, strict=False).policies
    assert (policy.kind, policy.rules[0].action) == ("AdminNetworkPolicy", Action.DENY)


# Reading and writing


def in_both_forms(manifests: list[Data]) -> tuple[tuple[Policy, ...], ...]:
    """Read from YAML with lines, and from a JSON list without."""
    listed = {"apiVersion": "v1", "kind": "List", "items": manifests}
    texts = yaml.safe_dump_all(manifests), json.dumps(listed)
    return tuple(ns.loads(each).policies for each in texts)


SOME_PORTS = ("", " 80/TCP", " 53/UDP", " 8000-9000/SCTP", " web")
LINES = st.builds(
    "{} {}{}".format,
    st.sampled_from(("Accept", "Deny", "Pass")),
    st.sampled_from(("blue", "any")),
    st.sampled_from(SOME_PORTS),
) | st.builds(
    "{} {}{}".format,
    st.sampled_from(("Accept", "Deny", "Pass")),
    st.sampled_from(("node zone=a", "10.0.0.0/8", "fd00::/8", "*.shop.example")),
    st.sampled_from(SOME_PORTS[:-1]),
)
SIDE = st.lists(LINES, max_size=3)
INWARD = st.lists(st.sampled_from(("Accept blue", "Deny any 80/TCP", "Pass green web")), max_size=2)


@given(st.sampled_from(("Admin", "Baseline")), st.integers(0, 1000), SIDE, INWARD)
def test_what_is_written_reads_back(
    tier: str, priority: int, egress: list[str], ingress: list[str]
) -> None:
    said = {"tier": tier, "priority": priority, "egress": egress, "ingress": ingress}
    by_line, by_dump = in_both_forms([manifest("guard", said)])
    (again,) = ns.loads(dump(ns.Cluster(policies=by_line))).policies
    assert by_line == by_dump == (again,)
    assert (again.tier, again.order, again.isolates) == (tier, priority, frozenset())
    assert len(again.rules) == len(egress) + len(ingress)


def test_rules_keep_their_names_and_lines() -> None:
    written = text(egress(f"{{name: first, action: Deny, {TO}}}"))
    (policy,) = ns.loads(written).policies
    (rule_,) = policy.rules
    assert (rule_.name, rule_.line, rule_.path) == ("first", 4, "spec.egress[0]")
    (again,) = ns.loads(dump(ns.Cluster(policies=(policy,)))).policies
    assert again.rules[0].name == "first"
