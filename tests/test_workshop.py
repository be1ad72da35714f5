"""The archive for a workshop without a network: complete, without solutions, and installable.

Its packages are downloaded for it, so that one test needs the package index, as `make` does.
"""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import nbformat
import pytest

import nsimlib as ns
from nsimlib.lessons.copies import KEPT_BACK
from tests.conftest import ROOT, missing
from workshop.build import FOLDER, build, closure, collect, locked

NOTEBOOKS = sorted(ROOT.glob("notebooks/[!s]*/*.ipynb"))
CONNECTION = "shop/web -> kube-system/coredns:53/UDP"
ASKING_THE_NETWORK = re.compile(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//')


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("workshop") / FOLDER
    collect(made)
    return made


def test_only_what_lessons_need_is_packed() -> None:
    names = closure("nsimlib")
    assert {"nsimlib", "jupyterlab", "pandas", "ipykernel", "nbconvert"} <= names
    assert names & {"pytest", "mypy", "playwright", "nbval"} == set()


def test_every_package_that_is_packed_is_pinned_by_hash() -> None:
    entries = re.split(r"^(?=\w)", locked(closure("nsimlib")), flags=re.MULTILINE)[1:]
    pinned = {entry.partition("==")[0] for entry in entries}
    assert closure("nsimlib") - pinned == {"nsimlib"}
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.slow
class TestFolder:
    def test_every_notebook_is_there_to_work_in_and_to_read(self, folder: Path) -> None:
        for path in NOTEBOOKS:
            inside = path.relative_to(ROOT)
            assert (folder / inside).is_file()
            page = folder / "html" / inside.relative_to("notebooks")
            assert page.with_suffix(".html").is_file()

    @pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
    def test_a_page_holds_results_and_no_solution(self, path: Path, folder: Path) -> None:
        inside = path.relative_to(ROOT / "notebooks").with_suffix(".html")
        page = (folder / "html" / inside).read_text(encoding="utf-8")
        cells = nbformat.read(path, as_version=4).cells
        hidden = [c for c in cells if not KEPT_BACK.isdisjoint(c.metadata.get("tags", ()))]
        assert "jp-OutputArea-output" in page
        assert page.count('<div class="jp-Cell jp-CodeCell') + page.count(
            '<div class="jp-Cell jp-MarkdownCell'
        ) == len(cells) - len(hidden)
        assert ".answer()" not in re.sub(r"<[^>]*>", "", page)

    def test_no_page_asks_the_network_for_anything(self, folder: Path) -> None:
        pages = sorted((folder / "html").rglob("*.html"))
        found = [p.name for p in pages if ASKING_THE_NETWORK.search(p.read_text(encoding="utf-8"))]
        assert found == []

    def test_links_between_pages_lead_to_pages(self, folder: Path) -> None:
        for page in (folder / "html").rglob("*.html"):
            links = re.findall(r'href="([^":#]+\.html)', page.read_text(encoding="utf-8"))
            assert [link for link in links if not (page.parent / link).is_file()] == []

    def test_the_tracks_are_listed_with_their_minutes(self, folder: Path) -> None:
        text = (folder / "tracks.md").read_text(encoding="utf-8")
        assert re.findall("^## (.*)", text, re.MULTILINE) == ["Taster", "Half a day", "One day"]
        assert text.count(" minutes\n") == 3

    def test_the_readme_starts_with_three_commands(self, folder: Path) -> None:
        text = (folder / "README.md").read_text(encoding="utf-8")
        commands = text.partition("```sh\n")[2].partition("```")[0].strip().splitlines()
        assert len(commands) == 3
        first = commands[2].rpartition(" ")[2]
        assert (folder / first).is_file()
        assert "--no-index --find-links wheels" in commands[1]


@pytest.mark.slow
@pytest.mark.system
def test_the_readme_installs_from_the_archive_alone(tmp_path: Path) -> None:
    try:
        build(tmp_path / "workshop.tar.gz")
    except SystemExit as error:
        missing("packages for the archive", hint=f"is there a network? {error}")
    with tarfile.open(tmp_path / "workshop.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    folder = tmp_path / FOLDER
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*command: str | Path) -> str:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        return done.stdout

    text = (folder / "README.md").read_text(encoding="utf-8")
    install = text.partition("```sh\n")[2].splitlines()[1].split()
    run(sys.executable, "-m", "venv", ".venv")
    run(*install)
    programs = folder / ".venv" / "bin"
    said = run(programs / "nsim", "why", "shop", CONNECTION)
    assert said == f"{ns.why(ns.scenario('shop'), CONNECTION)}\n"
    assert "Ready for the lessons" in run(programs / "nsim", "selftest", "--no-lab")
