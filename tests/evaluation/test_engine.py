"""What the engine settles beside rules: exemptions, doubts, Services, what a profile ignores."""

from dataclasses import replace

import pytest

from nsimlib.cni.profile import Profile, Setting
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import evaluate, why
from nsimlib.evaluation.evidence import place_of
from nsimlib.evaluation.verdict import Exemption, Verdict
from nsimlib.model.addresses import parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.objects import Service, ServicePort
from nsimlib.model.peers import Peer
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.ports import Port
from tests.builders import EGRESS, INGRESS, block, cluster, node, pod, pods, policy, rule
from tests.strategies import SPEC, TIERED, WORKLOADS

ALLOWED, DENIED, UNDETERMINED = Outcome
WEB = pod("shop/web", "10.0.0.1", app="web", node="worker-1")
DB = pod("shop/db", "10.0.0.2", app="db", node="worker-2")
PROXY = pod("shop/proxy", "10.9.0.1", node="worker-1", host_network=True)
PARTIES = (WEB, DB, PROXY)
NODES = (node("worker-1", "10.9.0.1"), node("worker-2", "10.9.0.2"))
CLOSED = policy("shop/closed", directions=Direction)


def settled(question: str, value: str | bool | None) -> Profile:
    return replace(SPEC, settles={**SPEC.settles, question: Setting(value)})


def judged(text: str, *policies: Policy, profile: Profile = SPEC) -> Verdict:
    return evaluate(
        cluster(*PARTIES, nodes=NODES, policies=policies), Connection.parse(text), profile
    )


class TestExemptions:
    @pytest.mark.parametrize(
        ("connection", "direction", "exemption"),
        [
            # a pod cannot be denied itself (F1.26)
            ("shop/web -> shop/web:80", EGRESS, Exemption.ITSELF),
            ("shop/web -> shop/web:80", INGRESS, Exemption.ITSELF),
            ("10.0.0.1 -> shop/web:80", INGRESS, Exemption.ITSELF),
            # policies select pods, and none on the host's network (F1.1, F1.27)
            ("shop/web -> 203.0.113.7:80", INGRESS, Exemption.NOT_A_POD),
            ("node/worker-1 -> shop/web:80", EGRESS, Exemption.NOT_A_POD),
            ("shop/proxy -> shop/web:80", EGRESS, Exemption.HOST_NETWORK),
            # a pod's own node is always let in (F1.24)
            ("node/worker-1 -> shop/web:80", INGRESS, Exemption.FROM_OWN_NODE),
            ("shop/proxy -> shop/web:80", INGRESS, Exemption.FROM_OWN_NODE),
            ("node/worker-2 -> shop/web:80", INGRESS, None),
            ("shop/proxy -> shop/db:80", INGRESS, None),
            # ... but whether a pod may reach it is open (F1.25)
            ("shop/web -> node/worker-1:80", EGRESS, None),
            ("shop/web -> shop/db:80", EGRESS, None),
        ],
    )
    def test_from_policy(
        self, connection: str, direction: Direction, exemption: Exemption | None
    ) -> None:
        case = judged(connection, CLOSED).case
        end = case.egress if direction is EGRESS else case.ingress
        assert end.exemption is exemption
        if exemption:
            assert (end.outcome, end.determining, end.tiers) == (ALLOWED, (), ())

    @pytest.mark.parametrize(
        ("answer", "outcome"), [("allowed", ALLOWED), ("policy", DENIED), (None, UNDETERMINED)]
    )
    def test_to_the_own_node_is_for_the_profile(self, answer: str | None, outcome: Outcome) -> None:
        profile = settled("pod_to_own_node", answer)
        assert judged("shop/web -> node/worker-1:80", CLOSED, profile=profile).outcome is outcome
        assert judged("shop/web -> node/worker-2:80", CLOSED, profile=profile).outcome is DENIED

    def test_an_open_question_does_not_take_away_what_a_rule_allows(self) -> None:
        open_all = policy("shop/p", rule())
        assert judged("shop/web -> node/worker-1:80", open_all).outcome is ALLOWED

    def test_profiles_may_judge_what_the_text_exempts(self) -> None:
        for connection in ("shop/proxy -> shop/web:80", "node/worker-1 -> shop/web:80"):
            assert judged(connection, CLOSED, profile=WORKLOADS).outcome is DENIED
        profile = settled("pod_to_itself", "policy")
        assert judged("shop/web -> shop/web:80", CLOSED, profile=profile).outcome is DENIED


SERVICE = Service(
    "shop", "db", (parse_address("10.96.0.10"),), (ServicePort("", Port(80), 80),), {"app": "db"}
)


def with_service(*policies: Policy) -> Cluster:
    return replace(cluster(*PARTIES, nodes=NODES, policies=policies), services=(SERVICE,))


