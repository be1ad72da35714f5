"""What somebody does who has only the link: open a page, run it, move what can be moved."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import BrowserContext, Locator, Page, TimeoutError, expect

from tests.browser.conftest import CELLS, Notebook
from tests.conftest import ROOT
from website.tests.conftest import SITE, Served, notebooks

pytestmark = pytest.mark.browser

Open = Callable[[str], Notebook]
LOCAL = yaml.safe_load((ROOT / "website" / "local.yaml").read_text(encoding="utf-8"))
FIRST = "lessons/00-start-here.ipynb"
#: the promise of the start page, with room for a machine that does other things as well
FIRST_SECONDS = 40
MOST_BYTES = 60_000_000
DUMP = ROOT / "data" / "scenarios" / "shop"
#: a word of the learner's own cluster, to be found in no request
SECRET_NAME = "acquisition-of-umbrella"


def test_the_site_is_small() -> None:
    assert sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) < MOST_BYTES


def test_every_notebook_is_in_the_site() -> None:
    originals = {
        path.relative_to(ROOT / "notebooks")
        for kind in ("lessons", "audit")
        for path in (ROOT / "notebooks" / kind).glob("*.ipynb")
    }
    assert originals == set(notebooks())


@pytest.mark.parametrize("path", [p for p in notebooks() if p.stem not in LOCAL], ids=str)
def test_a_notebook_runs_from_top_to_bottom(
    path: Path, open_notebook: Open, pictures: Path
) -> None:
    began = time.monotonic()
    notebook = open_notebook(str(path))
    notebook.run_all()
    if str(path) == FIRST:
        assert time.monotonic() - began < FIRST_SECONDS
    assert notebook.unannounced_errors() == []
    move(notebook)
    click_the_map(notebook)
    notebook.screenshot(pictures / f"site-{path.stem}.png")


@pytest.mark.parametrize("name", sorted(LOCAL))
def test_a_local_notebook_says_so_and_shows_what_was_recorded(
    name: str, open_notebook: Open
) -> None:
    (path,) = (each for each in notebooks() if each.stem == name)
    page = open_notebook(str(path)).page
    page.locator("strong", has_text="This page is not live here.").wait_for()
    assert page.locator(".jp-OutputArea-output").count() > 0


#: what shows a notebook's widgets, as text and picture
SHOWN = """() => [...document.querySelectorAll('.jp-OutputArea-output:has(.jupyter-widgets)')]
  .map(each => each.innerHTML).join()"""
CHANGED = f"before => ({SHOWN})() !== before"
CONTROLS = (
    ".widget-dropdown select:has(option:nth-child(2))",
    ".widget-checkbox input",
    ".widget-toggle-buttons button:not(.mod-active)",
    ".widget-button:enabled",
)
ANSWER_MILLISECONDS = 5_000


def move(notebook: Notebook) -> None:
    """Move the controls of each kind until Python answers."""
    for kind in CONTROLS:
        controls = notebook.page.locator(f".jp-OutputArea-output {kind}").all()
        assert not controls or any(answers(notebook, each) for each in controls), kind


def click_the_map(notebook: Notebook) -> None:
    """Click ends on the map, if there is one, until another packet has travelled."""
    clickable = notebook.page.locator(".nsim-map-widget").first
    if not clickable.count():
        return
    reason = clickable.locator(".reason")
    before = reason.inner_text()
    for end in clickable.locator(".end").all()[:4]:
        end.click()
    expect(reason).not_to_have_text(before, timeout=ANSWER_MILLISECONDS)


def answers(notebook: Notebook, control: Locator) -> bool:
    """Whether the page shows something else after a control was moved."""
    before = notebook.page.evaluate(SHOWN)
    if control.evaluate("each => each.tagName") == "SELECT":
        chosen = control.evaluate("each => each.selectedIndex")
        control.select_option(index=0 if chosen else 1)
    else:
        control.click()
    try:
        notebook.page.wait_for_function(CHANGED, arg=before, timeout=ANSWER_MILLISECONDS)
    except TimeoutError:
        return False
    return True


def test_tracks_choose_lessons(start: Page) -> None:
    lessons = start.locator("#lessons .page")
    for button in start.locator("[data-track]").all():
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        assert lessons.locator("visible=true").count() <= lessons.count()


def test_documentation_is_beside_the_start_page(start: Page) -> None:
    start.get_by_role("link", name="Documentation").click()
    for page in ("Facts by number", "The Python API", "Start here"):
        start.get_by_role("link", name=page).first.click()
        start.get_by_role("heading", level=1, name=page).wait_for()
    assert start.locator(".output_area, .cell_output").count() > 0


PROGRESS = """
import nsimlib as ns
from nsimlib.lessons.progress import progress
done = progress()
done.attempt("start-here/1", "an attempt", solved=True)
print(done.path, done.seed)
"""


def test_work_is_kept_saved_and_brought_back(
    start: Page, open_notebook: Open, tmp_path: Path
) -> None:
    work_in(open_notebook(FIRST), PROGRESS)
    start.reload()
    lesson = start.locator('[data-slug="start-here"] .done')
    lesson.get_by_text("1 of").wait_for()
    with start.expect_download() as coming:
        start.get_by_role("button", name="Save my work as a file").click()
    saved = tmp_path / "work.json"
    coming.value.save_as(saved)
    assert "nsim-progress.json" in json.loads(saved.read_text(encoding="utf-8"))["files"]
    start.once("dialog", lambda dialog: dialog.accept())
    start.get_by_role("button", name="Erase my work").click()
    lesson.get_by_text("not begun").wait_for()
    start.set_input_files("#import", saved)
    lesson.get_by_text("1 of").wait_for()


def test_a_file_of_something_else_changes_nothing(start: Page, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"files": 3}', encoding="utf-8")
    start.set_input_files("#import", other)
    start.get_by_text("Nothing was changed").wait_for()


def test_two_learners_have_variants_of_their_own(
    browser_seeds: Callable[[], int],
) -> None:
    assert browser_seeds() != browser_seeds()


@pytest.fixture
def browser_seeds(context: BrowserContext, site: Served) -> Callable[[], int]:
    """What a browser takes for its seed when it first sees the start page."""
    browser = context.browser
    assert browser is not None

    def seed() -> int:
        fresh = browser.new_context()
        page = fresh.new_page()
        page.goto(f"{site.address}/")
        page.locator(".done", has_text="not begun").first.wait_for()
        with page.expect_download() as coming:
            page.get_by_role("button", name="Save my work as a file").click()
        files = json.loads(coming.value.path().read_text(encoding="utf-8"))["files"]
        fresh.close()
        return int(json.loads(files["nsim-progress.json"]["content"])["seed"])

    return seed


def test_a_dump_is_audited_without_a_request(
    start: Page, open_notebook: Open, context: BrowserContext, site: Served, tmp_path: Path
) -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(DUMP.glob("*.yaml"))]
    dump = tmp_path / "dump.yaml"
    renamed = "\n---\n".join(texts).replace("namespace: shop", f"namespace: {SECRET_NAME}")
    dump.write_text(renamed.replace("name: shop", f"name: {SECRET_NAME}"), encoding="utf-8")
    bodies: list[str] = []
    context.on("request", lambda request: bodies.append(f"{request.url} {request.post_data}"))
    before = len(site.asked)
    start.set_input_files("#dump", dump)
    start.get_by_text("kept in this browser. Open").wait_for()
    assert {method for method, _ in site.asked} == {"GET"}
    assert [path for _, path in site.asked[before:] if not path.startswith("/files/audit/")] == []
    for page in ("audit-a-cluster", "why-is-it-blocked"):
        notebook = open_notebook(f"my-cluster/{page}.ipynb")
        notebook.run_all()
        assert notebook.unannounced_errors() == []
        outputs = json.dumps([cell.get("outputs") for cell in notebook.page.evaluate(CELLS)])
        assert SECRET_NAME in outputs
    assert {method for method, _ in site.asked} == {"GET"}
    assert [path for _, path in site.asked if SECRET_NAME in path] == []


def work_in(notebook: Notebook, code: str) -> str:
    """Run code in the kernel of a notebook and wait until what it wrote is stored."""
    put = """code => {
      const cells = jupyterapp.shell.currentWidget.content.model.sharedModel;
      cells.deleteCellRange(0, cells.cells.length);
      cells.insertCell(0, {cell_type: 'code', source: code, metadata: {}});
    }"""
    notebook.page.evaluate(
        "async () => { while (!window.jupyterapp?.shell?.currentWidget?.context) "
        "await new Promise(done => setTimeout(done, 50));"
        "await window.jupyterapp.shell.currentWidget.context.ready; }"
    )
    notebook.page.evaluate(put, code)
    notebook.run_all()
    assert notebook.unannounced_errors() == []
    (cell,) = notebook.page.evaluate(CELLS)
    return "".join("".join(each.get("text", "")) for each in cell["outputs"])
