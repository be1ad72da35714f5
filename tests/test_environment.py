"""The files that set up an environment say the same, and name no machine and no registry."""

import re
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT, need

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PYTHON = PROJECT["project"]["requires-python"].removeprefix(">=")
TARGETS = (
    *("lab", "docs", "site", "serve", "site-test", "workshop", "test"),
    *("lint", "notebooks", "bench", "lock", "clean", "help"),
)
#: what builds documentation and site, what the browser's Python holds, what tests it there
OTHER_LOCKS = {
    name: (ROOT / f"{name}.lock").read_text(encoding="utf-8")
    for name in (
        *("docs/tools", "website/tools"),
        *("website/browser", "website/sources", "website/tests"),
    )
}
LOCKS = pytest.mark.parametrize(
    "lock", [LOCK, *OTHER_LOCKS.values()], ids=["requirements", *OTHER_LOCKS]
)

# Without Qt, which nothing here needs.
CONDA_NAMES = {"matplotlib": "matplotlib-base"}

# Written so that this file does not name them either.
HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("maven", "org"),
        ("maven", "apache", "org"),
        ("deb", "debian", "org"),
    )
)
FORBIDDEN = re.compile(
    "|".join(map(re.escape, HOSTS)) + r"|(?<![\w.~-])/(?:root|work)\b|" + re.escape(str(ROOT))
)


def specifiers(lines: Iterable[str]) -> dict[str, str]:
    parsed = map(Requirement, lines)
    return {canonicalize_name(item.name): str(item.specifier) for item in parsed}


def wanted() -> dict[str, str]:
    groups = PROJECT["project"]["dependencies"], PROJECT["dependency-groups"]["dev"]
    return specifiers(line for group in groups for line in group)


def tracked() -> list[Path]:
    git = need("git", hint="apt-get install git")
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = (ROOT / name for name in sorted(set(listed.split("\0")) - {""}))
    return [path for path in paths if path.is_file() and not path.is_symlink()]


class TestCondaEnvironment:
    @pytest.fixture
    def dependencies(self) -> list[Any]:
        text = (ROOT / "environment.yml").read_text(encoding="utf-8")
        found: list[Any] = yaml.safe_load(text)["dependencies"]
        return found

    def test_it_wants_what_pyproject_wants(self, dependencies: list[Any]) -> None:
        (from_pip,) = (entry["pip"] for entry in dependencies if isinstance(entry, dict))
        from_conda = (entry for entry in dependencies if isinstance(entry, str) and entry != "pip")
        named = {CONDA_NAMES.get(name, name): found for name, found in wanted().items()}
        found = specifiers([*from_conda, *(line for line in from_pip if line != "-e .")])
        assert found == named | {"python": f">={PYTHON}"}

    def test_it_installs_the_repository_itself(self, dependencies: list[Any]) -> None:
        assert "-e ." in dependencies[-1]["pip"]


class TestLock:
    @LOCKS
    def test_it_names_no_registry(self, lock: str) -> None:
        assert "://" not in lock
        assert not re.search("^-", lock, re.MULTILINE)

    @LOCKS
    def test_every_pin_has_a_hash(self, lock: str) -> None:
        pins = re.findall(r"^(\S+==.*)\n(.*)", lock, re.MULTILINE)
        assert pins
        assert [pin for pin, following in pins if "--hash=sha256:" not in following] == []

    @pytest.mark.parametrize(("name", "specifier"), wanted().items())
    def test_its_versions_satisfy_pyproject(self, name: str, specifier: str) -> None:
        pins = re.findall(rf"^{re.escape(name)}==([^\s;]+)", LOCK, re.MULTILINE)
        assert pins, "run: make lock"
        assert [pin for pin in pins if pin not in Requirement(f"{name}{specifier}").specifier] == []


class TestMakefile:
    @pytest.mark.parametrize("target", TARGETS)
    def test_target_exists_and_says_what_it_does(self, target: str) -> None:
        assert re.search(rf"^{target}:.* ## \w", MAKEFILE, re.MULTILINE)

    def test_its_python_is_the_oldest_that_pyproject_allows(self) -> None:
        major, minor = PYTHON.split(".")
        assert f"sys.version_info < ({major}, {minor})" in MAKEFILE
        assert f"--python-version {PYTHON}" in MAKEFILE


def test_tools_aim_at_the_oldest_python() -> None:
    assert PROJECT["tool"]["mypy"]["python_version"] == PYTHON
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{PYTHON.replace('.', '')}"


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked()
        for match in FORBIDDEN.finditer(path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert found == []


class TestMissingProgram:
    """How the tests themselves meet a machine without a program they need."""

    def test_is_skipped_with_a_hint(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("NSIM_REQUIRE_SYSTEM", raising=False)
        with pytest.raises(pytest.skip.Exception, match=r"no such-program .*: install it"):
            need("such-program", hint="install it")

    def test_fails_where_all_is_promised(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NSIM_REQUIRE_SYSTEM", "1")
        with pytest.raises(pytest.fail.Exception, match=r"no such-program .*: install it"):
            need("such-program", hint="install it")

    def test_is_not_met_where_the_program_is_there(self) -> None:
        assert need("sh", hint="install a shell").endswith("sh")
