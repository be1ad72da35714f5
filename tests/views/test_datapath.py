"""Rules, maps and walks as text and HTML: both say the same, and nobody's names get through."""

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nsimlib as ns
from nsimlib.datapath.blame import Drops
from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.counting import counted
from nsimlib.datapath.entry import datapath
from nsimlib.datapath.excerpt import excerpt
from nsimlib.datapath.lookups import MapDatapath
from nsimlib.datapath.walk import Walk
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.policy import Policy
from nsimlib.model.ports import Port, Protocol
from nsimlib.views.below import html_of, text_of
from nsimlib.views.policy_yaml import policy_pieces
from nsimlib.views.rule_lines import line_text
from nsimlib.views.stepping import step_html, step_text
from tests import strategies as make
from tests.builders import EGRESS, pod, pods, policy, rule

SHOP = ns.scenario("shop")
PARTS = ns.scenario("enforcers-part")
EVIL = "<script>alert(1)</script>"
WEB = datapath("calico", SHOP, "shop/web")
DNS = "shop/web -> 10.96.0.10:53/UDP"
CILIUM = datapath("cilium", SHOP, "shop/web")
MAP = ns.policy_map(SHOP, "shop/web")
API = next(pod for pod in SHOP.pods if pod.key.startswith("shop/api-"))
DROPS = ns.which_policy_dropped(counted(WEB, DNS), SHOP)
RULES = [
    datapath(cni, cluster, name)
    for cni in ("calico", "flannel", "kube-router", "weave")
    for cluster, name in ((SHOP, "shop/web"), (SHOP, "data/batch"), (PARTS, "shop/by-domain"))
]
SHOWN = (
    *RULES,
    *(each.walk(f"{each.pod} -> 203.0.113.10:443/TCP") for each in RULES),
    WEB.walk(DNS),
    WEB.walk("shop/cache-0 -> shop/cache-0:6379/TCP"),
    MAP,
    MAP.lookup(EGRESS, API, Port(8080, Protocol.TCP)),
    MAP.lookup(EGRESS, API, Port(80, Protocol.TCP)),
    CILIUM,
    CILIUM.walk(DNS),
    datapath("aws-vpc-cni", SHOP, "shop/web"),
    datapath("aws-vpc-cni", SHOP, "shop/web").walk("shop/web -> shop/api:8080/TCP"),
    DROPS,
    DROPS[0],
    Drops(),
)


def words(html: str) -> str:
    """The text of HTML without styles and tags."""
    bare = re.sub(r"<style>.*?</style>", " ", html)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", bare)))


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: type(shown).__name__)
class TestEverythingShown:
    def test_is_the_same_each_time_and_names_no_place_in_memory(self, shown: object) -> None:
        assert (html_of(shown), text_of(shown)) == (html_of(shown), repr(shown))
        assert " at 0x" not in repr(shown) + html_of(shown)

    def test_says_something(self, shown: object) -> None:
        assert repr(shown).strip()
        assert words(html_of(shown)).strip()

    def test_has_no_colour_without_a_ground_of_its_own(self, shown: object) -> None:
        for style in re.findall(r'style="([^"]*)"', html_of(shown)):
            if "background:#" in style:
                assert "color:#" in style.split("background:#", 1)[1]

    def test_needs_no_script_and_nothing_from_elsewhere(self, shown: object) -> None:
        assert not re.search(r"<script|<link|@import|url\(|\bon\w+=", html_of(shown))


