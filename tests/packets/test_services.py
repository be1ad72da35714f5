"""Services as kube-proxy translates them."""

from dataclasses import replace

import nsimlib as ns
from nsimlib.packets.services import service_rules


def rules_of(text: str) -> list[str]:
    """The rules of the first of the two chains, which are alike."""
    return [line for line in text.partition("\n}\n")[0].splitlines() if line.startswith("ip ")]


def test_a_service_leads_to_its_pods_in_turn_at_their_own_port() -> None:
    shop = ns.scenario("shop")
    web = next(each for each in shop.services if each.key == "shop/web")
    text = service_rules(replace(shop, services=(web,)))
    assert rules_of(text) == [
        "ip daddr 10.96.20.10 tcp dport 80 dnat to numgen inc mod 2 map "
        "{ 0 : 10.244.1.10 . 8080, 1 : 10.244.2.10 . 8080 }"
    ]
    assert text.count("dnat to") == 2
    assert "hook output" in text


def test_a_service_without_pods_or_address_has_no_rule() -> None:
    shop = ns.scenario("shop")
    lonely = replace(shop, pods=(), services=tuple(replace(s, endpoints=()) for s in shop.services))
    assert rules_of(service_rules(lonely)) == []
