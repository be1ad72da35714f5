"""The part of a node's rules about one pod, and the counters that packets leave on it."""

import re

import pytest
from hypothesis import given, settings

import nsimlib as ns
from nsimlib.datapath.blame import Reason, which_policy_dropped
from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.counting import counted, lines_met
from nsimlib.datapath.entry import datapath
from nsimlib.datapath.excerpt import excerpt
from nsimlib.datapath.matches import InSet
from nsimlib.datapath.parsing import parse_sets
from nsimlib.datapath.walking import Fate
from nsimlib.errors import RulesetSyntaxError, UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import applies
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from tests import strategies as make

SHOP = ns.scenario("shop")
WEB = datapath("calico", SHOP, "shop/web")
DNS = "shop/web -> kube-system/coredns:53/UDP"


class TestExcerpt:
    @pytest.mark.parametrize(
        ("cni", "own"),
        [
            ("calico", {"cali-fw-cali47a8819679e", "cali-tw-cali47a8819679e"}),
            ("kube-router", {"KUBE-POD-FW-K6B5TGH5GYKAKPSH"}),
            ("weave", set()),
            ("flannel", set()),
        ],
    )
    def test_own_chains(self, cni: str, own: set[str]) -> None:
        found = datapath(cni, SHOP, "shop/web")
        assert isinstance(found, Datapath)
        assert {line.chain for line in excerpt(found).own} == own

    @pytest.mark.parametrize("cni", ["calico", "kube-router"])
    def test_a_policy_has_the_lines_that_lines_of_gives(self, cni: str) -> None:
        found = datapath(cni, SHOP, "shop/web")
        assert isinstance(found, Datapath)
        (caused,) = excerpt(found).caused
        for path in ("spec.egress[0]", "spec.egress[1]", "spec.egress[2]"):
            assert list(caused.lines[path]) == found.lines_of("shop/web-egress", path)

    def test_chains_of_other_pods_are_left_out(self) -> None:
        found = datapath("calico", SHOP, "data/batch")
        assert isinstance(found, Datapath)
        about = excerpt(found)
        chains = {line.chain for line in about.own}
        for each in about.caused:
            chains |= {line.chain for lines in each.lines.values() for line in lines}
        assert [c for c in chains if c.startswith(("cali-fw-", "cali-tw-"))] == [
            c for c in chains if c.endswith("calid2feffa5b4e")
        ]

    def test_an_entry_without_a_line_is_there(self) -> None:
        found = datapath("flannel", SHOP, "shop/web")
        assert isinstance(found, Datapath)
        (caused,) = excerpt(found).caused
        assert dict(caused.lines) == {f"spec.egress[{n}]": () for n in range(3)}

    def test_sets_are_those_that_the_lines_name(self) -> None:
        about = excerpt(WEB)
        lines = [*about.own, *(x for c in about.caused for v in c.lines.values() for x in v)]
        named = {m.name for line in lines for m in line.rule.matches if isinstance(m, InSet)}
        assert {each.name for each in about.sets} == named

    def test_the_family_is_that_of_the_pod(self) -> None:
        only_v6 = ns.loads(
            """
            {kind: Pod, apiVersion: v1, metadata: {name: web, namespace: shop},
             spec: {containers: [{name: a, image: a}]},
             status: {phase: Running, podIP: "2001:db8::1", podIPs: [{ip: "2001:db8::1"}]}}
            """
        )
        assert excerpt(datapath("calico", only_v6, "shop/web")).family is Family.IPV6


