"""Kernel and model agree on generated clusters, and the comparison would notice if they did not."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings

from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Policy, Rule
from nsimlib.packets.addressing import can_be_sent
from nsimlib.packets.checking import Report
from nsimlib.packets.lab import Lab
from nsimlib.packets.nftables import Statement, policy_statements
from tests import strategies as make
from tests.builders import EGRESS, INGRESS, block, cluster, node, pod, pods, policy, rule

pytestmark = pytest.mark.system

PORTS = [str(port) for port in make.ASKED_PORTS]
OUTSIDE = [str(address) for address in make.EDGES if can_be_sent(address)]
LEAST = 100_000


@pytest.mark.laws
@pytest.mark.slow
def test_the_kernel_does_what_the_model_says(machine: Report) -> None:
    """At every edge of every block and port, in both families, over all transports."""
    assert machine
    sent = []

    @settings(max_examples=70)
    @given(make.guarded())
    def agree(cluster: Cluster) -> None:
        with Lab(cluster) as lab:
            found = lab.verify(ports=PORTS, outside=OUTSIDE)
        assert found.differences == (), "\n".join(map(repr, (found, *found.verdicts)))
        sent.append(len(found))

    agree()
    assert sum(sent) >= LEAST


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


@pytest.mark.parametrize(
    ("named", "meant", "enforced", "noticed"), MUTATIONS, ids=[each[0] for each in MUTATIONS]
)
def test_a_wrong_rule_in_the_kernel_is_noticed(
    machine: Report,
    monkeypatch: pytest.MonkeyPatch,
    named: str,
    meant: Policy,
    enforced: Policy,
    noticed: list[str],
) -> None:
    assert machine
    assert named

    def mutated(given: Cluster, pods: Iterable[Pod]) -> Iterable[Statement]:
        return policy_statements(replace(given, policies=(enforced,)), pods)

    monkeypatch.setattr("nsimlib.packets.nftables.policy_statements", mutated)
    with Lab(cluster(WEB, DB, policies=[meant], nodes=NODES)) as lab:
        found = lab.verify()
    assert set(noticed) <= {str(row.probe) for row in found.differences}
    assert not found
    assert len(repr(found).splitlines()) == 1 + min(len(found.differences), 10) + (
        len(found.differences) > 10
    )
    assert {verdict.outcome for verdict in found.verdicts} == {r.model for r in found.differences}
