"""`nsim diff` and `nsim check`: the library's answers, and exit codes for CI."""

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

import nsimlib as ns
from tests.conftest import ROOT
from tests.test_cli import DNS, SHOP, run

SCENARIO = "isolation-is-a-switch"
HEAD = "apiVersion: nsimlib.io/v1\nkind: Expectations\n"


@pytest.fixture
def changed(tmp_path: Path) -> str:
    """The shop's manifests with one policy less."""
    shutil.copytree(SHOP, tmp_path / "after")
    policies = tmp_path / "after" / "policies.yaml"
    kept = [text for text in policies.read_text("utf-8").split("---\n") if "web-egress" not in text]
    policies.write_text("---\n".join(kept), encoding="utf-8")
    return str(tmp_path / "after")


class TestDiff:
    def test_text_is_what_the_library_shows(self, changed: str) -> None:
        result = run("diff", SHOP, changed)
        shop = ns.scenario("shop")

        assert result.exit_code == 1
        assert result.stdout == f"{ns.difference(shop, shop.without('shop/web-egress'))}\n"

    def test_no_change_exits_with_0(self) -> None:
        result = run("diff", "shop", SHOP)

        assert (result.exit_code, result.stdout) == (
            0,
            "Difference (spec): no connection changes\n",
        )

    def test_markdown_begins_with_the_summary(self, changed: str) -> None:
        result = run("diff", SHOP, changed, "--format", "markdown")

        assert result.exit_code == 1
        assert result.stdout.startswith("**Difference (spec): 1 added, ")
        assert "| added | shop/web | " in result.stdout

    def test_json_holds_the_rows_and_the_workloads(self) -> None:
        result = run("diff", "shop", SCENARIO, "--format", "json")
        found = json.loads(result.stdout)

        assert result.exit_code == 1
        assert "shop/debug" in found["workloads removed"]
        assert {row["change"] for row in found["rows"]} == {"added", "removed"}

    def test_a_reading_counts(self) -> None:
        assert "(workloads)" in run("diff", "shop", SCENARIO, "--cni", "workloads").stdout

    @pytest.mark.parametrize("sides", [("shop", "no-such-file"), ("no-such-file", "shop")])
    def test_bad_input_exits_with_2(self, sides: tuple[str, str]) -> None:
        result = run("diff", *sides)

        assert result.exit_code == 2
        assert "does not exist" in result.stderr


class TestCheck:
    def test_what_is_met_exits_with_0(self) -> None:
        result = run("check", "shop", f"{SHOP}/expected.yaml")

        assert result.exit_code == 0
        assert result.stdout.startswith("Expectations (spec): ")

    def test_what_is_not_met_is_explained_and_exits_with_1(self, tmp_path: Path) -> None:
        wanted = tmp_path / "expectations.yaml"
        wanted.write_text(f"{HEAD}allow: ['{DNS}']\n", encoding="utf-8")
        result = run("check", "shop", str(wanted), "--junit", str(tmp_path / "report.xml"))

        assert result.exit_code == 1
        assert str(ns.why(ns.scenario("shop"), DNS)) in result.stdout
        assert result.stdout.endswith("Expectations (spec): 0 of 1 met\n")
        assert ElementTree.parse(tmp_path / "report.xml").getroot().get("failures") == "1"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("kind: Pod\n", "supported values"),
            (f"{HEAD}allow: [shop/web]\n", "expected ' -> '"),
            (f"{HEAD}allow: ['shop/wab -> shop/api:80/TCP']\n", "did you mean shop/web"),
        ],
    )
    def test_bad_input_exits_with_2(self, tmp_path: Path, text: str, words: str) -> None:
        (tmp_path / "wrong.yaml").write_text(text, encoding="utf-8")
        result = run("check", "shop", str(tmp_path / "wrong.yaml"))

        assert result.exit_code == 2
        assert words in result.stderr

    def test_the_scenarios_are_found_by_name_from_anywhere(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)

        assert run("check", "shop", str(ROOT / "data/scenarios/shop/expected.yaml")).exit_code == 0
