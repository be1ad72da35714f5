"""Each pattern in each dialect: what it allows, what it denies, what it says, and for whom."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsimlib.dns.layout import NODE_CACHE, layout_of
from nsimlib.errors import ExpectationsNotMet, UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import why
from nsimlib.lessons.scenarios import scenario
from nsimlib.manifests import dump, loads
from nsimlib.model.addresses import AddressRange, Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import NetworkSet, ServicePort
from nsimlib.model.policy import Policy
from nsimlib.patterns.database_files import pattern_names, read_database
from nsimlib.patterns.databases import Database
from nsimlib.patterns.pattern import Pattern, dialect_names, pattern

SHOP = scenario("shop")
API = {"app": "api"}
RDS = "orders.abc123def456.us-east-1.rds.amazonaws.com"
#: who enforces NetworkPolicy, and so has to be content with one
ENFORCERS = ("antrea", "aws-vpc-cni", "calico", "calico-ebpf", "cilium", "kube-router", "weave")


def made(
    database: str | Database = "rds", dialect: str = "networkpolicy", **how: object
) -> Pattern:
    asked = {"cluster": SHOP, "app": API, "namespace": "shop"} | how
    return pattern(database, dialect=dialect, **asked)  # type: ignore[arg-type]


def bare(cluster: Cluster) -> Cluster:
    return replace(cluster, policies=())


@pytest.mark.parametrize("node_local", [False, True])
@pytest.mark.parametrize("dialect", dialect_names())
@pytest.mark.parametrize("name", pattern_names())
def test_every_pattern_in_every_dialect(name: str, dialect: str, node_local: bool) -> None:
    """What was tried is as wanted, or there would be no pattern; here is what was tried."""
    layout = layout_of(SHOP, node_local=node_local)
    found, database = made(name, dialect, layout=layout), read_database(name)
    wanted = {str(row[0]): row[2] for row in found.checked.rows}
    by_hand = {f"shop/api -> {each}:5432/TCP" for each in database.endpoints}
    assert by_hand <= {asked for asked, outcome in wanted.items() if outcome == "allowed"}
    assert {
        "shop/api -> 169.254.169.254:80/TCP",
        "shop/api -> 198.51.100.7:443/TCP",
        "shop/api -> 198.51.100.53:53/UDP",
    } <= {asked for asked, outcome in wanted.items() if outcome == "denied"}
    assert all(row[2] == row[3] for row in found.checked.rows)
    assert sum("10.96.0.10:53" in asked for asked in wanted) == 2
    assert ("169.254.20.10" in found.yaml) is (node_local and "cilium" not in dialect)


class TestTrials:
    @pytest.mark.parametrize("cni", ENFORCERS)
    def test_a_networkpolicy_does_under_every_enforcer(self, cni: str) -> None:
        assert made(cni=cni).profile == cni

    def test_under_calico_networks_of_a_clusternetworkpolicy_do_too(self) -> None:
        """F1.67, F2.10."""
        assert made(dialect="clusternetworkpolicy", cni="calico").profile == "calico"

    @pytest.mark.parametrize(
        ("dialect", "cni", "says"),
        [
            # who enforces nothing closes nothing (F1.30)
            ("networkpolicy", "flannel", "the metadata service (F6.1) should be denied"),
            ("cilium", "calico", "should be denied"),
            ("calico", "cilium", "should be denied"),
        ],
    )
    def test_no_pattern_where_the_dialect_is_not_enforced(
        self, dialect: str, cni: str, says: str
    ) -> None:
        with pytest.raises(ExpectationsNotMet) as unmet:
            made(dialect=dialect, cni=cni)
        assert says in str(unmet.value)

    def test_no_block_means_a_node_to_cilium(self) -> None:
        """F3.14, F5.5."""
        caching = layout_of(SHOP, node_local=True)
        with pytest.raises(ExpectationsNotMet, match="DNS, from node-cache should be allowed"):
            made(cni="cilium", layout=caching)
        assert made(dialect="cilium-blocks", layout=caching).profile == "cilium"

    @pytest.mark.parametrize(
        ("name", "dialect", "left"),
        [
            ("rds", "networkpolicy", ["10.20.21.99"]),
            ("rds", "cilium-blocks", ["10.20.21.99"]),
            ("rds", "cilium", []),
            ("rds", "clusternetworkpolicy-names", []),
            # all instances of an account share its id (F5.29)
            ("aurora-autoscaled", "cilium", ["10.20.23.41", "10.20.21.99"]),
            ("aurora-autoscaled", "calico", ["10.20.21.99"]),
            ("rds-proxy", "networkpolicy", []),
        ],
    )
    def test_what_rules_cannot_tell_apart_is_said(
        self, name: str, dialect: str, left: list[str]
    ) -> None:
        rows = made(name, dialect).remains.rows
        assert [row[0] for row in rows] == [f"shop/api -> {each}:5432/TCP" for each in left]
        assert all(row[3] == "allowed" for row in rows)

    def test_ipv6_is_tried_where_the_application_has_it(self) -> None:
        found = made(app={"app": "checkout"})
        tried = {row[0] for row in found.checked.rows}
        assert "shop/checkout -> [fd00:ec2::254]:80/TCP" in tried
        assert not any("[" in str(row[0]) for row in made().checked.rows)


class TestInTheCluster:
    def test_a_block_beside_a_name_allows_what_the_name_does_not(self) -> None:
        """The shop has a NetworkPolicy with both subnets, and policies add up (E90)."""
        (opened,) = made(dialect="cilium").besides
        assert str(opened.verdict.connection) == "shop/api -> 10.20.21.99:5432/TCP"
        assert opened.verdict.determining[0].place == "shop/api-egress spec.egress[1]"  # type: ignore[union-attr]
        assert made(dialect="cilium", cluster=SHOP.without("shop/api-egress")).besides == ()

    def test_policies_of_an_earlier_tier_can_close_what_is_needed(self) -> None:
        closed = SHOP.with_policies("""
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: closed}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {}}
  egress:
  - {action: Deny, to: [{networks: [10.20.0.0/16]}]}
