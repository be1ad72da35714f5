"""Rules by name in the kernel: what is learned, for how long it holds, and who is refused."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

import nsimlib as ns
from nsimlib.dns.parameters import CILIUM, STRICT, Parameters
from nsimlib.dns.records import Rcode, RecordType
from nsimlib.dns.zones import RecordSet, Zone, Zones
from nsimlib.errors import LabError, UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.addresses import parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.packets.checking import Report
from nsimlib.packets.fqdn import FqdnEngine
from nsimlib.packets.lab import Lab

pytestmark = pytest.mark.system

ORDERS = "orders.abc123.eu-central-1.rds.amazonaws.com"
OTHER = "other.abc123.eu-central-1.rds.amazonaws.com"
OLD, NEW = "10.20.21.17", "10.9.1.10"
POLICIES = ns.loads("""
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: orders, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: api}}
  egress:
  - toEndpoints:
    - matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system, k8s-app: kube-dns}
    toPorts:
    - ports: [{port: "53", protocol: ANY}]
      rules: {dns: [{matchPattern: "*.*.*.rds.amazonaws.com"}]}
  - toFQDNs: [{matchName: orders.abc123.eu-central-1.rds.amazonaws.com}]
    toPorts: [{ports: [{port: "5432", endPort: 5433, protocol: TCP}, {port: "53"}]}]
  - toCIDR: [10.0.0.0/8]
    toPorts: [{ports: [{port: "8080", protocol: TCP}]}]
  - toEntities: [world]
    toPorts: [{ports: [{port: "443", protocol: TCP}]}]
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: callers, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: web}}
  ingress:
  - fromEntities: [host, remote-node]
  - fromEndpoints: [{matchLabels: {app: api}}]
    toPorts: [{ports: [{port: "8080", protocol: TCP}]}]
