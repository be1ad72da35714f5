"""What the page about chains is asked, on any cluster, and its invented chain."""

from collections.abc import Callable
from pathlib import Path

import pytest

import nsimlib as ns
from nsimlib.datapath.entry import datapath
from nsimlib.evaluation.combination import Outcome
from nsimlib.lessons.scenarios import scenario_names
from nsimlib.manifests import dump
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from tests.builders import pod

BATCH = "data/batch-58c6d9f7b4-x5dwv"


AsInput = Callable[[Cluster], str]


@pytest.fixture
def as_input(tmp_path: Path) -> AsInput:
    """Return how to make a cluster the input."""

    def written(cluster: Cluster) -> str:
        path = tmp_path / "dump.yaml"
        path.write_text(dump(cluster) or "apiVersion: v1\nkind: List\nitems: []\n")
        return str(path)

    return written


@pytest.mark.parametrize("name", scenario_names())
def test_there_is_an_answer_for_every_scenario(name: str) -> None:
    asked = ns.below_the_api(name)
    drops = ns.which_policy_dropped(asked.counters, asked.cluster)
    assert bool(drops) == (asked.walk.outcome is Outcome.DENIED)
    assert str(asked.line) in asked.rules.save()
    assert repr(asked) == f"{asked.pod}; {asked.connection} ({asked.walk.outcome.value})"


def test_the_pod_and_the_connection_can_be_said() -> None:
    asked = ns.below_the_api("shop", "data/db")
    assert asked.connection.startswith("data/db -> ")
    assert asked.walk.outcome is Outcome.DENIED
    named = ns.below_the_api("shop", "data/db", "shop/web -> data/db:5432/TCP")
    assert named.connection == "shop/web -> data/db:5432/TCP"


def test_a_drop_at_the_other_end_is_counted_there() -> None:
    """web may not send to db, and a stranger's packets end on db's node."""
    asked = ns.below_the_api("shop", "shop/debug", "shop/debug -> data/db:5432/TCP")
    (drop,) = ns.which_policy_dropped(asked.counters, asked.cluster)
    assert drop.pod is not None
    assert drop.pod.name == "db-0"
    assert drop.counters.packets == 3


def test_without_a_pod_one_is_made_up(as_input: AsInput) -> None:
    asked = ns.below_the_api(as_input(Cluster()))
    assert asked.is_made_up
    assert asked.walk.outcome is Outcome.ALLOWED
    assert "this one is made up" in repr(asked)
    assert "no rule dropped" in repr(ns.which_policy_dropped(asked.counters, asked.cluster))
    assert not ns.below_the_api("shop").is_made_up


def test_pods_on_the_network_of_a_node_are_not_asked_for(as_input: AsInput) -> None:
    cluster = Cluster(pods=(pod("a/proxy", host_network=True), pod("b/web", "10.0.0.2")))
    assert ns.below_the_api(as_input(cluster)).pod == "b/web"


def test_a_cluster_of_ipv6_has_a_question_too(as_input: AsInput) -> None:
    asked = ns.below_the_api(as_input(Cluster(pods=(pod("a/web", "2001:db8:1::2"),))))
    assert asked.connection == "a/web -> [2001:db8::10]:443/TCP"
    assert asked.walk.hops
    assert str(asked.line) in asked.rules.save(Family.IPV6)
    assert ns.which_policy_dropped(asked.counters) == ()


def test_a_pod_that_is_not_there() -> None:
    with pytest.raises(ns.UnknownName, match="did you mean shop/web"):
        ns.below_the_api("shop", "shop/wbe")
    with pytest.raises(ns.UnknownName):
        ns.below_the_api("shop", "203.0.113.10")


def test_the_invented_chain_stands_beside_the_true_lines() -> None:
    """E32, E33, E35."""
    rules = datapath("calico", ns.scenario("shop").without("data/db-ingress"), BATCH)
    table = ns.beside_the_true_lines(rules, f"{BATCH} -> data/db:5432/TCP")
    assert [row[2] for row in table.rows if row[2]] == ["E32", "E33", "E35"]
    true = [str(row[1]).strip("`") for row in table.rows]
    saved = rules.save(hashes=False)
    assert all(line in saved for line in true)
    assert not any("cali_EGRESS" in line for line in true)
    invented = [str(row[0]).strip("`") for row in table.rows if row[0]]
    assert all(line in ns.invented_chain(5432) for line in invented)
