"""Graphs that store no edge say what pairs say, and networkx finds what it finds on edges."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import networkx
import pytest
from hypothesis import given, settings

from nsimlib import scenario, why
from nsimlib.cni.profile import Profile, load_profile
from nsimlib.errors import UnknownName
from nsimlib.evaluation import bits as bitsets
from nsimlib.evaluation.bits import IntBits
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.graphs import BACKEND
from nsimlib.evaluation.reachability import Reachability, reachability
from nsimlib.evaluation.traffic import traffic
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Party, Workload
from nsimlib.model.policy import Direction
from nsimlib.model.ports import PortSet
from tests import builders as build
from tests import strategies as make
from tests.conftest import ROOT

SPEC = load_profile("spec")


@contextmanager
def plain_integers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bitsets, "_form", lambda: IntBits)
        bitsets.nobody.cache_clear()
        yield
    bitsets.nobody.cache_clear()


def edges_of(reach: Reachability, port: str | None) -> dict[tuple[str, str], str]:
    """The edges that asking for each pair of ends gives."""
    wanted = PortSet.of(port) if port else None
    pods = {pod.key: pod for pod in reach.cluster.pods}
    sources, destinations = (
        {f"{prefix}{piece}": reach.cluster.external(piece.start) for piece in pieces}
        for prefix, pieces in (
            ("from ", reach.universe.pieces[Direction.INGRESS]),
            ("", reach.universe.pieces[Direction.EGRESS]),
        )
    )
    asked: list[tuple[Mapping[str, Party], Mapping[str, Party]]]
    asked = [({**pods, **sources}, pods), (pods, destinations)]
    found = {
        (ours, theirs): reach.between(senders[ours], receivers[theirs]).allowed
        for senders, receivers in asked
        for ours in senders
        for theirs in receivers
        if ours != theirs
    }
    return {
        ends: str(ports) for ends, ports in found.items() if (ports & wanted if wanted else ports)
    }


def explicit(graph: "networkx.DiGraph[str]") -> "networkx.DiGraph[str]":
    copy = networkx.DiGraph(graph)
    assert copy.__networkx_backend__ == "networkx"
    return copy


def components(graph: "networkx.DiGraph[str]") -> set[frozenset[str]]:
    return set(map(frozenset, networkx.strongly_connected_components(graph)))


def assert_same_answers(graph: "networkx.DiGraph[str]") -> None:
    edges = explicit(graph)
    assert components(graph) == components(edges)
    for node in edges:
        assert networkx.descendants(graph, node) == networkx.descendants(edges, node)
        assert networkx.ancestors(graph, node) == networkx.ancestors(edges, node)
        lengths = dict(networkx.single_source_shortest_path_length(edges, node))
        assert dict(networkx.single_source_shortest_path_length(graph, node)) == lengths
        assert_shortest_paths(graph, edges, node, lengths)


def assert_shortest_paths(
    graph: "networkx.DiGraph[str]",
    edges: "networkx.DiGraph[str]",
    node: str,
    lengths: dict[str, int],
) -> None:
    for other in edges:
        if other not in lengths:
            with pytest.raises(networkx.NetworkXNoPath):
                networkx.shortest_path(graph, node, other)
            continue
        path = networkx.shortest_path(graph, node, other)
        assert (path[0], path[-1], len(path)) == (node, other, lengths[other] + 1)
        assert networkx.is_path(edges, path)


# Laws


@pytest.mark.laws
@given(make.tiered(), make.profiles())
@pytest.mark.parametrize("port", [None, "80/TCP"])
def test_edges_are_what_each_pair_may_use(
    port: str | None, cluster: Cluster, profile: Profile
) -> None:
    reach = Reachability(cluster, profile)
    graph = reach.pod_graph(port)

    assert {(a, b): d["ports"] for a, b, d in graph.edges(data=True)} == edges_of(reach, port)
    assert set(graph.in_edges) == set(graph.out_edges)
    assert graph.number_of_edges() == len(graph.edges) == sum(d for _, d in graph.in_degree)


@pytest.mark.laws
@given(make.tiered(), make.profiles())
def test_classes_are_joined_where_their_pods_are(cluster: Cluster, profile: Profile) -> None:
    reach = Reachability(cluster, profile)
    group = {pod.key: cohort[0].key for cohort in reach.hops().cohorts for pod in cohort}
    joined = {(group.get(a, a), group.get(b, b)) for a, b in reach.pod_graph().edges}

    assert set(reach.class_graph().edges) == joined


@pytest.mark.laws
@settings(max_examples=60)
@given(make.tiered(), make.profiles())
def test_networkx_finds_what_it_finds_on_edges(cluster: Cluster, profile: Profile) -> None:
    reach = Reachability(cluster, profile)

    assert_same_answers(reach.pod_graph())
    assert_same_answers(reach.class_graph("80/TCP"))


@pytest.mark.laws
@settings(max_examples=20)
@given(make.tiered(), make.profiles())
def test_plain_integers_give_the_same_graph(cluster: Cluster, profile: Profile) -> None:
    with plain_integers():
        plain = Reachability(cluster, profile)
        edges = explicit(plain.pod_graph())
        radii = plain.blast_radii()
        assert_same_answers(plain.pod_graph())
    reach = Reachability(cluster, profile)
    assert networkx.utils.graphs_equal(edges, explicit(reach.pod_graph()))
    assert radii == reach.blast_radii()


@pytest.mark.laws
@given(make.tiered(), make.profiles())
def test_blast_radii_count_the_pods_among_the_descendants(
    cluster: Cluster, profile: Profile
) -> None:
    reach = Reachability(cluster, profile)
    graph = explicit(reach.pod_graph())
    pods = {pod.key for pod in cluster.pods}

    counted = {pod: len(networkx.descendants(graph, pod) & pods) for pod in pods}
    assert reach.blast_radii() == counted
    assert {pod: reach.blast_radius(pod).pods for pod in pods} == counted


@pytest.mark.laws
@given(make.tiered(), make.profiles())
def test_traffic_counts_the_edges_between_namespaces(cluster: Cluster, profile: Profile) -> None:
    reach = Reachability(cluster, profile)
    found: dict[tuple[str, str], int] = {}
    for source, destination in reach.pod_graph().edges:
        if "/" in source and "/" in destination:
            ends = source.split("/")[0], destination.split("/")[0]
            found[ends] = found.get(ends, 0) + 1

    assert traffic(reach.hops()) == found


@pytest.mark.laws
@given(make.tiered(), make.profiles())
def test_paths_are_shortest_and_each_hop_is_allowed(cluster: Cluster, profile: Profile) -> None:
    reach = Reachability(cluster, profile)
    graph = explicit(reach.pod_graph())
    for source in (pod.key for pod in cluster.pods):
        lengths = networkx.single_source_shortest_path_length(graph, source)
        for destination in (pod.key for pod in cluster.pods):
            path = reach.path(source, destination)
            assert len(path) == lengths.get(destination, 0)
            for hop in path:
                assert graph.edges[hop.source, hop.destination]["ports"] == str(hop.ports)
                assert hop.port in hop.ports


@pytest.mark.laws
@given(make.tiered(), make.profiles())
def test_a_choke_point_is_what_every_path_needs(cluster: Cluster, profile: Profile) -> None:
    reach = Reachability(cluster, profile)
    graph = explicit(reach.pod_graph())
    pods = {pod.key for pod in cluster.pods}
    groups = [tuple(pod.key for pod in cohort) for cohort in reach.hops().cohorts]
    for source in pods:
        for destination in networkx.descendants(graph, source) & pods:
            found = reach.choke_points(source, destination)
            for group in groups:
                without = set(graph) - (set(group) - {source, destination})
                needed = not networkx.has_path(graph.subgraph(without), source, destination)
                assert needed == (group in found)


# Cases


def two_and_two() -> Cluster:
    """A pod `web` reaches two of `api`, which reach one another and `db`."""
    policies = (
        build.policy("a/web", build.rule(build.pods(app="api"), ports="80/TCP"), app="web"),
        build.policy("a/api", build.rule(build.pods(app="api"), build.pods(app="db")), app="api"),
        build.policy("a/db", app="db"),
        build.policy(
            "a/closed",
            build.rule(build.pods(app="web"), build.pods(app="api"), direction=build.INGRESS),
            directions=(build.INGRESS,),
        ),
    )
    pods = (
        build.pod("a/web-0", "10.0.0.1", app="web"),
        build.pod("a/api-0", "10.0.0.2", ports="http=80/TCP", app="api"),
        build.pod("a/api-1", "10.0.0.3", ports="http=80/TCP", app="api"),
        build.pod("a/db-0", "10.0.0.4", app="db"),
    )
    return Cluster(
        namespaces={"a": pods[0].namespace}, pods=pods, nodes=(build.node("n"),), policies=policies
    )


def test_a_class_leads_to_itself_where_its_pods_reach_one_another() -> None:
    reach = Reachability(two_and_two(), SPEC)

    assert set(reach.class_graph().edges) == {
        ("a/web-0", "a/api-0"),
        ("a/api-0", "a/api-0"),
        ("a/api-0", "a/db-0"),
    }
    assert set(reach.pod_graph()["a/api-0"]) == {"a/api-1", "a/db-0"}
    assert reach.class_graph().nodes["a/api-0"] == {"kind": "class", "namespace": "a", "pods": 2}


def test_the_other_pods_of_a_class_are_reached_and_the_pod_itself_is_not() -> None:
    graph = Reachability(two_and_two(), SPEC).pod_graph()

    assert networkx.descendants(graph, "a/api-0") == {"a/api-1", "a/db-0"}
    assert components(graph) >= {frozenset({"a/api-0", "a/api-1"}), frozenset({"a/web-0"})}


def test_every_path_to_the_database_passes_the_api() -> None:
    reach = Reachability(two_and_two(), SPEC)

    assert reach.choke_points("a/web-0", "a/db-0") == (("a/api-0", "a/api-1"),)
    assert [hop.connection for hop in reach.path("a/web-0", "a/db-0")] == [
        "a/web-0 -> a/api-0:80/TCP",
        "a/api-0 -> a/db-0:443/TCP",
    ]
    assert reach.path("a/db-0", "a/web-0") == reach.path("a/web-0", "a/web-0") == ()


def test_a_choke_point_may_lie_between_two_pods_of_a_class() -> None:
    there_and_back = (
        build.policy("a/web", build.rule(build.pods(app="api")), app="web"),
        build.policy("a/api", build.rule(build.pods(app="web")), app="api"),
    )
    pods = (
        build.pod("a/web-0", "10.0.0.1", app="web"),
        build.pod("a/web-1", "10.0.0.2", app="web"),
        build.pod("a/api-0", "10.0.0.3", app="api"),
    )
    cluster = Cluster(namespaces={"a": pods[0].namespace}, pods=pods, policies=there_and_back)
    reach = Reachability(cluster, SPEC)

    assert reach.choke_points("a/web-0", "a/web-1") == (("a/api-0",),)
    assert len(reach.path("a/web-0", "a/web-1")) == 2


def test_the_outside_is_no_hop() -> None:
    open_to_world = two_and_two().without("a/db", "a/closed")
    graph = Reachability(open_to_world, SPEC).pod_graph()

    world = "0.0.0.0-255.255.255.255"
    assert {world, f"from {world}"} < set(graph)
    assert list(graph[world]) == []
    assert list(graph.predecessors(f"from {world}")) == []
    assert graph.nodes[world] == {"kind": "outside", "place": "elsewhere"}


def test_a_path_may_end_outside() -> None:
    reach = Reachability(two_and_two().without("a/db"), SPEC)

    last = reach.path("a/web-0", "192.0.2.1")[-1]
    assert last.connection == "a/db-0 -> 192.0.2.1:443/TCP"
    assert reach.blast_radius("a/api-0").levels[-1][-1].end == "elsewhere"


def test_what_opens_each_part_of_a_blast_radius_is_allowed() -> None:
    shop = scenario("shop")
    radius = reachability(shop).blast_radius("data/batch")

    connections = [opened.by.connection for level in radius.levels for opened in level]
    assert {why(shop, text).outcome for text in connections} == {Outcome.ALLOWED}
    assert radius.levels[0][0].end == "data/batch"
    assert "opened by" in repr(radius)
    assert "<table" in radius._repr_html_()


def test_names_that_two_pods_have_are_told_apart() -> None:
    cluster = two_and_two()
    made = Workload("a", "Deployment", "web-0")
    twin = replace(cluster.pods[0], from_template=True, workload=made)
    graph = Reachability(replace(cluster, pods=(*cluster.pods, twin)), SPEC).pod_graph()

    assert {name for name in graph if "web" in name} == {"a/pod/web-0", "a/deployment/web-0"}


def test_namespaces_that_reach_one_another() -> None:
    spaces = {name: build.pod(f"{name}/x", f"10.0.0.{n}") for n, name in enumerate("abc")}
    closed = build.policy("c/closed", directions=(build.EGRESS,))
    cluster = Cluster(
        namespaces={name: pod.namespace for name, pod in spaces.items()},
        pods=tuple(spaces.values()),
        policies=(closed,),
    )

    assert Reachability(cluster, SPEC).mutual_namespaces() == (("a", "b"),)


def test_unknown_names_are_refused_in_the_words_of_whoever_is_asked() -> None:
    reach = Reachability(two_and_two(), SPEC)
    graph = reach.pod_graph()

    with pytest.raises(networkx.NetworkXError, match="a/nobody"):
        networkx.descendants(graph, "a/nobody")
    with pytest.raises(networkx.NodeNotFound):
        networkx.shortest_path(graph, "a/web-0", "a/nobody")
    with pytest.raises(UnknownName, match="a/web"):
        reach.blast_radius("a/weeb-0")
    with pytest.raises(UnknownName):
        reach.path("a/web-0", "node/n")


def test_what_networkx_derives_is_an_ordinary_graph() -> None:
    graph = Reachability(two_and_two(), SPEC).pod_graph()
    part = graph.subgraph(["a/web-0", "a/api-0"])

    assert networkx.descendants(part, "a/web-0") == {"a/api-0"}
    assert networkx.descendants(graph.reverse(copy=False), "a/db-0") == {
        "a/api-0",
        "a/api-1",
        "a/web-0",
    }
    assert networkx.is_frozen(graph)
    assert networkx.transitive_closure(graph).has_edge("a/web-0", "a/db-0")


def test_a_fresh_interpreter_needs_no_setting() -> None:
    program = f"""
import networkx, nsimlib
from nsimlib.evaluation.backend import Backend
graph = nsimlib.reachability(nsimlib.scenario("shop")).pod_graph()
called, descendants = [], Backend.descendants
Backend.descendants = lambda *given: called.append(1) or descendants(*given)
pod = next(iter(graph))
networkx.descendants(graph, pod), networkx.descendants(graph, pod)
networkx.betweenness_centrality(graph)
print(len(called), graph.__networkx_backend__ == {BACKEND!r})
"""
    command = [sys.executable, "-W", "error", "-c", program]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["2", "True"]


def test_every_function_of_the_backend_is_one_of_networkx() -> None:
    from nsimlib.evaluation.backend import Backend
    from nsimlib.model.graph import algorithm

    own = {name for name in vars(Backend) if not name.startswith(("_", "can_", "should_", "conv"))}
    assert "descendants" in own
    assert {name for name in own if algorithm(name) is None} == set()
