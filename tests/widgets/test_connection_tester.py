"""The connection tester in every corner of its controls, without a browser."""

import pytest

import nsimlib as ns
from nsimlib.views.html import verdict_html

SHOP = ns.scenario("shop")
DNS = ("shop/web", "kube-system/coredns", "53/UDP")


@pytest.fixture
def tester() -> ns.ConnectionTester:
    return ns.ConnectionTester(SHOP, *DNS)


def test_shows_the_verdict_of_the_first_question(tester: ns.ConnectionTester) -> None:
    assert tester.connection.value == "shop/web -> kube-system/coredns:53/UDP"
    assert tester.view.value == verdict_html(ns.why(SHOP, tester.connection.value))
    assert "denied" in tester.view.value


def test_menus_write_the_question(tester: ns.ConnectionTester) -> None:
    tester.source.value = "shop/api"
    assert tester.connection.value == "shop/api -> kube-system/coredns:53/UDP"
    tester.port.value = "8080/TCP"
    tester.destination.value = "shop/web"
    assert tester.connection.value == "shop/api -> shop/web:8080/TCP"


def test_what_is_typed_is_asked(tester: ns.ConnectionTester) -> None:
    tester.connection.value = "shop/checkout -> [2001:db8:cafe::70]:443/TCP"
    assert ">allowed<" in tester.view.value


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "expected &#x27; -&gt; &#x27;"),
        ("shop/web", "expected &#x27; -&gt; &#x27;"),
        ("shop/web -> shop/api", ":port/PROTOCOL"),
        ("shop/web -> shop/api:0/TCP", "a port number from 1 to 65535"),
        ("shop/web -> shop/api:80/GRE", "one of TCP, UDP, SCTP"),
        ("shop/wbe -> shop/api:80/TCP", "did you mean shop/web"),
        ("<b>x</b> -> shop/api:80/TCP", "&lt;b&gt;x"),
        ("web -> shop/api:80/TCP", "which namespace is it in?"),
    ],
)
def test_a_bad_connection_is_explained_in_the_view(
    tester: ns.ConnectionTester, typed: str, said: str
) -> None:
    tester.connection.value = typed or " "
    assert said in tester.view.value
    assert "<b>x" not in tester.view.value


def test_reading_changes_the_verdict(tester: ns.ConnectionTester) -> None:
    tester.connection.value = "data/reporting -> kube-system/service/kube-dns:53/UDP"
    assert ">undetermined<" in tester.view.value
    tester.cni.value = "workloads"
    assert ">denied<" in tester.view.value


def test_every_end_and_port_on_offer_can_be_asked(tester: ns.ConnectionTester) -> None:
    for menu in (tester.source, tester.destination, tester.port):
        for _, value in menu.options:
            menu.value = value
            answer = tester.view.value
            # A Service has only some ports; that is said, and is no crash.
            assert "This cannot be asked" not in answer or "no port of Service" in answer


def test_a_question_is_answered_once(
    tester: ns.ConnectionTester, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def count(_: ns.Cluster, connection: str, *, cni: str) -> object:
        asked.append(f"{connection} {cni}")
        return ns.why(SHOP, connection, cni=cni)

    monkeypatch.setattr("nsimlib.widgets.connection_tester.why", count)
    tester.port.value = "53/TCP"
    assert asked == ["shop/web -> kube-system/coredns:53/TCP spec"]


def test_a_cluster_of_nothing_can_be_asked_about_the_world() -> None:
    tester = ns.ConnectionTester(ns.Cluster())
    assert tester.connection.value.endswith("/TCP")
    assert "allowed" in tester.view.value


def test_an_end_that_is_no_choice_becomes_one() -> None:
    tester = ns.ConnectionTester(SHOP, "shop/cache-0", "198.51.100.9", "9999/SCTP")
    assert tester.connection.value == "shop/cache-0 -> 198.51.100.9:9999/SCTP"


def test_repr_is_fixed(tester: ns.ConnectionTester) -> None:
    assert repr(tester) == "ConnectionTester: shop/web -> kube-system/coredns:53/UDP (spec)"


def test_every_control_has_a_visible_label(tester: ns.ConnectionTester) -> None:
    controls = (tester.source, tester.destination, tester.port, tester.cni, tester.connection)
    labels = [control.description for control in controls]
    assert labels == ["from", "to", "port", "reading", "connection"]
