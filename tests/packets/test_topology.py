"""Who lives where, and what is refused before anything is started."""

import pytest

from nsimlib.errors import LabError
from nsimlib.model.addresses import parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.packets.addressing import addressed, can_be_sent
from nsimlib.packets.boundaries import boundary_ports
from nsimlib.packets.topology import Topology
from tests.builders import block, cluster, node, pod, policy, rule

WEB = pod("shop/web", "10.0.0.1", node="worker-1")
BARE = pod("shop/bare")
AGENT = pod("shop/agent", "10.9.0.1", node="worker-1", host_network=True)
WORKER = node("worker-1", "10.9.0.1")


def test_who_has_no_address_gets_one_and_it_is_said() -> None:
    built, notes = addressed(cluster(WEB, BARE, nodes=[WORKER, node("worker-2")]))
    assert [str(each.addresses[0]) for each in built.pods] == ["10.0.0.1", "100.64.0.1"]
    assert notes == (
        "shop/bare is given 100.64.0.1",
        "node/worker-2 is given 100.64.0.2",
    )


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (cluster(WEB, pod("shop/api", "10.0.0.1")), "shop/web and shop/api both have 10.0.0.1"),
        (cluster(pod("shop/api", "127.0.0.1")), "127.0.0.1, which is no host's address"),
        (cluster(pod("shop/api", "10.9.0.1"), nodes=[WORKER]), "both have 10.9.0.1"),
    ],
)
def test_addresses_that_cannot_be_built_are_refused(made: Cluster, said: str) -> None:
    with pytest.raises(LabError) as caught:
        addressed(made)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("10.0.0.1", True),
        ("169.254.169.254", True),
        ("255.255.255.254", True),
        ("255.255.255.255", False),
        ("0.0.0.0", False),
        ("169.254.1.1", False),
        ("2001:db8::", True),
        ("::1", False),
        ("fe80::5", False),
    ],
)
def test_addresses_of_hosts(address: str, answer: bool) -> None:
    assert can_be_sent(parse_address(address)) is answer


def test_pods_hang_on_their_node_and_nodes_on_the_fabric() -> None:
    topology = Topology(cluster(WEB, BARE, AGENT, nodes=[WORKER]))
    assert {name: [str(p) for p in pods] for name, pods in topology.pods.items()} == {
        "lab": ["shop/bare"],
        "worker-1": ["shop/web"],
    }
    assert topology.netns(AGENT) == topology.netns(WORKER) == "node/worker-1"
    plan = topology.plan()
    assert [(end.netns, peer.netns) for end, peer in plan["links"]] == [
        ("fabric", "world"),
        ("fabric", "node/lab"),
        ("node/lab", "pod/shop/bare"),
        ("fabric", "node/worker-1"),
        ("node/worker-1", "pod/shop/web"),
    ]


def test_no_interface_has_its_peers_number() -> None:
    """The kernel would take a second to notice that it is up."""
    links = Topology(cluster(WEB, BARE, nodes=[WORKER])).plan()["links"]
    assert [(one, other) for one, other in links if one.number == other.number] == []


def test_boundary_ports_are_on_both_sides_of_every_edge() -> None:
    named = pod("shop/db", ports="sql=5432/TCP")
    rules = rule(block("10.0.0.0/8"), ports="80-90/TCP sql/TCP 1/UDP")
    found = boundary_ports(cluster(named, policies=[policy("shop/p", rules)]))
    numbers = [1, 2, 9, 79, 80, 90, 91, 5432]
    assert [str(port) for port in found] == [
        f"{number}/{protocol}" for protocol in ("TCP", "UDP", "SCTP") for number in numbers
    ]
