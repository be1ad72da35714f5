"""The tree of reasons, where a verdict is more than two ends and their rules."""

from dataclasses import replace

from nsimlib.evaluation.engine import evaluate, why
from nsimlib.explanation.reasons import Mark, Reason, explain
from nsimlib.model.addresses import parse_address
from nsimlib.model.connection import Connection
from nsimlib.model.objects import Service, ServicePort
from nsimlib.model.policy import Action, Direction, Policy, Source
from nsimlib.model.ports import Port
from tests.builders import block, cluster, node, pod, pods, policy, rule
from tests.strategies import SPEC, TIERED

WEB = pod("shop/web", "10.0.0.1", app="web", node="worker-1")
DB = pod("shop/db", "10.0.0.2", app="db")
NODES = (node("worker-1", "10.9.0.1"),)
CLOSED = policy("shop/closed", directions=Direction)


def lines(reason: Reason, depth: int = 0) -> list[str]:
    """The marks and texts, two spaces deeper for each level."""
    mark = f"{reason.mark.value} " if reason.mark is not Mark.NONE else ""
    deeper = (line for child in reason.children for line in lines(child, depth + 1))
    return [f"{'  ' * depth}{mark}{reason.text}", *deeper]


def explained(text: str, *policies: Policy) -> list[str]:
    shop = cluster(WEB, DB, nodes=NODES, policies=policies)
    return lines(explain(why(shop, text)))


def test_a_policy_without_rules_is_named_as_such() -> None:
    text = explained("shop/web -> 203.0.113.7:80", policy("shop/closed"))
    assert text[:4] == [
        "- shop/web -> 203.0.113.7:80/TCP is denied",
        "  - Egress: denied",
        "    shop/web is isolated for egress by shop/closed",
        "    - shop/closed has no egress rules, so it allows nothing",
    ]


def test_empty_lists_are_told_from_missing_ones() -> None:
    some = policy("shop/p", rule(), rule(nobody=True, ports=""))
    text = explained("shop/web -> 203.0.113.7:80", some)
    assert text[3:] == [
        "    + shop/p spec.egress[0]",
        "      + ports: any",
        "      + to: any destination",
        "    - shop/p spec.egress[1]",
        "      - ports: none",
        "      - to: no destination",
        "  + Ingress: allowed",
        "    203.0.113.7 is no pod of the cluster, so no policy applies to it",
    ]


def test_a_doubt_is_said_where_it_matters() -> None:
    doubt = "    ? it is open whether a pod may always reach its own node"
    assert doubt in explained("shop/web -> node/worker-1:80", CLOSED)
    assert doubt not in explained("shop/web -> node/worker-1:80", policy("shop/p", rule()))


def test_what_is_not_enforced_is_said() -> None:
    text = explained("shop/web -> shop/db:80", policy("shop/p", kind="Foreign"))
    why_not = "Foreign shop/p is not enforced: The Kubernetes API has no such kind"
    assert text.count(f"    {why_not}") == 1


def test_the_nearest_miss_is_one_step_away() -> None:
    near = policy("shop/p", rule(pods(app="db"), ports="443"), app="web")
    miss = "    nearest miss: shop/p spec.egress[0] fails only at ports[0]"
    assert miss in explained("shop/web -> shop/db:80", near)
    assert miss not in explained("shop/web -> shop/db:443", near)
    assert not any("nearest" in line for line in explained("shop/web -> shop/web:80", near))
    far = policy("shop/p", rule(pods(app="api"), ports="443"), app="web")
    assert not any("nearest" in line for line in explained("shop/web -> shop/db:80", far))


