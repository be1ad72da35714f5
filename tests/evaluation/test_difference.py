"""What changes between two clusters, told in few rows."""

from dataclasses import replace

import pytest
from hypothesis import given

import nsimlib as ns
from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.comparison import NOTHING
from nsimlib.evaluation.difference import Change, Difference, Row
from nsimlib.model.addresses import AddressRange, Family, parse_cidr
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Place, Pod, Workload
from nsimlib.model.policy import Direction
from nsimlib.model.ports import PortSet
from tests import strategies as make
from tests.builders import INGRESS, block, cluster, pod, pods, policy, rule
from tests.evaluation.test_comparison import with_other_policies

Told = set[tuple[object, ...]]


def replica(key: str, name: str, address: str, **labels: str) -> Pod:
    """A pod of the Deployment `key`."""
    namespace, workload = key.split("/")
    of = Workload(namespace, "Deployment", workload)
    return replace(pod(f"{namespace}/{name}", address), labels=labels, workload=of)


WEB = [replica("shop/web", f"web-{n}", f"10.0.0.{n}", app="web", run=str(n)) for n in (1, 2)]
API = replica("shop/api", "api-1", "10.0.0.3", app="api")
DEBUG = pod("shop/debug", "10.0.0.4", app="debug")
CLOSED = policy("shop/closed", app="web")
SHOP = cluster(*WEB, API, DEBUG)


def lines(before: Cluster, after: Cluster) -> list[str]:
    return str(ns.difference(before, after)).splitlines()[1:]


def guarded(*rules: str) -> Cluster:
    """The shop with a policy that lets web send only what these rules say."""
    found = [rule(pods(app="api"), ports=ports) for ports in rules]
    return SHOP.with_policies(policy("shop/web", *found, app="web"))


