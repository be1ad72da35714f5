"""`nsim compare`: what it prints and how it exits."""

import pytest
from click.testing import CliRunner

from nsimlib.cli import main

ASKED = "shop/by-range -> shop/api:8080/TCP"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["compare", "enforcers-part", *arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("cnis", "code", "says"),
    [
        (("calico", "cilium"), 1, "ipBlock against pods"),
        (("calico", "calico-ebpf"), 1, "SCTP"),
        (("spec", "spec"), 0, "agree on every connection"),
    ],
)
def test_all_connections(cnis: tuple[str, ...], code: int, says: str) -> None:
    found = run(*(part for cni in cnis for part in ("--cni", cni)))
    assert found[0] == code
    assert says in found[1]


@pytest.mark.parametrize(("other", "code"), [("cilium", 1), ("antrea", 0)])
def test_one_connection(other: str, code: int) -> None:
    found = run("--cni", "calico", "--cni", other, "--ask", ASKED)
    assert found[0] == code
    assert ASKED in found[1]


def test_a_table_for_a_page() -> None:
    _, text = run("--cni", "calico", "--cni", "cilium", "--format", "markdown")
    assert "| source | destination | calico | cilium | because | ask why |" in text


def test_an_enforcer_that_is_not_known_is_a_bad_call() -> None:
    assert run("--cni", "calicium")[0] == 2
