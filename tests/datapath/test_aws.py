"""The maps of the AWS agent: prefixes, entries, Services in front, and that the engine agrees."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

import nsimlib as ns
from nsimlib.cni.profile import load_profile
from nsimlib.datapath.aws_maps import L4, MAX_ENTRIES, Item, prefixes_of
from nsimlib.datapath.entry import datapath
from nsimlib.datapath.lookups import MapDatapath
from nsimlib.datapath.packet import State
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import evaluate
from nsimlib.model.addresses import IPBlock, parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.objects import Service, ServicePort
from nsimlib.model.policy import Policy
from nsimlib.model.ports import Port, Protocol
from tests import strategies as make
from tests.builders import INGRESS, block, cluster, node, pod, pods, policy, rule

AWS = load_profile("aws-vpc-cni")
ALLOWED, DENIED, UNDETERMINED = Outcome
WEB = pod("shop/web", "10.0.0.1", node="one", app="web")
API = pod("shop/api", "10.0.0.3", node="one", app="api", ports="http=8080/TCP")
DB = pod("data/db", "10.0.0.2", node="two", app="db", team="a")
NODES = node("one", "10.9.0.1"), node("two", "10.9.0.2")
API_SERVICE = Service(
    "shop",
    "api",
    (parse_address("10.96.0.7"),),
    (ServicePort("web", Port(80), 8080), ServicePort("debug", Port(81), 9999)),
    {"app": "api"},
)


def aws(*policies: Policy, services: tuple[Service, ...] = (API_SERVICE,)) -> MapDatapath:
    there = cluster(WEB, API, DB, policies=policies, nodes=NODES)
    return datapath("aws-vpc-cni", replace(there, services=services), "shop/web")


def written(found: MapDatapath) -> list[str]:
    """The prefixes and entries, without what caused them."""
    lines = found.save().splitlines()[3:]
    return [line.partition("#")[0].strip() for line in lines]


def test_a_narrow_prefix_holds_what_wider_ones_allow() -> None:
    """F4.25: only the longest that holds an address is looked at."""
    tcp = [L4(Protocol.TCP, number, number) for number in (443, 53)]
    found = prefixes_of(
        [
            Item(IPBlock("10.0.0.0/8", ("10.1.0.0/16",)), (tcp[0],), None),
            Item(IPBlock("10.2.0.9/32"), (tcp[1],), None),
        ]
    )
    assert [(str(each), [str(what) for what, _ in each.entries]) for each in found] == [
        ("10.0.0.0/8", ["443/TCP"]),
        ("10.1.0.0/16", []),
        ("10.2.0.9/32", ["443/TCP", "53/TCP"]),
    ]


def test_a_service_in_front_of_selected_pods_is_added() -> None:
    """F4.29, with the ports that lead to what is allowed (F4.30)."""
    found = aws(policy("shop/p", rule(pods(app="api"), ports="8080/TCP"), app="web"))
    assert written(found) == ["egress 10.0.0.3/32", "8080/TCP", "egress 10.96.0.7/32", "80/TCP"]
    assert found.walk("shop/web -> shop/service/api:80").outcome is ALLOWED
    assert found.walk("shop/web -> shop/service/api:81").outcome is DENIED


def test_a_block_is_compared_with_the_address_of_the_service() -> None:
    """F4.29."""
    backend = aws(policy("shop/p", rule(block("10.0.0.3/32"), ports="8080/TCP"), app="web"))
    assert backend.walk("shop/web -> shop/service/api:80").outcome is DENIED
    service = aws(policy("shop/p", rule(block("10.96.0.7/32"), ports="80/TCP"), app="web"))
    walk = service.walk("shop/web -> 10.96.0.7:80")
    assert walk.outcome is ALLOWED
    assert [origin.path for origin in walk.origins] == ["spec.egress[0]"]


@pytest.mark.parametrize("change", [{"headless": True}, {"selector": None}])
def test_services_without_an_address_or_a_selector_are_not_added(change: dict[str, Any]) -> None:
    """F4.29."""
    service = replace(API_SERVICE, **change)
    found = aws(policy("shop/p", rule(pods(app="api")), app="web"), services=(service,))
    assert [line for line in written(found) if "10.96" in line] == []


def test_the_state_of_the_pod_decides_first() -> None:
    """F4.24, F8.4."""
    walk = aws().walk("shop/web -> data/db:80")
    assert [str(visit) for visit in walk.steps] == ["+ pod_state: default allow (F4.24)"] * 2
    ingress = aws(policy("data/p", directions=(INGRESS,))).walk("shop/web -> data/db:80")
    assert "no prefix holds 10.0.0.1" in str(ingress.steps[-1])


def test_what_is_open_stays_open_and_errors_are_not_tied_to_it() -> None:
    """F4.26, F4.27."""
    found = aws(policy("shop/p"))
    asked = "shop/web -> data/db:80"
    assert found.walk(asked, state=State.ESTABLISHED).outcome is ALLOWED
    assert found.walk(asked, state=State.RELATED).outcome is DENIED
    assert found.walk("reply of data/db -> shop/web:80").outcome is ALLOWED


def test_icmp_is_a_protocol_with_port_zero() -> None:
    """F4.27: it passes where an entry names no ports."""
    some = aws(policy("shop/p", rule(block("0.0.0.0/0"), ports="any/TCP 8/TCP")))
    every = aws(policy("shop/p", rule(block("0.0.0.0/0"))))
    outcomes = [each.walk("shop/web -> 203.0.113.7:8/ICMP").outcome for each in (some, every)]
    assert outcomes == [DENIED, ALLOWED]


def test_the_own_node_reaches_its_pods() -> None:
    found = aws(policy("shop/p", directions=(INGRESS,)))
    assert found.walk("node/one -> shop/web:80").outcome is ALLOWED
    assert found.walk("node/two -> shop/web:80").outcome is DENIED


def test_names_of_ports_are_skipped_toward_blocks() -> None:
    """F4.30."""
    entry = rule(pods(app="api"), block("10.0.0.0/8"), ports="http 443")
    assert written(aws(policy("shop/p", entry, app="web"), services=())) == [
        "egress 10.0.0.0/8",
        "443/TCP",
        "egress 10.0.0.3/32",
        "8080/TCP",
        "443/TCP",
    ]


def test_what_a_prefix_has_no_place_for_is_said() -> None:
    """F4.25."""
    ports = " ".join(f"{number}/TCP" for number in range(1, MAX_ENTRIES + 3))
    found = aws(policy("shop/p", rule(block("0.0.0.0/0"), ports=ports)))
    assert [why.split(", ")[1] for _, why in found.left_out()] == [
        f"without {MAX_ENTRIES + 1}/TCP (F4.25)",
        f"without {MAX_ENTRIES + 2}/TCP (F4.25)",
    ]
    assert found.walk(f"shop/web -> 203.0.113.7:{MAX_ENTRIES + 1}").outcome is DENIED


# The law


def is_judged_alike(to: Cluster, connection: Connection) -> bool:
    """Whether the verdict is the same for all backends: one entry of the map stands for them."""
    ends = [case.directions for case in evaluate(to, connection, AWS).cases]
    return all(len({end.outcome for end in side}) == 1 for side in zip(*ends, strict=True))


def agree(to: Cluster, connection: Connection) -> None:
    """Every way that the profile settles ends as the engine says."""
    found = datapath("aws-vpc-cni", to, to.pods[0].key)
    assert found.left_out() == ()
    outcomes = {walk.path: walk.outcome for walk in found.walks(connection)}
    for case in evaluate(to, connection, AWS).cases:
        if case.outcome is not UNDETERMINED:
            assert outcomes[case.path] is case.outcome


SHAPES = (("v4",), ("v4", "v6"), ("v6", "v4"), ("v6",))


@settings(max_examples=50)
@given(make.asked(make.guarded(SHAPES)))
def test_walk_and_verdict_agree(asked: tuple[Cluster, Connection]) -> None:
    agree(*asked)


@settings(max_examples=50)
@given(make.asked(make.guarded(SHAPES), make.service_connections))
def test_walk_and_verdict_agree_on_services(asked: tuple[Cluster, Connection]) -> None:
    try:
        alike = is_judged_alike(*asked)
    except ns.UnknownName:
        # A Service without such a port.
        return
    if alike:
        agree(*asked)
