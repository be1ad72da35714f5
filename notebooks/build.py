"""Execute the sources in notebooks/src and write the notebooks that readers open.

Two runs give the same bytes, so a changed notebook in a diff is a changed result. What would
differ from run to run, or from machine to machine, is fixed here: cell ids, metadata, widget ids.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

HERE = Path(__file__).parent
KINDS = ("lessons", "audit")
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
TIMEOUT = 120


def sources(folder: Path, names: Iterable[str] = ()) -> Iterator[Path]:
    """Yield the sources of all notebooks, or of the named ones, in the order of reading."""
    wanted = set(names)
    for kind in KINDS:
        found = sorted((folder / "src" / kind).glob("*.py"))
        yield from (source for source in found if not wanted or source.stem in wanted)


def target(source: Path) -> Path:
    """Return the notebook that belongs to a source."""
    kind = source.parent
    return kind.parent.parent / kind.name / f"{source.stem}.ipynb"


def read(source: Path) -> NotebookNode:
    """Return the notebook that a source describes, not yet executed."""
    notebook: NotebookNode = jupytext.read(source, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02}"
        # jupytext notes blank lines here, so that it could write the source back.
        cell.metadata.pop("lines_to_next_cell", None)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run all cells in the notebook's own folder, and keep what every run gives."""
    NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
        # Else each kernel warns that others on this machine could listen to it.
        extra_arguments=["--log-level=ERROR"],
    ).execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            normalise(output)
    return notebook


def normalise(output: NotebookNode) -> None:
    """Take out of one output what names this run or this machine."""
    data = output.get("data", {})
    if len(data) > len({WIDGET_VIEW, "text/plain"}):
        # A widget that also shows itself in another way does so where no kernel runs.
        data.pop(WIDGET_VIEW, None)
    if WIDGET_VIEW in data:
        data[WIDGET_VIEW]["model_id"] = "widget"
    if output.output_type == "error":
        # A traceback names local files; the error itself is what a lesson is about.
        output.traceback = [f"{output.ename}: {output.evalue}"]


def build(source: Path) -> str:
    """Return the text of the executed notebook of a source."""
    folder = target(source).parent
    folder.mkdir(exist_ok=True)
    text: str = nbformat.writes(execute(read(source), folder))
    return text.rstrip("\n") + "\n"


def main(arguments: list[str] | None = None, folder: Path = HERE) -> int:
    """Build notebooks, or with --check say which of them are out of date."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="only these, such as 01-hello; default: all")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args(arguments)
    chosen = list(sources(folder, options.names))
    if unknown := set(options.names) - {source.stem for source in chosen}:
        parser.error(f"no source for {', '.join(sorted(unknown))}")
    stale = 0
    for source in chosen:
        path, text = target(source), build(source)
        current = path.is_file() and path.read_text(encoding="utf-8") == text
        stale += not current
        if not (options.check or current):
            path.write_text(text, encoding="utf-8", newline="\n")
        state = "current" if current else "out of date" if options.check else "written"
        print(f"{path.relative_to(folder)}: {state}")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
