"""Questions about ends: who is not there yet, what lies outside, and pods in groups."""

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


class TestExposure:
    def test_the_internet_is_what_has_no_name_and_is_public(self) -> None:
        found = ns.reachability(OUT).exposed_to("internet").rows

        assert ("shop/web", "may open to", "443/TCP", "203.0.113.0/24") in found
        assert ("shop/web", "accepts from", "all ports", "all of it") in found
        private = policy("shop/out", rule(block("10.0.0.0/8")))
        inside = ns.reachability(ENDS.with_policies(private)).exposed_to("internet").rows
        assert not [row for row in inside if row[:2] == ("shop/web", "may open to")]

    def test_a_new_namespace_has_its_name_and_no_more(self) -> None:
        by_team = policy("shop/team", rule(pods({"team": "a"}), ports="80/TCP"))
        anywhere = policy("shop/any", rule(pods({}), ports="81/TCP"))
        rows = (
            ns.reachability(ENDS.with_policies(by_team, anywhere)).exposed_to("new namespace").rows
        )

        assert ("shop/web", "may open to", "81/TCP", "any pod of a new namespace") in rows
        waiting = ("shop/team spec.egress[0].to[0]", "may open to", "80/TCP")
        assert (*waiting, "any pod in namespaces team=a, none yet") in rows
        assert not [row for row in rows if str(row[0]).startswith("shop/any")]

    def test_nothing_else_is_known(self) -> None:
        with pytest.raises(ns.UnknownName, match="did you mean internet"):
            ns.reachability(ENDS).exposed_to("the internet")

    def test_destinations_mirror_sources(self) -> None:
        reach = ns.reachability(SHOP)
        for source in SHOP.workloads:
            reached = reach.destinations_of(str(source), "5432/TCP")
            for destination in SHOP.workloads:
                if source != destination:
                    ours = source in reach.sources_of(f"{destination}:5432/TCP")
                    assert (destination in reached) == ours

    def test_destinations_outside_are_ranges(self) -> None:
        assert list(map(str, ns.reachability(OUT).destinations_of("shop/web"))) == [
            "203.0.113.0-203.0.113.255"
        ]


class TestMatrixBy:
    @pytest.mark.parametrize(
        ("by", "ends", "word"),
        [
            ("workload", ("shop/web", "shop/api"), "allowed"),
            ("pod", ("shop/web", "shop/api"), "allowed"),
            ("namespace", ("data", "shop"), "allowed"),
            ("namespace", ("shop", "shop"), "partly"),
            ("namespace", ("data", "data"), ""),
            ("label:app", ("app=web", "app=api"), "allowed"),
            ("label:tier", ("no label tier", "no label tier"), "partly"),
        ],
    )
    def test_groups_pods(self, by: str, ends: tuple[str, str], word: str) -> None:
        assert ns.reachability(ONE).matrix("80/TCP", by=by)[ends].word == word

    def test_refuses_what_is_no_group(self) -> None:
        with pytest.raises(ns.UnknownName, match="did you mean namespace"):
            ns.reachability(ONE).matrix(by="namespaces")
