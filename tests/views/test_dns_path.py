"""The way of a question as it is drawn, in every layout and with every policy of the lesson."""

from itertools import product
from xml.etree import ElementTree

import pytest

import nsimlib as ns
from nsimlib.dns.path import DnsPath
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.cluster import Cluster
from nsimlib.views.dns_path import dns_path_picture
from nsimlib.views.html import html_of
from nsimlib.views.lookup import lookup_picture

LESSON = ns.lesson("dns-is-traffic")
NAMES = ("db.corp.example", "fleet.shop.example")
TAG = "{http://www.w3.org/2000/svg}"


def path(layout: str, policy: str, name: str = NAMES[0], cni: str = "calico") -> DnsPath:
    cluster = LESSON.layouts[layout].with_policies(LESSON.policies[policy])
    return ns.dns_path(cluster, "shop/web", name, cni=cni)


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter(f"{TAG}text")]


@pytest.mark.parametrize(("layout", "policy"), [*product(LESSON.layouts, LESSON.policies)])
@pytest.mark.parametrize("cni", ["calico", "cilium", "spec"])
def test_everything_is_drawn_within_its_frame(layout: str, policy: str, cni: str) -> None:
    for name in NAMES:
        found = path(layout, policy, name, cni)
        for drawn in (dns_path_picture(found), lookup_picture(found.lookup)):
            root = ElementTree.fromstring(drawn.svg)
            _, _, width, height = map(float, root.attrib["viewBox"].split())
            for node in root.iter(f"{TAG}rect"):
                x, y, wide, high = (float(node.attrib[k]) for k in ("x", "y", "width", "height"))
                assert 0 <= x <= x + wide <= width
                assert 0 <= y <= y + high <= height


@pytest.mark.parametrize(
    ("layout", "names"),
    [
        ("kube-dns", ("nameserver 10.96.0.10", "kube-system/coredns-1", "10.244.1.2:53")),
        ("node-cache", ("nameserver 10.96.0.10", "node-cache on node/worker-1", "10.96.0.10:53")),
        ("openshift", ("nameserver 172.30.0.10", "openshift-dns/dns-default-1", "10.244.1.4:5353")),
        ("own-resolver", ("nameserver 10.20.0.2", "vpc-resolver", "10.20.0.2:53")),
    ],
)
def test_the_boxes_say_whom_the_pod_asks_and_who_answers(
    layout: str, names: tuple[str, ...]
) -> None:
    shown = texts(dns_path_picture(path(layout, "dns-to-pods")).svg)
    assert {"shop/web", *names} <= set(shown)


def test_the_line_stops_where_policy_stops_it() -> None:
    found = dns_path_picture(path("kube-dns", "dns-udp-only"))
    assert {"UDP allowed", "TCP denied"} <= set(texts(found.svg))
    assert found.says.splitlines() == [
        "UDP: shop/web asks 10.96.0.10, Service kube-system/kube-dns; allowed",
        "TCP: shop/web asks 10.96.0.10, Service kube-system/kube-dns; "
        "denied at the door of shop/web (Egress)",
    ]


def test_the_other_door_may_stop_it_too() -> None:
    closed = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: kube-system}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
    cluster = LESSON.cluster.with_policies(closed)
    found = ns.dns_path(cluster, "shop/web", NAMES[0], cni="calico")
    assert "denied at the door of kube-system/coredns-1 (Ingress)" in dns_path_picture(found).says


@pytest.mark.parametrize(
    ("policy", "opened"), [("dns-to-pods", 0), ("dns-udp-only", 1), ("db-only", 1)]
)
def test_the_leg_that_stops_it_is_open_and_the_others_are_not(policy: str, opened: int) -> None:
    shown = html_of(path("kube-dns", policy))
    assert (shown.count("<details open"), shown.count("<details")) == (opened, 2)
    assert 'role="status"' in shown


def test_a_service_without_pods_is_answered_by_nobody() -> None:
    without = Cluster(
        LESSON.cluster.namespaces,
        tuple(pod for pod in LESSON.cluster.pods if "coredns" not in pod.name),
        services=LESSON.cluster.services,
    )
    found = ns.dns_path(without, "shop/web", NAMES[0])
    assert "nobody" in texts(dns_path_picture(found).svg)
    assert "53/UDP to nobody" in html_of(found)


def test_each_step_has_its_line_and_the_end_is_told() -> None:
    found = path("kube-dns", "dns-udp-only", "fleet.shop.example").lookup
    shown = texts(lookup_picture(found).svg)
    assert [line for line in shown if line.startswith("at ")] == [
        f"at 0 s  A+AAAA fleet.shop.example{suffix} over {transport}: {heard}"
        for suffix, transport, heard in (
            (".shop.svc.cluster.local", "UDP", "no such name after 0 s"),
            (".svc.cluster.local", "UDP", "no such name after 0 s"),
            (".cluster.local", "UDP", "no such name after 0 s"),
            ("", "UDP", "truncated after 0 s"),
            ("", "TCP", "no answer after 131 s"),
        )
    ]
    assert shown[-1] == (
        "after 131 s the application hears: EAI_AGAIN: Temporary failure in name resolution"
    )


def test_addresses_that_are_found_are_told() -> None:
    found = lookup_picture(path("kube-dns", "dns-to-pods", "fleet.shop.example").lookup)
    assert texts(found.svg)[-1] == "after 0 s the application hears: 198.51.100.1 and 39 more"


def test_text_and_html_show_the_same_lookup() -> None:
    found = path("node-cache", "dns-to-pods")
    assert found._repr_html_() == html_of(found)
    assert found.lookup._repr_html_() == html_of(found.lookup)
    assert "Temporary failure in name resolution" in repr(found)
    assert "Temporary failure in name resolution" in html_of(found)
    assert outcomes(found) == ["denied", "denied", "allowed"]


def outcomes(found: DnsPath) -> list[str]:
    return [Outcome(leg.outcome).value for leg in found.legs]


def test_resolvers_side_by_side() -> None:
    rule = LESSON.policies["dns-to-pods"]
    table = ns.resolver_table(LESSON.layouts, rule, "shop/web", cni="calico")
    assert [row[:3] for row in table.rows] == [
        ("kube-dns", "10.96.0.10", "kube-system/coredns-1, at 10.244.1.2:53"),
        ("node-cache", "10.96.0.10", "node/worker-1, at 10.96.0.10:53"),
        ("openshift", "172.30.0.10", "openshift-dns/dns-default-1, at 10.244.1.4:5353"),
        ("own-resolver", "10.20.0.2", "10.20.0.2, at 10.20.0.2:53"),
    ]
