"""Every comparison in words, next to what the policy wants and what the connection has."""

from dataclasses import replace

import pytest

from nsimlib.cni.profile import Setting
from nsimlib.evaluation.evidence import Comparison
from nsimlib.evaluation.matching import Side, match_peer, match_port
from nsimlib.explanation.sentences import SENTENCES, ports_sentence, sentence
from nsimlib.model.addresses import parse_address
from nsimlib.model.objects import External, Party
from nsimlib.model.peers import DomainPeer, Entity, EntityPeer, NodePeer, Peer, PodPeer
from nsimlib.model.ports import Port
from nsimlib.model.selectors import EVERYTHING, LabelSelector
from tests.builders import EGRESS, block, node, pod, pods, policy, policy_port
from tests.strategies import SPEC

WEB = pod("shop/web", "10.0.0.1", app="web", team="a", ports="http=8080/TCP", node="worker-1")
DB = pod("data/db", "10.0.0.2", app="db", team="b")
PROXY = pod("ops/proxy", "10.9.0.1", node="worker-1", host_network=True)
WORKER = node("worker-1", "10.9.0.1", zone="a")
OUTSIDE = External(parse_address("203.0.113.7"), ("db.example.com",))
EXCEPTED = block("203.0.113.0/24", "203.0.113.0/29")


def said(peer: Peer, party: Party, *addresses: str) -> list[str]:
    seen = tuple(map(parse_address, addresses)) or party.addresses
    check = match_peer(peer, policy("shop/p"), Side(EGRESS, WEB, party, seen, SPEC))
    return [sentence(condition, str) for condition in check.conditions]


@pytest.mark.parametrize(
    ("peer", "party", "words"),
    [
        # podSelector alone (F1.2)
        (pods(), WEB, ["shop/web is in namespace shop"]),
        (pods(), DB, ["podSelector alone means namespace shop; data/db is in data"]),
        (pods(app="web"), WEB, ["shop/web is in namespace shop", "shop/web matches app=web"]),
        # namespaceSelector
        (pods({"team": "a"}), WEB, ["namespace shop matches team=a"]),
        (pods({"team": "a"}), DB, ["namespace data has team=b, not a"]),
        (pods({"owner": "x"}), DB, ["namespace data has no label owner=x"]),
        (pods({}, app="web"), DB, ["data/db has app=db, not web"]),
        (PodPeer(EVERYTHING), DB, ["data/db is a pod of the cluster"]),
        # what selectors do not select (F1.27)
        (pods({}), OUTSIDE, ["203.0.113.7 is no pod; selectors select pods"]),
        (pods({}), WORKER, ["node/worker-1 is a node; selectors select pods"]),
        (pods({}), PROXY, ["ops/proxy is on its node's network, so no selector selects it"]),
        # blocks
        (block("203.0.113.0/24"), OUTSIDE, ["203.0.113.7 is in 203.0.113.0/24"]),
        (block("10.0.0.0/8"), OUTSIDE, ["203.0.113.7 is not in 10.0.0.0/8"]),
        (EXCEPTED, OUTSIDE, ["203.0.113.7 is in 203.0.113.0/24 but excepted by 203.0.113.0/29"]),
        (
            block("203.0.113.0/24", "203.0.113.128/25"),
            OUTSIDE,
            ["203.0.113.7 is in 203.0.113.0/24 except 203.0.113.128/25"],
        ),
        # other dialects
        (DomainPeer("*.example.com"), OUTSIDE, ["203.0.113.7 is an address of *.example.com"]),
        (DomainPeer("example.com"), OUTSIDE, ["203.0.113.7 is no address of example.com"]),
        (EntityPeer(Entity.WORLD), OUTSIDE, ["203.0.113.7 belongs to world"]),
        (EntityPeer(Entity.WORLD), DB, ["data/db does not belong to world"]),
        (NodePeer(LabelSelector.of(zone="a")), WORKER, ["node/worker-1 matches zone=a"]),
        (NodePeer(LabelSelector.of(zone="b")), WORKER, ["node/worker-1 has zone=a, not b"]),
        (NodePeer(LabelSelector.of(zone="b")), DB, ["data/db is no node"]),
    ],
)
def test_peers(peer: Peer, party: Party, words: list[str]) -> None:
    assert said(peer, party) == words


def test_of_two_addresses_it_says_that_it_is_open() -> None:
    assert said(block("10.96.0.0/12"), DB, "10.0.0.2", "10.96.0.10") == [
        "10.0.0.2 is not in 10.96.0.0/12 and 10.96.0.10 is in 10.96.0.0/12,"
        " and it is open which is compared"
    ]


def test_an_address_that_nobody_knows() -> None:
    planned = replace(DB, addresses=())
    assert said(block("10.0.0.0/8"), planned) == [
        "the address of data/db is not known, so 10.0.0.0/8 may hold it or not"
    ]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (False, "an ipBlock selects no pods in this reading, and data/db is one"),
        (None, "it is open whether an ipBlock selects pods, and data/db is one"),
    ],
)
def test_blocks_and_pods(answer: bool | None, words: str) -> None:
    settles = {**SPEC.settles, "ipblock_matches_pods": Setting(answer)}
    profile = replace(SPEC, settles=settles)
    side = Side(EGRESS, WEB, DB, DB.addresses, profile)
    check = match_peer(block("10.0.0.0/8"), policy("shop/p"), side)
    assert sentence(check.conditions[-1], str) == words


@pytest.mark.parametrize(
    ("entries", "given", "words"),
    [
        ("53/UDP", 53, "53/TCP is not among 53/UDP"),
        ("80/TCP 8000-8999/TCP", 8080, "8080/TCP is among 80/TCP, 8000-8999/TCP"),
        ("any/TCP", 1, "1/TCP is among any port/TCP"),
        # a name with what it means there
        ("http/TCP", 8080, "8080/TCP is among http/TCP (8080/TCP)"),
        ("http/TCP", 80, "80/TCP is not among http/TCP (8080/TCP)"),
        ("dns/TCP", 53, "53/TCP is not among dns/TCP (a name the destination does not have)"),
    ],
)
def test_ports(entries: str, given: int, words: str) -> None:
    side = Side(EGRESS, DB, WEB, WEB.addresses, SPEC)
    checks = [match_port(policy_port(entry), Port(given), side) for entry in entries.split()]
    assert ports_sentence(tuple(check.conditions[0] for check in checks)) == words


def test_every_comparison_has_its_words() -> None:
    assert SENTENCES.keys() == set(Comparison)