class TestRules:
    @pytest.mark.parametrize("rules", RULES, ids=lambda rules: f"{rules.profile.name} {rules.pod}")
    def test_text_and_html_have_every_line_about_the_pod(self, rules: Datapath) -> None:
        found = excerpt(rules)
        html = words(html_of(rules))
        for each in (*found.own, *(x for c in found.caused for v in c.lines.values() for x in v)):
            line = re.sub(r"\s+", " ", line_text(each))
            assert line in re.sub(r"\s+", " ", repr(rules))
            assert line in html

    def test_an_entry_and_its_lines_are_linked_and_named_on_both_sides(self) -> None:
        html = html_of(WEB)
        for number in range(3):
            entry, lines = re.findall(rf'<div class="nsim-k{number}" tabindex="(.*?)"', html)
            assert (entry, lines) == ("0", "-1")
            assert f".nsim-k{number}:is(:hover,:focus)" in html
            assert f"egress[{number}] shop/policies.yaml:" in words(html)

    def test_an_entry_stands_before_its_lines(self) -> None:
        assert re.search(
            r"k8s-app: kube-dns.*?=> -A cali-po-\S+ -p udp .*?203\.0\.113\.0/24\n", repr(WEB), re.S
        )

    def test_a_set_with_nobody_in_it_says_so(self) -> None:
        """The trap of the DNS rule (F1.2)."""
        assert "cali40s:_kSGeDJN9lxffxtPUh9rlyP: nobody" in repr(WEB)
        assert "cali40s:_kSGeDJN9lxffxtPUh9rlyP nobody" in words(html_of(WEB))

    def test_flannel_has_nothing_and_says_why(self) -> None:
        found = datapath("flannel", SHOP, "shop/web")
        for shown in (repr(found), words(html_of(found))):
            assert shown.count("nothing") == 3 + 1
            assert "Flannel enforces nothing (F4.1)" in shown

    def test_what_a_policy_cannot_have_is_said_for_this_pod_alone(self) -> None:
        found = repr(datapath("weave", SHOP, "shop/web"))
        assert "not in the rules\n  shop/web-egress" in found
        assert "batch" not in found

    def test_an_assumed_address_is_told(self) -> None:
        bare = ns.Cluster(pods=(pod("shop/web"),))
        found = datapath("calico", bare, "shop/web")
        for shown in (repr(found), words(html_of(found))):
            assert "no policy is for this pod" in shown
            assert "shop/web: 100.64.0.1" in shown


class TestYaml:
    @pytest.mark.parametrize("found", [*SHOP.policies, *PARTS.policies], ids=lambda p: p.key)
    def test_every_entry_has_its_piece(self, found: Policy) -> None:
        pieces = policy_pieces(found)
        assert [path for path, _ in pieces if path] == [rule.path for rule in found.rules]

    def test_a_policy_that_no_manifest_can_say_is_described(self) -> None:
        odd = policy("shop/odd", rule(nobody=True))
        assert policy_pieces(odd)[0][1][0] == "NetworkPolicy shop/odd"
        cluster = ns.Cluster(pods=(pod("shop/web"),), policies=(odd,))
        found = datapath("calico", cluster, "shop/web")
        assert "  egress[0]\n    => nothing" in repr(found)
        assert "egress[0] nothing" in words(html_of(found))


class TestWalk:
    def test_signs_marks_and_the_line_that_decides(self) -> None:
        walk = WEB.walk("shop/web -> shop/api:8080/TCP")
        shown = words(html_of(walk))
        assert shown.count(" + -A ") == sum(step.met is True for step in walk.steps)
        assert shown.count(" - -A ") == sum(step.met is False for step in walk.steps)
        assert "mark 0x0 → 0x10000" in shown
        assert "Step 36, in FORWARD , decides: ACCEPT" in shown

    def test_the_condition_that_fails_is_underlined(self) -> None:
        step = WEB.walk(DNS).steps[4]
        assert step.unmet is not None
        assert re.search(rf"wavy[^>]*>{re.escape(str(step.unmet))}<", html_of(WEB.walk(DNS)))

    def test_a_stop_says_why(self) -> None:
        text = "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m time --utc -j DROP\nCOMMIT\n"
        for shown in (repr(WEB.walk(DNS).through(text)), html_of(WEB.walk(DNS).through(text))):
            assert "-m time --utc" in shown
            assert "is not known" in shown

    def test_the_fact_behind_what_is_no_policy_s(self) -> None:
        walk = WEB.walk("reply of shop/web -> shop/api:8080/TCP")
        assert "This is no policy's: F2.18." in words(html_of(walk))


class TestStep:
    @pytest.mark.parametrize("asked", [DNS, "shop/web -> shop/api:8080/TCP"])
    def test_conditions_agree_with_the_sign_of_the_line(self, asked: str) -> None:
        walk = WEB.walk(asked)
        for number, step in enumerate(walk.steps, 1):
            near = words(step_html(walk, number)).rpartition(" mark 0x")[2]
            assert ("does not hold" in near) == (step.met is False)

    def test_what_follows_in_words(self) -> None:
        walk = WEB.walk("shop/web -> shop/api:8080/TCP")
        told = {step_text(walk, n).rpartition(" (")[2] for n in range(1, len(walk.steps) + 1)}
        assert {
            "into cali-FORWARD)",
            "over to cali-fw-cali47a8819679e, and from its end not back here)",
            "back to where this chain was called)",
            "mark 0x0 becomes 0x10000, on to the next line)",
            "not for this packet, on to the next line)",
            "decides: ACCEPT)",
        } <= told

    def test_a_line_that_only_counts_or_notes_goes_on(self) -> None:
        text = "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD\n-A FORWARD -j LOG\nCOMMIT\n"
        walk = WEB.walk(DNS).through(text)
        assert [step_text(walk, n).rpartition(" (")[2] for n in (1, 2, 3)] == [
            "on to the next line)",
            "noted, on to the next line)",
            "decides: ACCEPT)",
        ]


