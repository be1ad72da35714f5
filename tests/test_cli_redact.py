"""`nsim redact`: the dump, the key that is told once, the legend, and nothing half written."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import nsimlib as ns
from nsimlib.cli.commands import main


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["redact", *words])
    return done.exit_code, done.stdout, done.stderr


def test_a_dump_is_written_and_reads_as_one(tmp_path: Path) -> None:
    path = tmp_path / "shown.yaml"
    code, out, told = run("shop", "--key", "example", "-o", str(path))
    assert (code, out, told) == (0, "", "")
    assert str(ns.load(str(path))) == str(ns.redact(ns.scenario("shop"), "example").cluster)


def test_a_made_up_key_is_told_and_makes_the_same_again() -> None:
    _, first, told = run("shop")
    key = told.rpartition(": ")[2].strip()
    assert run("shop", "--key", key) == (0, first, "")


def test_the_legend_is_written_apart(tmp_path: Path) -> None:
    path = tmp_path / "legend.json"
    _, out, _ = run("shop", "--key", "example", "--legend", str(path))
    legend = json.loads(path.read_text(encoding="utf-8"))
    assert "shop" in legend.values()
    assert "shop" not in out


@pytest.mark.parametrize("place", ["no-such-folder/out.yaml", "."])
def test_a_file_that_cannot_be_written_is_an_error(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, told = run("shop", "--key", "example", "-o", place)
    assert code != 0
    assert place in told
    assert list(tmp_path.iterdir()) == []
