"""Build the site: JupyterLab, Python, nsimlib and its notebooks as plain files, for any web server.

Nothing is fetched while it is used: whatever a page needs lies beside it.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from nsimlib.lessons.copies import copy_notebooks
from nsimlib.lessons.progress import start_progress
from nsimlib.manifests.shipped import shipped
from website.browser_python import assemble, fetch
from website.start_page import write_start_page

HERE = Path(__file__).parent
# JupyterLite drops all waiting cells after any error, also after one that a cell announces with the
# tag `raises-exception`, where JupyterLab asks not to stop. The reply to such a cell is marked as
# the one kind that it goes on after.
REPLY = 'msgType:"execute_reply",channel:"shell",parentHeader:e.header,'
ENDS = "session:e.header.session,content:s})"
GOES_ON = 'session:e.header.session,content:s,metadata:t.stop_on_error?{}:{cause:"interrupt"}})'
NOTICE = """> **This page is not live here.** It needs {needs}. The results below were recorded;
> install nsimlib to run it yourself: `make lab`."""


def fill(folder: Path, local: dict[str, str]) -> None:
    """Write what the learner finds in the file browser."""
    start_progress(folder)
    written = {path.stem: path for path, _ in copy_notebooks(folder)}
    if unknown := local.keys() - written:
        raise SystemExit(f"website/local.yaml names no notebook: {', '.join(sorted(unknown))}")
    for name, needs in local.items():
        path = written[name]
        original = shipped("notebooks", path.parent.name, path.name)
        path.write_text(recorded(original.read_text(encoding="utf-8"), needs), encoding="utf-8")


def recorded(notebook: str, needs: str) -> str:
    """Return a notebook as it was executed, with a notice below its title."""
    content = json.loads(notebook)
    notice = {
        "cell_type": "markdown",
        "id": "not-live",
        "metadata": {},
        "source": NOTICE.format(needs=needs),
    }
    content["cells"].insert(1, notice)
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def go_on_after_announced_errors(site: Path) -> None:
    """Mend JupyterLite, in the one place where it answers for a cell."""
    texts = {path: path.read_text(encoding="utf-8") for path in (site / "build").glob("*.js")}
    found = {path: text for path, text in texts.items() if REPLY + ENDS in text}
    if not found:
        raise SystemExit("this JupyterLite answers in other words: see website/build.py")
    for path, text in found.items():
        path.write_text(text.replace(REPLY + ENDS, REPLY + GOES_ON), encoding="utf-8")


def run_jupyterlite(tools: Path, source: Path, made: Path) -> None:
    """Let JupyterLite put its pages around what is ours; show what it says only if it fails."""
    wanted = (f"--contents={source / 'files'}", f"--output-dir={made}", "--apps=lab")
    less = ("--no-sourcemaps", "--no-unused-shared-packages", "--no-libarchive")
    command = (tools, "-m", "jupyterlite_core", "build", f"--lite-dir={source}", *wanted, *less)
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"JupyterLite's builder failed:\n{done.stdout}{done.stderr}")


def build(target: Path, tools: Path, docs: Path) -> None:
    """Write the site into a folder, in place of what it held; the documentation goes with it."""
    local = yaml.safe_load((HERE / "local.yaml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as place:
        source, made = Path(place) / "source", Path(place) / "made"
        fill(source / "files", local)
        assemble(source / "static" / "pyodide", tools)
        for settings in ("jupyter-lite.json", "overrides.json"):
            shutil.copy(HERE / settings, source)
        run_jupyterlite(tools, source, made)
        go_on_after_announced_errors(made)
        write_start_page(made, local)
        shutil.copytree(docs, made / "docs")
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, target)


def main() -> None:
    """Build the site into the folder that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", type=Path)
    parser.add_argument("--tools", type=Path, required=True, help="Python with website/tools.lock")
    parser.add_argument("--docs", type=Path, required=True, help="what docs/build.py made")
    parser.add_argument("--tests", type=Path, help="also fetch here what runs our tests in a page")
    options = parser.parse_args()
    build(options.target.absolute(), options.tools.absolute(), options.docs.absolute())
    if options.tests:
        shutil.rmtree(options.tests, ignore_errors=True)
        fetch(HERE / "tests.lock", options.tests.absolute(), options.tools.absolute())
    size = sum(path.stat().st_size for path in options.target.rglob("*") if path.is_file())
    sys.stdout.write(f"{options.target}: {size / 1e6:.0f} MB\n")


if __name__ == "__main__":
    main()
