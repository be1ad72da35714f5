"""A drawing by namespace stays small, says what it shows, and leaves nothing out."""

import re
from xml.etree import ElementTree

import pytest

from nsimlib import scenario
from nsimlib.cni.profile import load_profile
from nsimlib.evaluation.reachability import Reachability, reachability
from nsimlib.evaluation.traffic import traffic
from nsimlib.model.cluster import Cluster
from nsimlib.views.overview import MOST, WORLD, overview
from tests import builders as build

SVG = "{http://www.w3.org/2000/svg}"


def chain(count: int) -> Reachability:
    """Each namespace may reach the next one only, so that no two are alike."""
    names = [f"space-{number:02}" for number in range(count)]
    policies = [
        build.policy(f"{name}/next", build.rule(build.pods({"kubernetes.io/metadata.name": after})))
        for name, after in zip(names, [*names[1:], names[0]], strict=True)
    ]
    pods = [build.pod(f"{name}/pod", f"10.0.0.{n}") for n, name in enumerate(names, 1)]
    spaces = {pod.namespace.name: pod.namespace for pod in pods}
    cluster = Cluster(namespaces=spaces, pods=tuple(pods), policies=tuple(policies))
    return Reachability(cluster, load_profile("spec"))


@pytest.mark.parametrize("count", [3, MOST + 1, 90])
def test_is_no_larger_for_more_namespaces(count: int) -> None:
    root = ElementTree.fromstring(overview(chain(count)).svg)

    assert len(root.findall(f"{SVG}rect")) <= 2 * MOST
    assert float(root.attrib["viewBox"].split()[3]) < 900


@pytest.mark.parametrize("count", [3, MOST + 1, 90])
def test_every_pair_of_pods_is_in_one_arrow(count: int) -> None:
    reach = chain(count)
    told = [int(number) for number in re.findall(r"\((\d+)\)", overview(reach).says)]

    # One pair for each namespace, and each may be reached from the world outside.
    assert sum(traffic(reach.hops()).values()) == count
    assert sum(told) == 2 * count


def test_the_rest_is_counted_in_one_box() -> None:
    text = overview(chain(90)).svg

    assert "other namespaces" in text
    assert f">{WORLD}<" in text


def test_namespaces_that_are_alike_share_a_box() -> None:
    pods = [build.pod(f"{name}/pod", f"10.0.0.{n}") for n, name in enumerate("abcd", 1)]
    spaces = {pod.namespace.name: pod.namespace for pod in pods}
    reach = Reachability(Cluster(namespaces=spaces, pods=tuple(pods)), load_profile("spec"))

    assert overview(reach).says.splitlines()[1:] == [
        "a and 3 like it -> a and 3 like it (12), the world outside (4)",
        "the world outside -> a and 3 like it (4)",
    ]


def test_is_the_same_each_time() -> None:
    assert overview(reachability(scenario("shop"))) == overview(reachability(scenario("shop")))


def test_a_cluster_without_pods_is_an_empty_drawing() -> None:
    reach = Reachability(Cluster(), load_profile("spec"))

    assert overview(reach).says == "Who may reach whom on any port, by namespace"
    assert ElementTree.fromstring(overview(reach).svg).findall(f"{SVG}rect") == []
