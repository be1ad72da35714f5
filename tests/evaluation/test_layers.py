"""What is known of a connection at each moment, and what rules are compared with."""

import pytest

import nsimlib as ns
from nsimlib.errors import UnknownName
from nsimlib.evaluation.layers import ASPECTS, Moment, packet_layers, value_judged

CLUSTER = ns.scenario("one-packet")
SERVICE = "10.96.0.40:5432/TCP"
OUTSIDE = "10.20.21.17:5432/TCP"


@pytest.mark.parametrize("cni", ["calico", "cilium", "kube-router"])
def test_who_looks_behind_a_service_sees_the_pod_and_its_port(cni: str) -> None:
    seen = packet_layers(CLUSTER, "shop/web", "orders", SERVICE, cni=cni).at(Moment.CHECKPOINT)
    assert (seen["destination address"], seen["destination port"]) == ("10.244.2.20", "6432")
    assert seen["Service"] == ""


def test_who_looks_before_it_sees_the_service_and_the_moments_change_places() -> None:
    found = packet_layers(CLUSTER, "shop/web", "orders", SERVICE, cni="aws-vpc-cni")
    seen = found.at(Moment.CHECKPOINT)
    assert (seen["destination address"], seen["destination port"]) == ("10.96.0.40", "5432")
    assert found.order.index(Moment.CHECKPOINT) < found.order.index(Moment.REWRITTEN)
    assert found.at(Moment.WIRE)["destination address"] == "10.244.2.20"


def test_toward_an_address_outside_nothing_is_replaced_and_there_are_no_labels() -> None:
    found = packet_layers(CLUSTER, "shop/web", "db.example", OUTSIDE)
    assert Moment.REWRITTEN not in found.order
    seen = found.at(Moment.CHECKPOINT)
    assert seen["destination address"] == "10.20.21.17"
    assert not seen["destination labels"]


@pytest.mark.parametrize("destination", [SERVICE, OUTSIDE])
def test_what_is_known_stays_known_but_for_the_service(destination: str) -> None:
    found = packet_layers(CLUSTER, "shop/web", "a.name", destination)
    for earlier, later in zip(found.order, found.order[1:], strict=False):
        before, after = found.at(earlier), found.at(later)
        gone = {name for name, value in before.items() if value and not after[name]}
        assert gone <= {"Service"}
        assert set(after) == set(ASPECTS)


def test_before_dns_has_answered_there_is_no_address() -> None:
    known = packet_layers(CLUSTER, "shop/web", "a.name", OUTSIDE).at(Moment.NAME)
    assert {name for name, value in known.items() if value} == {"name"}


def test_what_no_field_takes_is_in_no_rule() -> None:
    named = {name for name, aspect in ASPECTS.items() if aspect.field}
    assert {"name", "statement", "Service", "source port", "MAC address"}.isdisjoint(named)


def test_the_values_that_rules_are_compared_with() -> None:
    asked = f"shop/web -> {SERVICE}"
    values = [value_judged(CLUSTER, asked, each) for each in ("source", "destination", "port")]
    assert values == ["10.244.1.10", "10.244.2.20", "6432"]
    with pytest.raises(UnknownName, match="protocol"):
        value_judged(CLUSTER, asked, "protokol")
