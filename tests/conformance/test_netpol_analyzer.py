"""Whole clusters against the connectivity that netpol-analyzer prints for them."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

import nsimlib
from nsimlib.cli import main
from nsimlib.views.listing import list_lines

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "netpol-analyzer"
if not CORPUS.is_dir():
    pytest.skip(f"the corpus is not in {CORPUS}", allow_module_level=True)


def index() -> dict[str, int]:
    """Return the number of expected lines of each case."""
    with (CORPUS / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        return {row["case"]: int(row["lines"]) for row in csv.DictReader(file, delimiter="\t")}


CASES = index()


def expected_lines(case: str) -> list[str]:
    """Return what the corpus expects, sorted."""
    return sorted((CORPUS / case / "expected.txt").read_text("utf-8").splitlines())


def difference(found: list[str], expected: list[str], shown: int = 20) -> str:
    """Return the missing and the extra lines, the first of each, for a person to read."""
    missing = sorted((Counter(expected) - Counter(found)).elements())
    extra = sorted((Counter(found) - Counter(expected)).elements())
    return "\n".join(
        [
            f"{len(missing)} missing, {len(extra)} extra of {len(expected)} expected lines",
            *(f"missing  {line}" for line in missing[:shown]),
            *(f"extra    {line}" for line in extra[:shown]),
        ]
    )


def test_the_corpus_is_complete() -> None:
    """Compare as many lines as the index names."""
    assert {case: len(expected_lines(case)) for case in CASES} == CASES
    assert len(CASES) == 85


@pytest.mark.parametrize("case", CASES)
def test_connectivity(case: str) -> None:
    """Read one case as netpol-analyzer does, and compare all lines."""
    cluster = nsimlib.load(CORPUS / case / "manifests", strict=False)
    found = sorted(list_lines(nsimlib.reachability(cluster, cni="workloads")))
    if found != (expected := expected_lines(case)):
        pytest.fail(difference(found, expected), pytrace=False)


@pytest.mark.parametrize("case", ["minikube_resources", "netpol_named_port_test"])
def test_the_command_prints_the_lines(case: str) -> None:
    """Print what a user compares line by line: one case with finished pods, one with a flaw."""
    command = ["reach", str(CORPUS / case / "manifests"), "--reading", "workloads"]
    result = CliRunner().invoke(main, [*command, "--format", "list"])

    assert result.exit_code == 0
    assert result.stdout.splitlines() == expected_lines(case)
