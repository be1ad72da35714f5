"""HTML says what text says, in words, and lets nobody's names through unescaped."""

import re
from html import unescape

import pytest

import nsimlib as ns
from nsimlib.evaluation.verdict import Verdict
from nsimlib.explanation.reasons import Reason
from nsimlib.model.tables import Table
from nsimlib.views.html import error_html, html_of
from nsimlib.views.styles import prose
from nsimlib.views.text import text_of
from tests.builders import pod

SHOP = ns.scenario("shop")
REACH = ns.reachability(SHOP)
EVIL = "<script>alert(1)</script>"
QUESTIONS = (
    "shop/web -> kube-system/coredns:53/UDP",
    "shop/web -> shop/api:8080/TCP",
    "data/reporting -> kube-system/service/kube-dns:53/UDP",
    "shop/checkout -> node/worker-3:443/TCP",
    "shop/checkout -> api.courier.example:443/TCP",
    "node/worker-1 -> shop/cache:6379/TCP",
    "203.0.113.10 -> ingress/controller:8443/TCP",
    "reply of shop/web -> shop/api:8080/TCP",
)
SHOWN = (
    SHOP,
    SHOP.policies[0],
    REACH,
    REACH.matrix("53/UDP"),
    ns.coverage(SHOP),
    ns.isolation(SHOP),
    ns.fact("E11"),
    *(ns.why(SHOP, asked) for asked in QUESTIONS),
)


def words(html: str) -> str:
    """Return the text of HTML as GitHub shows it: no styles, no tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def texts(reason: Reason) -> list[str]:
    return [reason.text, *(text for child in reason.children for text in texts(child))]


class TestVerdict:
    @pytest.mark.parametrize("asked", QUESTIONS)
    def test_says_every_reason(self, asked: str) -> None:
        verdict = ns.why(SHOP, asked)
        shown = words(html_of(verdict))
        for reason in ns.explain(verdict).children:
            for text in texts(reason):
                assert re.sub(r"\s+", " ", text) in shown

    @pytest.mark.parametrize("asked", QUESTIONS)
    def test_says_the_question_and_the_outcome(self, asked: str) -> None:
        verdict = ns.why(SHOP, asked)
        assert f"{asked} {verdict.outcome.value}" in words(html_of(verdict))

    def test_marks_are_signs(self) -> None:
        shown = words(html_of(ns.why(SHOP, QUESTIONS[0])))
        assert "+ ports: 53/UDP is among 53/UDP" in shown
        assert "- to[0]: podSelector alone" in shown

    def test_links_its_facts(self) -> None:
        shown = html_of(ns.why(SHOP, QUESTIONS[0]))
        assert f'href="{ns.fact("F1.2").link}"' in shown

    def test_shows_the_file_and_the_line(self) -> None:
        assert "shop/policies.yaml:14" in words(html_of(ns.why(SHOP, QUESTIONS[0])))


class TestMatrix:
    def test_few_columns_show_words(self) -> None:
        lesson = ns.scenario("isolation-is-a-switch")
        shown = words(html_of(ns.reachability(lesson).matrix("80/TCP")))
        assert shown.count("+ allowed") == 20

    def test_many_columns_show_signs_and_what_they_mean(self) -> None:
        shown = html_of(REACH.matrix("53/UDP"))
        for meaning in ("+ allowed", "- denied", "~ partly", "? open"):
            assert meaning in words(shown)
        assert 'title="shop/web to kube-system/coredns: denied"' in shown

    def test_names_every_end(self) -> None:
        matrix = REACH.matrix("53/UDP")
        shown = words(html_of(matrix))
        assert all(shown.count(name) >= 2 for name in {*matrix.rows} & {*matrix.columns})


class TestTable:
    def test_a_word_with_a_colour_keeps_its_sentence(self) -> None:
        table = Table("T", ("pod", "egress"), (("shop/web", "isolated by shop/a, shop/b"),))
        assert "shop/web isolated by shop/a, shop/b" in words(html_of(table))

    def test_heads_have_no_colour(self) -> None:
        assert "#E69F00" not in html_of(Table("T", ("isolated for egress",), ()))


class TestEscaping:
    def evil_verdict(self) -> Verdict:
        cluster = ns.Cluster(pods=(pod("shop/web", app=EVIL), pod("shop/api")))
        policy = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: web, namespace: shop}
            spec: {podSelector: {}, policyTypes: [Ingress], ingress: [
              {from: [{podSelector: {matchExpressions: [
                {key: app, operator: In, values: [x]}]}}]}]}
            """
        made = ns.loads(policy).policies
        return ns.why(cluster.with_policies(*made), "shop/web -> shop/api:80/TCP")

    def test_labels(self) -> None:
        assert EVIL in str(self.evil_verdict())
        assert EVIL not in html_of(self.evil_verdict())

    def test_pod_names(self) -> None:
        cluster = ns.Cluster(pods=(pod(f"shop/{EVIL.replace('/', '')}"), pod("shop/api")))
        for shown in (ns.reachability(cluster).matrix(), ns.isolation(cluster)):
            assert "<script>" in str(shown)
            assert "<script>" not in html_of(shown)
        assert "<script>" not in str(ns.picture(ns.reachability(cluster)))

    def test_tables_errors_and_prose(self) -> None:
        assert EVIL not in html_of(Table(EVIL, (EVIL,), ((EVIL,),)))
        assert EVIL not in error_html(ns.UnknownName("pod", EVIL, ()))
        assert EVIL not in prose(f"`{EVIL}`")


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: type(shown).__name__)
def test_every_displayed_class_is_the_same_each_time(shown: object) -> None:
    assert html_of(shown) == html_of(shown)
    assert text_of(shown) == repr(shown)
    assert " at 0x" not in repr(shown) + html_of(shown)


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: type(shown).__name__)
def test_no_colour_without_a_ground_of_its_own(shown: object) -> None:
    for style in re.findall(r'style="([^"]*)"', html_of(shown)):
        if "background:#" in style:
            assert "color:#" in style.split("background:#", 1)[1]
