"""Whether what the lessons use is installed, and in which version."""

import sys
from importlib.metadata import PackageNotFoundError, version

from nsimlib.model.tables import Table

__all__ = ["environment"]

USED = ("nsimlib", "jupyterlab", "ipywidgets", "pandas", "networkx", "matplotlib")


def environment() -> Table:
    """Return a table of the versions in use; what is missing says so.

    >>> environment().columns
    ('part', 'version')
    """
    python = ".".join(map(str, sys.version_info[:3]))
    rows = (("python", python), *((name, _version(name)) for name in USED))
    return Table("What this page runs on", ("part", "version"), rows)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
