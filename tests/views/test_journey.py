"""The packet stops where the verdict is decided, and the picture says so in words, too."""

import re
from dataclasses import replace

import pytest

import nsimlib as ns
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.policy import Direction
from nsimlib.views.doors import doors
from nsimlib.views.journey import door, journey, journey_says
from nsimlib.views.map_picture import SIGNS
from nsimlib.views.topology import topology

SHOP = ns.scenario("shop")
FOUND = topology(SHOP)


def ends(asked: str) -> tuple[str, str]:
    source, _, rest = asked.partition(" -> ")
    return source, rest.rpartition(":")[0]


@pytest.mark.parametrize(
    ("asked", "stopped", "says"),
    [
        ("shop/web -> kube-system/coredns:53/UDP", Direction.EGRESS, "the nearest miss is"),
        ("shop/debug -> data/db:5432/TCP", Direction.INGRESS, "at the Ingress door of data/db"),
        ("data/db -> shop/api:8080/TCP", Direction.EGRESS, "no rule matches"),
        ("shop/debug -> shop/web:8080/TCP", None, "no door on its way is shut"),
        (
            "shop/web -> shop/service/api:80/TCP",
            None,
            "allowed by shop/web-egress spec.egress[2] and",
        ),
        ("shop/debug -> api.payments.example:443/TCP", None, "no door on its way is shut"),
        ("198.51.100.10 -> data/db:5432/TCP", Direction.INGRESS, "Ingress door of data/db"),
        (
            "data/reporting -> kube-system/service/kube-dns:53/UDP",
            Direction.EGRESS,
            "A fact is missing",
        ),
    ],
)
def test_the_packet_stops_at_the_door_that_decides(
    asked: str, stopped: Direction | None, says: str
) -> None:
    verdict = ns.why(SHOP, asked)
    source, destination = (FOUND.end(name) for name in ends(asked))
    assert source
    assert destination
    found = journey(FOUND, verdict, source, destination)
    assert found.outcome is verdict.outcome
    assert found.stopped is stopped
    assert says in journey_says(verdict)
    assert (found.rest == "") == (stopped is None)
    if stopped is Direction.EGRESS:
        assert found.stop == door(source, stopped)


def test_the_line_ends_where_the_sign_is_and_the_rest_begins_there() -> None:
    verdict = ns.why(SHOP, "shop/debug -> data/db:5432/TCP")
    ends = FOUND.end("shop/debug"), FOUND.end("data/db")
    assert ends[0]
    assert ends[1]
    found = journey(FOUND, verdict, ends[0], ends[1])
    numbers = [float(each) for each in re.findall(r"[\d.]+", found.way)]
    assert numbers[-2:] == pytest.approx(found.stop, abs=0.1)
    assert found.rest.startswith(f"M{found.stop[0]:.1f} {found.stop[1]:.1f}")


def test_a_service_leads_to_the_pods_behind_it() -> None:
    verdict = ns.why(SHOP, "shop/debug -> kube-system/service/kube-dns:53/UDP")
    ends = FOUND.end("shop/debug"), FOUND.end("kube-system/service/kube-dns")
    assert ends[0]
    assert ends[1]
    found = journey(FOUND, verdict, ends[0], ends[1])
    coredns = FOUND.end("kube-system/coredns")
    assert coredns
    assert coredns.x <= found.stop[0] <= coredns.x + coredns.width
    assert f"{ends[1].middle[0]:.1f} {ends[1].middle[1]:.1f}" in found.way


def test_nothing_answers_is_said() -> None:
    empty = replace(SHOP, pods=tuple(each for each in SHOP.pods if "cache" not in each.name))
    services = tuple(replace(each, endpoints=()) for each in SHOP.services)
    verdict = ns.why(replace(empty, services=services), "shop/web -> shop/service/cache:6379/TCP")
    assert "nothing answers" in journey_says(verdict)


class TestDoors:
    def test_they_are_those_of_the_isolation_table(self) -> None:
        found = doors(SHOP)
        for pod, egress, ingress in ns.isolation(SHOP).rows:
            owner = next(str(each.owner) for each in SHOP.pods if each.key == pod)
            assert found[owner].shut(Direction.EGRESS) == str(egress).startswith("isolated")
            assert found[owner].shut(Direction.INGRESS) == str(ingress).startswith("isolated")

    def test_pods_on_their_nodes_network_have_none(self) -> None:
        proxy = doors(SHOP)["kube-system/kube-proxy"]
        assert not proxy.are_there
        assert "node's network" in proxy.says

    def test_an_enforcer_that_enforces_nothing_leaves_them_open(self) -> None:
        found = doors(SHOP, "flannel").values()
        assert not any(each.shut(direction) for each in found for direction in Direction)

    def test_they_name_the_policies(self) -> None:
        said = doors(SHOP)["data/db"].says
        assert "Ingress isolated by data/default-deny and data/db-ingress" in said


def test_an_outcome_has_a_sign_of_its_own() -> None:
    assert set(SIGNS) == set(Outcome)
    assert len(set(SIGNS.values())) == len(SIGNS)
