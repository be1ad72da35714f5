"""The site, served to this machine alone, and browsers that can go nowhere else."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.browser.conftest import Notebook
from tests.browser.conftest import browser as browser
from tests.browser.conftest import pictures as pictures
from tests.conftest import ROOT
from website.serve import HOST, Handler

SITE = ROOT / "build" / "site"
#: two cores, shared with the server and the tests
PAGE_MILLISECONDS = 60_000
KERNEL = "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel"


@dataclass
class Served:
    """The site's address, and what was asked of its server: method and path."""

    address: str
    asked: list[tuple[str, str]] = field(default_factory=list)


class Listening(Handler):
    """A server that notes every request."""

    def __init__(self, *args: object, asked: list[tuple[str, str]], **named: object) -> None:
        self.asked = asked
        super().__init__(*args, **named)  # type: ignore[arg-type]

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002
        self.asked.append((self.command, self.path))

    def log_error(self, format: str, *args: object) -> None:
        """Say nothing: what is missing is in the notes."""


@pytest.fixture(scope="session")
def site() -> Iterator[Served]:
    if not (SITE / "index.html").is_file():
        pytest.fail("there is no site: run `make site` first", pytrace=False)
    asked: list[tuple[str, str]] = []
    handler = partial(Listening, directory=str(SITE), asked=asked)
    with ThreadingHTTPServer((HOST, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Served(f"http://{HOST}:{server.server_port}", asked)
        server.shutdown()


@pytest.fixture
def gone_out() -> Iterator[list[str]]:
    """The addresses off the site's host that pages asked for; there must be none."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def context(browser: Browser, site: Served, gone_out: list[str]) -> Iterator[BrowserContext]:
    """A browser as a new learner has it: nothing kept, and no way off the site's host."""
    opened = browser.new_context(viewport={"width": 1150, "height": 900}, accept_downloads=True)

    def guard(route: Route) -> None:
        if route.request.url.startswith((f"{site.address}/", "data:", "blob:")):
            route.continue_()
        else:
            gone_out.append(route.request.url)
            route.abort()

    opened.route("**/*", guard)
    opened.set_default_timeout(PAGE_MILLISECONDS)
    yield opened
    opened.close()


@pytest.fixture
def start(context: BrowserContext, site: Served) -> Page:
    """The start page."""
    page = context.new_page()
    page.goto(f"{site.address}/")
    page.locator(".done", has_text="not begun").first.wait_for()
    return page


@pytest.fixture
def open_notebook(context: BrowserContext, site: Served) -> Callable[[str], Notebook]:
    """How to open a notebook of the site by its path, in a page of its own."""

    def opened(path: str) -> Notebook:
        page = context.new_page()
        page.goto(f"{site.address}/lab/index.html?path={path}")
        # What follows waits inside the page, without an end.
        page.wait_for_function(KERNEL)
        return Notebook(page)

    return opened


def notebooks() -> list[Path]:
    """Return the notebooks of the site, as paths below its files."""
    files = SITE / "files"
    return sorted(path.relative_to(files) for path in files.glob("*/*.ipynb"))
