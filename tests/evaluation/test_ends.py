"""From the ends that a connection names to the ways it can go."""

from dataclasses import replace

import pytest

from nsimlib.errors import UnknownName
from nsimlib.evaluation.ends import address_pairs, backends, parties, party_at, paths, populated
from nsimlib.model.addresses import parse_address
from nsimlib.model.connection import Connection, parse_end
from nsimlib.model.objects import External, Place, Service, ServicePort, Workload
from nsimlib.model.ports import Port, Protocol
from tests.builders import cluster, node, pod
from tests.strategies import SPEC, WORKLOADS

API = Workload("shop", "Deployment", "api")
WEB = pod("shop/web", "10.0.0.1", app="web")
API_1 = replace(
    pod("shop/api-1", "10.0.0.11", "fd00::11", app="api", ports="http=8080"), workload=API
)
API_2 = replace(pod("shop/api-2", "10.0.0.12", app="api", ports="http=9090"), workload=API)
PLANNED = replace(
    pod("shop/job", app="job"), from_template=True, workload=Workload("shop", "Job", "job")
)
PROXY = pod("ops/proxy", "10.9.0.1", node="worker-1", host_network=True)
WORKER = node("worker-1", "10.9.0.1")
SERVICE = Service(
    "shop",
    "api",
    (parse_address("10.96.0.10"), parse_address("fd96::10")),
    (
        ServicePort("web", Port(80), "http"),
        ServicePort("dns", Port(53, Protocol.UDP), 5353),
    ),
    {"app": "api"},
)
LISTED = Service(
    "shop",
    "orders",
    (),
    (ServicePort("sql", Port(5432), 5432), ServicePort("admin", Port(80), 80)),
    endpoints=(
        ("sql", parse_address("10.0.0.11"), Port(6543)),
        ("sql", parse_address("203.0.113.7"), Port(5432)),
        ("admin", parse_address("10.0.0.12"), Port(8080)),
    ),
)
ORDERS = Place(
    "orders", names={"db.example.com": tuple(map(parse_address, ("203.0.113.7", "10.0.0.1")))}
)
SHOP = replace(
    cluster(WEB, API_1, API_2, PLANNED, PROXY, nodes=[WORKER]),
    services=(SERVICE, LISTED),
    places=(ORDERS,),
)


def ways(text: str) -> list[str]:
    """The ways a connection can go, as `who -> whom:port` with the addresses used."""
    return [
        f"{path.source} {path.source_address} -> {path.destination}:{path.port}"
        f" {path.destination_address}"
        for path in paths(SHOP, Connection.parse(text))
    ]


class TestParties:
    @pytest.mark.parametrize(
        ("end", "wanted"),
        [
            ("shop/web", ["shop/web"]),
            ("shop/pod/web", ["shop/web"]),
            ("shop/po/web", ["shop/web"]),
            # a workload stands for its pods
            ("shop/api", ["shop/api-1", "shop/api-2"]),
            ("shop/deploy/api", ["shop/api-1", "shop/api-2"]),
            ("shop/api-1", ["shop/api-1"]),
            # a workload without live pods, for its template
            ("shop/job", ["shop/job"]),
            ("shop/job/job", ["shop/job"]),
            ("node/worker-1", ["node/worker-1"]),
            # an address is whoever has it; the host's network is the node's
            ("10.0.0.12", ["shop/api-2"]),
            ("fd00::11", ["shop/api-1"]),
            ("10.9.0.1", ["node/worker-1"]),
            ("203.0.113.7", ["203.0.113.7"]),
            ("db.example.com", ["203.0.113.7", "shop/web"]),
        ],
    )
    def test_by_name_or_address(self, end: str, wanted: list[str]) -> None:
        assert [str(party) for party in parties(SHOP, parse_end(end))] == wanted

    @pytest.mark.parametrize(
        ("end", "message"),
        [
            ("shop/wbe", "no pod, workload or Service 'shop/wbe'; did you mean shop/web"),
            ("shop/statefulset/api", "'shop/statefulset/api'; did you mean"),
            ("data/web", "'data/web'"),
            ("node/worker-2", "no node 'worker-2'; did you mean worker-1?"),
            ("mydb.example.com", "did you mean db.example.com?"),
        ],
    )
    def test_what_is_not_there_names_the_nearest(self, end: str, message: str) -> None:
        with pytest.raises(UnknownName) as caught:
            parties(SHOP, parse_end(end))
        assert message in str(caught.value)

    def test_an_outside_address_comes_with_its_names(self) -> None:
        external = party_at(SHOP, parse_address("203.0.113.7"))
        assert external == External(parse_address("203.0.113.7"), ("db.example.com",))


