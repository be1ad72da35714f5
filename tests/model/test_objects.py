"""Pods, Services, and whom a pod peer selects."""

import pytest

from nsimlib.model.addresses import parse_address
from nsimlib.model.objects import Pod, Service, ServicePort, Workload, selects
from nsimlib.model.peers import PodPeer
from nsimlib.model.ports import Port, Protocol
from nsimlib.model.selectors import EVERYTHING, LabelSelector, Operator, Requirement
from tests.builders import pod, pods

WEB = pod("shop/web", app="web", team="a", ports="http=8080/TCP http=80/UDP =9090 dns=53/UDP")
OUTSIDE_TEAM_B = LabelSelector((Requirement("team", Operator.NOT_IN, ("b",)),))


class TestSelects:
    @pytest.mark.parametrize(
        ("peer", "own", "elsewhere"),
        [
            # podSelector alone stays in the policy's namespace (F1.2)
            (pods(app="web"), True, False),
            (pods(app="db"), False, False),
            (pods(), True, False),
            (PodPeer(), True, False),
            # namespaceSelector alone takes all pods there (F1.2)
            (PodPeer(LabelSelector.of(team="a")), True, True),
            (PodPeer(LabelSelector.of(team="b")), False, False),
            (PodPeer(OUTSIDE_TEAM_B), True, True),
            # an empty one is all namespaces (F1.3)
            (PodPeer(EVERYTHING), True, True),
            # both are ANDed (F1.2)
            (pods({"team": "a"}, app="web"), True, True),
            (pods({"team": "a"}, app="db"), False, False),
            (pods({"team": "b"}, app="web"), False, False),
        ],
    )
    def test_by_labels(self, peer: PodPeer, own: bool, elsewhere: bool) -> None:
        assert selects(peer, WEB, "shop") is own
        assert selects(peer, WEB, "data") is elsewhere

    def test_a_cluster_scoped_policy_has_no_namespace_of_its_own(self) -> None:
        assert not selects(pods(), WEB, None)


class TestPod:
    def test_named_ports_come_in_order(self) -> None:
        assert [str(port) for port in WEB.named_ports("http")] == ["8080/TCP", "80/UDP"]
        assert WEB.named_ports("metrics") == ()

    def test_owner(self) -> None:
        assert WEB.owner == Workload("shop", "Pod", "web")
        assert str(WEB.owner) == WEB.key == "shop/web"


class TestService:
    SERVICE = Service(
        "shop",
        "web",
        (parse_address("10.96.0.1"),),
        (ServicePort("web", Port(80), "http"), ServicePort("dns", Port(53, Protocol.UDP), 5353)),
        {"app": "web"},
    )

    @pytest.mark.parametrize(
        ("backend", "selected"),
        [
            (pod("shop/web-1", app="web", tier="front"), True),
            (pod("shop/db-1", app="db"), False),
            (pod("shop/bare"), False),
            (pod("data/web-1", app="web"), False),
        ],
    )
    def test_selects_in_its_namespace(self, backend: Pod, selected: bool) -> None:
        assert self.SERVICE.selects(backend) is selected

    def test_without_a_selector_it_selects_nobody(self) -> None:
        assert not Service("shop", "web").selects(WEB)

    def test_a_port_is_a_number_with_its_protocol(self) -> None:
        assert self.SERVICE.port_for(Port(80)) == self.SERVICE.ports[0]
        assert self.SERVICE.port_for(Port(53)) is None
