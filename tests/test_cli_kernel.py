"""`nsim chains` and `nsim dropped`: what they print and how they exit."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from nsimlib.cli import main
from nsimlib.datapath.entry import datapath
from nsimlib.lessons.scenarios import scenario


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("form", "begins"), [("rules", "*filter"), ("sets", "create cali40"), ("nft", "table")]
)
def test_chains_are_printed_as_the_node_prints_them(form: str, begins: str) -> None:
    code, text = run("chains", "shop", "shop/web", "--format", form)
    assert code == 0
    assert text.startswith(begins)


@pytest.mark.parametrize(
    ("connection", "code"),
    [("shop/web -> kube-system/coredns:53/UDP", 1), ("shop/web -> shop/api:8080/TCP", 0)],
)
def test_a_walk_exits_with_its_outcome(connection: str, code: int) -> None:
    assert run("chains", "shop", "shop/web", "--ask", connection)[0] == code


def test_an_enforcer_without_chains_is_a_bad_call() -> None:
    assert run("chains", "shop", "shop/web", "--cni", "spec")[0] == 2


def test_dropped_names_the_policies_behind_the_counters(tmp_path: Path) -> None:
    shop = datapath("calico", scenario("shop"), "shop/web")
    text = shop.save(counters=True)
    drop = next(line for line in text.splitlines() if "End of tier default" in line)
    counted = drop.replace("[0:0]", "[7:420]", 1)
    (tmp_path / "counters.txt").write_text(text.replace(drop, counted, 1), encoding="utf-8")
    code, said = run("dropped", str(tmp_path / "counters.txt"), "shop")
    assert code == 0
    assert said.startswith("7 packets, ")
    assert "no policy of the tier let it through" in said


def test_dropped_says_so_where_nothing_was(tmp_path: Path) -> None:
    text = datapath("calico", scenario("shop"), "shop/web").save(counters=True)
    (tmp_path / "counters.txt").write_text(text, encoding="utf-8")
    assert run("dropped", str(tmp_path / "counters.txt")) == (0, "nothing was dropped\n")
