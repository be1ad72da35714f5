"""The profiles that ship: every question answered, every answer with its reason."""

from typing import Any, cast

import pytest

from nsimlib.cni.features import ROWS, profile_table
from nsimlib.cni.profile import Sure, load_profile, profile_names
from nsimlib.errors import UnknownName
from nsimlib.explanation.facts import facts
from nsimlib.manifests.shipped import read_shipped
from nsimlib.model.policy import Action, Combination
from tests.builders import policy
from tests.strategies import ANSWERS

#: settled or left open, by every profile
QUESTIONS = {*ANSWERS, "finished_pods", "open_connections"}
#: what an entry of a profile's file may hold
KEYS = {
    "settles": {"value", "facts", "because"},
    "shows": {"says", "sure", "facts"},
}


@pytest.mark.parametrize("name", profile_names())
class TestShipped:
    def test_it_is_called_as_its_file(self, name: str) -> None:
        profile = load_profile(name)
        assert profile.name == name
        assert all((profile.title, profile.version, profile.description))

    def test_it_answers_every_question(self, name: str) -> None:
        assert load_profile(name).settles.keys() == QUESTIONS

    def test_its_answers_are_among_those_that_the_engine_knows(self, name: str) -> None:
        profile = load_profile(name)
        known = ANSWERS if profile.tiers else dict.fromkeys(ANSWERS, (None,))
        strange = {q: profile[q].value for q in known if profile[q].value not in known[q]}
        assert strange == {}

    def test_what_becomes_of_open_connections_is_what_the_comparison_shows(self, name: str) -> None:
        """X13, for the clock and for people."""
        profile = load_profile(name)
        value, says = profile["open_connections"].value, profile.shows["X13"].says or ""
        assert value in ("kept", "cut", None)
        assert says.startswith(str(value)) if value else not says.startswith(("kept", "cut"))

    def test_every_answer_has_its_reason(self, name: str) -> None:
        profile = load_profile(name)
        for question, setting in profile.settles.items():
            assert setting.because.endswith(".")
            assert set(setting.facts) <= facts().keys()
            assert setting.facts or question == "finished_pods"

    def test_it_says_why_other_kinds_have_no_effect(self, name: str) -> None:
        ignores = load_profile(name).ignores
        assert ignores.because.endswith(".")
        assert set(ignores.facts) <= facts().keys()

    def test_each_kind_is_in_one_tier_and_has_its_fact(self, name: str) -> None:
        profile = load_profile(name)
        kinds = [kind for tier in profile.tiers for kind in tier.kinds]
        assert len(kinds) == len(set(kinds))
        named = {kind.partition("/")[0] for kind in kinds}
        assert named == profile.kinds.keys()
        assert set(profile.kinds.values()) <= facts().keys()

    def test_it_shows_every_row(self, name: str) -> None:
        assert tuple(load_profile(name).shows) == tuple(ROWS)

    def test_what_it_shows_cites_a_fact_or_is_not_known(self, name: str) -> None:
        for feature in load_profile(name).shows.values():
            assert (feature.says is None) == (feature.sure is Sure.UNKNOWN)
            assert feature.facts or feature.says is None
            assert set(feature.facts) <= facts().keys()

    def test_its_file_holds_nothing_else(self, name: str) -> None:
        """An unquoted comma in a flow mapping makes a key of half a sentence."""
        data = cast("dict[str, Any]", read_shipped("data", "cni", f"{name}.yaml"))
        for part, keys in KEYS.items():
            strange = {key for entry in data[part].values() for key in entry} - keys
            assert strange == set()
        assert all(isinstance(cell["says"], str | None) for cell in data["shows"].values())


class TestLoadProfile:
    def test_spec_reads_the_kubernetes_text(self) -> None:
        spec = load_profile("spec")
        (tier,) = (tier for tier in spec.tiers if "NetworkPolicy" in tier.kinds)
        assert (tier.combine, tier.kinds) == (Combination.UNION, ("NetworkPolicy",))
        assert {tier.default for tier in spec.tiers} == {Action.PASS}
        left_open = {question for question, answer in spec.settles.items() if answer.value is None}
        assert left_open == {
            "icmp",
            "open_connections",
            "pod_to_itself_by_service",
            "pod_to_own_node",
            "service_translation",
        }

    def test_kinds_without_a_tier_are_not_enforced(self) -> None:
        spec = load_profile("spec")
        assert spec.enforces(policy("shop/p"))
        assert not spec.enforces(policy("p", kind="Foreign"))

    def test_an_unknown_name_names_the_nearest(self) -> None:
        with pytest.raises(UnknownName, match=r"did you mean workloads\?"):
            load_profile("workload")


class TestProfileTable:
    def test_what_is_concluded_and_what_nobody_knows_are_told_apart(self) -> None:
        table = profile_table("weave")
        cells = {row: says for row, _, says in table.rows}
        assert table.columns == ("row", "question", "weave")
        assert table.rows[0][-1] == "last commit, 2022-11-23"
        assert (cells["X1"], cells["X16"]) == ("yes", "closed (inferred)")
        assert {row for row, says in cells.items() if says == "not known"} == {"X11", "X15", "X18"}

    def test_without_names_all_are_in_it(self) -> None:
        assert len(profile_table().columns) == 2 + len(profile_names())