class TestMaps:
    def test_the_entry_that_decides(self) -> None:
        found = MAP.lookup(EGRESS, API, Port(8080, Protocol.TCP))
        assert repr(found).splitlines()[0] == "allowed: Allow Egress 257 8080/TCP decides (L3_L4)"
        assert "allowed Allow Egress 257 8080/TCP decides (L3_L4)" in words(html_of(found))

    def test_no_entry(self) -> None:
        found = MAP.lookup(EGRESS, API, Port(80, Protocol.TCP))
        assert "denied: no entry, and what has none is dropped" in repr(found)

    def test_entries_stand_beside_the_yaml(self) -> None:
        shown = words(html_of(MAP))
        assert "egress[0] shop/policies.yaml:14 nothing" in shown
        assert "Allow Egress 257 8080/TCP (pods like shop/api-5d8f7b9c66-4jtqn)" in shown

    def test_a_pod_without_a_policy(self) -> None:
        shown = repr(ns.policy_map(SHOP, "shop/debug"))
        assert "what has none passes\nno policy is for this pod" in shown

    def test_long_maps_are_cut_and_say_so(self) -> None:
        assert isinstance(CILIUM, MapDatapath)
        more = len(CILIUM.save().splitlines()) - 40
        for shown in (repr(CILIUM), html_of(CILIUM)):
            assert f"{more} more lines: see save()" in shown


class TestDropped:
    def test_says_the_policy_with_file_and_line(self) -> None:
        for shown in (repr(DROPS), words(html_of(DROPS))):
            assert "1 packets, egress of shop/web-7c9d5f8b64-h2xkq" in shown
            assert "shop/policies.yaml:4" in shown

    def test_nothing_dropped(self) -> None:
        assert repr(Drops()) == "no rule dropped a packet"


class TestEscaping:
    def test_names_in_a_cluster(self) -> None:
        evil = policy(f"shop/{EVIL.replace('/', '')}", rule(pods(app=EVIL)))
        cluster = ns.Cluster(pods=(pod("shop/web"), pod("shop/api")), policies=(evil,))
        for cni in ("calico", "cilium", "flannel", "kube-router", "weave"):
            found = datapath(cni, cluster, "shop/web")
            walk = found.walk("shop/web -> shop/api:80/TCP")
            assert "<script>" not in html_of(found) + html_of(walk)
        assert "<script>" not in html_of(ns.policy_map(cluster, "shop/web"))

    def test_notes_in_a_text_that_was_pasted(self) -> None:
        text = (
            "*filter\n:FORWARD ACCEPT [0:0]\n"
            f'[1:60] -A FORWARD -m comment --comment "{EVIL}" -j DROP\nCOMMIT\n'
        )
        walk = WEB.walk(DNS).through(text)
        assert EVIL in repr(walk)
        shown = html_of(walk) + step_html(walk, 1) + html_of(ns.which_policy_dropped(text, SHOP))
        assert EVIL not in shown


# A law: whatever the cluster is, everything about it can be shown


@given(
    make.asked(make.guarded((("v4",), ("v6",)))),
    st.sampled_from(("calico", "kube-router", "weave")),
)
@settings(max_examples=30)
def test_whatever_is_there_can_be_shown(asked: tuple[Cluster, Connection], cni: str) -> None:
    cluster, connection = asked
    found = datapath(cni, cluster, cluster.pods[0].key)
    assert words(html_of(found)).startswith(f" {repr(found).partition(chr(10))[0][:10]}")
    try:
        walk = found.walk(connection)
    except ns.UnknownName:
        # Ends without an address of one family.
        return
    assert isinstance(walk, Walk)
    assert words(html_of(walk)).startswith(f" {walk.outcome.value} ")
    for number in range(1, len(walk.steps) + 1):
        assert repr(walk.steps[number - 1].line.chain)[1:-1] in words(step_html(walk, number))


@given(make.network_policies())
@settings(max_examples=50)
def test_the_yaml_of_a_policy_has_every_entry_once(found: Policy) -> None:
    """Or the policy says what no manifest can, and comes as one piece."""
    paths = [path for path, _ in policy_pieces(found) if path]
    can_be_written = all(rule.peers != () and rule.ports != () for rule in found.rules)
    wanted = [rule.path for rule in found.rules] if can_be_written else []
    assert sorted(paths) == sorted(wanted)
