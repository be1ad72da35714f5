"""The way of a question under policy, in the shop and in small clusters."""

from dataclasses import replace

import pytest

from nsimlib.dns.exchanges import Fate
from nsimlib.dns.layout import NODE_CACHE, Layout, layout_of
from nsimlib.dns.path import DnsPath, Role, dns_path
from nsimlib.dns.resolvconf import ResolvConf
from nsimlib.dns.upstream import cluster_zone, core_dns, inventory_zone, node_cache
from nsimlib.dns.zone_files import shipped_zones
from nsimlib.dns.zones import Zones
from nsimlib.errors import UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.lessons.scenarios import resolver_layouts, scenario
from nsimlib.manifests import loads
from nsimlib.model.addresses import Address, parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import OwnDns

SHOP = scenario("shop")
LAYOUTS = resolver_layouts("dns-is-traffic")
RDS = "orders.abc123def456.us-east-1.rds.amazonaws.com"
RESOLVER = parse_address("10.20.0.2")
ALLOWED, DENIED, UNDETERMINED = Outcome.ALLOWED, Outcome.DENIED, Outcome.UNDETERMINED

NODE_CACHE_PODS = """
apiVersion: v1
kind: Pod
metadata: {name: node-cache-1, namespace: kube-system, labels: {k8s-app: node-local-dns}}
spec: {nodeName: worker-1, hostNetwork: true}
"""


def policy(name: str, namespace: str, egress: str, selector: str = "{}") -> str:
    return f"""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  podSelector: {selector}
  policyTypes: [Egress]
  egress: {egress}
"""


def allowing(address: str) -> str:
    ports = "[{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]"
    return policy("dns", "shop", f"[{{ports: {ports}, to: [{{ipBlock: {{cidr: {address}}}}}]}}]")


def path(cluster: Cluster, pod: str, layout: Layout | None = None, **more: object) -> DnsPath:
    return dns_path(cluster, pod, RDS, layout=layout, **more)  # type: ignore[arg-type]


class TestLayout:
    def test_kube_dns_and_no_cache_on_the_nodes(self) -> None:
        layout = layout_of(SHOP)
        assert (str(layout.nameserver), layout.node_local) == ("10.96.0.10", False)

    def test_node_cache_is_seen_by_its_pods(self) -> None:
        kube_dns = next(service for service in SHOP.services if service.name == "kube-dns")
        caching = Cluster(services=(kube_dns,), pods=loads(NODE_CACHE_PODS).pods)
        assert layout_of(caching).node_local

    def test_the_service_may_be_that_of_openshift(self) -> None:
        layout = layout_of(LAYOUTS["openshift"])
        assert (layout.service.key, str(layout.nameserver)) == (
            "openshift-dns/dns-default",
            "172.30.0.10",
        )

    def test_without_kube_dns(self) -> None:
        with pytest.raises(UnknownName, match="no DNS Service 'kube-system/kube-dns'"):
            layout_of(Cluster())


