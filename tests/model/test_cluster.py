"""What a cluster knows about itself, and how it changes: into another one."""

import pytest

from nsimlib.errors import UnknownName
from nsimlib.model.addresses import parse_address, parse_cidr
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Place, Workload
from tests.builders import cluster, node, pod, policy, rule

WORLD = (
    Place("vpc", "", (parse_cidr("10.20.0.0/16"),)),
    Place(
        "orders",
        "",
        (parse_cidr("10.20.21.0/24"), parse_cidr("10.20.22.0/24")),
        {"db.example.com": (parse_address("10.20.21.17"), parse_address("10.20.22.40"))},
    ),
    Place("mirror", "", (), {"db.example.com": (parse_address("10.20.21.17"),)}),
)
ORDERS = Cluster(places=WORLD)


class TestExternal:
    @pytest.mark.parametrize(
        ("address", "names", "places"),
        [
            # the narrowest place comes first
            ("10.20.21.17", ("db.example.com",), ("orders", "vpc")),
            ("10.20.22.40", ("db.example.com",), ("orders", "vpc")),
            ("10.20.1.1", (), ("vpc",)),
            ("203.0.113.7", (), ()),
        ],
    )
    def test_knows_names_and_places(
        self, address: str, names: tuple[str, ...], places: tuple[str, ...]
    ) -> None:
        external = ORDERS.external(parse_address(address))
        assert (external.names, external.places) == (names, places)
        assert external.addresses == (parse_address(address),)


class TestDomain:
    @pytest.mark.parametrize("name", ["db.example.com", "DB.example.com", "db.example.com."])
    def test_has_each_address_once(self, name: str) -> None:
        found = [str(address) for address in ORDERS.domain(name)]
        assert found == ["10.20.21.17", "10.20.22.40"]

    def test_names_the_nearest(self) -> None:
        with pytest.raises(UnknownName, match=r"did you mean db\.example\.com\?"):
            ORDERS.domain("db.example.org")


WEB, API = pod("shop/web", "10.0.0.1"), pod("shop/api", "10.0.0.2", "fd00::2")
PROXY = pod("shop/proxy", "10.9.0.1", node="worker-1", host_network=True)
WORKER = node("worker-1", "10.9.0.1")
FIRST, SECOND = policy("shop/first"), policy("shop/second")
SHOP = cluster(WEB, API, PROXY, nodes=[WORKER], policies=[FIRST, SECOND])


class TestLookUps:
    def test_an_address_of_the_host_network_is_the_nodes(self) -> None:
        assert [str(address) for address in SHOP.pods_by_address] == [
            "10.0.0.1",
            "10.0.0.2",
            "fd00::2",
        ]
        assert SHOP.nodes_by_address == {parse_address("10.9.0.1"): WORKER}

    def test_a_bare_pod_is_its_own_workload(self) -> None:
        assert SHOP.workloads[Workload("shop", "Pod", "web")] == (WEB,)

    def test_by_name(self) -> None:
        assert (SHOP.node("worker-1"), SHOP.policy("shop/first")) == (WORKER, FIRST)

    def test_unknown_names_name_the_nearest(self) -> None:
        with pytest.raises(UnknownName, match=r"no node 'worker-l'; did you mean worker-1\?"):
            SHOP.node("worker-l")
        with pytest.raises(UnknownName, match=r"no policy 'shop/frist'; did you mean shop/first"):
            SHOP.policy("shop/frist")


class TestWithPolicies:
    def test_the_original_is_never_changed(self) -> None:
        third = policy("shop/third")
        assert SHOP.with_policies(third).policies == (FIRST, SECOND, third)
        assert SHOP.policies == (FIRST, SECOND)

    def test_one_of_the_same_name_is_replaced_in_its_place(self) -> None:
        again = policy("shop/first", rule())
        assert SHOP.with_policies(again).policies == (again, SECOND)

    def test_of_two_of_the_same_name_the_last_counts(self) -> None:
        again = policy("shop/first", rule())
        assert SHOP.with_policies(FIRST, again).policies == (again, SECOND)

    def test_another_kind_is_another_policy(self) -> None:
        other = policy("shop/first", kind="CiliumNetworkPolicy")
        assert SHOP.with_policies(other).policies == (FIRST, SECOND, other)

    def test_texts_need_a_reader(self) -> None:
        with pytest.raises(TypeError, match="takes Policy objects"):
            SHOP.with_policies("policy.yaml")


class TestWithout:
    def test_takes_out(self) -> None:
        assert SHOP.without("shop/first").policies == (SECOND,)
        assert SHOP.without().policies == SHOP.policies

    def test_what_is_not_there_is_an_error(self) -> None:
        with pytest.raises(UnknownName, match="no policy 'shop/third'"):
            SHOP.without("shop/first", "shop/third")
