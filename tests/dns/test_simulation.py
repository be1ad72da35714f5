"""Applications, agents and policies on one clock, in small scenes made by hand."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from nsimlib.dns.agents import Agent
from nsimlib.dns.applications import Application
from nsimlib.dns.clock import Clock
from nsimlib.dns.lanes import LaneKind
from nsimlib.dns.parameters import CILIUM, Parameters
from nsimlib.dns.plays import scene
from nsimlib.dns.records import Answer, Rcode, Record, RecordType
from nsimlib.dns.servers import Server, Service
from nsimlib.dns.simulation import Scene, Turn, simulate
from nsimlib.dns.timeline import Result, Timeline
from nsimlib.dns.zone_files import read_zones
from nsimlib.manifests import loads
from nsimlib.model.addresses import Address, Family, parse_address
from nsimlib.model.policy import Policy
from nsimlib.model.ports import Port, Protocol

NAME = "db.shop.example"
FIRST, SECOND = "10.20.21.17", "10.20.22.18"
PORT = Port(5432, Protocol.TCP)
ZONE = """
kind: Zone
origin: shop.example
negative_ttl: 60
records:
- {name: db.shop.example, type: A, ttl: 5, values: [10.20.21.17]}
changes:
- at: 60s
  because: it moves
  upsert:
  - {name: db.shop.example, type: A, ttl: 5, values: [10.20.22.18]}
"""
WEB = Application("shop/api", f"{NAME}.", PORT)


def by_name(names: str = "{matchPattern: '*'}") -> tuple[Policy, ...]:
    """Cilium's policy for the database, with the questions that its DNS rule lets through."""
    return loads(
        f"""
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: db, namespace: shop}}
spec:
  endpointSelector: {{matchLabels: {{app: api}}}}
  egress:
  - toEndpoints:
    - matchLabels: {{k8s:io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}
    toPorts: [{{ports: [{{port: "53", protocol: ANY}}], rules: {{dns: [{names}]}}}}]
  - toFQDNs: [{{matchName: {NAME}}}]
    toPorts: [{{ports: [{{port: "5432", protocol: TCP}}]}}]
"""
    ).policies


def allowing(*cidrs: str) -> tuple[Policy, ...]:
    """A NetworkPolicy for blocks, and DNS."""
    blocks = ", ".join(f"{{ipBlock: {{cidr: {cidr}}}}}" for cidr in cidrs)
    return loads(
        f"""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: db, namespace: shop}}
spec:
  podSelector: {{matchLabels: {{app: api}}}}
  policyTypes: [Egress]
  egress:
  - {{ports: [{{port: 53, protocol: UDP}}, {{port: 53}}]}}
  - {{ports: [{{port: 5432}}], to: [{blocks}]}}
"""
    ).policies


def played(
    *applications: Application,
    policies: tuple[Policy, ...] = (),
    servers: Mapping[str, Mapping[float, Service]] | None = None,
    lasts: float = 30,
    cni: str = "calico",
    **more: Any,
) -> Timeline:
    cluster = replace(scene("dns-trap").cluster, policies=policies)
    found = (
        Server(parse_address(address), tuple(changes.items()))
        for address, changes in (servers or {}).items()
    )
    zones = read_zones(ZONE)
    return simulate(
        Scene("", cluster, zones, lasts, cni, applications or (WEB,), tuple(found), **more)
    )


def told(timeline: Timeline) -> list[tuple[float, str, str]]:
    """Time, result and address of every attempt that is not like the one before it."""
    rows = [(a.at, a.result.value, str(a.address or "")) for a in timeline.attempts]
    return [row for n, row in enumerate(rows) if not n or row[1:] != rows[n - 1][1:]]


