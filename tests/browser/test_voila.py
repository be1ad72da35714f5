"""Voilà: a lesson as a page without its code. Its widgets are live, since a kernel is behind it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LESSON = "lessons/00-start-here.ipynb"
#: what Voilà's own template asks a public host for; the page does without it
ICONS = "/npm/@fortawesome/"


@pytest.fixture(scope="module")
def voila(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    def command(port: int) -> list[str]:
        options = ["--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}"]
        return [sys.executable, "-m", "voila", LESSON, *options]

    with served(tmp_path_factory.mktemp("voila"), command) as address:
        yield address


@pytest.fixture
def page(voila: str, context: BrowserContext) -> Iterator[Page]:
    opened = context.new_page()
    opened.goto(voila)
    yield opened
    opened.close()


def test_the_map_answers_and_a_bet_is_taken(
    page: Page, pictures: Path, gone_out: list[str]
) -> None:
    live = page.locator(".nsim-map-widget").nth(1)
    live.scroll_into_view_if_needed()
    reason = live.locator(".reason")
    before = reason.inner_text()
    live.locator('[data-end="shop/debug"]').click()
    live.locator('[data-end="data/db"]').click()
    expect(reason).not_to_have_text(before)
    page.get_by_role("radio", name="the internet").check()
    page.get_by_text("Your bet: the internet.").wait_for()
    page.screenshot(path=pictures / "voila-00-start-here.png", full_page=True)
    asked = [each for each in gone_out if ICONS not in each]
    gone_out.clear()
    assert asked == []
