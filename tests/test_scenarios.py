"""What the shipped scenarios, exercises and predictions promise is what the engine says."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import pytest

from nsimlib.evaluation.engine import why
from nsimlib.evaluation.evidence import place_of
from nsimlib.evaluation.verdict import Verdict
from nsimlib.manifests import load
from nsimlib.manifests.shipped import read_shipped, shipped, shipped_names
from nsimlib.model.cluster import Cluster

Entry = dict[str, Any]
SCENARIOS = shipped_names("data", "scenarios")


@lru_cache
def cluster(scenario: str) -> Cluster:
    """The scenario without the policies that are switched on one by one."""
    folder = shipped("data", "scenarios", scenario)
    return load(*(path for path in sorted(folder.glob("*.yaml")) if path.name != "expected.yaml"))


def switched_on(scenario: str, policies: list[str]) -> Cluster:
    folder = shipped("data", "scenarios", scenario) / "policies"
    return cluster(scenario).with_policies(*(str(folder / f"{name}.yaml") for name in policies))


def only(scenario: str, manifests: str) -> Cluster:
    """The scenario with a learner's policies alone."""
    bare = cluster(scenario)
    return bare.without(*(policy.key for policy in bare.policies)).with_policies(manifests)


def entries(*parts: str) -> list[Entry]:
    return cast("list[Entry]", read_shipped("data", *parts))


# Scenarios


@dataclass(frozen=True)
class Expectation:
    """One connection of an `expected.yaml`, with the policies that are switched on for it."""

    scenario: str
    policies: tuple[str, ...]
    entry: Entry

    def __str__(self) -> str:
        policies = f"+{'+'.join(self.policies)}" if self.policies else ""
        return f"{self.scenario}{policies}: {self.entry['connection']} {self.entry.get('cni', '')}"


def expected(scenario: str) -> Entry:
    return cast("Entry", read_shipped("data", "scenarios", scenario, "expected.yaml"))


def expectations() -> Iterator[Expectation]:
    for scenario in SCENARIOS:
        about = expected(scenario)
        for case in about.get("cases", [{"policies": [], **about}]):
            for entry in case["connections"]:
                yield Expectation(scenario, tuple(case["policies"]), entry)


EXPECTATIONS = list(expectations())


@pytest.mark.parametrize("expectation", EXPECTATIONS, ids=str)
def test_outcomes_and_their_reasons_are_as_expected(expectation: Expectation) -> None:
    said = expectation.entry
    cluster = switched_on(expectation.scenario, list(expectation.policies))
    verdict = why(cluster, said["connection"], cni=said.get("cni", "spec"))
    determined_by = [place_of(each) for each in verdict.determining]
    assert (verdict.outcome.value, sorted(set(determined_by))) == (
        said["outcome"],
        sorted(said["determined_by"]),
    )


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_expectations_have_no_unknown_keys(scenario: str) -> None:
    about = expected(scenario)
    header = {"apiVersion": "nsimlib.io/v1", "kind": "Expectations"}
    assert about.keys() - header.keys() in ({"connections"}, {"cases"})
    assert {key: about[key] for key in header} == header
    for case in about.get("cases", ()):
        assert case.keys() == {"policies", "connections"}
    for expectation in (each for each in EXPECTATIONS if each.scenario == scenario):
        optional = {"cni", "note"}
        assert expectation.entry.keys() - optional == {"connection", "outcome", "determined_by"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_policy_of_a_scenario_is_expected_to_do_something(scenario: str) -> None:
    folder = shipped("data", "scenarios", scenario) / "policies"
    files = {path.stem for path in folder.glob("*.yaml")}
    ours = [each for each in EXPECTATIONS if each.scenario == scenario]
    assert files == {name for each in ours for name in each.policies}
    cited = {place.split()[0] for each in ours for place in each.entry["determined_by"]}
    every = switched_on(scenario, sorted(files)).policies
    assert {policy.key for policy in every} - cited == set()


# Exercises


def exercises() -> list[Entry]:
    return [
        entry
        for slug in shipped_names("data", "exercises")
        for entry in entries("exercises", f"{slug}.yaml")
    ]


def met(exercise: Entry, manifests: str) -> dict[str, bool]:
    attempt = only(exercise["scenario"], manifests)
    return {
        connection: why(attempt, connection).outcome.value == outcome
        for connection, outcome in exercise["wanted"].items()
    }


@pytest.mark.parametrize("exercise", exercises(), ids=lambda each: str(each["id"]))
class TestExercise:
    def test_its_answer_does_what_is_wanted(self, exercise: Entry) -> None:
        found = met(exercise, exercise["answer"])
        assert [connection for connection, as_wanted in found.items() if not as_wanted] == []

    def test_its_start_does_not(self, exercise: Entry) -> None:
        assert not all(met(exercise, exercise["start"]).values())

    def test_it_has_the_keys_of_an_exercise(self, exercise: Entry) -> None:
        wanted = "id question scenario start hints wanted answer"
        assert list(exercise) == wanted.split()
        assert len(exercise["hints"]) == 3


# Predictions


def predictions() -> list[Entry]:
    return [
        entry | {"scenario": slug}
        for slug in shipped_names("data", "predictions")
        for entry in entries("predictions", f"{slug}.yaml")
    ]


def settled(prediction: Entry) -> Verdict:
    there = switched_on(prediction["scenario"], prediction["policies"])
    return why(there, prediction["connection"])


@pytest.mark.parametrize("prediction", predictions(), ids=lambda each: str(each["id"]))
class TestPrediction:
    def test_only_the_right_answer_has_no_misconception(self, prediction: Entry) -> None:
        right = settled(prediction).outcome.value
        found = [each["answer"] for each in prediction["choices"] if each["misconception"] is None]
        assert found == [right]

    def test_it_offers_each_answer_once(self, prediction: Entry) -> None:
        answers = [each["answer"] for each in prediction["choices"]]
        assert sorted(answers) == sorted({"allowed", "denied", *answers})

    def test_it_has_the_keys_of_a_prediction(self, prediction: Entry) -> None:
        wanted = "id question policies connection choices scenario"
        assert list(prediction) == wanted.split()
        for choice in prediction["choices"]:
            assert list(choice) == ["answer", "misconception", "feedback"]
