"""Every committed notebook passes every check, and every check can fail.

nbval, in the same run, compares the stored outputs.
"""

import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from notebooks.build import KINDS, execute, read, sources, target
from tests import notebook_checks as checks
from tests.conftest import ROOT
from tests.notebook_checks import CHECKS, Check, Page, tags

FOLDER = ROOT / "notebooks"
SOURCES = list(sources(FOLDER))
NOTEBOOKS = [path for kind in KINDS for path in sorted((FOLDER / kind).glob("*.ipynb"))]


def cells_of(notebook: NotebookNode) -> list[tuple[str, str, list[str]]]:
    return [(cell.cell_type, cell.source, tags(cell)) for cell in notebook.cells]


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def test_every_source_has_its_notebook_and_every_notebook_its_source() -> None:
    assert sorted(map(target, SOURCES)) == sorted(NOTEBOOKS)


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_source_and_notebook_agree(source: Path) -> None:
    notebook = nbformat.read(target(source), as_version=4)
    assert cells_of(notebook) == cells_of(read(source)), "run: make notebooks"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_notebook(path: Path, check: Check) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert list(check(Page(path, notebook))) == []


def text(source: str) -> NotebookNode:
    cell: NotebookNode = new_markdown_cell(source)
    return cell


def code(source: str, output: NotebookNode | None = None, **more: Any) -> NotebookNode:
    outputs = [output] if output else []
    more = {"execution_count": 1, "outputs": outputs, **more}
    cell: NotebookNode = new_code_cell(source, **more)
    return cell


def output(kind: str, **fields: Any) -> NotebookNode:
    made: NotebookNode = new_output(kind, **fields)
    return made


def page(*cells: NotebookNode, **metadata: Any) -> Page:
    copies = [deepcopy(cell) for cell in cells]
    for number, cell in enumerate(copies):
        cell.id = f"cell-{number:02}"
    notebook = new_notebook(cells=copies, metadata=metadata)
    return Page(FOLDER / "lessons" / "00-broken.ipynb", notebook)


