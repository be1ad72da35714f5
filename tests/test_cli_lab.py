"""`nsim lab`: the kernel's verdict from the command line."""

import pytest
from click.testing import CliRunner

from nsimlib.cli import main
from nsimlib.packets.checking import check
from tests.conftest import missing


@pytest.fixture(autouse=True, scope="module")
def _a_machine_that_runs_it() -> None:
    if found := check().failed:
        missing(f"packet lab ({found.name})", found.remedy or found.problem)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["lab", *arguments])
    return result.exit_code, result.output


def test_check_says_that_it_runs() -> None:
    code, text = run("check")
    assert code == 0
    assert text.startswith("The packet lab runs here\n+ user namespace\n")


def test_run_holds_the_kernel_against_the_model() -> None:
    code, text = run("run", "isolation-is-a-switch", "--port", "8080/TCP")
    assert code == 0
    assert " 0 differ" in text


def test_run_refuses_what_the_engine_does_not_enforce() -> None:
    code, text = run("run", "enforcers-part")
    assert code == 2
    assert "shop/by-domain" in text


def test_run_takes_the_engine_that_knows_the_policies() -> None:
    code, text = run("run", "enforcers-part", "--engine", "calico", "--port", "8080/TCP")
    assert code == 0
    assert text.startswith("Kernel (calico) against model (calico): ")


def test_scenes_are_listed_and_played() -> None:
    code, text = run("scene")
    assert (code, text.splitlines()[:2]) == (0, ["drop-or-reject", "dns-trap"])
    code, text = run("scene", "search-list", "--times")
    assert code == 0
    assert text.startswith(
        "What a name costs (search-list)\n  1  look up db.corp.example, ndots:5:"
    )
    assert "What a name costs: measured on this machine" in text


def test_an_unknown_scene_names_the_nearest() -> None:
    code, text = run("scene", "dns-trab")
    assert code == 2
    assert "did you mean dns-trap" in text