class TestCounters:
    def test_each_line_that_was_met_counts_every_packet(self) -> None:
        text = counted(WEB, DNS, packets=3)
        met = [str(step.line) for step in WEB.walk(DNS).steps if step.met]
        assert lines_met(text).splitlines() == [
            f"[3:180] {line}" for line in map(str, WEB.rules) if line in met
        ]

    def test_without_counters_it_is_what_the_node_has(self) -> None:
        zeroed = re.sub(r"^\[\d+:\d+\]", "[0:0]", counted(WEB, DNS), flags=re.MULTILINE)
        assert zeroed == WEB.save(counters=True)

    def test_the_end_of_a_chain_counts_too(self) -> None:
        flannel = datapath("flannel", SHOP, "shop/web")
        assert isinstance(flannel, Datapath)
        assert ":FORWARD ACCEPT [2:120]" in counted(flannel, DNS, DNS)

    def test_what_happens_on_other_nodes_is_not_counted(self) -> None:
        debug = datapath("calico", SHOP, "shop/debug")
        text = counted(debug, "shop/debug -> data/db:5432/TCP")
        assert lines_met(text)
        assert which_policy_dropped(text, SHOP) == ()

    def test_many_lines_are_cut_and_say_so(self) -> None:
        text = "".join(f"[1:60] -A a -j b{n}\n" for n in range(33))
        assert lines_met(text).splitlines()[-1] == "3 more"

    @given(make.asked(make.guarded((("v4",),))))
    @settings(max_examples=40)
    def test_one_rule_dropped_where_the_walk_ends_denied(
        self, asked: tuple[Cluster, Connection]
    ) -> None:
        """And the policies behind it are among those that apply to the pod."""
        cluster, connection = asked
        walk = datapath("calico", cluster, cluster.pods[0].key).walk(connection)
        for hop in walk.hops:
            there = next(pod for pod in cluster.pods if (pod.node or "") == hop.node)
            text = counted(datapath("calico", cluster, there.key), str(connection))
            drops = which_policy_dropped(text, cluster)
            assert [each.counters.packets for each in drops] == [1] * (
                hop.passage.fate is Fate.DROP
            )
            for drop in drops:
                assert drop.pod is not None
                assert drop.direction is not None
                assert all(applies(each, drop.pod, drop.direction) for each in drop.policies)
                assert drop.policies or drop.reason is not Reason.NO_POLICY_ALLOWED


class TestOtherRules:
    """The same packet through rules that were pasted."""

    WALK = WEB.walk(DNS)

    def test_the_node_s_own_rules_give_the_same_walk(self) -> None:
        again = self.WALK.through(WEB.save())
        assert list(map(str, again.steps)) == list(map(str, self.WALK.steps))
        assert again.outcome is self.WALK.outcome

    def test_an_invented_chain_lets_through_what_the_other_pod_denies(self) -> None:
        """E33."""
        shop = SHOP.without("data/db-ingress")
        batch = "data/batch-58c6d9f7b4-x5dwv"
        true = datapath("calico", shop, batch).walk(f"{batch} -> data/db:5432/TCP")
        assert (true.outcome, true.deciding and true.deciding.line.chain) == (
            Outcome.DENIED,
            "cali-tw-cali407af4d7387",
        )
        assert true.through(ns.invented_chain(5432)).outcome is Outcome.ALLOWED

    def test_sets_may_come_with_the_rules(self) -> None:
        text = (
            "*filter\n:FORWARD ACCEPT [0:0]\n"
            "-A FORWARD -m set --match-set blocked dst -j DROP\nCOMMIT\n"
        )
        blocked = parse_sets("create blocked hash:ip family inet\nadd blocked 10.244.1.2\n")
        assert self.WALK.through(text).fate is Fate.UNKNOWN
        assert self.WALK.through(text, blocked).fate is Fate.DROP

    @pytest.mark.parametrize("text", ["", "*nat\nCOMMIT\n", "*filter\n:INPUT DROP [0:0]\nCOMMIT\n"])
    def test_rules_without_the_chain_are_refused(self, text: str) -> None:
        with pytest.raises(UnknownName, match="FORWARD"):
            self.WALK.through(text)

    def test_text_that_is_no_rules_is_refused(self) -> None:
        with pytest.raises(RulesetSyntaxError):
            self.WALK.through("*filter\nhello\nCOMMIT\n")

    def test_a_packet_that_meets_no_rule_has_none_to_replace(self) -> None:
        with pytest.raises(UnknownName, match="shop/cache-0"):
            WEB.walk("shop/cache-0 -> shop/cache-0:6379/TCP").through(WEB.save())
