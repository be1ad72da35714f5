"""Build the documentation of what is in the repository: notebooks, facts, docstrings.

It lies beside the site, if there is one, and each links to the other.
"""

import argparse
import os
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from docs.rule_pages import rule_entry
from nsimlib.audit.rules import RULES
from nsimlib.explanation.facts import Fact, facts

ROOT = Path(__file__).parents[1]
KINDS = ("lessons", "audit")
#: pages that are in the repository as they are
PAGES = ("docs/site.md", "docs/decisions.md", "CONTRIBUTING.md", "CHANGELOG.md")
INDEX = """# nsimlib

Predict, run and explain Kubernetes egress policies, in notebooks and on the command line. Each
notebook is shown with the outputs that its test compares. To work with them, <a
href="../index.html">open the start page</a>.

```{{toctree}}
:maxdepth: 1
:caption: Lessons

{lessons}
```

```{{toctree}}
:maxdepth: 1
:caption: Questions to a cluster

{audit}
```

```{{toctree}}
:maxdepth: 1
:caption: Reference

rules
facts
api
{pages}
```
"""
API = """# The Python API

```{eval-rst}
.. automodule:: nsimlib
   :members:
   :imported-members:
```
"""


def collect(source: Path) -> None:
    """Write what Sphinx reads."""
    names = {}
    for kind in KINDS:
        shutil.copytree(ROOT / "notebooks" / kind, source / kind)
        names[kind] = "\n".join(f"{kind}/{p.stem}" for p in sorted((source / kind).glob("*.ipynb")))
    for page in PAGES:
        shutil.copy(ROOT / page, source)
    pages = "\n".join(Path(page).stem for page in PAGES)
    shutil.copy(ROOT / "docs" / "conf.py", source)
    (source / "index.md").write_text(INDEX.format(**names, pages=pages), encoding="utf-8")
    (source / "api.md").write_text(API, encoding="utf-8")
    register = "\n".join(map(entry, facts().values()))
    rules = "\n".join(map(rule_entry, RULES.values()))
    (source / "rules.md").write_text(f"# Rules of the audit\n\n{rules}", encoding="utf-8")
    (source / "facts.md").write_text(f"# Facts by number\n\n{register}", encoding="utf-8")


def entry(fact: Fact) -> str:
    """Return a fact as a section with its number for a title."""
    article = f"\nThe article: {fact.article}\n" if fact.article else ""
    return f"## {fact.id}\n\n{fact.says}\n{article}\nSource: [{fact.title}](<{fact.link}>)\n"


def build(target: Path, tools: Path) -> None:
    """Write the documentation into a folder, in place of what it held; any warning is an error."""
    # Sphinx has an environment of its own, and finds nsimlib and what it needs behind that.
    behind = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    with tempfile.TemporaryDirectory() as place:
        source, made = Path(place) / "source", Path(place) / "made"
        source.mkdir()
        collect(source)
        command = [str(tools), "-m", "sphinx", "-q", "-W", "--keep-going", str(source), str(made)]
        subprocess.run(command, env={**os.environ, "PYTHONPATH": behind}, check=True)
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, target)


def main() -> None:
    """Build the documentation into the folder that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", type=Path)
    parser.add_argument("--tools", type=Path, required=True, help="Python with docs/tools.lock")
    options = parser.parse_args()
    build(options.target.absolute(), options.tools.absolute())


if __name__ == "__main__":
    main()
