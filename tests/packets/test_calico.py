"""Calico's rules in the kernel: what is loaded, and what is told where it cannot be."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

import nsimlib as ns
from nsimlib.datapath.calico_names import interface_of
from nsimlib.errors import LabError
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.peers import DomainPeer
from nsimlib.packets import calico
from nsimlib.packets.checking import Report
from nsimlib.packets.lab import Lab
from tests.builders import block, cluster, node, pod, policy, rule

pytestmark = pytest.mark.system

NODES = node("worker-1", "10.9.0.1"), node("worker-2", "10.9.0.2")
WEB = pod("shop/web", "10.0.0.1", node="worker-1", app="web")
DB = pod("shop/db", "10.0.0.2", node="worker-2", ports="sql=5432/TCP", app="db")
POLICIES = ns.loads("""
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 100, defaultAction: Pass}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security.guard}
spec:
  tier: security
  order: 10
  selector: app == 'web'
  types: [Egress]
  egress:
  - {action: Deny, destination: {nets: [169.254.169.254/32]}}
  - {action: Pass, protocol: TCP, destination: {selector: app == 'db', ports: [5432]}}
  - {action: Allow, protocol: ICMP, icmp: {type: 8}}
  - {action: Deny, protocol: UDP, destination: {ports: ['1000:2000']}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security.later}
spec:
  tier: security
  order: 20
  selector: app == 'web'
  types: [Egress]
  egress:
  - {action: Allow, protocol: UDP}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {matchLabels: {app: db}}}]
    ports: [{port: sql, protocol: TCP}]
""")
SHOP = replace(cluster(WEB, DB, nodes=NODES), policies=POLICIES.policies, tiers=POLICIES.tiers)
ALLOWED, DENIED = Outcome.ALLOWED, Outcome.DENIED
ROWS = [
    # a tier that denies, one that passes to the next, one that ends what comes after it
    ("shop/web -> 169.254.169.254:80/TCP", DENIED),
    ("shop/web -> shop/db:5432/TCP", ALLOWED),
    ("shop/web -> shop/db:5433/TCP", DENIED),
    ("shop/web -> 203.0.113.7:1500/UDP", DENIED),
    ("shop/web -> 203.0.113.7:53/UDP", ALLOWED),
    ("shop/web -> 169.254.169.254:53/UDP", DENIED),
    ("shop/web -> 203.0.113.7:443/TCP", DENIED),
    # types of ICMP, one by one
    ("shop/web -> 203.0.113.7:8/ICMP", ALLOWED),
    ("shop/web -> 203.0.113.7:13/ICMP", DENIED),
    # the node's own setting (F2.15), and nobody's policy
    ("shop/db -> node/worker-2:22/TCP", ALLOWED),
    ("node/worker-1 -> shop/web:22/TCP", ALLOWED),
    ("203.0.113.7 -> shop/db:22/TCP", ALLOWED),
]


@pytest.fixture(scope="module")
def lab(machine: Report) -> Iterator[Lab]:
    assert machine
    with Lab(SHOP, "calico") as running:
        yield running


def test_tiers_order_pass_and_deny_are_in_the_kernel(lab: Lab) -> None:
    found = lab.verify([connection for connection, _ in ROWS])
    assert {str(row.probe): row.kernel for row in found.rows} == dict(ROWS)
    assert (found.differences, found.profile) == ((), "calico")


def test_all_pairs_agree_with_types_of_icmp_among_them(lab: Lab) -> None:
    found = lab.verify()
    assert found
    assert {"8/ICMP"} <= {str(row.probe.port) for row in found.rows}


def test_the_nodes_hold_what_calico_writes(lab: Lab) -> None:
    chains = lab.node("worker-1").run("iptables-save").stdout
    wanted = "cali-FORWARD", "cali-from-wl-dispatch", f"cali-fw-{interface_of('shop', 'web')}"
    assert [chain for chain in wanted if f":{chain} - " not in chains] == []
    assert "cali40s:" in lab.node("worker-1").run("ipset", "list", "-name").stdout


def test_what_calico_has_no_rule_for_is_noted() -> None:
    made = policy("shop/p", rule(DomainPeer("example.com")), rule(block("10.0.0.0/8")), app="web")
    lab = Lab(cluster(WEB, policies=[made]), "calico")
    assert lab.notes == ("shop/p spec.egress[0]: no rule of iptables can ask for to[0]",)


def test_a_missing_program_names_its_package(
    machine: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine
    monkeypatch.setattr(calico, "PROGRAMS", dict.fromkeys(calico.PROGRAMS, "no-such-program"))
    lab = Lab(SHOP, "calico")
    with pytest.raises(LabError, match="Install the packages iptables and ipset"):
        lab.start()
    assert "not running" in repr(lab)


def test_what_a_program_complains_of_is_told(
    machine: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine
    monkeypatch.setattr(calico, "save_sets", lambda _: "create nothing\n")
    with pytest.raises(LabError, match="ipset: ipset v"), Lab(SHOP, "calico"):
        pytest.fail("started")