TITLE = text("# Broken on purpose")
TEXT = text("## Look")
RAISED = output("error", ename="KeyError", evalue="'web'", traceback=[])
WIDGETS = {
    "application/vnd.jupyter.widget-state+json": {
        "state": {"abc": {"state": {"outputs": [{"output_type": "error", "ename": "KeyError"}]}}}
    }
}
HEALTHY = page(
    text("# A title\n\n```yaml\n# no heading\n### nor this\n```\n[docs](https://kubernetes.io/)"),
    code("import nsimlib as ns\nshop = 1\n%env NSIM=1\nassert shop == 1"),
    text("## Next\n\n[the licence](../../LICENSE#terms)"),
    code("{}['web']", RAISED, execution_count=2, metadata={"tags": ["raises-exception"]}),
    text("### Last"),
    code("def f(a):\n    return ...", execution_count=3, metadata={"tags": ["attempt"]}),
    text("That is all."),
)
BROKEN: tuple[tuple[Check, Page, str], ...] = (
    (
        checks.cells_are_numbered_from_one_without_a_gap,
        page(code("1", execution_count=None)),
        "None",
    ),
    (
        checks.cells_are_numbered_from_one_without_a_gap,
        page(code("1"), code("2")),
        "number 1, wanted 2",
    ),
    (checks.errors_are_announced_by_a_tag, page(code("{}['web']", RAISED)), "shows KeyError"),
    (checks.widget_state_holds_no_error, page(widgets=WIDGETS), "widget abc holds KeyError"),
    (checks.cells_hold_no_logic, page(code("def f(): pass")), "FunctionDef"),
    (checks.cells_hold_no_logic, page(code("def f():\n    return ...")), "FunctionDef"),
    (
        checks.cells_hold_no_logic,
        page(code("def f(a):\n    return a", metadata={"tags": ["attempt"]})),
        "FunctionDef",
    ),
    (checks.cells_hold_no_logic, page(code("class A: pass")), "ClassDef"),
    (checks.cells_hold_no_logic, page(code("for pod in []: pass")), "For"),
    (checks.cells_hold_no_logic, page(code("while False: pass")), "While"),
    (checks.cells_hold_no_logic, page(code("if True: pass")), "If"),
    (checks.cells_hold_no_logic, page(code("1 if True else 2")), "IfExp"),
    (checks.cells_hold_no_logic, page(code("try: pass\nfinally: pass")), "Try"),
    (checks.cells_hold_no_logic, page(code("with open('a'): pass")), "With"),
    (checks.cells_hold_no_logic, page(code("lambda: 1")), "Lambda"),
    (checks.cells_hold_no_logic, page(code("%env A=1\n[pod for pod in []]")), "ListComp"),
    (checks.cells_hold_no_logic, page(code("sum(1 for pod in [])")), "GeneratorExp"),
    (checks.callbacks_may_fail_loudly, page(code("interact(f, x=3)")), "calls interact"),
    (checks.callbacks_may_fail_loudly, page(code("out = widgets.Output()")), "calls Output"),
    (checks.figures_use_the_default_backend, page(code("%matplotlib inline")), ""),
    (checks.cells_are_short, page(code("1\n" * 16)), "16 lines"),
    (checks.cells_are_short, page(text("word " * 121)), "121 words"),
    (
        checks.a_lesson_has_more_text_cells_than_code_cells,
        page(TITLE, code("1")),
        "1 text cells for 1",
    ),
    (checks.headings_come_in_order, page(TEXT, TITLE), "the first cell has no title"),
    (checks.headings_come_in_order, page(code("1"), TITLE), "the first cell has no title"),
    (checks.headings_come_in_order, page(TITLE, TITLE), "2 titles"),
    (checks.headings_come_in_order, page(TITLE, text("### Deep")), "level 3 follows level 1"),
    (
        checks.links_lead_somewhere,
        page(text("[next](01-missing.ipynb)")),
        "links to 01-missing.ipynb",
    ),
    (checks.links_lead_somewhere, page(text('<img src="map.svg">')), "links to map.svg"),
    (
        checks.outputs_name_no_local_path,
        page(code("1", output("stream", text="read /home/kim/policy.yaml"))),
        "shows /home/k",
    ),
    (
        checks.outputs_name_no_local_path,
        page(code("1", output("display_data", data={"text/html": "<b>/tmp/a</b>"}))),
        "shows /tmp/a",
    ),
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_check_accepts_a_healthy_page(check: Check) -> None:
    assert list(check(HEALTHY)) == []


@pytest.mark.parametrize(
    ("check", "broken", "complaint"), BROKEN, ids=[check.__name__ for check, _, _ in BROKEN]
)
def test_check_complains_about_a_broken_page(check: Check, broken: Page, complaint: str) -> None:
    complaints = list(check(broken))
    assert len(complaints) == 1
    assert complaint in complaints[0]


def test_every_check_has_a_broken_page() -> None:
    assert {check for check, _, _ in BROKEN} == set(CHECKS)


# The project's convention for a widget: `observe` and one assignment to `HTML.value`.
TESTER = """
from ipywidgets import HTML, IntText, VBox

class Tester(VBox):
    def __init__(self):
        self.port = IntText(value=443)
        self.view = HTML()
        self.port.observe(self.redraw, names="value")
        super().__init__([self.port, self.view])
        self.redraw()

    def redraw(self, _change=None):
        self.view.value = VERDICTS[self.port.value]

VERDICTS = {443: "allowed", 80: "denied"}
"""
BROKEN_TESTER = TESTER.replace('80: "denied"', "")
CALLBACK_ERROR = r"KeyError.*: 80"
MOVES = ["from tester import Tester\ntester = Tester()\ntester", "tester.port.value = 80"]


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """Return an executed notebook in which a widget is moved."""
    (tmp_path / "tester.py").write_text(TESTER)
    cells = [new_code_cell(source) for source in MOVES]
    notebook = execute(new_notebook(cells=cells), tmp_path)
    path = tmp_path / "moved.ipynb"
    nbformat.write(notebook, path)
    return path


def nbval(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-rA", path.name]
    return subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)


@pytest.mark.slow
class TestWidgetWhoseCallbackRaises:
    def test_healthy_twin_passes(self, moved: Path) -> None:
        result = nbval(moved)
        assert result.returncode == 0, result.stdout
        assert "2 passed" in result.stdout

    def test_nbval_fails(self, moved: Path) -> None:
        moved.with_name("tester.py").write_text(BROKEN_TESTER)
        result = nbval(moved)
        assert result.returncode == 1, result.stdout
        assert re.search(CALLBACK_ERROR, result.stdout)
        assert "1 failed, 1 passed" in result.stdout

    def test_notebook_cannot_be_built(self, moved: Path) -> None:
        moved.with_name("tester.py").write_text(BROKEN_TESTER)
        notebook = nbformat.read(moved, as_version=4)
        with pytest.raises(CellExecutionError, match=CALLBACK_ERROR):
            execute(notebook, moved.parent)
