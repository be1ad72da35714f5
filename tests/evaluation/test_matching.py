"""One entry of a rule against one end: without rules, tiers or verdicts."""

from dataclasses import replace

import pytest

from nsimlib.cni.profile import Profile, Setting
from nsimlib.evaluation.logic import Truth
from nsimlib.evaluation.matching import Side, is_judged, match_peer, match_port, node_of
from nsimlib.model.addresses import parse_address
from nsimlib.model.objects import External, Party
from nsimlib.model.peers import (
    AllOf,
    AnyOf,
    BlockPeer,
    DomainPeer,
    Entity,
    EntityPeer,
    NodePeer,
    Not,
    Peer,
    PodPeer,
    UnknownPeer,
)
from nsimlib.model.policy import Direction
from nsimlib.model.ports import Port, Protocol
from nsimlib.model.selectors import EVERYTHING, LabelSelector
from tests.builders import EGRESS, INGRESS, block, node, pod, pods, policy, policy_port
from tests.strategies import SPEC, WORKLOADS

WEB = pod("shop/web", "10.0.0.1", app="web", team="a", node="worker-1")
DB = pod(
    "data/db", "10.0.0.2", app="db", team="b", node="worker-2",
    ports="pg=5432/TCP dns=53/UDP dns=54/TCP",
)  # fmt: skip
PROXY = pod("ops/proxy", "10.9.0.1", node="worker-1", host_network=True, app="web")
NOWHERE = pod("data/planned", app="db")
WORKER = node("worker-1", "10.9.0.1", zone="a")
OUTSIDE = External(parse_address("203.0.113.7"), ("db.example.com",))
OF_SHOP = policy("shop/p")


def settled(question: str, value: str | bool | None) -> Profile:
    return replace(SPEC, settles={**SPEC.settles, question: Setting(value)})


def side(
    peer: Party, *addresses: str, profile: Profile = SPEC, direction: Direction = EGRESS
) -> Side:
    seen = tuple(map(parse_address, addresses)) or peer.addresses
    return Side(direction, WEB, peer, seen, profile)


class TestPodPeers:
    @pytest.mark.parametrize(
        ("peer", "web", "db"),
        [
            # podSelector alone is for the policy's own namespace (F1.2)
            (pods(app="web"), True, False),
            (pods(app="db"), False, False),
            (pods(), True, False),
            # with a namespaceSelector, both must hold (F1.2)
            (pods({}), True, True),
            (pods({"team": "b"}), False, True),
            (pods({"team": "b"}, app="web"), False, False),
            (pods({}, app="db"), False, True),
            (PodPeer(LabelSelector.of(team="a")), True, False),
        ],
    )
    def test_select_by_labels(self, peer: PodPeer, web: bool, db: bool) -> None:
        assert match_peer(peer, OF_SHOP, side(WEB)).matched is web
        assert match_peer(peer, OF_SHOP, side(DB)).matched is db

    # selectors select pods, and pods on the host's network are not selected (F1.27)
    @pytest.mark.parametrize("party", [WORKER, OUTSIDE, PROXY])
    def test_select_nothing_else(self, party: Party) -> None:
        assert match_peer(pods({}), OF_SHOP, side(party)).matched is False

    def test_select_pods_on_the_host_network_where_a_profile_says_so(self) -> None:
        assert match_peer(pods({}), OF_SHOP, side(PROXY, profile=WORKLOADS)).matched is True
        assert is_judged(PROXY, WORKLOADS)
        assert not is_judged(PROXY, SPEC)

    def test_every_condition_is_kept(self) -> None:
        check = match_peer(pods({"team": "a"}, app="web"), OF_SHOP, side(DB))
        assert [condition.holds for condition in check.conditions] == [False, False]


class TestBlocks:
    @pytest.mark.parametrize(
        ("party", "matched"),
        [
            (OUTSIDE, False),
            (DB, True),
            (PROXY, True),
            (WORKER, True),
            # excepted (F1.19)
            (WEB, False),
            # an address that nobody knows
            (NOWHERE, None),
        ],
    )
    def test_compare_addresses(self, party: Party, matched: Truth) -> None:
        peer = block("10.0.0.0/8", "10.0.0.1/32")
        assert match_peer(peer, OF_SHOP, side(party)).matched is matched

    @pytest.mark.parametrize(
        ("address", "behind", "matched"),
        [
            # it is open which address of a Service is compared (F1.18)
            ("10.96.0.10", "10.0.0.2", True),
            ("10.96.0.10", "203.0.113.7", None),
            ("203.0.113.7", "203.0.113.8", False),
        ],
    )
    def test_of_several_addresses(self, address: str, behind: str, matched: Truth) -> None:
        peer = block("10.0.0.0/8")
        assert match_peer(peer, OF_SHOP, side(DB, address, behind)).matched is matched

    @pytest.mark.parametrize(
        ("answer", "pod_inside", "pod_outside", "external"),
        [
            # whether a block meets a pod is the plugin's answer (F1.20)
            (True, True, False, True),
            (False, False, False, True),
            (None, None, False, True),
        ],
    )
    def test_meet_pods_as_the_profile_says(
        self, answer: bool | None, pod_inside: Truth, pod_outside: Truth, external: Truth
    ) -> None:
        profile = settled("ipblock_matches_pods", answer)
        asked = (
            (block("10.0.0.0/8"), DB),
            (block("192.0.2.0/24"), DB),
            (block("203.0.113.0/24"), OUTSIDE),
        )
        found = [
            match_peer(peer, OF_SHOP, side(party, profile=profile)).matched for peer, party in asked
        ]
        assert found == [pod_inside, pod_outside, external]


