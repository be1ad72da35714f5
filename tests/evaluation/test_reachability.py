"""All pairs at once: what is grouped, what is left out, and how it is asked. Laws bind the rest."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from nsimlib.errors import UnknownName
from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.matrix import Cell
from nsimlib.evaluation.reachability import reachability
from nsimlib.model.addresses import AddressRange, parse_address, parse_cidr
from nsimlib.model.connection import Connection
from nsimlib.model.objects import Place, Workload
from nsimlib.model.policy import Direction
from nsimlib.model.ports import ALL_PORTS, NO_PORTS, PortSet
from tests.builders import INGRESS, block, cluster, node, pod, pods, policy, rule

WEB, OLD = PortSet.of("80/TCP"), PortSet.of("80-81/TCP")
SOME, MORE = Ports(WEB, PortSet.of("443/TCP")), Ports(OLD, PortSet.of("53/UDP"))


class TestPorts:
    """The outcome of every port, for every way of putting two answers together."""

    @pytest.mark.parametrize(
        ("port", "also", "either", "wherever"),
        [
            # allowed and allowed
            ("80/TCP", "allowed", "allowed", "allowed"),
            # denied and allowed
            ("81/TCP", "denied", "allowed", "undetermined"),
            # open and denied
            ("443/TCP", "denied", "undetermined", "undetermined"),
            ("53/UDP", "denied", "undetermined", "undetermined"),
            # denied and denied
            ("22/TCP", "denied", "denied", "denied"),
        ],
    )
    def test_combine(self, port: str, also: str, either: str, wherever: str) -> None:
        asked = Connection.parse(f"a/a -> b/b:{port}").port
        for combined, wanted in (
            (SOME.also(MORE), also),
            (SOME.either(MORE), either),
            (SOME.wherever(MORE), wherever),
        ):
            assert combined.outcome(asked) is Outcome(wanted)

    def test_open_and_allowed_are_open_for_both_and_allowed_for_either(self) -> None:
        open_end = Ports(NO_PORTS, ALL_PORTS)
        assert open_end.also(Ports(WEB)) == Ports(NO_PORTS, WEB)
        assert open_end.either(Ports(WEB)) == Ports(WEB, ALL_PORTS - WEB)


FROM_TWO = rule(pods({}, app="web"), pods({}, version="new"), ports="5432-5433", direction=INGRESS)
API = Workload("shop", "Deployment", "api")
SHOP = replace(
    cluster(
        pod("shop/web", "10.0.0.1", app="web", node="worker-1"),
        replace(pod("shop/api-1", "10.0.0.11", app="api", version="old"), workload=API),
        replace(pod("shop/api-2", "10.0.0.12", app="api", version="new"), workload=API),
        pod("data/db", "10.0.0.2", app="db", node="worker-1"),
        nodes=[node("worker-1", "10.9.0.1"), node("worker-2", "10.9.0.2")],
        policies=[
            policy(
                "shop/web",
                rule(pods({}, app="db"), ports="5432"),
                rule(block("203.0.113.0/24")),
                app="web",
            ),
            policy(
                "data/db",
                rule(
                    pods({}, app="web"),
                    pods({}, version="new"),
                    ports="5432-5433",
                    direction=INGRESS,
                ),
                directions=[INGRESS],
            ),
        ],
    ),
    places=(
        Place("partner", "", (parse_cidr("203.0.113.0/25"),)),
        Place("cdn", "", (parse_cidr("198.51.100.0/24"),)),
    ),
)
REACH = reachability(SHOP)


class TestAsking:
    @pytest.mark.parametrize(
        ("source", "destination", "wanted"),
        [
            ("shop/web", "data/db", "5432/TCP"),
            ("shop/api-1", "data/db", "no ports"),
            ("shop/api-2", "data/db", "5432-5433/TCP"),
            # of a workload, what every pod may use
            ("shop/api", "data/db", "no ports"),
            ("shop/api", "shop/web", "all ports"),
            ("shop/web", "shop/api", "no ports"),
            ("shop/web", "203.0.113.200", "all ports"),
            ("shop/web", "203.0.114.0", "no ports"),
            ("203.0.113.7", "data/db", "no ports"),
            # the pod's own node, and another (F1.24)
            ("node/worker-1", "data/db", "all ports"),
            ("node/worker-2", "data/db", "no ports"),
            ("data/db", "data/db", "all ports"),
        ],
    )
    def test_for_ports(self, source: str, destination: str, wanted: str) -> None:
        assert str(REACH.ports(source, destination).allowed) == wanted

    @pytest.mark.parametrize(
        ("destination", "wanted"),
        [
            ("data/db:5432/TCP", ["shop/api", "shop/web"]),
            ("data/db:5433/TCP", ["shop/api"]),
            ("data/db:22/TCP", []),
            ("203.0.113.7:443/TCP", ["data/db", "shop/api", "shop/web"]),
            ("192.0.2.1:443/TCP", ["data/db", "shop/api"]),
        ],
    )
    def test_who_can_reach(self, destination: str, wanted: list[str]) -> None:
        assert [str(workload) for workload in REACH.sources_of(destination)] == wanted

    def test_of_open_questions_who_might(self) -> None:
        own_node = reachability(SHOP).sources_of("node/worker-1:80/TCP")
        assert "shop/web" in map(str, own_node)
        assert "shop/web" not in map(str, REACH.sources_of("node/worker-2:80/TCP"))

    def test_where_families_differ_it_is_open(self) -> None:
        dual = [
            pod("shop/web", "10.0.0.1", "fd00::1", app="web"),
            pod("data/db", "10.0.0.2", "fd00::2"),
        ]
        only_v4 = policy("shop/p", rule(block("0.0.0.0/0"), ports="80"), app="web")
        reach = reachability(cluster(*dual, policies=[only_v4]))
        assert reach.ports("shop/web", "data/db") == Ports(NO_PORTS, PortSet.of("80"))
        assert [str(workload) for workload in reach.sources_of("data/db:80")] == ["shop/web"]
        (flow,) = (f for f in reach.flows() if (str(f[0]), str(f[1])) == ("shop/web", "data/db"))
        assert (flow.every.open, flow.some.open) == (PortSet.of("80"), PortSet.of("80"))

    def test_an_unknown_end_names_the_nearest(self) -> None:
        with pytest.raises(UnknownName, match="did you mean data/db"):
            REACH.ports("shop/web", "data/bd")


FLOWS = {(str(flow.source), str(flow.destination)): flow for flow in REACH.flows()}


class TestFlows:
    def test_a_workload_whose_pods_differ_says_both(self) -> None:
        flow = FLOWS["shop/api", "data/db"]
        assert (str(flow.every.allowed), str(flow.some.allowed)) == ("no ports", "5432-5433/TCP")

    def test_what_has_no_port_is_left_out(self) -> None:
        assert ("shop/web", "shop/api") not in FLOWS
        assert ("shop/api", "shop/api") not in FLOWS

    def test_the_world_outside_comes_in_ranges(self) -> None:
        ranges = {d for s, d in FLOWS if s == "shop/web" and "." in d}
        assert ranges == {"203.0.113.0-203.0.113.255"}
        everywhere = {d for s, d in FLOWS if s == "data/db" and "." in d}
        assert everywhere == {
            "0.0.0.0-203.0.112.255",
            "203.0.113.0-203.0.113.255",
            "203.0.114.0-255.255.255.255",
        }

    def test_progress_sees_every_workload(self) -> None:
        seen: list[object] = []

        def watch(items: Iterable[object]) -> Iterator[object]:
            for item in items:
                seen.append(item)
                yield item

        assert list(reachability(SHOP, progress=watch).flows()) == list(REACH.flows())
        assert len(seen) == len(SHOP.workloads)


class TestMatrix:
    MATRIX = REACH.matrix("5432/TCP")

    @pytest.mark.parametrize(
        ("source", "destination", "cell"),
        [
            ("shop/web", "data/db", Cell.ALLOWED),
            ("shop/web", "shop/api", Cell.DENIED),
            ("shop/api", "data/db", Cell.PARTLY),
            ("shop/web", "shop/web", Cell.SELF),
            ("cdn", "partner", Cell.SELF),
            # a place that a policy cuts is partly reached; the rest of the world is elsewhere
            ("shop/web", "partner", Cell.ALLOWED),
            ("shop/web", "cdn", Cell.DENIED),
            ("shop/web", "elsewhere", Cell.PARTLY),
            ("data/db", "elsewhere", Cell.ALLOWED),
            ("partner", "data/db", Cell.DENIED),
            ("partner", "shop/web", Cell.ALLOWED),
        ],
    )
    def test_cells(self, source: str, destination: str, cell: Cell) -> None:
        assert self.MATRIX[source, destination] is cell

    def test_without_a_port_allowed_means_all_ports(self) -> None:
        matrix = REACH.matrix()
        assert matrix["shop/web", "data/db"] is Cell.PARTLY
        assert matrix["shop/web", "partner"] is Cell.ALLOWED

    def test_the_frame_holds_words(self) -> None:
        frame = self.MATRIX.to_frame()
        assert frame.loc["shop/api", "data/db"] == "partly"
        assert list(frame.columns) == list(self.MATRIX.columns)

    def test_unknown_ends_are_not_found(self) -> None:
        with pytest.raises(ValueError, match="not in tuple"):
            self.MATRIX["shop/web", "nobody"]


class TestOutside:
    def test_each_direction_is_cut_by_its_own_rules(self) -> None:
        pieces = REACH.universe.pieces
        assert [str(piece) for piece in pieces[Direction.INGRESS]] == ["0.0.0.0-255.255.255.255"]
        assert len(pieces[Direction.EGRESS]) == 3

    def test_a_family_in_use_is_there(self) -> None:
        dual = replace(SHOP, pods=(*SHOP.pods, pod("data/new", "fd00::1")))
        pieces = reachability(dual).universe.pieces[Direction.EGRESS]
        assert AddressRange(parse_address("::").family, 0, (1 << 128) - 1) in pieces
