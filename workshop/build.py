"""Build one archive from which a workshop is given where there is no network."""

import argparse
import hashlib
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nsimlib.lessons.copies import KEPT_BACK, copy_notebooks
from nsimlib.lessons.syllabus import TRACKS, syllabus, track

HERE = Path(__file__).parent
ROOT = HERE.parent
FOLDER = "nsimlib-workshop"
# A page must not ask the network for its scripts; without them it is to read, not to click.
FETCHED = ("require_js", "mathjax", "jquery")
# The solutions stay with the instructor here, too.
HIDDEN = [f"--TagRemovePreprocessor.remove_cell_tags={tag}" for tag in sorted(KEPT_BACK)]


def closure(name: str) -> set[str]:
    """Return the names of the packages that one needs to run, as they are installed here."""
    found: set[str] = set()
    open_ = [Requirement(name)]
    while open_:
        wanted = open_.pop()
        key = f"{canonicalize_name(wanted.name)}[{','.join(sorted(wanted.extras))}]"
        if key in found:
            continue
        try:
            needed = [Requirement(line) for line in requires(wanted.name) or ()]
        except PackageNotFoundError:
            continue
        found.add(key)
        extras = ("", *wanted.extras)
        open_ += [each for each in needed if _applies(each, extras)]
    return {key.partition("[")[0] for key in found}


def _applies(wanted: Requirement, extras: Iterable[str]) -> bool:
    marker = wanted.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)


def locked(names: set[str]) -> str:
    """Return the entries of requirements.lock for some packages, hashes included."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"^(?=\w)", lock, flags=re.MULTILINE)
    return "".join(entry for entry in entries if entry.partition("==")[0] in names)


def run(*command: str | Path) -> None:
    """Run a program of this environment; show what it says only if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command[:2]))} failed:\n{done.stdout}{done.stderr}")


def fetch(requirements: Path, wheels: Path) -> None:
    """Download what the lock pins, for this Python and this system; any other hash is an error."""
    options = ("--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:")
    run("pip", "download", *options, "--dest", wheels, "--requirement", requirements)


def write_own_wheel(folder: Path) -> None:
    """Build nsimlib's wheel into the archive's folder and pin it like the others."""
    run("hatchling", "build", "-t", "wheel", "-d", folder / "wheels")
    (wheel,) = (folder / "wheels").glob("nsimlib-*.whl")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with (folder / "requirements.txt").open("a", encoding="utf-8") as pins:
        pins.write(f"nsimlib=={wheel.name.split('-')[1]} \\\n    --hash=sha256:{digest}\n")


def write_pages(notebooks: Iterable[Path], html: Path) -> None:
    """Render the executed notebooks, without solutions, as pages that fetch nothing."""
    urls = [f"--HTMLExporter.{name}_url=" for name in FETCHED]
    for kind in sorted({path.parent.name for path in notebooks}):
        originals = sorted(path for path in notebooks if path.parent.name == kind)
        hidden = ("--TagRemovePreprocessor.enabled=True", *HIDDEN)
        run("nbconvert", "--to=html", *hidden, *urls, f"--output-dir={html / kind}", *originals)
    for page in html.rglob("*.html"):
        page.write_text(readable(page.read_text(encoding="utf-8")), encoding="utf-8")


def readable(page: str) -> str:
    """Return a page that more people can read, and whose links lead to pages like it."""
    style = (HERE / "page.css").read_text(encoding="utf-8")
    styled = page.replace("</head>", f"<style>\n{style}</style>\n</head>", 1)
    return re.sub(r'(href="(?!https?:)[^"]*)\.ipynb"', r'\1.html"', styled)


def write_texts(folder: Path) -> None:
    """Write what to do, and what to give in how much time."""
    first = next(iter(syllabus().values())).notebook
    python = ".".join(platform.python_version_tuple()[:2])
    text = (HERE / "README.md").read_text(encoding="utf-8")
    filled = text.format(python=python, system=sysconfig.get_platform(), first=first)
    (folder / "README.md").write_text(filled, encoding="utf-8")
    tracks = "\n\n".join(f"## {TRACKS[name]}\n\n```text\n{track(name)}\n```" for name in TRACKS)
    (folder / "tracks.md").write_text(f"# Tracks\n\n{tracks}\n", encoding="utf-8")


def collect(folder: Path, site: Path) -> None:
    """Write everything but the packages of others; the site is there already, and comes along."""
    if not (site / "index.html").is_file():
        raise SystemExit(f"{site} holds no site: run `make site` first")
    shutil.copytree(site, folder / "site")
    shutil.copy(ROOT / "website" / "serve.py", folder)
    copies = [path for path, _ in copy_notebooks(folder / "notebooks")]
    originals = [ROOT / path.relative_to(folder) for path in copies]
    write_pages(originals, folder / "html")
    write_texts(folder)
    names = closure("nsimlib") - {"nsimlib"}
    (folder / "requirements.txt").write_text(locked(names), encoding="utf-8")


def build(target: Path, site: Path) -> None:
    """Write the archive, in place of the one that was there."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / FOLDER
        collect(folder, site)
        fetch(folder / "requirements.txt", folder / "wheels")
        write_own_wheel(folder)
        made = Path(place) / "made.tar.gz"
        with tarfile.open(made, "w:gz") as archive:
            archive.add(folder, FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, target)


def main() -> None:
    """Build the archive that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--site", type=Path, required=True, help="what website/build.py made")
    options = parser.parse_args()
    target = options.target.absolute()
    build(target, options.site.absolute())
    sys.stdout.write(f"{target.name}: {target.stat().st_size / 1e6:.0f} MB\n")


if __name__ == "__main__":
    main()