class TestOtherPeers:
    @pytest.mark.parametrize(
        ("peer", "matched_by"),
        [
            (EntityPeer(Entity.ALL), [WEB, DB, PROXY, WORKER, OUTSIDE]),
            (EntityPeer(Entity.WORLD), [OUTSIDE]),
            (EntityPeer(Entity.CLUSTER), [WEB, DB, PROXY, WORKER]),
            # the subject's own node, and what is on its network
            (EntityPeer(Entity.HOST), [PROXY, WORKER]),
            (EntityPeer(Entity.REMOTE_NODE), []),
            (DomainPeer("*.example.com"), [OUTSIDE]),
            (DomainPeer("other.example.com"), []),
            (NodePeer(EVERYTHING), [WORKER]),
            (NodePeer(LabelSelector.of(zone="b")), []),
        ],
    )
    def test_match(self, peer: Peer, matched_by: list[Party]) -> None:
        parties: list[Party] = [WEB, DB, PROXY, WORKER, OUTSIDE]
        found = [p for p in parties if match_peer(peer, OF_SHOP, side(p)).matched is True]
        assert found == matched_by

    def test_another_node_is_remote(self) -> None:
        other = node("worker-2", "10.9.0.2")
        assert match_peer(EntityPeer(Entity.REMOTE_NODE), OF_SHOP, side(other)).matched is True
        assert match_peer(EntityPeer(Entity.HOST), OF_SHOP, side(other)).matched is False
        assert [node_of(party) for party in (other, DB, OUTSIDE)] == ["worker-2", "worker-2", None]


UNKNOWN = UnknownPeer("the security group")


class TestJoinedPeers:
    @pytest.mark.parametrize(
        ("peer", "web", "db"),
        [
            (AllOf((pods({}), block("10.0.0.2/32"))), False, True),
            (AllOf(()), True, True),
            (AnyOf((pods(app="web"), block("10.0.0.2/32"))), True, True),
            (AnyOf(()), False, False),
            (Not(block("10.0.0.2/32")), True, False),
            (AllOf((pods({}), Not(pods(app="web")))), False, True),
            # what is not known stays open, unless it does not matter
            (UNKNOWN, None, None),
            (Not(UNKNOWN), None, None),
            (AllOf((UNKNOWN, pods({}, app="db"))), False, None),
            (AnyOf((UNKNOWN, pods(app="web"))), True, None),
        ],
    )
    def test_match_by_their_parts(self, peer: Peer, web: Truth, db: Truth) -> None:
        assert match_peer(peer, OF_SHOP, side(WEB)).matched is web
        assert match_peer(peer, OF_SHOP, side(DB)).matched is db

    def test_a_block_that_meets_all_meets_pods_whatever_the_profile_says(self) -> None:
        profile = settled("ipblock_matches_pods", False)
        plain = block("10.0.0.2/32")
        everyone = BlockPeer(plain.block, meets_all=True)
        found = [match_peer(p, OF_SHOP, side(DB, profile=profile)) for p in (plain, everyone)]
        assert [check.matched for check in found] == [False, True]

    def test_an_address_of_a_name_counts_once_it_is_learned(self) -> None:
        """Without a DNS rule the enforcer never hears of the address (F3.21)."""
        name = DomainPeer("*.example.com")
        for learned, matches in ((None, True), ((), False), ((DomainPeer("x.io"),), False)):
            asked = replace(side(OUTSIDE), learned=learned)
            assert match_peer(name, OF_SHOP, asked).matched is matches


class TestPorts:
    @pytest.mark.parametrize(
        ("entry", "given", "matched"),
        [
            ("5432/TCP", "5432/TCP", True),
            ("5432/TCP", "5432/UDP", False),
            ("any/TCP", "1/TCP", True),
            ("any/TCP", "1/UDP", False),
            # the end belongs to the range (F1.8)
            ("7078-7087/TCP", "7087/TCP", True),
            ("7078-7087/TCP", "7088/TCP", False),
            # a name is looked up in the destination, with its protocol (F1.8)
            ("pg/TCP", "5432/TCP", True),
            ("pg/TCP", "5433/TCP", False),
            ("pg/UDP", "5432/UDP", False),
            ("dns/UDP", "53/UDP", True),
            ("dns/TCP", "54/TCP", True),
            ("dns/TCP", "53/TCP", False),
            ("http/TCP", "80/TCP", False),
            ("dns/any", "54/TCP", True),
        ],
    )
    def test_of_a_pod(self, entry: str, given: str, matched: bool) -> None:
        number, protocol = given.split("/")
        port = Port(int(number), Protocol(protocol))
        assert match_port(policy_port(entry), port, side(DB)).matched is matched

    # a name can never mean a port of something else (F1.8)
    @pytest.mark.parametrize("party", [OUTSIDE, WORKER])
    def test_names_mean_nothing_elsewhere(self, party: Party) -> None:
        check = match_port(policy_port("pg/TCP"), Port(5432), side(party))
        assert check.matched is False
        assert check.conditions[0].facts == ("F1.8",)

    def test_for_ingress_the_destination_is_the_subject(self) -> None:
        inward = Side(INGRESS, DB, WEB, WEB.addresses, SPEC)
        assert match_port(policy_port("pg/TCP"), Port(5432), inward).matched is True

    def test_where_only_the_first_port_of_a_name_counts(self) -> None:
        first = side(DB, profile=WORKLOADS)
        assert match_port(policy_port("dns/UDP"), Port(53, Protocol.UDP), first).matched is True
        assert match_port(policy_port("dns/TCP"), Port(54), first).matched is False
