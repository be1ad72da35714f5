"""JupyterLab on loopback and a browser that can go nowhere else, one of each for all tests."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from nsimlib.lessons.copies import copy_notebooks
from tests.conftest import need

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# No pop-up with news, and every cell in the page, not only those on the screen.
OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
SERVER_SECONDS = 60
PAGE_MILLISECONDS = 60_000
VIEW = {"width": 1150, "height": 900}


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start JupyterLab over learner copies of the notebooks; yield its address."""
    home = tmp_path_factory.mktemp("lab")
    settings = home / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(json.dumps(OVERRIDES))
    with served(home, lambda port: command(port, settings)) as address:
        yield address


@contextmanager
def served(home: Path, command: Callable[[int], list[str]]) -> Iterator[str]:
    """Run a server over learner copies of the notebooks in a folder; give its address."""
    notebooks = home / "notebooks"
    list(copy_notebooks(notebooks))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(
            command(port), cwd=notebooks, env=environment(home), stdout=log, stderr=log
        )
        try:
            wait_for(port, server, home / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def command(port: int, settings: Path) -> list[str]:
    """Return how to start a server without a token, which only loopback may see."""
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        "--allow-root",
        "--ServerApp.root_dir=.",
        "--LabApp.expose_app_in_browser=True",
        f"--LabApp.app_settings_dir={settings}",
    ]


def environment(home: Path) -> dict[str, str]:
    """Return an environment in which nothing of the user's own Jupyter is seen."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NSIM_DUMP")}
    folders = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    jupyter = {f"JUPYTER_{name}": str(home / name.lower()) for name in folders}
    labs = {
        f"JUPYTERLAB_{name}": str(home / name.lower())
        for name in ("SETTINGS_DIR", "WORKSPACES_DIR")
    }
    return {**kept, **jupyter, **labs, "IPYTHONDIR": str(home / "ipython")}


def wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the server answers."""
    end = time.monotonic() + SERVER_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the system's chromium."""
    path = need("chromium", "apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def gone_out() -> list[str]:
    """Return the addresses off this machine that pages have asked for: there should be none."""
    return []


@pytest.fixture(scope="session")
def context(browser: Browser, gone_out: list[str]) -> Iterator[BrowserContext]:
    """Return a context in which every request that leaves the machine is stopped and noted."""
    opened = browser.new_context(viewport={"width": VIEW["width"], "height": VIEW["height"]})

    def guard(route: Route) -> None:
        if route.request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            route.continue_()
        else:
            gone_out.append(route.request.url)
            route.abort()

    opened.route("**/*", guard)
    opened.set_default_timeout(PAGE_MILLISECONDS)
    yield opened
    opened.close()


# The toolbar says idle before the kernel is connected, and Run All then does nothing at all:
# https://github.com/jupyterlab/jupyterlab/issues/8490
READY = """async () => {
  while (!window.jupyterapp?.shell?.currentWidget?.sessionContext)
    await new Promise(done => setTimeout(done, 50));
  const w = window.jupyterapp.shell.currentWidget;
  await w.context.ready;
  await w.sessionContext.ready;
  const kernel = w.sessionContext.session.kernel;
  await kernel.info;
  while (kernel.connectionStatus !== 'connected' || kernel.status !== 'idle')
    await new Promise(done => setTimeout(done, 50));
}"""
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
# The last cell gets its number a moment after the command has ended.
NUMBERED = """async () => {
  const cells = window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells;
  const open = () => cells.some(c => c.cell_type === 'code' && c.toJSON().execution_count === null);
  for (let tries = 0; open() && tries < 100; tries++)
    await new Promise(done => setTimeout(done, 50));
}"""
HIDE_FILES = """() => document.querySelector('#jp-left-stack')?.offsetWidth
  && window.jupyterapp.commands.execute('application:toggle-left-area')"""
HEIGHT = "() => document.querySelector('.jp-WindowedPanel-inner').scrollHeight"
TO_TOP = "() => { document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0; }"
CELLS = """() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells
  .map(cell => cell.toJSON())"""


class Notebook:
    """A notebook that is open in JupyterLab."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def run_all(self) -> None:
        """Run every cell and wait for the last."""
        self.page.evaluate(READY)
        self.page.evaluate(HIDE_FILES)
        self.page.evaluate(RUN_ALL)
        self.page.evaluate(READY)
        self.page.evaluate(NUMBERED)

    def unannounced_errors(self) -> list[str]:
        """Return what was raised by cells that do not say so, and cells that did not run."""
        code = [cell for cell in self.page.evaluate(CELLS) if cell["cell_type"] == "code"]
        stuck = [cell["source"] for cell in code if cell["execution_count"] is None]
        announced = [c for c in code if "raises-exception" in c["metadata"].get("tags", ())]
        raised = [
            f"{output['ename']}: {output['evalue']}"
            for cell in code
            if cell not in announced
            for output in cell["outputs"]
            if output["output_type"] == "error"
        ]
        return [*stuck, *raised]

    def theme(self, name: str) -> None:
        """Change the colours of the page."""
        change = (
            "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})"
        )
        self.page.evaluate(change, name)

    def screenshot(self, path: Path) -> None:
        """Save the whole notebook as a picture."""
        height = min(int(self.page.evaluate(HEIGHT)) + 150, 15_000)
        self.page.set_viewport_size({"width": VIEW["width"], "height": height})
        self.page.evaluate(TO_TOP)
        self.page.wait_for_timeout(300)
        self.page.screenshot(path=path)
        self.page.set_viewport_size({"width": VIEW["width"], "height": VIEW["height"]})


@pytest.fixture
def open_notebook(lab: str, context: BrowserContext) -> Iterator[Callable[[str], Notebook]]:
    """Return how to open a notebook by its path, in a page of its own."""
    pages: list[Page] = []

    def opened(path: str) -> Notebook:
        page = context.new_page()
        pages.append(page)
        page.goto(f"{lab}/lab/tree/{path}?reset")
        return Notebook(page)

    yield opened
    for page in pages:
        page.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder for screenshots."""
    folder = os.environ.get("NSIM_SCREENSHOTS")
    path = Path(folder) if folder else tmp_path_factory.mktemp("screenshots")
    path.mkdir(parents=True, exist_ok=True)
    return path
