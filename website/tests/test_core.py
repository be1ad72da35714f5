"""The core's own laws and scenarios, run by the browser's Python, where no compiled set is."""

import base64
import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.conftest import ROOT
from website.tests.conftest import SITE, Served

pytestmark = pytest.mark.browser

#: what `website/build.py --tests` fetched
WHEELS = ROOT / "build" / "site-tests"
#: a part of the tests that binds every stage that the site has; few examples for each law
CHOSEN = (
    "tests/model",
    "tests/manifests/test_laws.py",
    "tests/manifests/test_rejects.py",
    "tests/evaluation/test_difference.py",
    "tests/evaluation/test_graphs.py",
    "tests/explanation",
    "tests/dns/test_plays.py",
    "tests/datapath/test_walk.py",
    "tests/test_laws.py",
    "tests/test_scenarios.py",
)
#: what cannot be the same there, by a part of its name, and why
LEFT_OUT = {
    "[apiVersion: networking.k8s.io/v1\\nkind: NetworkPolicy\\nmetadata: {name: web\\n]": "words",
    "[apiVersion: networking.k8s.io/v1\\nkind: NetworkPolicy\\n metadata: {name: web}\\n]": "words",
    "[a: [\\n---\\n": "words: the parser in Python says the same of the same place in its own",
    "::test_as_frame": "pandas is not there",
    "::test_a_fresh_interpreter_needs_no_setting": "a page starts no other process",
}
RUN = """async ([site, wheels, sources, chosen, leftOut]) => {
  const PACKAGES = "/lib/python3.14/site-packages";
  const { loadPyodide } = await import(`${site}/static/pyodide/pyodide.mjs`);
  const said = [];
  const note = line => said.push(line);
  const py = await loadPyodide({ stdout: note, stderr: note });
  await py.loadPackage(["nsimlib", "ipywidgets", "micropip", "pygments", "packaging"]);
  const bytes = text => Uint8Array.from(atob(text), each => each.charCodeAt(0));
  for (const wheel of wheels) py.unpackArchive(bytes(wheel), "zip", { extractDir: PACKAGES });
  py.unpackArchive(bytes(sources), "zip", { extractDir: "/checked" });
  py.globals.set("chosen", py.toPy(chosen));
  py.globals.set("left_out", py.toPy(leftOut));
  const code = await py.runPythonAsync(`
import os, sys
os.chdir("/checked")
sys.path.insert(0, "/checked")
import pytest
class Chooser:
    def pytest_collection_modifyitems(self, items):
        items[:] = [each for each in items if not any(part in each.nodeid for part in left_out)]
options = ["-q", "-p", "no:cacheprovider", "--hypothesis-profile=smoke", "--durations=12"]
int(pytest.main([*options, *chosen], plugins=[Chooser()]))
`);
  return [code, said.join("\\n")];
}"""


def test_laws_and_scenarios_hold_in_the_browser(context: BrowserContext, site: Served) -> None:
    page = context.new_page()
    page.goto(f"{site.address}/files/nsim-progress.json")
    wheels = [encoded(path.read_bytes()) for path in fetched()]
    chosen = [site.address, wheels, encoded(sources()), list(CHOSEN), list(LEFT_OUT)]
    code, said = page.evaluate(RUN, chosen)
    assert code == 0, said[-4000:]
    assert " failed" not in said


def fetched() -> list[Path]:
    """Return the wheels that only tests need."""
    there = {path.name for path in (SITE / "static" / "pyodide").glob("*.whl")}
    found = [path for path in sorted(WHEELS.glob("*.whl")) if path.name not in there]
    assert found, "run `make site-test`"
    return found


def sources() -> bytes:
    """Return what the tests read of the repository, as an archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(ROOT / "pyproject.toml", "pyproject.toml")
        for folder in ("tests", "data", "benchmarks"):
            for path in sorted((ROOT / folder).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    archive.write(path, path.relative_to(ROOT))
    return packed.getvalue()


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