class TestApplications:
    def test_without_a_pool_the_name_is_looked_up_each_time(self) -> None:
        assert told(played(lasts=90)) == [(0, "connected", FIRST), (60, "connected", SECOND)]

    def test_a_pool_stays(self) -> None:
        assert told(played(replace(WEB, pool=1), lasts=90)) == [
            (0, "connected", FIRST),
            (1, "reused", FIRST),
        ]

    def test_a_pool_replaces_what_is_old(self) -> None:
        found = told(played(replace(WEB, pool=1, pool_lifetime=50), lasts=120))
        assert [row[::2] for row in found if row[1] == "connected"] == [
            (0, FIRST),
            (50, FIRST),
            (100, SECOND),
        ]

    def test_connections_of_a_pool_take_turns(self) -> None:
        timeline = played(replace(WEB, pool=3), lasts=6)
        results = [attempt.result for attempt in timeline.attempts]
        assert results == [Result.CONNECTED] * 3 + [Result.REUSED] * 3

    @pytest.mark.parametrize(
        ("jvm_ttl", "moved"),
        [
            # CoreDNS has an answer of 55 s until 60 s
            (None, 60),
            (0, 60),
            (30, 60),
            # looked up at 0 s and 45 s
            (45, 90),
        ],
    )
    def test_a_jvm_believes_for_as_long_as_it_is_told(
        self, jvm_ttl: float | None, moved: float
    ) -> None:
        found = told(played(replace(WEB, jvm_ttl=jvm_ttl), lasts=120))
        assert found == [(0, "connected", FIRST), (moved, "connected", SECOND)]

    def test_a_jvm_believes_a_failure_from_when_it_hears_of_it(self) -> None:
        """Twenty seconds of silence, ten of believing that there is no such name (F5.10, F5.20)."""
        web = replace(WEB, asks=NAME, jvm_ttl=30, every=5)
        timeline = played(web, policies=closed(), lasts=70)
        waits = [(attempt.at, attempt.seconds) for attempt in timeline.attempts]
        assert waits == [(0, 20), (20, 0), (25, 0), (30, 20), (50, 0), (55, 0)]

    def test_a_connection_to_a_server_that_is_gone_ends_in_silence(self) -> None:
        web = replace(WEB, pool=1, request_timeout=3, connect_timeout=4)
        timeline = played(web, servers={FIRST: {10: Service.DOWN}}, lasts=20)
        failed = [(a.at, a.seconds) for a in timeline.attempts if not a.result.works]
        assert failed == [(10, 3), (13, 4)]

    def test_a_connection_to_a_server_that_came_back_is_opened_again(self) -> None:
        away = {FIRST: {10.2: Service.DOWN, 10.8: Service.SERVING}}
        found = told(played(replace(WEB, pool=1), servers=away))
        assert found[2:] == [(11, "connected", FIRST), (12, "reused", FIRST)]

    def test_a_server_that_nobody_listens_at_says_so_at_once(self) -> None:
        timeline = played(servers={FIRST: {10: Service.REFUSING}}, lasts=12)
        assert [a.seconds for a in timeline.attempts] == [0] * 12
        assert told(timeline)[1:] == [(10, "unanswered", FIRST)]

    def test_who_reads_does_not_mind_a_replica(self) -> None:
        replica = {FIRST: {0.0: Service.READ_ONLY}}
        for writes, result in ((True, "read-only"), (False, "connected")):
            timeline = played(replace(WEB, writes=writes), servers=replica, lasts=5)
            assert told(timeline) == [(0, result, FIRST)]

    def test_what_each_holds_is_in_its_lanes(self) -> None:
        timeline = played(replace(WEB, name="a", pool=1, jvm_ttl=20), lasts=90)
        lanes = {(lane.kind, lane.of): lane for lane in timeline.lanes}
        believed, pooled = lanes[LaneKind.BELIEVED, "a"], lanes[LaneKind.POOLED, "a"]
        assert [len(believed.at(now)) for now in (0, 19, 20)] == [1, 1, 0]
        assert [str(each) for each in pooled.at(89)] == [FIRST]
        assert [len(lanes[LaneKind.CACHED, "CoreDNS"].at(now)) for now in (4.9, 5)] == [1, 0]


def closed() -> tuple[Policy, ...]:
    """A policy that allows nothing at all."""
    return loads(
        """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: shop}
spec: {podSelector: {}, policyTypes: [Egress]}
"""
    ).policies


class TestPolicies:
    TIGHTER = Turn(10, "tighter", allowing(SECOND + "/32"))

    @pytest.mark.parametrize(
        ("cni", "result"),
        [
            # what is open stays open (F2.17)
            ("calico", "reused"),
            # every packet is judged (F3.41)
            ("cilium", "cut"),
        ],
    )
    def test_open_connections_and_a_tighter_policy(self, cni: str, result: str) -> None:
        timeline = played(
            replace(WEB, pool=1),
            policies=allowing(FIRST + "/32"),
            turns=(self.TIGHTER,),
            cni=cni,
            lasts=16,
        )
        first = next(attempt for attempt in timeline.attempts if attempt.at >= 10)
        assert first.result.value == result

    def test_a_cut_connection_says_which_fact_cuts_it(self) -> None:
        timeline = played(
            replace(WEB, pool=1, request_timeout=1),
            policies=allowing(FIRST + "/32"),
            turns=(self.TIGHTER,),
            cni="cilium",
            lasts=20,
        )
        (cut,) = (attempt for attempt in timeline.attempts if attempt.result is Result.CUT)
        assert (cut.at, cut.seconds, cut.facts) == (10, 1, ("F1.12", "F3.41"))

    def test_a_look_up_fails_for_the_reason_it_had_when_it_began(self) -> None:
        """F5.10: ten seconds later the policies are others."""
        opened = Turn(5, "open", ())
        timeline = played(policies=closed(), turns=(opened,), lasts=25)
        assert told(timeline) == [(0, "no address", ""), (10, "connected", FIRST)]
        assert timeline.attempts[0].because.endswith("53/UDP to kube-dns is denied by shop/closed")

    def test_what_is_open_to_question_is_said_to_be(self) -> None:
        service = loads(
            f"""
apiVersion: v1
kind: Service
metadata: {{name: db, namespace: shop}}
spec: {{clusterIPs: [{FIRST}], ports: [{{port: 5432}}], selector: {{app: cache}}}}
"""
        ).services
        cluster = scene("dns-trap").cluster
        both = replace(
            cluster, services=(*cluster.services, *service), policies=allowing(FIRST + "/32")
        )
        found = simulate(Scene("", both, read_zones(ZONE), 6, "spec", (WEB,)))
        assert (
            found.attempts[0].because == f"it is open whether shop/db spec.egress[1] allows {FIRST}"
        )


