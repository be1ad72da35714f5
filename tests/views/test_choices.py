"""What menus offer can be asked about."""

import nsimlib as ns
from nsimlib.model.addresses import parse_address
from nsimlib.views.choices import end_choices, port_choices

SHOP = ns.scenario("shop")


def test_every_end_can_be_parsed_and_is_named_once() -> None:
    values = [value for _, value in end_choices(SHOP)]
    assert len(set(values)) == len(values)
    for value in values:
        ns.Connection.parse(f"{value} -> {value}:80/TCP")


def test_there_is_a_workload_a_service_a_node_a_place_and_the_world() -> None:
    values = {value for _, value in end_choices(SHOP)}
    wanted = {"shop/web", "shop/service/web", "node/worker-1", "api.payments.example"}
    assert wanted < values


def test_the_world_outside_is_nobody_that_is_known() -> None:
    label, value = end_choices(SHOP)[-1]
    assert label == f"outside ({value})"
    assert SHOP.places_of(parse_address(value)) == ()


def test_a_service_opens_no_connections() -> None:
    assert not any("service" in value for _, value in end_choices(SHOP, services=False))


def test_ports_are_in_order_and_hold_the_usual_ones() -> None:
    ports = port_choices(SHOP)
    assert ports[:3] == ["53/TCP", "53/UDP", "80/TCP"]
    assert {"443/TCP", "5432/TCP", "6379/TCP"} < set(ports)
