"""Pairs of ends: what the compiled cluster cannot know is asked of the definition."""

from nsimlib.evaluation.pairs import Pairs
from nsimlib.model.addresses import parse_address
from tests.builders import block, cluster, pod, policy, rule
from tests.strategies import SPEC


def test_an_address_of_a_family_that_nothing_is_in_is_met_by_no_block() -> None:
    closed = policy("shop/out", rule(block("128.0.0.0/1")))
    shop = cluster(pod("shop/web", "10.0.0.1"), policies=[closed])
    there = shop.external(parse_address("2001:db8::1"))

    assert not Pairs(shop, SPEC).between(shop.pods[0], there).allowed
