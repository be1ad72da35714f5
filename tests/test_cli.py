"""The command line is thin: the same answers as the library, and exit codes for CI."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import nsimlib as ns
from nsimlib.cli import main
from tests.conftest import ROOT

DNS = "shop/web -> kube-system/coredns:53/UDP"
SHOP = str(ROOT / "data" / "scenarios" / "shop")


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=text)


class TestWhy:
    @pytest.mark.parametrize(
        ("connection", "code"),
        [
            ("shop/web -> shop/api:8080/TCP", 0),
            (DNS, 1),
            ("data/reporting -> kube-system/service/kube-dns:53/UDP", 3),
        ],
    )
    def test_exits_with_the_outcome(self, connection: str, code: int) -> None:
        result = run("why", "shop", connection)

        assert result.exit_code == code
        assert result.stdout == f"{ns.why(ns.scenario('shop'), connection)}\n"

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("shop", "shop/web - shop/api:80"), "' -> ' between the two ends"),
            (("shop", "shop/wab -> shop/api:80/TCP"), "did you mean shop/web"),
            (("no-such-file.yaml", DNS), "does not exist"),
            (("shop", DNS, "--cni", "calico-typo"), "is not one of"),
        ],
    )
    def test_a_bad_call_exits_with_2_and_names_the_remedy(
        self, arguments: tuple[str, ...], words: str
    ) -> None:
        result = run("why", *arguments)

        assert result.exit_code == 2
        assert words in result.stderr
        assert "Traceback" not in result.output

    def test_json_holds_the_same_tree(self) -> None:
        tree = json.loads(run("why", "shop", DNS, "--format", "json").stdout)

        reason = ns.explain(ns.why(ns.scenario("shop"), DNS))
        assert tree["text"] == reason.text
        assert [end["text"] for end in tree["reasons"]] == [r.text for r in reason.children]
        assert tree["mark"] == "no"

    def test_reads_standard_input(self) -> None:
        pod = "{apiVersion: v1, kind: Pod, metadata: {name: %s}, spec: {containers: []}}"
        text = f"{pod % 'a'}\n---\n{pod % 'b'}\n"

        assert run("why", "-", "default/a -> default/b:80/TCP", text=text).exit_code == 0


class TestWarnings:
    def test_what_was_left_out_is_said_on_standard_error(self, tmp_path: Path) -> None:
        broken = "{apiVersion: v1, kind: Pod, metadata: {name: a_b}, spec: {containers: [1]}}"
        (tmp_path / "pods.yaml").write_text(broken, encoding="utf-8")

        assert run("reach", str(tmp_path)).exit_code == 2
        lenient = run("reach", str(tmp_path), "--lenient")
        assert lenient.exit_code == 0
        assert "left out" in lenient.stderr


class TestReach:
    def test_text_lists_pairs_and_a_port_gives_a_matrix(self) -> None:
        assert "shop/web" in run("reach", "shop").stdout
        assert "+ allowed   - denied" in run("reach", "shop", "--port", "5432/TCP").stdout

    def test_csv_and_json_hold_the_same_rows(self) -> None:
        rows = list(csv.DictReader(run("reach", "shop", "--format", "csv").stdout.splitlines()))

        assert rows == json.loads(run("reach", "shop", "--format", "json").stdout)
        wanted = {"source": "shop/web", "destination": "shop/api", "ports": "8080/TCP"}
        assert any(wanted.items() <= row.items() for row in rows)

    def test_the_workloads_reading_has_the_lines_of_netpol_analyzer(self) -> None:
        lines = run("reach", SHOP, "--reading", "workloads", "--format", "list").stdout.split("\n")

        assert "shop/web[Deployment] => shop/api[Deployment] : TCP 8080" in lines
        assert lines[:-1] == sorted(lines[:-1])