""")
        found = made(cluster=closed)
        assert [each.says for each in found.besides] == ["the database"]
        assert "With the cluster's other policies: shop/api -> " in repr(found)

    def test_applied_twice_is_applied_once(self) -> None:
        for dialect in dialect_names():
            found = made(dialect=dialect)
            once = found.applied_to(SHOP)
            assert found.applied_to(once) == once

    def test_a_networkpolicy_may_still_open_more_beside_a_clusternetworkpolicy(self) -> None:
        after = made(dialect="clusternetworkpolicy").applied_to(SHOP)
        assert why(after, "shop/api -> shop/cache:6379/TCP").outcome is Outcome.ALLOWED
        assert why(after, "shop/api -> 198.51.100.7:443/TCP").outcome is Outcome.DENIED

    def test_ingress_stays_as_it_was(self) -> None:
        for dialect in dialect_names():
            after = made(dialect=dialect).applied_to(bare(SHOP))
            cni = "cilium" if "cilium" in dialect else "calico"
            assert why(after, "shop/web -> shop/api:8080/TCP", cni=cni).outcome is Outcome.ALLOWED


class TestDns:
    def test_the_port_is_that_of_the_pods(self) -> None:
        """As on OpenShift, where kube-dns listens on 5353 behind port 53 (F2.19)."""
        services = tuple(
            replace(each, ports=tuple(map(behind_5353, each.ports)), endpoints=None)
            if each.name == "kube-dns"
            else each
            for each in SHOP.services
        )
        elsewhere = replace(SHOP, services=services)
        for dialect in ("networkpolicy", "calico", "cilium", "clusternetworkpolicy"):
            found = made(dialect=dialect, cluster=elsewhere)
            assert "5353" in found.yaml
            assert " 53\n" not in found.yaml

    def test_a_cache_on_the_node_is_allowed_at_both_its_addresses(self) -> None:
        """With kube-proxy in IPVS mode, resolv.conf has the cache's own (F5.5)."""
        layout = replace(layout_of(SHOP, node_local=True), nameserver=NODE_CACHE)
        found = made(layout=layout)
        assert str(found.checked.rows[0][0]).endswith("169.254.20.10:53/UDP")
        assert {"169.254.20.10/32", "10.96.0.10/32"} <= set(found.yaml.split())

    def test_without_a_selector_nobody_can_be_named(self) -> None:
        headless = replace(layout_of(SHOP), service=replace(layout_of(SHOP).service, selector=None))
        with pytest.raises(UnknownName, match="no selector of the DNS Service"):
            made(layout=headless)


def behind_5353(port: ServicePort) -> ServicePort:
    return port._replace(target=5353)


