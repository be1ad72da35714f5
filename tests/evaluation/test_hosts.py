"""Hosts: each is found once, and reached if and only if `why` says so."""

from itertools import product

import pytest

import nsimlib as ns
from nsimlib.evaluation.hosts import hosts

LESSON = ns.lesson("static-cidr")
PORTS = ("5432/TCP", "22/TCP")


@pytest.mark.parametrize(("policy", "cni"), [*product(LESSON.policies, ("calico", "cilium"))])
def test_a_host_is_reached_if_the_evaluator_says_so(policy: str, cni: str) -> None:
    cluster = LESSON.cluster.with_policies(LESSON.policies[policy])
    found = ns.host_reach(cluster, "shop/api", PORTS, cni=cni)
    for port in PORTS:
        reached = found.reached(port)
        for host in (each for kind in found.kinds for each in found.of(kind)):
            outcome = ns.why(cluster, f"shop/api -> {host.end}:{port}", cni=cni).outcome
            assert (host in reached) == (outcome is ns.Outcome.ALLOWED)


def test_an_address_with_a_name_and_a_block_of_its_own_is_one_host() -> None:
    found = hosts(LESSON.cluster)
    assert [each.name for each in found if each.kind == "file-share"] == ["files"]
    assert len(found) == len({each.end for each in found}) == 29


def test_the_pod_that_asks_is_no_host() -> None:
    found = ns.host_reach(LESSON.cluster, "shop/api", ["80/TCP"])
    assert [each.name for each in found.of("pods")] == [
        "shop/web",
        "shop/batch",
        "kube-system/coredns",
    ]


def test_a_place_of_both_families_has_a_host_for_each_address() -> None:
    found = ns.host_reach(ns.scenario("shop"), "shop/debug", ["80/TCP"])
    ends = [str(each.end) for each in found.of("instance-metadata")]
    assert ends == ["169.254.169.254", "fd00:ec2::254"]


def test_the_table_counts_what_it_names() -> None:
    cluster = LESSON.cluster.with_policies(LESSON.policies["whole-vpc"])
    rows = {row[0]: row[1:] for row in ns.host_reach(cluster, "shop/api", PORTS).to_table().rows}
    assert rows["build-machines"] == (
        "12 of 12",
        "0 of 12",
        "build-01, build-02, build-03, build-04 and 8 more",
    )
    assert rows["pods"] == ("0 of 3", "0 of 3", "")


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(ns.UnknownName):
        ns.host_reach(LESSON.cluster, "shop/nobody", ["80/TCP"])
    with pytest.raises(ns.ConnectionSyntaxError):
        ns.host_reach(LESSON.cluster, "shop/api", ["80/HTTP"])
