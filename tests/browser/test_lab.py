"""What a learner does: open a copy in JupyterLab, run all cells, move the widgets."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import Notebook
from tests.conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Open = Callable[[str], Notebook]
AUDIT = ROOT / "notebooks" / "audit"
#: what the colour of an element's left edge is
EDGE = "element => getComputedStyle(element).borderLeftColor"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


def run(open_notebook: Open, path: str) -> Notebook:
    notebook = open_notebook(path)
    notebook.run_all()
    assert notebook.unannounced_errors() == []
    return notebook


def save(notebook: Notebook, pictures: Path, name: str) -> None:
    for light, theme in THEMES.items():
        notebook.theme(theme)
        notebook.screenshot(pictures / f"{name}-{light}.png")


def view(notebook: Notebook) -> str:
    """Return the text of the last view on the page."""
    return notebook.page.locator(".widget-html-content").last.inner_text()


def wait_for_view(notebook: Notebook, text: str) -> None:
    notebook.page.locator(".widget-html-content", has_text=text).wait_for()


def write_function(notebook: Notebook, line: str) -> None:
    """Put a line into the function that is to be written, and run it and its check."""
    notebook.page.evaluate(
        """async line => {
          const app = window.jupyterapp, panel = app.shell.currentWidget.content;
          const at = panel.widgets.findIndex(each => each.model.type === 'code'
            && each.model.sharedModel.source.startsWith('def reconcile('));
          panel.widgets[at].model.sharedModel.setSource(
            `def reconcile(old, answers, now):\n    ${line}\n`);
          for (const each of [at, at + 2]) {
            panel.activeCellIndex = each;
            await app.commands.execute('notebook:run-cell');
          }
        }""",
        line,
    )


def test_start_page_with_bets_and_connection_tester(
    open_notebook: Open, pictures: Path, gone_out: list[str]
) -> None:
    notebook = run(open_notebook, "lessons/00-start-here.ipynb")
    save(notebook, pictures, "00-start-here")
    notebook.page.get_by_role("radio", name="the internet").press("Space")
    wait_for_view(notebook, "Your bet: the internet.")
    wait_for_view(notebook, "shop/api -> data/db:5432/TCP denied")
    tester = notebook.page.locator(".jupyter-widgets", has=notebook.page.get_by_label("connection"))
    tester.get_by_label("port").last.select_option("8080/TCP")
    wait_for_view(notebook, "shop/api -> data/db:8080/TCP denied")
    connection = notebook.page.get_by_label("connection")
    connection.fill("shop/web > nowhere")
    connection.press("Enter")
    wait_for_view(notebook, "expected ' -> ' between the two ends")
    assert gone_out == []


def test_lesson_01_and_layer_slider_by_keyboard(
    open_notebook: Open, pictures: Path, gone_out: list[str]
) -> None:
    notebook = run(open_notebook, "lessons/01-one-packet.ipynb")
    save(notebook, pictures, "01-one-packet")
    slider = notebook.page.get_by_role("slider").last
    slider.focus()
    for _ in range(4):
        slider.press("ArrowRight")
    wait_for_view(notebook, "with nothing else: allowed")
    assert gone_out == []


def test_lesson_02_and_policy_switch(
    open_notebook: Open, pictures: Path, gone_out: list[str]
) -> None:
    notebook = run(open_notebook, "lessons/02-isolation-is-a-switch.ipynb")
    save(notebook, pictures, "02-isolation-is-a-switch")
    shown = notebook.page.locator(".widget-html-content").nth(-2)
    before = shown.inner_text()
    notebook.page.get_by_label("default-deny-both").press("Space")
    wait_for_view(notebook, "shop/default-deny-both")
    assert shown.inner_text() != before
    editor = notebook.page.get_by_label("policy", exact=True).last
    editor.fill(editor.input_value().replace("egress:", "egres:"))
    notebook.page.get_by_text('Did you mean "egress"?').wait_for()
    assert gone_out == []


def test_lesson_03_and_door_switch(
    open_notebook: Open, pictures: Path, gone_out: list[str]
) -> None:
    notebook = run(open_notebook, "lessons/03-two-doors.ipynb")
    save(notebook, pictures, "03-two-doors")
    notebook.page.get_by_label("db-lets-api-in").last.press("Space")
    wait_for_view(notebook, "5 pairs are kept apart by one door alone")
    assert gone_out == []


def test_lesson_04_and_dash_toggle(
    open_notebook: Open, pictures: Path, gone_out: list[str]
) -> None:
    notebook = run(open_notebook, "lessons/04-selectors-that-lie.ipynb")
    save(notebook, pictures, "04-selectors-that-lie")
    before = view(notebook)
    notebook.page.get_by_label("one-entry", exact=True).last.press("Space")
    notebook.page.wait_for_function(
        "before => document.querySelector('.widget-html-content').innerText !== before", arg=before
    )
    assert gone_out == []


def test_lesson_05_and_prefix_slider(
    open_notebook: Open, pictures: Path, gone_out: list[str]
) -> None:
    notebook = run(open_notebook, "lessons/05-static-cidr.ipynb")
    save(notebook, pictures, "05-static-cidr")
    wait_for_view(notebook, "reached besides on 5432/TCP: 20")
    handle = notebook.page.locator(".widget-slider .noUi-handle")
    handle.press("ArrowRight")
    wait_for_view(notebook, "addresses in 10.20.0.0/17: 32,768")
    handle.press("Home")
    wait_for_view(notebook, "reached besides on 5432/TCP: 26")
    notebook.page.get_by_label("only 5432/TCP").press("Space")
    notebook.page.get_by_role("row", name="nodes 3 of 3 3 of 3").wait_for()
    notebook.page.get_by_label("except pods, 10.244.0.0/16").press("Space")
    wait_for_view(notebook, "except: [10.244.0.0/16]")
    handle.press("End")
    wait_for_view(notebook, "10.244.0.0/16 is not inside 10.20.21.17/32 and smaller")
    assert gone_out == []


def test_lesson_06_and_dns_path_picker(
    open_notebook: Open, pictures: Path, gone_out: list[str]
) -> None:
    notebook = run(open_notebook, "lessons/06-dns-is-traffic.ipynb")
    save(notebook, pictures, "06-dns-is-traffic")
    wait_for_view(notebook, "kube-system/kube-dns; allowed")
    notebook.page.get_by_role("radio", name="node-cache").check()
    wait_for_view(notebook, "UDP: shop/web asks 10.96.0.10, held by the pod's own node; denied")
    wait_for_view(notebook, "is a node; selectors select pods")
    way = notebook.page.locator("summary", has_text="53/TCP to node-cache").last
    way.press("Enter")
    wait_for_view(notebook, "53/TCP is among 53/UDP, 53/TCP")
    notebook.page.get_by_role("combobox", name="policy").select_option("no policy")
    wait_for_view(notebook, "after 0 s the application hears: 10.20.21.17")
    assert gone_out == []


def test_arrow_keys_stay_with_radio_buttons_and_menus(open_notebook: Open) -> None:
    notebook = run(open_notebook, "lessons/06-dns-is-traffic.ipynb")
    keyboard = notebook.page.keyboard
    notebook.page.get_by_role("radio", name="Connection timed out").focus()
    keyboard.press("ArrowDown")
    wait_for_view(notebook, "Your bet: ")
    notebook.page.get_by_role("radio", name="kube-dns").focus()
    keyboard.press("ArrowDown")
    wait_for_view(notebook, "is a node; selectors select pods")
    keyboard.press("ArrowUp")
    wait_for_view(notebook, "kube-system/kube-dns; allowed")
    policy = notebook.page.get_by_role("combobox", name="policy")
    before = policy.input_value()
    policy.focus()
    keyboard.press("ArrowUp")
    assert policy.input_value() != before
    assert policy.evaluate("element => element === document.activeElement")


def test_lesson_07_with_dials_and_pattern_tester(
    open_notebook: Open, pictures: Path, gone_out: list[str]
) -> None:
    notebook = run(open_notebook, "lessons/07-names-and-ttl.ipynb")
    save(notebook, pictures, "07-names-and-ttl")
    handles = notebook.page.locator(".widget-slider .noUi-handle")
    scene = notebook.page.locator(".widget-html-content", has=notebook.page.locator("svg"))
    assert "outage 5.0 to 60.0 s" in str(scene.locator("svg").first.get_attribute("aria-label"))
    handles.nth(1).press("Home")
    notebook.page.wait_for_function(
        "() => [...document.querySelectorAll('.widget-html-content svg')]"
        ".some(svg => svg.getAttribute('aria-label').includes('179 attempts, 0 failed')"
        " || svg.getAttribute('aria-label').includes('180 attempts, 0 failed'))"
    )
    handles.last.press("End")
    wait_for_view(notebook, "At 180 s")
    notebook.page.get_by_label("pattern", exact=True).fill("*corp.example")
    names = notebook.page.get_by_label("names", exact=True)
    names.fill("evilcorp.example")
    notebook.page.get_by_role("row", name="evilcorp.example no yes yes yes no differs").wait_for()
    assert gone_out == []


def test_lesson_08_with_dials_and_a_function(
    open_notebook: Open, pictures: Path, gone_out: list[str]
) -> None:
    notebook = run(open_notebook, "lessons/08-controller-that-chases.ipynb")
    save(notebook, pictures, "08-controller-that-chases")
    wait_for_view(notebook, "missing: the new address is denied for 66 s")
    handles = notebook.page.locator(".widget-slider .noUi-handle")
    handles.first.press("Home")
    wait_for_view(notebook, "missing: the new address is denied for 6 s")
    handles.nth(1).press("ArrowRight")
    wait_for_view(notebook, "missing: the new address is denied for 16 s")
    handles.nth(2).press("End")
    wait_for_view(notebook, "stale: the old address is allowed for 315 s")
    handles.nth(3).press("End")
    wait_for_view(notebook, "out: an application is denied the address that it was told for 2 s")
    notebook.page.get_by_role("radio", name="at the best second").check()
    wait_for_view(notebook, "missing: the new address is denied for 2 s")
    outputs = notebook.page.locator(".jp-OutputArea-output")
    crashes = "return {**old, **{each: now for answer in answers for each in answer}}"
    write_function(notebook, crashes)
    stopped = outputs.filter(has_text=f"it stops at line 2, {crashes}, with TypeError")
    stopped.wait_for()
    assert "Traceback" not in stopped.inner_text()
    write_function(notebook, "return old")
    outputs.filter(has_text="this one does not: an address that is heard is open").wait_for()
    assert gone_out == []


def test_lesson_09_and_renderings(open_notebook: Open, pictures: Path, gone_out: list[str]) -> None:
    notebook = run(open_notebook, "lessons/09-below-the-api.ipynb")
    save(notebook, pictures, "09-below-the-api")
    notebook.page.get_by_label("enforcer").select_option("cilium")
    wait_for_view(notebook, "ipcache")
    assert gone_out == []


def test_lesson_10_and_exposure_board(
    open_notebook: Open, pictures: Path, gone_out: list[str]
) -> None:
    notebook = run(open_notebook, "lessons/10-default-egress.ipynb")
    save(notebook, pictures, "10-default-egress")
    before = view(notebook)
    notebook.page.get_by_label("open-to-be-safe").last.press("Space")
    notebook.page.wait_for_function(
        "before => document.querySelector('.widget-html-content').innerText !== before", arg=before
    )
    assert "denied" not in view(notebook)
    assert gone_out == []


def test_packet_stepper_and_linked_lines_by_keyboard(
    open_notebook: Open, pictures: Path, gone_out: list[str]
) -> None:
    notebook = run(open_notebook, "audit/below-the-api.ipynb")
    notebook.page.get_by_role("button", name="next", exact=True).press("Enter")
    wait_for_view(notebook, "the mark stays 0x0")
    notebook.page.locator(".widget-slider .noUi-handle").press("ArrowLeft")
    wait_for_view(notebook, "into cali-FORWARD")
    notebook.page.get_by_role("button", name="deciding", exact=True).press("Space")
    wait_for_view(notebook, "decides: DROP")
    entry, line = notebook.page.locator(".nsim-beside").first.locator(".nsim-k0").all()
    before = line.evaluate(EDGE)
    entry.focus()
    assert line.evaluate(EDGE) == entry.evaluate(EDGE) != before
    save(notebook, pictures, "packet-stepper-below-the-api")
    assert gone_out == []


@pytest.mark.parametrize("name", [path.stem for path in sorted(AUDIT.glob("*.ipynb"))])
def test_audit(name: str, open_notebook: Open, pictures: Path, gone_out: list[str]) -> None:
    notebook = run(open_notebook, f"audit/{name}.ipynb")
    save(notebook, pictures, name)
    assert gone_out == []
