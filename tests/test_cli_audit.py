"""`nsim audit`: exit codes fit for CI, every format, a baseline."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from nsimlib.cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments])


@pytest.mark.parametrize(
    ("fail_on", "code"), [("critical", 0), ("high", 1), ("medium", 1), ("never", 0)]
)
def test_it_fails_for_findings_that_are_severe_enough(fail_on: str, code: int) -> None:
    assert run("shop", "--rule", "D301", "--fail-on", fail_on).exit_code == code


def test_the_default_is_to_fail_on_high() -> None:
    assert run("shop", "--rule", "D301").exit_code == 1
    assert run("shop", "--rule", "D302").exit_code == 0


def test_every_format_is_what_it_says(tmp_path: Path) -> None:
    found = json.loads(run("shop", "--format", "json").stdout)
    assert found["findings"][0]["fingerprint"]
    assert json.loads(run("shop", "--format", "sarif").stdout)["version"] == "2.1.0"
    assert ElementTree.fromstring(run("shop", "--format", "junit").stdout).tag == "testsuites"
    assert run("shop", "--format", "markdown").stdout.startswith("**Audit")
    page = tmp_path / "audit.html"
    assert run("shop", "--format", "html", "-o", str(page)).stdout == ""
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_baseline_accepts_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "baseline.yaml"
    assert run("shop", "--write-baseline", str(file), "--reason", "known").exit_code == 0
    again = run("shop", "--baseline", str(file))
    assert again.exit_code == 0
    assert "no findings" in again.stdout


def test_a_baseline_needs_a_reason(tmp_path: Path) -> None:
    asked = run("shop", "--write-baseline", str(tmp_path / "baseline.yaml"))
    assert asked.exit_code == 2
    assert "--reason" in asked.stderr
    assert not any(tmp_path.iterdir())


def test_an_unknown_rule_names_the_nearest() -> None:
    asked = run("shop", "--rule", "D3O1")
    assert asked.exit_code == 2
    assert "D301" in asked.stderr
