"""What axe finds on the lessons: on their pages as rendered, and on the map while it is live."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from nsimlib.lessons.syllabus import syllabus
from tests.browser.conftest import Notebook
from tests.conftest import ROOT
from workshop.build import write_pages

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RUN = "within => axe.run(within, {resultTypes: ['violations']})"
LESSONS = [each.notebook for each in syllabus().values()]
THEMES = ("JupyterLab Light", "JupyterLab Dark")


def violations(page: Page, within: str) -> list[str]:
    """Return what axe finds in a part of the page: the rule, and the first place that breaks it."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(RUN, {"include": [[within]]})
    assert found["passes"], "axe looked at nothing"
    return [
        f"{each['id']} ({len(each['nodes'])}): {each['nodes'][0]['html'][:200]}"
        for each in found["violations"]
    ]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lessons as a workshop's archive has them to read."""
    folder = tmp_path_factory.mktemp("html")
    write_pages([ROOT / "notebooks" / "lessons" / name for name in LESSONS], folder)
    return folder / "lessons"


@pytest.mark.parametrize("name", LESSONS)
def test_rendered_lesson(
    name: str, pages: Path, context: BrowserContext, gone_out: list[str]
) -> None:
    page = context.new_page()
    page.set_content((pages / name).with_suffix(".html").read_text(encoding="utf-8"))
    found = violations(page, "body")
    page.close()
    assert found == []
    assert gone_out == []


@pytest.mark.parametrize("theme", THEMES)
def test_live_map(theme: str, open_notebook: Callable[[str], Notebook]) -> None:
    notebook = open_notebook("lessons/00-start-here.ipynb")
    notebook.run_all()
    notebook.theme(theme)
    notebook.page.locator(".nsim-map-widget").first.wait_for()
    assert violations(notebook.page, ".nsim-map-widget") == []
