"""The cluster as a graph: what hangs together, and how."""

from dataclasses import replace

from nsimlib.model.graph import cluster_graph
from nsimlib.model.objects import Place, Service
from tests.builders import block, cluster, node, pod, pods, policy, rule

WEB, DB = pod("shop/web", app="web", node="worker-1"), pod("data/db", app="db")
GRAPH = cluster_graph(
    replace(
        cluster(
            WEB,
            DB,
            nodes=[node("worker-1")],
            policies=[
                policy(
                    "shop/p",
                    rule(pods({}, app="db"), block("10.0.0.0/8", "10.1.0.0/16")),
                    app="web",
                )
            ],
        ),
        services=(Service("data", "db", selector={"app": "db"}),),
        places=(Place("world"),),
    )
)


def test_nodes_have_a_kind() -> None:
    assert {about["kind"] for _, about in GRAPH.nodes(data=True)} == {
        "namespace",
        "workload",
        "pod",
        "node",
        "service",
        "place",
        "block",
        "policy",
    }


def test_edges_say_how() -> None:
    assert set(GRAPH.edges(data="kind")) == {
        ("namespace shop", "workload shop/web", "contains"),
        ("namespace data", "workload data/db", "contains"),
        ("workload shop/web", "pod shop/web", "contains"),
        ("workload data/db", "pod data/db", "contains"),
        ("node worker-1", "pod shop/web", "runs"),
        ("pod data/db", "service data/db", "backs"),
        ("policy shop/p", "pod shop/web", "selects"),
        ("policy shop/p", "pod data/db", "allows"),
        ("policy shop/p", "block 10.0.0.0/8 except 10.1.0.0/16", "allows"),
    }
