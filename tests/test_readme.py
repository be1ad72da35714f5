"""Every block of the README is executed: Python as doctests, commands here."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from nsimlib.cli import main
from nsimlib.manifests.registry import KINDS
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line for language, block in BLOCKS if language == "sh" for line in block.splitlines() if line
]
#: a command that answers a question exits with the answer
ANSWERS = {0, 1, 3}


def commands(program: str) -> list[list[str]]:
    split = (shlex.split(line, comments=True) for line in COMMANDS)
    return [words for words in split if words[0] == program]


def test_every_block_is_of_a_kind_that_is_executed() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "sh", "text"}
    programs = {shlex.split(line)[0] for line in COMMANDS}
    assert programs == {"make", "kubectl", "nsim"}


@pytest.mark.parametrize("words", commands("nsim"), ids=" ".join)
def test_commands_answer(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = ROOT / "data" / "scenarios" / "shop"
    shutil.copytree(shop, tmp_path / "manifests")
    (tmp_path / "dump.json").write_bytes(
        b"".join(path.read_bytes() + b"\n---\n" for path in sorted(shop.glob("*.yaml")))
    )
    shutil.copy(ROOT / "data" / "recordings" / "orders.txt", tmp_path / "answers.txt")
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(main, words[1:])

    assert result.exit_code in ANSWERS, result.output
    assert result.stdout


@pytest.mark.parametrize("words", commands("make"), ids=" ".join)
def test_make_knows_its_targets(words: list[str]) -> None:
    made = subprocess.run(
        ["make", "--dry-run", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert made.returncode == 0, made.stderr


def test_kubectl_is_asked_for_kinds_that_are_read() -> None:
    (words,) = commands("kubectl")
    read = {kind.lower() for _, kind in KINDS}

    for plural in words[2].split(","):
        assert {plural[:-1], plural[:-3] + "y"} & read, plural


def test_the_stages_are_those_of_the_tree() -> None:
    (block,) = [text for language, text in BLOCKS if language == "text"]
    stages = [line.split()[0] for line in block.splitlines()]

    assert all((ROOT / "nsimlib" / stage).is_dir() for stage in stages)