class TestRows:
    # before, after, and the rows in between
    @pytest.mark.parametrize(
        ("before", "after", "wanted"),
        [
            (guarded(), guarded("80/TCP"), ["+ shop/web -> shop/api: 80/TCP"]),
            (guarded("80/TCP"), guarded(), ["- shop/web -> shop/api: 80/TCP"]),
            (
                guarded("80/TCP"),
                guarded("80/TCP", "53/UDP"),
                ["~ shop/web -> shop/api: 80/TCP, now 80/TCP, 53/UDP"],
            ),
            (
                SHOP,
                guarded("80/TCP"),
                [
                    "- shop/web -> shop/debug, shop/web, everywhere outside: all ports",
                    "~ shop/web -> shop/api: all ports, now 80/TCP",
                ],
            ),
            # rules that say the same in other words, or what is allowed anyway
            (guarded("80/TCP"), guarded("80/TCP", "80-80/TCP"), []),
            (SHOP, SHOP.with_policies(policy("data/web", app="web")), []),
        ],
    )
    def test_say_what_was_and_what_is(
        self, before: Cluster, after: Cluster, wanted: list[str]
    ) -> None:
        assert lines(before, after) == wanted

    def test_tell_pods_of_a_workload_that_differ(self) -> None:
        closed = SHOP.with_policies(policy("shop/one", directions=[INGRESS], run="1"))

        assert lines(SHOP, closed) == [
            "- shop/*, everywhere outside -> shop/web (1 of 2 pods): all ports"
        ]

    def test_tell_that_other_pods_of_a_workload_are_meant(self) -> None:
        one, two = (
            SHOP.with_policies(policy("shop/some", directions=[INGRESS], run=n)) for n in ("1", "2")
        )

        # One of two pods is open before and after, but not the same.
        assert [line[0] for line in lines(one, two)] == ["+", "-"]

    def test_tell_what_becomes_an_open_question(self) -> None:
        known = guarded()
        unknown = replace(
            known, pods=tuple(replace(each, addresses=()) for each in known.pods)
        ).with_policies(policy("shop/web", rule(block("10.0.0.3/32"), ports="80/TCP"), app="web"))

        assert "+ shop/web -> shop/*: ? 80/TCP" in lines(known, unknown)

    def test_name_places_and_blocks(self) -> None:
        place = Place("orders-db", "", (parse_cidr("203.0.113.0/24"),))
        before = replace(guarded(), places=(place,))
        blocks = (
            block("203.0.113.0/25"),
            block("203.0.113.128/25"),
            block("10.0.0.0/8", "10.0.0.0/16"),
        )
        after = before.with_policies(policy("shop/web", rule(*blocks, ports="443/TCP"), app="web"))

        (row,) = ns.difference(before, after).rows
        assert [str(end) for end in row.destinations] == [
            "10.1.0.0-10.255.255.255",
            "203.0.113.0-203.0.113.255",
        ]
        assert "orders-db (203.0.113.0/24)" in lines(before, after)[0]

    def test_count_what_they_do_not_name(self) -> None:
        many = cluster(
            *(pod(f"{'ab'[n % 2]}/pod-{n:02}", app="x" if n else "y") for n in range(20))
        )
        closed = many.with_policies(policy("a/closed", directions=[INGRESS], app="x"))

        (line,) = lines(many, closed)
        assert line == (
            "- every workload, everywhere outside -> a/pod-02, a/pod-04, a/pod-06, a/pod-08, "
            "a/pod-10, a/pod-12 and 3 more: all ports"
        )

    # whether the agent is on its node's network before, and after
    @pytest.mark.parametrize("hosts", [(True, True), (True, False), (False, True)])
    def test_speak_of_a_pod_and_its_own_node_by_itself(self, hosts: tuple[bool, bool]) -> None:
        here = pod("shop/web", "10.0.0.1", node="worker-1", app="web")
        closed = policy("shop/web", directions=[INGRESS], app="web")
        before, after = (
            cluster(here, pod("a/agent", "10.9.0.1", node="worker-1", host_network=host))
            for host in hosts
        )
        found = lines(before, after.with_policies(closed))

        # The policy keeps the agent out, but never the node that web is on (F1.24).
        alone = "- a/agent -> shop/web on the same node: all ports"
        assert found == ["- everywhere outside -> shop/web: all ports"] + [alone] * (not hosts[1])

    @pytest.mark.parametrize(
        ("before", "after", "gained", "lost"),
        [
            (
                Ports(PortSet(), PortSet.of("80/TCP")),
                Ports(PortSet(), PortSet.of("80-81/TCP")),
                "81/TCP",
                "no ports",
            ),
            (NOTHING, Ports(PortSet.of("80/TCP")), "80/TCP", "no ports"),
            (Ports(PortSet.of("80/TCP")), NOTHING, "no ports", "80/TCP"),
            (NOTHING, Ports(PortSet(), PortSet.of("80/TCP")), "80/TCP", "no ports"),
            (
                Ports(PortSet.of("80/TCP")),
                Ports(PortSet(), PortSet.of("80/TCP")),
                "no ports",
                "80/TCP",
            ),
            (
                Ports(PortSet(), PortSet.of("80/TCP")),
                Ports(PortSet.of("80/TCP")),
                "80/TCP",
                "no ports",
            ),
            (Ports(PortSet(), PortSet.of("80/TCP")), NOTHING, "no ports", "80/TCP"),
        ],
    )
    def test_know_what_is_gained_and_what_is_lost(
        self, before: Ports, after: Ports, gained: str, lost: str
    ) -> None:
        row = Row((), (), before, after)

        assert (str(row.gained), str(row.lost)) == (gained, lost)


class TestWitness:
    # reporting-egress allows one address, a Service's: a question about it goes to the pods behind.
    @pytest.mark.parametrize(
        "without",
        [p.key for p in ns.scenario("shop").policies if p.key != "data/reporting-egress"],
    )
    def test_ends_otherwise_before_and_after(self, without: str) -> None:
        shop = ns.scenario("shop")
        after = shop.without(without)

        for row in ns.difference(shop, after).rows:
            port = ns.Connection.parse(row.witness).port
            found = [ns.why(cluster, row.witness).outcome for cluster in (shop, after)]
            assert found == [row.before.outcome(port), row.after.outcome(port)]
            assert found[0] is not found[1]


