"""The wheel works where the repository is not: its data and notebooks are inside.

On the running Python the third-party packages are those already here. On the newest Python of the
machine they are installed from requirements.lock, which must thus fit that Python as well.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

import nsimlib as ns
from tests.conftest import ROOT, missing
from workshop.build import locked

CONNECTION = "shop/web -> kube-system/coredns:53/UDP"
SCRIPT = f"""
import nsimlib as ns
print(ns.why(ns.scenario("shop"), "{CONNECTION}"))
"""
# What `import nsimlib` and a verdict need, and pandas for tables. No Jupyter, no matplotlib.
CORE = {
    "click", "msgspec", "netaddr", "networkx", "numpy", "pandas", "python-dateutil", "pyyaml",
    "six", "tqdm", "tzdata",
}  # fmt: skip


def run(*command: str | Path, cwd: Path, wanted: int = 0) -> str:
    """Return what a program prints, run as if the repository and its environment were not there."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == wanted, result.stdout + result.stderr
    return result.stdout


def newer_pythons() -> Iterator[Path]:
    """Yield the newest Python of the machine, if it is newer than the running one and complete."""
    for minor in range(30, sys.version_info.minor, -1):
        name = f"python3.{minor}"
        # Version managers keep their Pythons side by side.
        beside = map(str, Path(sys.base_prefix).parent.glob(f"*/bin/{name}"))
        for python in filter(None, [shutil.which(name), *beside]):
            # A Python on the path may be a stub, and a system's Python may come without venv.
            probe = [python, "-c", f"import ensurepip, sys; assert sys.version_info[1] == {minor}"]
            if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
                yield Path(python)
                return


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def environment(python: str | Path, wheel: Path, folder: Path) -> Path:
    """Return the programs' folder of a new environment that holds the wheel and nothing else."""
    run(python, "-m", "venv", folder, cwd=folder.parent)
    programs = folder / "bin"
    run(programs / "pip", "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    return programs


def check(programs: Path, cwd: Path) -> None:
    """Assert that the installed package says what the repository's says."""
    verdict = f"{ns.why(ns.scenario('shop'), CONNECTION)}\n"
    where = run(programs / "python", "-c", "import nsimlib; print(nsimlib.__file__)", cwd=cwd)
    assert where.startswith(str(programs.parent))
    assert run(programs / "python", "-c", SCRIPT, cwd=cwd) == verdict
    # The command exits with the answer: this connection is denied.
    assert run(programs / "nsim", "why", "shop", CONNECTION, cwd=cwd, wanted=1) == verdict


def test_wheel_holds_data_and_notebooks(wheel: Path) -> None:
    names = run(sys.executable, "-m", "zipfile", "--list", wheel, cwd=wheel.parent)
    for folder in ("data", "notebooks/lessons", "notebooks/audit"):
        inside = (path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.*"))
        shipped = (path for path in inside if ".ipynb_checkpoints" not in path.parts)
        assert [path for path in shipped if f"nsimlib/{path}" not in names] == []
    assert "nsimlib/notebooks/src" not in names


def test_wheel_holds_what_the_page_of_the_map_is_made_of(wheel: Path) -> None:
    names = run(sys.executable, "-m", "zipfile", "--list", wheel, cwd=wheel.parent)
    for suffix in ("js", "css"):
        assert f"nsimlib/widgets/map.{suffix}" in names


@pytest.mark.slow
def test_wheel_works_on_this_python(wheel: Path, tmp_path: Path) -> None:
    programs = environment(sys.executable, wheel, tmp_path / "venv")
    (site_packages,) = tmp_path.glob("venv/lib/*/site-packages")
    # A folder named in a .pth file is searched, but its own .pth files, of which one leads to the
    # repository, are not read.
    (site_packages / "shared.pth").write_text(sysconfig.get_path("purelib"))
    check(programs, tmp_path)


@pytest.mark.slow
@pytest.mark.system
@pytest.mark.parametrize("python", [*newer_pythons()], ids=lambda path: path.name)
def test_wheel_works_on_the_newest_python(python: Path, wheel: Path, tmp_path: Path) -> None:
    programs = environment(python, wheel, tmp_path / "venv")
    core = tmp_path / "core.lock"
    core.write_text(locked(CORE))
    options = ("--quiet", "--no-deps", "--require-hashes", "--requirement")
    installed = subprocess.run(
        [programs / "pip", "install", *options, core], capture_output=True, text=True, check=False
    )
    if installed.returncode:
        missing(f"packages for {python.name}", hint=f"is there a network? {installed.stderr}")
    check(programs, tmp_path)
