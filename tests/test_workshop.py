"""The archive for a workshop without a network: complete, without solutions, and installable.

Its packages are downloaded for it, so that one test needs the package index, as `make` does.
"""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from urllib.request import urlopen

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
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands for the site here: its own tests are in `website/tests`."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text("<h1>The site</h1>", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Path:
    made = tmp_path_factory.mktemp("workshop") / FOLDER
    collect(made, site)
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

    def test_the_site_is_served_with_one_command(self, folder: Path) -> None:
        (command,), _ = commands(folder)
        serve = [sys.executable, *command.split()[1:], "--port=0"]
        with subprocess.Popen(serve, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            address = server.stdout.readline().split()[0]
            with urlopen(address) as answer:
                assert b"The site" in answer.read()
            server.terminate()

    def test_an_install_takes_three_commands(self, folder: Path) -> None:
        _, (_, install, open_first) = commands(folder)
        assert (folder / open_first.rpartition(" ")[2]).is_file()
        assert "--no-index --find-links wheels" in install


def commands(folder: Path) -> list[list[str]]:
    """Return what the archive's README says to run, in the order of its ways."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    return [block.splitlines() for block in re.findall(r"```sh\n(.*?)\n```", text, re.DOTALL)]


def test_no_archive_is_made_without_the_site(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="make site"):
        collect(tmp_path / FOLDER, tmp_path / "site")
    assert not (tmp_path / FOLDER).exists()


@pytest.mark.slow
@pytest.mark.system
def test_the_readme_installs_from_the_archive_alone(tmp_path: Path, site: Path) -> None:
    try:
        build(tmp_path / "workshop.tar.gz", site)
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

    _, (_, install, _) = commands(folder)
    run(sys.executable, "-m", "venv", ".venv")
    run(*install.split())
    programs = folder / ".venv" / "bin"
    said = run(programs / "nsim", "why", "shop", CONNECTION)
    assert said == f"{ns.why(ns.scenario('shop'), CONNECTION)}\n"
    assert "Ready for the lessons" in run(programs / "nsim", "selftest", "--no-lab")