class TestAgents:
    def test_a_slow_agent_loses_the_first_connection(self) -> None:
        """The proxy waits for 100 ms and no longer (F3.34)."""
        for seconds, results in (
            (0.09, ["connected", "connected"]),
            (0.11, ["denied", "connected"]),
        ):
            slow = replace(CILIUM, update_seconds=seconds)
            web = replace(WEB, connect_timeout=0)
            timeline = played(web, policies=by_name(), parameters=slow, cni="cilium", lasts=2)
            assert [attempt.result.value for attempt in timeline.attempts] == results
            assert timeline.attempts[0].seconds == pytest.approx(min(seconds, 0.1))

    def test_each_answer_is_forgotten_at_its_own_time(self) -> None:
        """Where every TTL counts to the second, one answer does not hide the end of another."""
        agent_of = simulate_agent(STRICT_TTL, {"a.example": 20, "b.example": 5, "c.example": 10})
        assert agent_of == {"a.example": 20, "b.example": 5, "c.example": 10}

    def test_what_one_pod_learned_counts_for_all_on_its_node(self) -> None:
        """F3.28: the second application has the address of old, and never asks."""
        asks = replace(WEB, name="asks", first=10, every=100)
        knows = replace(WEB, name="knows", jvm_ttl=-1, every=5, connect_timeout=0)
        alone = told(played(knows, policies=by_name(), cni="cilium", parameters=STRICT_TTL))
        both = played(asks, knows, policies=by_name(), cni="cilium", parameters=STRICT_TTL)
        assert alone == [(0, "connected", FIRST), (5, "denied", FIRST)]
        assert [a.at for a in both.attempts if a.application == "knows" and a.result.works] == [
            0,
            10,
        ]

    @pytest.mark.parametrize(
        ("libc", "reject", "found"),
        [
            # musl stops where the first name of its search list is refused (F3.36)
            ("glibc", Rcode.REFUSED, True),
            ("musl", Rcode.REFUSED, False),
            ("glibc", Rcode.NXDOMAIN, True),
            ("musl", Rcode.NXDOMAIN, True),
        ],
    )
    def test_a_question_that_is_refused(self, libc: str, reject: Rcode, found: bool) -> None:
        web = replace(WEB, asks=NAME, libc=libc)
        timeline = played(
            web,
            policies=by_name("{matchPattern: '*.shop.example'}"),
            parameters=replace(CILIUM, reject=reject),
            cni="cilium",
            lasts=6,
        )
        attempt = timeline.attempts[0]
        assert attempt.result.works is found
        assert found or attempt.facts == ("F3.36",)

    def test_too_many_addresses_cut_a_connection(self) -> None:
        """F3.33: the pool holds the first address, and the name is asked for by another."""
        few = replace(CILIUM, max_addresses=1, max_zombies=0, min_ttl=3600)
        pool = replace(WEB, name="pool", pool=1)
        asks = replace(WEB, name="asks", every=10)
        timeline = played(pool, asks, policies=by_name(), parameters=few, cni="cilium", lasts=130)
        cut = [attempt.at for attempt in timeline.attempts if attempt.result is Result.CUT]
        assert cut == [120]

    def test_a_live_connection_keeps_its_address_allowed(self) -> None:
        """F3.31: new connections to it are allowed as well."""
        soon = replace(CILIUM, scan_interval=30)
        for pool, exposed in ((0, 180), (1, 300)):
            timeline = played(
                replace(WEB, pool=pool, first=0.5),
                replace(WEB, name="asks", first=0.5),
                policies=by_name(),
                parameters=soon,
                cni="cilium",
                lasts=300,
            )
            assert max(each.end for each in timeline.exposures) == exposed


def simulate_agent(parameters: Parameters, ttls: Mapping[str, float]) -> dict[str, float]:
    """Have an agent hear one answer for each name at 0 s, and say when it forgot which."""
    clock, gone = Clock(), dict[str, float]()
    agent = Agent(parameters, clock, lambda: None)
    for number, (name, ttl) in enumerate(ttls.items()):
        found = Record(name, RecordType.A, ttl, Address(Family.IPV4, number))
        agent.hear(Answer(name, records=(found,)), 0)
    clock.run(100)
    for number, name in enumerate(ttls):
        gone[name] = agent.forgotten[Address(Family.IPV4, number)]
    return gone


STRICT_TTL: Parameters = replace(CILIUM, sweep_interval=0)