class TestOtherPods:
    def test_replicas_come_and_go_unnoticed(self) -> None:
        rolled_out = replace(
            SHOP, pods=(*(replace(p, name=f"{p.name}-new") for p in WEB), WEB[0], API, DEBUG)
        )

        assert not ns.difference(SHOP, rolled_out)

    def test_a_replica_that_comes_with_other_labels_is_told(self) -> None:
        guarded = SHOP.with_policies(policy("shop/closed", directions=[INGRESS], run="3"))
        third = replica("shop/web", "web-3", "10.0.0.5", app="web", run="3")

        assert lines(guarded, replace(guarded, pods=(*guarded.pods, third))) == [
            "- shop/*, everywhere outside -> shop/web (1 of 3 pods): all ports"
        ]

    def test_a_new_workload_is_told_with_its_connections(self) -> None:
        found = ns.difference(SHOP, replace(SHOP, pods=(*SHOP.pods, pod("shop/new", "10.0.0.9"))))

        assert [str(workload) for workload in found.workloads_added] == ["shop/new"]
        assert {row.change for row in found.rows} == {Change.ADDED}
        assert "+ shop/new -> shop/api, shop/debug, shop/web, everywhere outside: all ports" in str(
            found
        )

    def test_a_workload_without_connections_is_a_change(self) -> None:
        lonely = SHOP.with_policies(policy("shop/none", directions=Direction, app="z"))
        found = ns.difference(lonely, replace(lonely, pods=(*lonely.pods, pod("shop/z", app="z"))))

        assert (found.rows, bool(found)) == ((), True)

    def test_labels_of_a_pod_and_of_a_namespace_count(self) -> None:
        guarded = SHOP.with_policies(
            policy(
                "shop/api",
                rule(pods(app="web"), direction=INGRESS),
                directions=[INGRESS],
                app="api",
            )
        )

        assert "+ shop/debug -> shop/api: all ports" in lines(
            guarded, guarded.with_labels("shop/debug", app="web")
        )
        by_team = SHOP.with_policies(
            policy(
                "shop/api",
                rule(pods({"team": "a"}), direction=INGRESS),
                directions=[INGRESS],
                app="api",
            )
        )
        assert "+ shop/debug, shop/web -> shop/api: all ports" in lines(
            by_team, by_team.with_namespace("shop", team="a")
        )


def spelled(found: Difference) -> Told:
    return {(row.sources, row.destinations, row.before, row.after) for row in found.rows}


@pytest.mark.laws
@given(make.tiered())
def test_a_cluster_does_not_differ_from_itself(shop: Cluster) -> None:
    assert not ns.difference(shop, replace(shop, policies=tuple(reversed(shop.policies))))


@pytest.mark.laws
@given(with_other_policies())
def test_what_is_added_one_way_is_removed_the_other(clusters: tuple[Cluster, Cluster]) -> None:
    there, back = ns.difference(*clusters), ns.difference(*clusters[::-1])

    assert spelled(there) == {(s, d, after, before) for s, d, before, after in spelled(back)}
    assert len(there.added) == len(back.removed)


class TestShown:
    FOUND = ns.difference(guarded("80/TCP"), guarded("80/TCP", "443/TCP"))

    def test_as_text_and_html(self) -> None:
        assert str(self.FOUND).startswith("Difference (spec): 0 added, 0 removed, 1 changed\n~ ")
        assert "80/TCP, 443/TCP" in self.FOUND._repr_html_()
        assert str(ns.difference(SHOP, SHOP)) == "Difference (spec): no connection changes"

    def test_as_frame(self) -> None:
        frame = self.FOUND.to_frame()

        assert frame.loc[0, "after"] == "80/TCP, 443/TCP"
        assert frame.loc[0, "ask why"] == self.FOUND.rows[0].witness

    def test_as_markdown_with_the_summary_first(self) -> None:
        summary, empty, head, *_ = self.FOUND.to_markdown().splitlines()

        assert (summary, empty) == ("**Difference (spec): 0 added, 0 removed, 1 changed**", "")
        assert head == "| change | source | destination | before | after | ask why |"

    def test_rows_hold_ranges_in_as_few_as_can_be(self) -> None:
        (row,) = ns.difference(SHOP, guarded()).rows

        assert [e for e in row.destinations if isinstance(e, AddressRange)] == [
            Family.IPV4.everything
        ]
