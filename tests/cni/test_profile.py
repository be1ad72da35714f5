"""The profiles that ship: every question answered, every answer with its reason."""

import pytest

from nsimlib.cni.profile import load_profile, profile_names
from nsimlib.errors import UnknownName
from nsimlib.explanation.facts import facts
from nsimlib.model.policy import Action, Combination
from tests.builders import policy
from tests.strategies import ANSWERS

#: settled or left open, by every profile
QUESTIONS = {*ANSWERS, "finished_pods"}


@pytest.mark.parametrize("name", profile_names())
class TestShipped:
    def test_it_is_called_as_its_file(self, name: str) -> None:
        profile = load_profile(name)
        assert profile.name == name
        assert profile.title
        assert profile.description

    def test_it_answers_every_question(self, name: str) -> None:
        assert load_profile(name).settles.keys() == QUESTIONS

    def test_its_answers_are_among_those_that_the_engine_knows(self, name: str) -> None:
        settles = load_profile(name).settles
        strange = {q: settles[q].value for q in ANSWERS if settles[q].value not in ANSWERS[q]}
        assert strange == {}

    def test_every_answer_has_its_reason(self, name: str) -> None:
        for setting in load_profile(name).settles.values():
            assert setting.because.endswith(".")
            assert set(setting.facts) <= facts().keys()

    def test_each_kind_is_in_one_tier(self, name: str) -> None:
        kinds = [kind for tier in load_profile(name).tiers for kind in tier.kinds]
        assert len(kinds) == len(set(kinds)) > 0


class TestLoadProfile:
    def test_spec_reads_the_kubernetes_text(self) -> None:
        spec = load_profile("spec")
        (tier,) = (tier for tier in spec.tiers if "NetworkPolicy" in tier.kinds)
        assert (tier.combine, tier.kinds) == (Combination.UNION, ("NetworkPolicy",))
        assert {tier.default for tier in spec.tiers} == {Action.PASS}
        left_open = {question for question, answer in spec.settles.items() if answer.value is None}
        assert left_open == {"pod_to_own_node", "service_translation"}

    def test_kinds_without_a_tier_are_not_enforced(self) -> None:
        spec = load_profile("spec")
        assert spec.enforces(policy("shop/p"))
        assert not spec.enforces(policy("p", kind="CiliumNetworkPolicy"))

    def test_an_unknown_name_names_the_nearest(self) -> None:
        with pytest.raises(UnknownName, match=r"did you mean workloads\?"):
            load_profile("workload")