class TestServices:
    @pytest.mark.parametrize(
        ("peer", "before", "after", "left_open"),
        [
            # which address is compared is open (F1.18)
            (block("10.96.0.10/32"), DENIED, ALLOWED, UNDETERMINED),
            (block("10.0.0.2/32"), ALLOWED, DENIED, UNDETERMINED),
            (block("10.0.0.0/8"), ALLOWED, ALLOWED, ALLOWED),
            (block("192.0.2.0/24"), DENIED, DENIED, DENIED),
            # selectors speak of the pods behind it
            (pods(app="db"), ALLOWED, ALLOWED, ALLOWED),
            (pods(app="web"), DENIED, DENIED, DENIED),
        ],
    )
    def test_are_translated_when_the_profile_says(
        self, peer: Peer, before: Outcome, after: Outcome, left_open: Outcome
    ) -> None:
        shop = with_service(policy("shop/p", rule(peer), app="web"))
        asked = Connection.parse("shop/web -> shop/service/db:80")
        for answer, outcome in (("before", before), ("after", after), (None, left_open)):
            profile = settled("service_translation", answer)
            assert evaluate(shop, asked, profile).outcome is outcome

    def test_a_backend_whose_address_nobody_knows_leaves_blocks_open(self) -> None:
        planned = replace(DB, addresses=())
        shop = with_service(policy("shop/p", rule(block("10.96.0.10/32")), app="web"))
        shop = replace(shop, pods=(WEB, planned))
        assert why(shop, "shop/web -> shop/service/db:80").outcome is UNDETERMINED

    def test_ingress_sees_the_source_and_never_the_service(self) -> None:
        shop = with_service(
            policy("shop/p", rule(block("10.0.0.1/32"), direction=INGRESS), directions=[INGRESS])
        )
        assert why(shop, "shop/web -> 10.96.0.10:80").outcome is ALLOWED

    def test_a_service_without_endpoints_decides_nothing(self) -> None:
        shop = replace(with_service(), services=(replace(SERVICE, endpoints=()),))
        verdict = why(shop, "shop/web -> shop/service/db:80")
        assert (verdict.cases, verdict.outcome) == ((), UNDETERMINED)
        assert (verdict.determining, verdict.near_misses, verdict.ends) == ((), (), ())


class TestCases:
    def test_ways_that_are_judged_alike_are_one_case(self) -> None:
        replicas = [replace(DB, name=f"db-{n}", addresses=()) for n in range(3)]
        shop = replace(with_service(CLOSED), pods=(WEB, *replicas))
        (case,) = why(shop, "shop/web -> shop/service/db:80").cases
        assert (case.outcome, case.others) == (DENIED, 2)

    def test_families_that_differ_leave_it_open(self) -> None:
        dual = (
            pod("shop/web", "10.0.0.1", "fd00::1", app="web"),
            pod("shop/db", "10.0.0.2", "fd00::2"),
        )
        only_v4 = policy("shop/p", rule(block("0.0.0.0/0")), app="web")
        verdict = why(cluster(*dual, policies=[only_v4]), "shop/web -> shop/db:80")
        assert [case.outcome for case in verdict.cases] == [ALLOWED, DENIED]
        assert verdict.outcome is UNDETERMINED
        assert verdict.case.outcome is DENIED


class TestWhatIsNotEnforced:
    def test_is_reported_and_not_obeyed(self) -> None:
        foreign = policy("shop/p", kind="CiliumNetworkPolicy")
        verdict = judged("shop/web -> shop/db:80", foreign)
        (ignored,) = verdict.egress.ignored
        assert (verdict.outcome, ignored.policy) == (ALLOWED, foreign)
        assert ignored.why.because == "The Kubernetes API has no such kind."

    def test_is_not_reported_for_others(self) -> None:
        foreign = policy("shop/p", kind="CiliumNetworkPolicy", app="db")
        assert judged("shop/web -> shop/db:80", foreign).egress.ignored == ()


class TestEvidence:
    TWO = (
        policy("shop/a", rule(pods(app="web")), app="web"),
        policy("shop/b", rule(pods(app="db"), ports="80")),
    )

    def test_every_rule_and_every_entry_is_kept(self) -> None:
        end = judged("shop/web -> shop/db:81", *self.TWO).egress
        rules = [rule for tier in end.tiers for rule in tier.rules]
        assert [(rule.place, rule.matched) for rule in rules] == [
            ("shop/a spec.egress[0]", False),
            ("shop/b spec.egress[0]", False),
        ]
        assert [policy.key for policy in end.isolating] == ["shop/a", "shop/b"]

    def test_near_misses_come_nearest_first(self) -> None:
        far = policy("shop/c", rule(pods({"team": "x"}, app="y"), ports="443"), app="web")
        verdict = judged("shop/web -> shop/db:81", far, *self.TWO)
        assert [(rule.policy.name, rule.distance) for rule in verdict.near_misses] == [
            ("a", 1),
            ("b", 1),
            ("c", 3),
        ]
        assert verdict.near_misses[1].unmet_paths == ("ports[0]",)
        assert judged("shop/web -> shop/db:80", *self.TWO).near_misses == ()

    def test_both_ends_determine_when_both_agree(self) -> None:
        verdict = judged("shop/web -> shop/db:80", CLOSED)
        assert [place_of(each) for each in verdict.determining] == ["shop/closed", "shop/closed"]
        half = judged("shop/web -> shop/db:80", policy("shop/p", directions=[INGRESS]))
        assert [place_of(each) for each in half.determining] == ["shop/p"]

    def test_the_first_tier_that_decides_is_the_last_word(self) -> None:
        admin = policy("first", rule(pods({}, app="db")), kind="Admin", isolates=False)
        verdict = judged("shop/web -> shop/db:80", CLOSED, admin, profile=TIERED)
        assert verdict.egress.outcome is ALLOWED
        assert [place_of(each) for each in verdict.egress.determining] == ["first spec.egress[0]"]
        assert verdict.outcome is DENIED
