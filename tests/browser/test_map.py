"""The map in JupyterLab: with the mouse, with the keyboard, and for those who want no motion."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browser.conftest import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LESSON = "lessons/00-start-here.ipynb"
HELD = "() => document.activeElement.dataset.end"


@pytest.fixture(scope="module")
def notebook(lab: str, context: BrowserContext) -> Iterator[Notebook]:
    """The start page with all cells run, once for all tests."""
    page = context.new_page()
    page.goto(f"{lab}/lab/tree/{LESSON}?reset")
    opened = Notebook(page)
    opened.run_all()
    assert opened.unannounced_errors() == []
    page.set_viewport_size({"width": 1150, "height": 1400})
    yield opened
    page.close()


@pytest.fixture
def shown(notebook: Notebook) -> Locator:
    """The second map of the page, on which shop/web asks for a name."""
    found = notebook.page.locator(".nsim-map-widget").nth(1)
    found.scroll_into_view_if_needed()
    found.get_by_role("button", name="all on").click()
    found.get_by_label("from", exact=True).select_option("shop/web")
    found.get_by_label("to", exact=True).select_option("kube-system/coredns")
    found.get_by_label("port", exact=True).select_option("53/UDP")
    expect(status(found)).to_contain_text("denied at the Egress door of shop/web")
    return found


def end(shown: Locator, name: str) -> Locator:
    return shown.locator(f'[data-end="{name}"]')


def status(shown: Locator) -> Locator:
    return shown.get_by_role("status")


def test_two_clicks_send_a_packet(
    notebook: Notebook, shown: Locator, pictures: Path, gone_out: list[str]
) -> None:
    end(shown, "shop/debug").click()
    expect(status(shown)).to_contain_text("shop/debug is the source")
    end(shown, "data/db").click()
    expect(status(shown)).to_contain_text("denied at the Ingress door of data/db")
    expect(shown.locator(".packet")).to_be_visible()
    expect(shown.locator(".stop")).to_be_visible()
    expect(shown.locator(".packet")).to_be_hidden()
    expect(shown.locator(".reason")).to_contain_text("Ingress: denied")
    for theme in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {theme}")
        notebook.page.locator("#jupyterlab-splash").wait_for(state="detached")
        shown.screenshot(path=pictures / f"map-{theme.lower()}.png")
    assert gone_out == []


def test_everything_works_by_keyboard(notebook: Notebook, shown: Locator) -> None:
    page = notebook.page
    end(shown, "shop/web").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(HELD) == "shop/debug"
    page.keyboard.press("Enter")
    expect(status(shown)).to_contain_text("shop/debug is the source")
    page.keyboard.press("Escape")
    expect(status(shown)).to_contain_text("denied at the Egress door of shop/web")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(status(shown)).to_contain_text("shop/debug -> shop/web:8080/TCP is allowed")
    assert page.evaluate(HELD) == "shop/web"


def test_only_one_end_is_in_the_order_of_tab(shown: Locator) -> None:
    expect(shown.locator('[data-end][tabindex="0"]')).to_have_count(1)
    assert shown.locator('[data-end][tabindex="-1"]').count() > 10


def test_a_policy_is_switched_and_its_pods_light_up(shown: Locator) -> None:
    box = shown.get_by_role("checkbox", name="shop/web-egress")
    box.focus()
    expect(end(shown, "shop/web")).to_contain_class("selected")
    expect(end(shown, "shop/api")).not_to_contain_class("selected")
    box.press("Space")
    expect(status(shown)).to_contain_text("is allowed")
    expect(box).to_be_focused()
    expect(end(shown, "shop/web")).to_have_attribute(
        "aria-label", "shop/web, 2 pods: Egress not isolated, Ingress not isolated"
    )


def test_menus_choose_the_same(shown: Locator) -> None:
    shown.get_by_label("from", exact=True).select_option("shop/api")
    expect(status(shown)).to_contain_text("shop/api -> kube-system/coredns:53/UDP is allowed")
    shown.get_by_label("to", exact=True).select_option("data/db")
    expect(status(shown)).to_contain_text("shop/api -> data/db:5432/TCP")


def test_nothing_moves_for_those_who_want_no_motion(notebook: Notebook, shown: Locator) -> None:
    notebook.page.emulate_media(reduced_motion="reduce")
    end(shown, "shop/debug").click()
    end(shown, "shop/web").click()
    expect(status(shown)).to_contain_text("is allowed")
    assert shown.locator(".packet").evaluate("packet => packet.style.display") == "none"
    expect(shown.locator(".stop")).to_be_visible()