def test_a_rule_that_may_match_is_no_miss() -> None:
    service = Service(
        "shop",
        "db",
        (parse_address("10.96.0.10"),),
        (ServicePort("", Port(80), 80),),
        {"app": "db"},
    )
    only_vip = policy("shop/p", rule(block("10.96.0.10/32")), app="web")
    shop = replace(cluster(WEB, DB, policies=[only_vip]), services=(service,))
    text = lines(explain(why(shop, "shop/web -> 10.96.0.10:80")))
    assert text[1] == "  Service shop/db (10.96.0.10) sends 80/TCP to shop/db:80/TCP"
    turned = "    ? it would be allowed if rules with addresses met the Service's"
    assert text[text.index(turned) + 1] == "      + shop/p spec.egress[0]"
    assert not any("nearest" in line for line in text)


def test_it_stands_only_for_what_was_just_named() -> None:
    by_team = policy("shop/p", rule(pods({"team": "x"}, app="y"), pods({"team": "x"}, app="db")))
    text = explained("shop/web -> shop/db:80", by_team)
    assert (
        "      - to[0]: namespace shop has no label team=x, and shop/db has app=db, not y" in text
    )
    assert (
        "      - to[1]: namespace shop has no label team=x, though shop/db matches app=db" in text
    )


def test_tiers_say_who_decided() -> None:
    passing = policy("admin", rule(action=Action.PASS), kind="Admin", isolates=False)
    shop = cluster(WEB, DB, policies=[CLOSED, passing])
    text = lines(explain(evaluate(shop, Connection.parse("shop/web -> shop/db:80"), TIERED)))
    assert text[1:8] == [
        "  - Egress: denied",
        "    shop/web is isolated for egress by shop/closed",
        "    Admin: no decision, the next tier is asked",
        "      + admin spec.egress[0] (Pass)",
        "        + ports: any",
        "        + to: any destination",
        "    NetworkPolicy: denied",
    ]


def test_several_ways_are_told_apart() -> None:
    replicas = [replace(DB, name=f"db-{n}", labels={"app": "db", "n": str(n)}) for n in range(3)]
    service = Service("shop", "db", (), (ServicePort("", Port(80), 80),), {"app": "db"})
    one = policy("shop/one", directions=[Direction.INGRESS], n="1")
    shop = replace(cluster(WEB, *replicas, policies=[one]), services=(service,))
    text = lines(explain(why(shop, "shop/web -> shop/service/db:80")))
    assert [line for line in text if line.startswith("  ") and line[2] != " "] == [
        "  there are 2 ways it can go",
        "  + shop/web -> shop/db-0:80/TCP is allowed, and 1 more like it",
        "  - shop/web -> shop/db-1:80/TCP is denied",
    ]


def test_a_service_that_nobody_answers() -> None:
    service = Service("shop", "gone", (), (ServicePort("", Port(80), 80),), {"app": "gone"})
    shop = replace(cluster(WEB), services=(service,))
    assert lines(explain(why(shop, "shop/web -> shop/service/gone:80"))) == [
        "? shop/web -> shop/service/gone:80/TCP is undetermined",
        "  ? nothing answers there: the Service has no endpoints",
    ]


def test_a_rule_knows_where_it_is_written() -> None:
    written = replace(policy("shop/p", rule()), source=Source("p.yaml", 1))
    at_line = replace(written, rules=(replace(written.rules[0], line=7),))
    (egress, _) = explain(
        why(cluster(WEB, DB, policies=[at_line]), "shop/web -> shop/db:80")
    ).children
    assert [str(child.source) for child in egress.children if child.source] == ["p.yaml:7"]


def test_other_readings_are_named() -> None:
    shop = cluster(WEB, DB)
    assert explain(why(shop, "shop/web -> shop/db:80", cni="workloads")).text == (
        "shop/web -> shop/db:80/TCP is allowed in the workloads reading"
    )
    assert explain(evaluate(shop, Connection.parse("shop/web -> shop/db:80"), SPEC)).text == (
        "shop/web -> shop/db:80/TCP is allowed"
    )


def test_leaves_rest_on_nothing_further() -> None:
    leaf = Reason("leaf")
    tree = Reason("top", children=(Reason("branch", children=(leaf,)), leaf))
    assert list(tree.leaves()) == [leaf, leaf]