""").policies
SHOP = replace(ns.scenario("shop"), policies=POLICIES)
API, ITS_TWIN = (pod.key for pod in SHOP.pods if pod.labels.get("app") == "api")


def zones(*addresses: str, ttl: float = 3600, name: str = ORDERS) -> Zones:
    values = tuple(map(parse_address, addresses))
    kinds = (RecordType.A, "."), (RecordType.AAAA, ":")
    sets = (
        RecordSet(name, kind, ttl, tuple(v for v in values if mark in str(v)))
        for kind, mark in kinds
    )
    return Zones((Zone("amazonaws.com", tuple(each for each in sets if each.values)),))


@contextmanager
def lab_with(
    known: Zones, remembers: Parameters = STRICT, cluster: Cluster = SHOP
) -> Iterator[Lab]:
    with Lab(cluster, "fqdn", names=known, remembers=remembers) as running:
        yield running


def outcome(lab: Lab, address: str, pod: str = API, port: str = "5432/TCP") -> Outcome:
    (row,) = lab.verify(f"{pod} -> {address}:{port}").rows
    assert row.agree
    return row.kernel


def wait_until_forgotten(lab: Lab, address: str) -> None:
    deadline = time.monotonic() + 20
    while lab.verify(f"{API} -> {address}:5432/TCP").rows[0].kernel is Outcome.ALLOWED:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def connected(lab: Lab, address: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    with lab.world.socket() as server, lab.pod(API).socket() as client:
        server.bind((address, 5432))
        server.listen()
        client.settimeout(5)
        client.connect((address, 5432))
        session, _ = server.accept()
        with session:
            yield client, session


ALLOWED, DENIED = Outcome.ALLOWED, Outcome.DENIED


def test_an_address_is_allowed_once_it_was_looked_up(machine: Report) -> None:
    assert machine
    with lab_with(zones(OLD)) as lab:
        assert outcome(lab, OLD) is DENIED
        assert lab.look_up(API, ORDERS).addresses == (parse_address(OLD),)
        assert (outcome(lab, OLD), outcome(lab, OLD, port="5433/TCP")) == (ALLOWED, ALLOWED)
        assert outcome(lab, OLD, port="5434/TCP") is DENIED
        # every protocol of an entry that names none
        assert outcome(lab, OLD, port="53/UDP") is ALLOWED
        # what is learned on one node counts there (F3.28)
        assert outcome(lab, OLD, ITS_TWIN) is DENIED
        assert lab.verify(f"{API} -> {ORDERS}:5432/TCP").rows[0].kernel is ALLOWED
        assert not lab.verify().differences


def test_the_sets_are_filled_before_the_answer_is_out(machine: Report) -> None:
    """Whoever connects at once gets through, every time."""
    assert machine
    with lab_with(zones(OLD)) as lab, lab.world.socket() as server:
        server.bind(("0.0.0.0", 5432))
        server.listen()
        for last in range(1, 100):
            assert isinstance(lab.engine, FqdnEngine)
            lab.engine.names = zones(f"10.77.0.{last}")
            (address,) = lab.look_up(API, ORDERS, over_tcp=bool(last % 2)).addresses
            with lab.pod(API).socket() as client:
                client.settimeout(1)
                client.connect((str(address), 5432))


def test_what_no_rule_lets_ask_is_refused(machine: Report) -> None:
    assert machine
    with lab_with(zones(OLD)) as lab:
        for over_tcp in (False, True):
            found = lab.look_up(API, "example.com", over_tcp=over_tcp)
            assert found.rcode is Rcode.REFUSED
        # a name that may be asked for and is in no rule by name is allowed nothing
        lab.engine.names = zones(NEW, name=OTHER)  # type: ignore[attr-defined]
        assert lab.look_up(API, OTHER).addresses == (parse_address(NEW),)
        assert outcome(lab, NEW) is DENIED


def test_pods_without_a_rule_for_names_ask_kube_dns_itself(machine: Report) -> None:
    assert machine
    with lab_with(zones(OLD)) as lab:
        found = lab.look_up("shop/web", "cache.shop.svc.cluster.local")
        assert found.rcode is Rcode.NOERROR
        assert lab.look_up("shop/web", ORDERS).addresses == (parse_address(OLD),)
        assert outcome(lab, OLD) is DENIED


def test_a_large_answer_comes_over_tcp(machine: Report) -> None:
    assert machine
    many = [f"10.20.0.{last}" for last in range(1, 61)]
    with lab_with(zones(*many)) as lab:
        assert len(lab.look_up(API, ORDERS).addresses) == 60
        assert outcome(lab, many[-1]) is ALLOWED


def test_the_time_of_an_answer_ends_and_the_old_connection_lives(machine: Report) -> None:
    """And the name that moved to another block is allowed there, after the next look-up."""
    assert machine
    with lab_with(zones(OLD, ttl=0.5), replace(STRICT, min_ttl=1)) as lab:
        assert isinstance(lab.engine, FqdnEngine)
        lab.look_up(API, ORDERS)
        with connected(lab, OLD) as (client, session):
            lab.engine.names = zones(NEW)
            assert outcome(lab, NEW) is DENIED
            wait_until_forgotten(lab, OLD)
            client.sendall(b"still there")
            assert session.recv(100) == b"still there"
            lab.look_up(API, ORDERS)
            assert (outcome(lab, NEW), outcome(lab, OLD)) == (ALLOWED, DENIED)


def test_who_is_connected_keeps_an_address_alive(machine: Report) -> None:
    """As Cilium has it: expired addresses wait for two looks at the connections (F3.31)."""
    assert machine
    quick = replace(CILIUM, sweep_interval=0.1, scan_interval=0.15)
    with lab_with(zones(OLD, ttl=0), quick) as lab:
        lab.look_up(API, ORDERS)
        with connected(lab, OLD):
            time.sleep(1)
            assert outcome(lab, OLD) is ALLOWED
        wait_until_forgotten(lab, OLD)


def test_both_families_are_learned(machine: Report) -> None:
    assert machine
    pods = (
        replace(pod, addresses=(*pod.addresses, parse_address(f"fd00::{number + 1:x}")))
        for number, pod in enumerate(SHOP.pods)
        if not pod.host_network
    )
    with lab_with(zones(OLD, "2001:db8::17"), cluster=replace(SHOP, pods=tuple(pods))) as lab:
        assert lab.look_up(API, ORDERS, "AAAA").addresses == (parse_address("2001:db8::17"),)
        assert outcome(lab, "[2001:db8::17]") is ALLOWED
        assert outcome(lab, OLD) is DENIED
        assert not lab.verify(ports=["5432/TCP", "443/TCP", "53/UDP"]).differences


def test_a_lab_that_was_ended_has_forgotten_and_may_start_again(machine: Report) -> None:
    assert machine
    lab = Lab(SHOP, "fqdn", names=zones(OLD))
    for _ in range(2):
        with lab:
            assert outcome(lab, OLD) is DENIED
            lab.look_up(API, ORDERS)
            assert outcome(lab, OLD) is ALLOWED


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("egressDeny: [{toCIDR: [10.0.0.0/8]}]", "action Deny"),
        ("egress: [{icmps: [{fields: [{type: 8}]}]}]", "a rule about ICMP"),
        ("egress: [{toGroups: [{aws: {securityGroupsIds: [sg-1]}}]}]", "a AllOf"),
        (
            "egress: [{toPorts: [{ports: [{port: '80', protocol: TCP}],"
            " rules: {http: [{method: GET}]}}]}]",
            "more than ports and peers",
        ),
    ],
)
def test_what_has_no_rule_is_refused(spec: str, said: str) -> None:
    text = (
        "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy,"
        f" metadata: {{name: p, namespace: shop}}, spec: {{endpointSelector: {{}}, {spec}}}}}"
    )
    with pytest.raises(LabError, match=said):
        Lab(replace(SHOP, policies=ns.loads(text).policies), "fqdn")


def test_a_name_that_nobody_has_is_no_address(machine: Report) -> None:
    assert machine
    with lab_with(zones(OLD)) as lab, pytest.raises(UnknownName, match="no-such-name"):
        lab.verify(f"{API} -> no-such-name.example:5432/TCP")


def test_nobody_answers_where_policy_forbids_to_ask(machine: Report) -> None:
    assert machine
    (orders, _) = POLICIES
    silent = replace(orders, rules=orders.rules[1:])
    closed = replace(SHOP, policies=(silent,))
    with lab_with(zones(OLD), cluster=closed) as lab, pytest.raises(TimeoutError):
        lab.look_up(API, ORDERS, seconds=0.1)
