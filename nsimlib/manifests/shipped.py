"""Data that ships with nsimlib: inside the package in a wheel, at the top in a clone."""

from functools import lru_cache
from pathlib import Path

import yaml

from nsimlib.errors import UnknownName

__all__ = ["read_shipped", "shipped", "shipped_names"]

PACKAGE = Path(__file__).parents[1]


def shipped(*parts: str) -> Path:
    """Return the path of a shipped file or folder, such as `shipped("data", "facts.yaml")`.

    Raises
    ------
    UnknownName
        If nothing of that name ships; the nearest names are listed.
    """
    for base in (PACKAGE, PACKAGE.parent):
        if (path := base.joinpath(*parts)).exists():
            return path
    raise UnknownName(f"entry of {'/'.join(parts[:-1])}", parts[-1], shipped_names(*parts[:-1]))


def shipped_names(*parts: str) -> tuple[str, ...]:
    """Return the names in a shipped folder, without suffixes, sorted."""
    for base in (PACKAGE, PACKAGE.parent):
        if (folder := base.joinpath(*parts)).is_dir():
            return tuple(sorted(entry.stem for entry in folder.iterdir()))
    return ()


@lru_cache
def read_shipped(*parts: str) -> object:
    """Return what a shipped YAML file holds; it is our own and not checked like a manifest."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(shipped(*parts).read_text(encoding="utf-8"), Loader=loader)