class TestLegs:
    @pytest.mark.parametrize(
        ("pod", "outcome", "seconds", "found"),
        [
            # the rule looks for kube-dns in the wrong namespace (F1.2)
            ("shop/web", DENIED, 20, False),
            ("shop/api", ALLOWED, 0, True),
            ("monitoring/prometheus", ALLOWED, 0, True),
            # the rule names the ClusterIP (F1.18)
            ("data/reporting", UNDETERMINED, 20, False),
            # no policy
            ("ingress/controller", ALLOWED, 0, True),
        ],
    )
    def test_to_kube_dns(self, pod: str, outcome: Outcome, seconds: float, found: bool) -> None:
        found_path = path(SHOP, pod)
        assert [leg.outcome for leg in found_path.legs] == [outcome, outcome]
        assert (found_path.lookup.seconds, bool(found_path.lookup.addresses)) == (seconds, found)
        assert (found_path.cut is None) is found

    def test_node_cache_is_missed_by_a_rule_for_the_pods_of_kube_dns(self) -> None:
        """F5.5."""
        layout = layout_of(SHOP, node_local=True)
        assert path(SHOP, "shop/api").cut is None
        missed = path(SHOP, "shop/api", layout).cut
        assert missed is not None
        assert (missed.role, missed.outcome) == (Role.NODE_CACHE, UNDETERMINED)

    @pytest.mark.parametrize(
        ("nameserver", "allowed", "found"),
        [
            (NODE_CACHE, "169.254.20.10/32", True),
            (NODE_CACHE, "10.96.0.10/32", False),
            (parse_address("10.96.0.10"), "10.96.0.10/32", True),
            (parse_address("10.96.0.10"), "169.254.20.10/32", False),
        ],
    )
    def test_a_rule_for_node_cache_names_the_address_in_resolv_conf(
        self, nameserver: Address, allowed: str, found: bool
    ) -> None:
        layout = Layout(layout_of(SHOP).service, nameserver, node_local=True)
        cluster = SHOP.with_policies(allowing(allowed))
        assert bool(path(cluster, "shop/web", layout).lookup.addresses) is found

    def test_node_cache_asks_the_resolver_itself_and_coredns_over_tcp(self) -> None:
        """F5.6."""
        layout = layout_of(SHOP, node_local=True, resolver=RESOLVER)
        legs = path(SHOP, "ingress/controller", layout).legs
        assert [str(leg.connection).partition(" -> ")[2] for leg in legs] == [
            "10.96.0.10:53/UDP",
            "10.96.0.10:53/TCP",
            "10.96.0.10:53/TCP",
            "10.20.0.2:53/UDP",
        ]
        assert [leg.role for leg in legs[2:]] == [Role.CORE_DNS, Role.RESOLVER]

    def test_coredns_cut_off_still_knows_the_cluster(self) -> None:
        closed = SHOP.with_policies(policy("closed", "kube-system", "[]"))
        layout = layout_of(closed, resolver=RESOLVER)
        cut = path(closed, "ingress/controller", layout)
        assert cut.cut is not None
        assert (cut.cut.role, cut.cut.places) == (Role.RESOLVER, ("kube-system/closed",))
        # The names with suffixes are answered, the name itself never is.
        assert [step.seconds for step in cut.lookup.steps] == [5, 5, 0, 0, 0]
        web = dns_path(closed, "ingress/controller", "web.shop", layout=layout)
        assert [str(address) for address in web.lookup.addresses] == ["10.96.20.10"]

    def test_udp_alone_is_enough_until_an_answer_is_large(self) -> None:
        """F5.16."""
        udp_only = policy(
            "dns",
            "ingress",
            "[{ports: [{port: 53, protocol: UDP}], to: [{namespaceSelector: {}}]}]",
        )
        cluster = SHOP.with_policies(udp_only)
        small = dns_path(cluster, "ingress/controller", "fleet.shop.example")
        large = dns_path(
            cluster,
            "ingress/controller",
            "fleet.shop.example.",
            upstream=shipped_zones("large-answer"),
        )
        assert small.cut is None
        assert (small.lookup.seconds, large.lookup.seconds) == (0, 131)

    def test_a_rejected_question_fails_at_once(self) -> None:
        """F5.12."""
        found = path(SHOP, "shop/web", denied=Fate.REJECTED)
        assert (found.lookup.seconds, found.lookup.error is None) == (0, False)

    def test_a_pod_that_was_given_a_nameserver_asks_that_one_alone(self) -> None:
        found = path(LAYOUTS["own-resolver"], "shop/web")
        assert [str(leg.connection) for leg in found.legs] == [
            "shop/pod/web -> 10.20.0.2:53/UDP",
            "shop/pod/web -> 10.20.0.2:53/TCP",
        ]
        assert {leg.role for leg in found.legs} == {Role.OWN}
        assert len(found.lookup.queries) == 2
        inside = dns_path(
            LAYOUTS["own-resolver"], "shop/web", "kube-dns.kube-system.svc.cluster.local"
        )
        assert inside.lookup.addresses == ()
        assert path(LAYOUTS["own-resolver"], "shop/api").legs[0].role is Role.KUBE_DNS

    def test_its_own_nameserver_may_be_that_of_the_cluster(self) -> None:
        web = next(pod for pod in LAYOUTS["own-resolver"].pods if pod.name == "web")
        same = replace(web, dns=OwnDns((parse_address("10.96.0.10"),)))
        pods = tuple(same if pod is web else pod for pod in LAYOUTS["own-resolver"].pods)
        found = path(replace(LAYOUTS["own-resolver"], pods=pods), "shop/web")
        assert {leg.role for leg in found.legs} == {Role.KUBE_DNS}

    def test_behind_a_service_policy_compares_the_port_of_the_pod(self) -> None:
        """F2.19."""
        to = "[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-dns}}}]"
        for port, outcome in ((53, DENIED), (5353, ALLOWED)):
            rule = policy(
                "dns", "shop", f"[{{ports: [{{port: {port}, protocol: UDP}}], to: {to}}}]"
            )
            cluster = LAYOUTS["openshift"].with_policies(rule)
            assert path(cluster, "shop/web", cni="calico").legs[0].outcome is outcome

    def test_a_pod_whose_node_is_not_known_is_on_one_all_the_same(self) -> None:
        pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: lone, namespace: shop}\n"
        kube_dns = next(service for service in SHOP.services if service.name == "kube-dns")
        lone = loads(pod)
        cluster = Cluster(lone.namespaces, lone.pods, services=(kube_dns,))
        legs = path(cluster, "shop/lone", layout_of(cluster, node_local=True)).legs
        assert str(legs[2].connection.source) == "node/node-of-lone"

    def test_no_such_pod(self) -> None:
        with pytest.raises(UnknownName, match="shop/wbe"):
            path(SHOP, "shop/wbe")