class TestPaths:
    def test_a_workload_gives_a_path_for_each_pod(self) -> None:
        assert ways("shop/web -> shop/api-2:80") == [
            "shop/web 10.0.0.1 -> shop/api-2:80/TCP 10.0.0.12"
        ]
        assert len(ways("shop/api -> shop/api:80")) == 5

    def test_two_pods_use_each_family_that_they_share(self) -> None:
        assert ways("shop/api-1 -> shop/api-1:80") == [
            "shop/api-1 10.0.0.11 -> shop/api-1:80/TCP 10.0.0.11",
            "shop/api-1 fd00::11 -> shop/api-1:80/TCP fd00::11",
        ]

    def test_a_service_goes_to_every_backend_by_its_target_port(self) -> None:
        assert ways("shop/web -> shop/service/api:80") == [
            "shop/web 10.0.0.1 -> shop/api-1:8080/TCP 10.0.0.11",
            "shop/web 10.0.0.1 -> shop/api-2:9090/TCP 10.0.0.12",
        ]

    def test_a_service_address_keeps_to_its_family(self) -> None:
        assert ways("shop/api-1 -> [fd96::10]:80") == [
            "shop/api-1 fd00::11 -> shop/api-1:8080/TCP fd00::11"
        ]

    def test_what_was_asked_for_is_kept(self) -> None:
        (path, *_) = paths(SHOP, Connection.parse("shop/web -> 10.96.0.10:53/UDP"))
        assert (path.service, str(path.service_address)) == (SERVICE, "10.96.0.10")
        assert (str(path.service_port), str(path.port)) == ("53/UDP", "5353/UDP")

    def test_a_bare_name_is_the_pod_or_workload_before_the_service(self) -> None:
        assert "shop/api-1:80/TCP" in ways("shop/web -> shop/api:80")[0]
        assert "203.0.113.7:5432/TCP" in ways("shop/web -> shop/orders:5432")[1]

    def test_an_unknown_service_names_the_nearest(self) -> None:
        with pytest.raises(UnknownName, match="no Service 'shop/apis'; did you mean shop/api"):
            ways("shop/web -> shop/service/apis:80")


class TestBackends:
    def test_the_selector_and_a_named_target_port(self) -> None:
        assert backends(SHOP, SERVICE, Port(80)) == ((API_1, Port(8080)), (API_2, Port(9090)))

    def test_a_pod_without_the_named_port_is_no_backend(self) -> None:
        service = replace(SERVICE, ports=(ServicePort("m", Port(81), "metrics"),))
        assert backends(SHOP, service, Port(81)) == ()

    def test_a_named_port_of_another_protocol_is_none(self) -> None:
        service = replace(SERVICE, ports=(ServicePort("", Port(80, Protocol.UDP), "http"),))
        assert backends(SHOP, service, Port(80, Protocol.UDP)) == ()

    @pytest.mark.parametrize("of", [SERVICE, LISTED])
    def test_a_headless_service_leaves_the_port_to_the_client(self, of: Service) -> None:
        headless = replace(of, cluster_ips=(), headless=True)
        found = backends(SHOP, headless, Port(9))
        assert {port for _, port in found} == {Port(9)}
        assert len({party for party, _ in found}) == len(found) > 1

    def test_endpoints_win_over_the_selector(self) -> None:
        found = backends(SHOP, LISTED, Port(5432))
        assert [(str(party), str(port)) for party, port in found] == [
            ("shop/api-1", "6543/TCP"),
            ("203.0.113.7", "5432/TCP"),
        ]
        assert backends(SHOP, replace(SERVICE, endpoints=()), Port(80)) == ()

    def test_a_port_that_the_service_has_not(self) -> None:
        with pytest.raises(UnknownName, match="no port of Service shop/api '80/UDP'"):
            backends(SHOP, SERVICE, Port(80, Protocol.UDP))


class TestAddressPairs:
    @pytest.mark.parametrize(
        ("source", "destination", "wanted"),
        [
            (["10.0.0.1"], ["10.0.0.2"], [("10.0.0.1", "10.0.0.2")]),
            (["10.0.0.1", "fd00::1"], ["fd00::2"], [("fd00::1", "fd00::2")]),
            (
                ["fd00::1", "10.0.0.1"],
                ["10.0.0.2", "fd00::2"],
                [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2")],
            ),
            # the first address of a family counts
            (["10.0.0.1", "10.0.0.9"], ["10.0.0.2"], [("10.0.0.1", "10.0.0.2")]),
            # ends without a common family, or without addresses, are judged all the same
            (["10.0.0.1"], ["fd00::2"], [("10.0.0.1", "fd00::2")]),
            (["10.0.0.1"], [], [("10.0.0.1", "None")]),
            ([], ["10.0.0.2"], [("None", "10.0.0.2")]),
            ([], [], [("None", "None")]),
        ],
    )
    def test_once_for_each_shared_family(
        self, source: list[str], destination: list[str], wanted: list[tuple[str, str]]
    ) -> None:
        pairs = address_pairs(pod("a/a", *source), pod("b/b", *destination))
        assert [(str(ours), str(theirs)) for ours, theirs in pairs] == wanted


def test_finished_pods_count_where_a_profile_counts_them() -> None:
    done = pod("shop/done")
    both = replace(cluster(WEB), finished=(done,))
    assert populated(both, SPEC) is both
    assert populated(both, WORKLOADS).pods == (WEB, done)
