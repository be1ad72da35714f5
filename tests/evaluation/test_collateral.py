"""Whether a change does what it is meant to, and nothing else."""

import pytest

import nsimlib as ns
from nsimlib.model.policy import Direction
from tests.builders import block, cluster, pod, pods, policy, rule

SHOP = ns.scenario("shop")
ENDS = cluster(
    pod("shop/web", "10.0.0.1", app="web"),
    pod("shop/api", "10.0.0.2", app="api"),
    pod("data/db", "10.0.0.3", app="db"),
    policies=[policy("shop/closed", directions=[Direction.EGRESS])],
)
ONE = ENDS.with_policies(policy("shop/one", rule(pods(app="api"), ports="80/TCP"), app="web"))
OUT = ENDS.with_policies(policy("shop/out", rule(block("203.0.113.0/24"), ports="443/TCP")))


class TestAssertOnly:
    @pytest.mark.parametrize(
        ("after", "added"),
        [
            (ONE, ["shop/web -> shop/api:80/TCP"]),
            (ONE, ["shop/w* -> shop/pod/api:80"]),
            (OUT, ["shop/web -> 203.0.113.0/24:443/TCP", "shop/api -> 203.0.113.0/24:443/TCP"]),
            (OUT, ["shop/* -> 203.0.113.0/25:443/TCP", "shop/* -> 203.0.113.128/25:443/TCP"]),
        ],
    )
    def test_returns_what_was_intended(self, after: ns.Cluster, added: list[str]) -> None:
        assert ns.assert_only(ENDS, after, added=added) == ns.difference(ENDS, after)
        assert ns.assert_only(after, ENDS, removed=added).removed

    # what is intended of ONE or OUT, and what the error says
    @pytest.mark.parametrize(
        ("after", "added", "words"),
        [
            (ONE, [], "not intended:\n  + shop/web -> shop/api: 80/TCP"),
            (
                ONE,
                ["shop/web -> shop/api:81/TCP"],
                "not allowed after: shop/web -> shop/api: 81/TCP",
            ),
            (ONE, ["shop/web -> shop/api:*"], "is not allowed after"),
            (ONE, ["shop/* -> *:80/TCP"], "is not allowed after"),
            (ONE, ["data/db -> shop/api:80/TCP"], "data/db -> shop/api:80/TCP was allowed before"),
            (OUT, ["shop/web -> 203.0.113.0/24:443/TCP"], "+ shop/api -> 203.0.113.0/24: 443/TCP"),
            (OUT, ["shop/* -> 203.0.113.0/25:443/TCP"], "+ shop/* -> 203.0.113.128/25: 443/TCP"),
        ],
    )
    def test_says_what_happened_besides_or_did_not(
        self, after: ns.Cluster, added: list[str], words: str
    ) -> None:
        with pytest.raises(ns.UnintendedChange) as raised:
            ns.assert_only(ENDS, after, added=added)
        assert words in str(raised.value)

    @pytest.mark.parametrize(
        ("removed", "words"),
        [
            ([], "not intended:\n  - shop/web -> shop/api: 80/TCP"),
            (["shop/api -> shop/web:80/TCP"], "was denied before"),
            (["data/db -> shop/web:80/TCP"], "is not denied after: data/db -> shop/web: 80/TCP"),
        ],
    )
    def test_what_is_taken_away_is_intended_too(self, removed: list[str], words: str) -> None:
        with pytest.raises(ns.UnintendedChange) as raised:
            ns.assert_only(ONE, ENDS, removed=removed)
        assert words in str(raised.value)

    def test_an_addition_is_no_removal(self) -> None:
        with pytest.raises(ns.UnintendedChange, match="not intended"):
            ns.assert_only(ONE, ENDS, added=["shop/web -> shop/api:80/TCP"])

    def test_replicas_among_themselves_count(self) -> None:
        shuffle = "data/batch -> data/batch:7078-7087/TCP"

        assert ns.assert_only(SHOP, SHOP.without("data/batch-shuffle"), removed=[shuffle])

    def test_places_are_ends(self) -> None:
        after = SHOP.with_labels("shop/cache", app="api")
        with pytest.raises(ns.UnintendedChange) as raised:
            ns.assert_only(SHOP, after, added=["shop/web -> shop/cache:8080/TCP"])
        assert "orders-db" in str(raised.value)
        ns.assert_only(ENDS, ENDS)

    @pytest.mark.parametrize(
        ("text", "error"),
        [
            ("shop/web shop/api:80", ns.ConnectionSyntaxError),
            ("shop/web -> shop/api:http", ns.ConnectionSyntaxError),
            ("shop/wab -> shop/api:80/TCP", ns.UnknownName),
        ],
    )
    def test_refuses_what_means_nothing(self, text: str, error: type[Exception]) -> None:
        with pytest.raises(error):
            ns.assert_only(ENDS, ONE, added=[text])