class TestAsked:
    @pytest.mark.parametrize(
        ("how", "says"),
        [
            ({"dialect": "cillium"}, "no dialect 'cillium'; did you mean cilium"),
            ({"database": "rsd"}, "did you mean rds"),
            ({"namespace": "shopp"}, "no namespace 'shopp'; did you mean shop?"),
            (
                {"app": {"app": "apii"}},
                "no pod in namespace shop with 'app=apii'; did you mean app=api",
            ),
            ({"cni": "calic"}, "did you mean calico"),
        ],
    )
    def test_what_is_not_there(self, how: dict[str, object], says: str) -> None:
        with pytest.raises(UnknownName) as unknown:
            made(**how)  # type: ignore[arg-type]
        assert says in str(unknown.value)

    def test_another_port(self) -> None:
        found = made(port=3306)
        assert f"shop/api -> {RDS}:3306/TCP" in {row[0] for row in found.checked.rows}
        assert "5432" not in found.yaml

    def test_labels_of_several_workloads_select_them_all(self) -> None:
        """E84: who has the database is said, not left to be found out."""
        found = made(app={"tier": "backend"})
        assert found.selects == ("shop/api", "shop/checkout", "shop/cache")
        assert "name: to-orders" in found.yaml

    def test_no_labels_select_everybody(self) -> None:
        for dialect in dialect_names():
            assert "shop/web" in made(dialect=dialect, app={}).selects


class TestWritten:
    @pytest.mark.parametrize("dialect", dialect_names())
    def test_every_object_and_every_rule_has_a_reason_with_facts(self, dialect: str) -> None:
        found = made("aurora", dialect)
        rules = sum(len(policy.rules) for policy in found.objects.policies)
        objects = len(found.objects.policies) + len(found.objects.network_sets)
        assert len(found.reasons.rows) == rules + objects
        assert all(why and facts for _, _, why, facts in found.reasons.rows)

    def test_comments_stand_above_what_they_are_about(self) -> None:
        lines = made().yaml.splitlines()
        above = [i for i, line in enumerate(lines) if line.startswith("  - to:")]
        assert len(above) == 2
        assert all(lines[i - 1].startswith("  # ") for i in above)
        assert max(map(len, lines)) <= 100
        assert lines[0].startswith("# ")

    def test_shows_itself(self) -> None:
        shown = repr(made()).splitlines()
        assert shown[-3:] == [
            "Selects shop/api.",
            "11 connections tried alone (spec): all as wanted.",
            "Open besides: shop/api -> 10.20.21.99:5432/TCP, another database in the same "
            "subnet group",
        ]


def subnet(family: Family, base: int, length: int) -> str:
    size = 1 << (family.bits - length)
    first = base % (1 << family.bits) // size * size
    return AddressRange(family, first, first + size - 1).cidrs[0]


@st.composite
def databases(draw: st.DrawFn) -> Database:
    """Databases in private ranges of either family, which nothing else of the shop is in."""
    name = st.from_regex(r"[a-z]{1,5}\.db\.example", fullmatch=True)
    start = 172 << 24 | 20 << 16
    inside = st.tuples(st.integers(0, (1 << 16) - 1), st.integers(16, 32))
    blocks = draw(st.lists(inside, min_size=1, max_size=4))
    subnets = [subnet(Family.IPV4, start + base, length) for base, length in blocks]
    if draw(st.booleans()):
        subnets.append(subnet(Family.IPV6, 0xFD55 << 112, draw(st.integers(32, 128))))
    return Database(
        name=draw(st.sampled_from(["orders", "db-1"])),
        title="",
        port=draw(st.sampled_from([1433, 3306, 5432, 65535])),
        subnets=tuple(dict.fromkeys(subnets)),
        endpoints=tuple(dict.fromkeys(draw(st.lists(name, min_size=1, max_size=5)))),
    )


@settings(max_examples=40)
@given(
    databases(),
    st.sampled_from(dialect_names()),
    st.booleans(),
    st.sampled_from([API, {"app": "checkout"}, {"tier": "backend"}]),
)
def test_whatever_the_database_what_is_written_reads_back_and_does_what_it_should(
    database: Database, dialect: str, node_local: bool, app: dict[str, str]
) -> None:
    """A law: every database has its pattern, and YAML says neither more nor less than was meant."""
    found = made(database, dialect, app=app, layout=layout_of(SHOP, node_local=node_local))
    read = loads(found.yaml)
    assert loads(dump(read)).policies == read.policies
    assert loads(dump(read)).network_sets == read.network_sets
    assert dump(replace(read, namespaces={})) == dump(drafted(found))


def drafted(found: Pattern) -> Cluster:
    objects = [each.made for each in found.drafted]
    return Cluster(
        policies=tuple(each for each in objects if isinstance(each, Policy)),
        network_sets=tuple(each for each in objects if isinstance(each, NetworkSet)),
    )