class TestUpstream:
    def test_services_have_their_addresses_and_headless_ones_those_of_their_pods(self) -> None:
        zones = Zones((cluster_zone(SHOP),))
        for name, address in (("web.shop", "10.96.20.10"), ("cache.shop", "10.244.2.12")):
            answer = zones.answer(f"{name}.svc.cluster.local")
            assert ([str(a) for a in answer.addresses], answer.ttl) == ([address], 30)

    def test_places_have_names(self) -> None:
        assert [str(a) for a in Zones((inventory_zone(SHOP),)).lookup(RDS)] == ["10.20.21.17"]

    def test_the_cluster_keeps_a_missing_name_for_a_shorter_time_in_node_cache(self) -> None:
        outside = shipped_zones("rds")
        core = core_dns(SHOP, outside)
        missing = "no.shop.svc.cluster.local", "no.us-east-1.rds.amazonaws.com"
        assert [core.answer(name).ttl for name in missing] == [30, 30]
        assert [node_cache(core, outside).answer(name).ttl for name in missing] == [5, 30]


def test_a_path_shows_itself() -> None:
    assert repr(path(SHOP, "data/reporting", conf=ResolvConf(timeout=1, attempts=1))) == (
        "data/reporting looks up, what is undetermined taken for denied\n"
        "undetermined to kube-dns    data/pod/reporting-84f6c9d75b-c7l2x -> 10.96.0.10:53/UDP: "
        "data/reporting-egress spec.egress[0] (F5.1)\n"
        "undetermined to kube-dns    data/pod/reporting-84f6c9d75b-c7l2x -> 10.96.0.10:53/TCP: "
        "data/reporting-egress spec.egress[0] (F5.1)\n"
        "orders.abc123def456.us-east-1.rds.amazonaws.com: "
        "EAI_AGAIN: Temporary failure in name resolution; 1 s, 2 queries\n"
        "   0.0 s  A+AAAA orders.abc123def456.us-east-1.rds.amazonaws.com -> 10.96.0.10:53/UDP: "
        "no answer after 1 s (F5.7, F5.10)"
    )
