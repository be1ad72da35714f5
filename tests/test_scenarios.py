"""What the shipped scenarios promise is what the engine says."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import pytest

from nsimlib.evaluation.engine import why
from nsimlib.evaluation.evidence import place_of
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
