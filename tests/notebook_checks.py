"""The checks of `test_notebooks.py`: what holds of every committed notebook.

A check takes a `Page` and yields one sentence for each place that breaks it.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

MAX_CODE_LINES = 15
MAX_TEXT_WORDS = 120

LOGIC = (
    ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
    | ast.For | ast.AsyncFor | ast.While | ast.If | ast.IfExp | ast.Match
    | ast.Try | ast.TryStar | ast.With | ast.AsyncWith
    | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
)  # fmt: skip
# These catch what a callback raises: the notebook would stay green while its widget is broken.
SWALLOWERS = {"interact", "interact_manual", "interactive", "interactive_output", "Output"}

FENCED = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^(#{1,6}) ", re.MULTILINE)
LINK = re.compile(r"""\]\(\s*<?([^)>\s]+)|\b(?:href|src)=["']([^"']+)""")
LOCAL_PATH = re.compile(
    r"(?<![\w.~-])/(?:home|root|Users|tmp|private|var/folders)/\w|[A-Z]:\\\w|site-packages|ipykernel_"
)


@dataclass(frozen=True)
class Page:
    """A notebook and where it lies."""

    path: Path
    notebook: NotebookNode

    @property
    def code(self) -> list[NotebookNode]:
        return [cell for cell in self.notebook.cells if cell.cell_type == "code"]

    @property
    def text(self) -> list[NotebookNode]:
        return [cell for cell in self.notebook.cells if cell.cell_type == "markdown"]

    @property
    def outputs(self) -> Iterator[tuple[NotebookNode, NotebookNode]]:
        return ((cell, output) for cell in self.code for output in cell.outputs)


Check = Callable[[Page], Iterator[str]]


def tags(cell: NotebookNode) -> list[str]:
    found: list[str] = cell.metadata.get("tags", [])
    return found


def cells_are_numbered_from_one_without_a_gap(page: Page) -> Iterator[str]:
    # nbval does not compare a cell that was never run.
    for number, cell in enumerate(page.code, start=1):
        if cell.execution_count != number:
            yield f"{cell.id} is run number {cell.execution_count}, wanted {number}"


def errors_are_announced_by_a_tag(page: Page) -> Iterator[str]:
    for cell, output in page.outputs:
        if output.output_type == "error" and "raises-exception" not in tags(cell):
            yield f"{cell.id} shows {output.ename}"


def widget_state_holds_no_error(page: Page) -> Iterator[str]:
    for state in page.notebook.metadata.get("widgets", {}).values():
        for name, model in state.get("state", {}).items():
            for output in model.get("state", {}).get("outputs", ()):
                if output["output_type"] == "error":
                    yield f"widget {name} holds {output['ename']}"


def is_to_be_written(node: ast.AST) -> bool:
    """Whether it is a function that a learner is to write: `def …: return ...`."""
    return isinstance(node, ast.FunctionDef) and [ast.unparse(each) for each in node.body] == [
        "return ..."
    ]


def cells_hold_no_logic(page: Page) -> Iterator[str]:
    for cell in page.code:
        code = TransformerManager().transform_cell(cell.source)
        for node in ast.walk(ast.parse(code)):
            if "attempt" in tags(cell) and is_to_be_written(node):
                continue
            if isinstance(node, LOGIC):
                yield f"{cell.id} has a {type(node).__name__}: the library lacks a function"


def callbacks_may_fail_loudly(page: Page) -> Iterator[str]:
    for cell in page.code:
        words = set(re.findall(r"\w+(?=\s*\()", cell.source))
        yield from (f"{cell.id} calls {name}" for name in sorted(words & SWALLOWERS))


def figures_use_the_default_backend(page: Page) -> Iterator[str]:
    yield from (f"{cell.id}" for cell in page.code if "%matplotlib" in cell.source)


def cells_are_short(page: Page) -> Iterator[str]:
    for cell in page.code:
        if (lines := len(cell.source.splitlines())) > MAX_CODE_LINES:
            yield f"{cell.id} has {lines} lines of code, at most {MAX_CODE_LINES}"
    for cell in page.text:
        if (words := len(cell.source.split())) > MAX_TEXT_WORDS:
            yield f"{cell.id} has {words} words, at most {MAX_TEXT_WORDS}"


def a_lesson_has_more_text_cells_than_code_cells(page: Page) -> Iterator[str]:
    if page.path.parent.name == "lessons" and len(page.text) <= len(page.code):
        yield f"{len(page.text)} text cells for {len(page.code)} code cells"


def headings_come_in_order(page: Page) -> Iterator[str]:
    first = page.notebook.cells[0]
    if first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "the first cell has no title"
    prose = (FENCED.sub("", cell.source) for cell in page.text)
    levels = [len(marks) for text in prose for marks in HEADING.findall(text)]
    if levels.count(1) != 1:
        yield f"{levels.count(1)} titles, wanted one"
    for upper, lower in pairwise(levels):
        if lower > upper + 1:
            yield f"level {lower} follows level {upper}"


def links_lead_somewhere(page: Page) -> Iterator[str]:
    for cell in page.text:
        for inline, attribute in LINK.findall(cell.source):
            link = inline or attribute
            file = (page.path.parent / link.partition("#")[0]).resolve()
            if not link.startswith(("https://", "http://")) and not file.is_file():
                yield f"{cell.id} links to {link}"


def outputs_name_no_local_path(page: Page) -> Iterator[str]:
    for cell, output in page.outputs:
        shown = {
            kind: text for kind, text in output.get("data", {}).items() if "image/" not in kind
        }
        if found := LOCAL_PATH.search(repr({**output, "data": shown})):
            yield f"{cell.id} shows {found.group()}"


CHECKS: tuple[Check, ...] = (
    cells_are_numbered_from_one_without_a_gap,
    errors_are_announced_by_a_tag,
    widget_state_holds_no_error,
    cells_hold_no_logic,
    callbacks_may_fail_loudly,
    figures_use_the_default_backend,
    cells_are_short,
    a_lesson_has_more_text_cells_than_code_cells,
    headings_come_in_order,
    links_lead_somewhere,
    outputs_name_no_local_path,
)
