"""Kernel and model agree on generated clusters, and the comparison would notice if they did not."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Action, Policy, Rule
from nsimlib.packets.addressing import can_be_sent
from nsimlib.packets.checking import Report
from nsimlib.packets.lab import Lab
from tests import strategies as make
from tests.builders import EGRESS, INGRESS, block, cluster, node, pod, pods, policy, rule

pytestmark = pytest.mark.system

PORTS = [*map(str, make.ASKED_PORTS), "8/ICMP", "128/ICMPv6"]
OUTSIDE = [str(address) for address in make.EDGES if can_be_sent(address)]
#: engine, who draws the clusters, how many of those, and how many probes they come to at least
LAWS = [
    ("nftables", make.guarded(), 70, 100_000),
    ("calico", make.guarded(make.CALICO_SHAPES), 40, 50_000),
    ("calico", make.calico_clusters(), 60, 50_000),
    ("fqdn", make.guarded(), 40, 50_000),
]


@pytest.mark.laws
@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "clusters", "most", "least"),
    LAWS,
    ids=["nftables", "calico", "calico's own kinds", "fqdn"],
)
def test_the_kernel_does_what_the_model_says(
    machine: Report, engine: str, clusters: SearchStrategy[Cluster], most: int, least: int
) -> None:
    """At every edge of every block and port, in both families, over all transports, and by ping."""
    assert machine
    sent = []

    @settings(max_examples=most)
    @given(clusters)
    def agree(cluster: Cluster) -> None:
        lab = Lab(cluster, engine)
        # What Calico has no rule for, its own packets tell apart from its policies.
        if lab.engine.notes:
            return
        with lab:
            found = lab.verify(ports=PORTS, outside=OUTSIDE)
        assert found.differences == (), "\n".join(map(repr, (found, *found.verdicts)))
        sent.append(len(found) - len(found.undetermined))

    agree()
    assert sum(sent) >= least


# What the comparison has to notice: the kernel is given another policy than the model

NODES = node("worker-1", "10.9.0.1"), node("worker-2", "10.9.0.2")
WEB = pod("shop/web", "10.0.0.1", node="worker-1", app="web")
DB = pod("shop/db", "10.0.0.2", node="worker-2", ports="sql=5432/TCP", app="db")
PORT = "5432/TCP"


def out(*rules: Rule) -> Policy:
    return policy("shop/p", *rules, app="web")


MUTATIONS = [
    (
        "a prefix one bit too short",
        out(rule(block("10.0.0.0/16"), ports=PORT)),
        out(rule(block("10.0.0.0/15"), ports=PORT)),
        ["shop/web -> 10.1.0.0:5432/TCP"],
    ),
    (
        "a prefix one bit too long",
        out(rule(block("10.2.0.0/15"), ports=PORT)),
        out(rule(block("10.2.0.0/16"), ports=PORT)),
        ["shop/web -> 10.3.255.255:5432/TCP"],
    ),
    (
        "an exception forgotten",
        out(rule(block("10.2.0.0/16", "10.2.7.0/24"), ports=PORT)),
        out(rule(block("10.2.0.0/16"), ports=PORT)),
        ["shop/web -> 10.2.7.0:5432/TCP", "shop/web -> 10.2.7.255:5432/TCP"],
    ),
    (
        "a range of ports that ends one too late",
        out(rule(block("10.2.0.0/32"), ports="80-90/TCP")),
        out(rule(block("10.2.0.0/32"), ports="80-91/TCP")),
        ["shop/web -> 10.2.0.0:91/TCP"],
    ),
    (
        "the other transport",
        out(rule(block("10.2.0.0/32"), ports="53/UDP")),
        out(rule(block("10.2.0.0/32"), ports="53/TCP")),
        ["shop/web -> 10.2.0.0:53/TCP", "shop/web -> 10.2.0.0:53/UDP"],
    ),
    (
        "the other direction",
        policy("shop/p", rule(pods(app="web"), direction=INGRESS), directions=[INGRESS], app="db"),
        policy("shop/p", rule(pods(app="web"), direction=EGRESS), directions=[EGRESS], app="db"),
        ["shop/db -> 192.0.2.1:9/TCP", "192.0.2.1 -> shop/db:9/TCP"],
    ),
]


def mutated(meant: Cluster, enforced: Iterable[Policy], engine: str) -> Lab:
    """A lab whose kernel is given other policies than its model."""
    lab = Lab(meant, engine)
    other = Lab(replace(meant, policies=tuple(enforced)), engine).engine
    setattr(other, "seen_on", lambda _: lab.cluster)  # noqa: B010 - mypy would have it a method
    lab.engine = other
    return lab


@pytest.mark.parametrize("engine", ["nftables", "calico", "fqdn"])
@pytest.mark.parametrize(
    ("named", "meant", "enforced", "noticed"), MUTATIONS, ids=[each[0] for each in MUTATIONS]
)
def test_a_wrong_rule_in_the_kernel_is_noticed(
    machine: Report,
    engine: str,
    named: str,
    meant: Policy,
    enforced: Policy,
    noticed: list[str],
) -> None:
    assert machine
    assert named
    with mutated(cluster(WEB, DB, policies=[meant], nodes=NODES), [enforced], engine) as lab:
        found = lab.verify()
    assert set(noticed) <= {str(row.probe) for row in found.differences}
    assert not found
    assert len(repr(found).splitlines()) == 1 + min(len(found.differences), 10) + (
        len(found.differences) > 10
    )
    assert {verdict.outcome for verdict in found.verdicts} == {r.model for r in found.differences}


def own(*rules: Rule, order: float = 0.0, name: str = "own", tier: str = "default") -> Policy:
    """A policy of Calico's own kind."""
    made = policy(name, *rules, kind="GlobalNetworkPolicy", order=order, app="web")
    return replace(made, tier=tier)


ANYWHERE = rule(ports="any/TCP")
NOT_THERE = rule(block("10.2.0.0/16"), ports="any/TCP", action=Action.DENY)
OWN_MUTATIONS = [
    ("a denial forgotten", (own(NOT_THERE, ANYWHERE),), (own(ANYWHERE),)),
    ("rules in another order", (own(NOT_THERE, ANYWHERE),), (own(ANYWHERE, NOT_THERE),)),
    (
        "policies in another order",
        (own(NOT_THERE, order=1.0), own(ANYWHERE, order=2.0, name="other")),
        (own(NOT_THERE, order=2.0), own(ANYWHERE, order=1.0, name="other")),
    ),
    (
        "a Pass that is a denial",
        (own(rule(action=Action.PASS)), out(ANYWHERE)),
        (own(rule(action=Action.DENY)), out(ANYWHERE)),
    ),
]


@pytest.mark.parametrize(
    ("named", "meant", "enforced"), OWN_MUTATIONS, ids=[each[0] for each in OWN_MUTATIONS]
)
def test_a_wrong_rule_of_calicos_own_is_noticed(
    machine: Report, named: str, meant: tuple[Policy, ...], enforced: tuple[Policy, ...]
) -> None:
    assert machine
    assert named
    given = cluster(WEB, DB, policies=meant, nodes=NODES)
    with Lab(given, "calico") as lab:
        assert lab.verify()
    with mutated(given, enforced, "calico") as lab:
        assert not lab.verify()
