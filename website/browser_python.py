"""The browser's Python: Pyodide from its npm package, with wheels that lie beside it.

Pyodide's own lock names hundreds of wheels that lie on a public host. A new one is written, of the
wheels at hand and no others: what a page imports is then in the folder, or nowhere.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

__all__ = ["assemble", "fetch"]

HERE = Path(__file__).parent
ROOT = HERE.parent
#: what the kernel asks for, of all that the npm package holds
PARTS = (
    "package.json",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "pyodide.js",
    "pyodide.mjs",
    "python_stdlib.zip",
)
#: the wheels that fit this Pyodide: its Python, and its compiler where a package is compiled
FITTING = (
    "--python-version=314",
    "--implementation=cp",
    "--abi=cp314",
    "--abi=none",
    "--platform=any",
    "--platform=pyemscripten_2026_0_wasm32",
)
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")
EXACTLY = ("--require-hashes", "--requirement")
MARKERS = {
    "python_version": "3.14",
    "python_full_version": "3.14.2",
    "platform_system": "Emscripten",
    "platform_machine": "wasm32",
    "sys_platform": "emscripten",
    "extra": "",
}


def assemble(folder: Path, tools: Path) -> None:
    """Put Pyodide, every wheel of the locks, our own wheel and a lock of them into a folder.

    `tools` is the Python of the environment that `tools.lock` describes.
    """
    folder.mkdir(parents=True)
    unpack_pyodide(folder)
    collect_wheels(folder, tools)
    info = json.loads((folder / "pyodide-lock.json").read_text(encoding="utf-8"))["info"]
    packages = {each["name"]: each for each in locked(sorted(folder.glob("*.whl")))}
    text = json.dumps({"info": info, "packages": packages}, indent=1, sort_keys=True)
    (folder / "pyodide-lock.json").write_text(text, encoding="utf-8")


def unpack_pyodide(folder: Path) -> None:
    """Fetch the npm package, check that it is the one we know, and take what is needed."""
    name, wanted = (HERE / "pyodide.lock").read_text(encoding="utf-8").split()
    with tempfile.TemporaryDirectory() as place:
        run("npm", "pack", "--silent", name, cwd=place)
        (archive,) = Path(place).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != wanted:
            raise SystemExit(f"{name} is not what website/pyodide.lock names")
        with tarfile.open(archive) as packed:
            for part in (*PARTS, "pyodide-lock.json"):
                source = packed.extractfile(f"package/{part}")
                assert source is not None, f"{name} has no {part}"
                (folder / part).write_bytes(source.read())


def collect_wheels(folder: Path, tools: Path) -> None:
    """Put the wheels of the locks and our own into the folder."""
    fetch(HERE / "browser.lock", folder, tools)
    build = ("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", str(folder))
    run(tools, *PIP, *build, "--no-binary=:all:", *EXACTLY, HERE / "sources.lock", pure=True)
    run(sys.executable, *PIP, *build, ROOT)


def fetch(lock: Path, folder: Path, tools: Path) -> None:
    """Fetch the wheels of a lock that fit the browser's Python."""
    fitting = ("download", "--only-binary=:all:", *FITTING, "--no-deps", "--dest", folder)
    run(tools, *PIP, *fitting, *EXACTLY, lock)


def run(*command: str | Path, cwd: str | Path = ROOT, pure: bool = False) -> None:
    """Run a program; `pure` keeps PyYAML from being compiled."""
    without = {"PYYAML_FORCE_LIBYAML": "0", "PYYAML_FORCE_CYTHON": "0"} if pure else {}
    program = shutil.which(command[0])
    if program is None:
        raise SystemExit(f"make site needs {command[0]}: install it, for instance with apt-get")
    environment = {**os.environ, **without}
    # npm tells the name of what it fetched.
    quiet = subprocess.DEVNULL
    subprocess.run((program, *command[1:]), cwd=cwd, env=environment, stdout=quiet, check=True)


def locked(wheels: list[Path]) -> Iterator[dict[str, Any]]:
    """Yield what Pyodide wants to know of each wheel."""
    at_hand = {parse_wheel_filename(wheel.name)[0] for wheel in wheels}
    for wheel in wheels:
        name, version, *_ = parse_wheel_filename(wheel.name)
        with zipfile.ZipFile(wheel) as opened:
            files = opened.namelist()
            (about,) = (each for each in files if each.endswith(".dist-info/METADATA"))
            metadata = HeaderParser().parsestr(opened.read(about).decode())
        needs = map(Requirement, metadata.get_all("Requires-Dist", []))
        wanted = {canonicalize_name(each.name) for each in needs if applies(each)}
        yield {
            "name": name,
            "version": str(version),
            "file_name": wheel.name,
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
            "install_dir": "site",
            "package_type": "package",
            "imports": sorted(imports(files)),
            "depends": sorted(wanted & at_hand),
            "unvendored_tests": False,
        }


def applies(requirement: Requirement) -> bool:
    """Whether a requirement is one in the browser."""
    return requirement.marker is None or requirement.marker.evaluate(MARKERS)


def imports(files: list[str]) -> set[str]:
    """Return the names at the top of a wheel that can be imported."""
    tops = {each.partition("/")[0] for each in files if each.endswith(".py")}
    return {top.removesuffix(".py") for top in tops if "." not in top.removesuffix(".py")}
