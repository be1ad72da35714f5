"""The facts that code, messages and notebooks cite by number, with their sources."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from nsimlib.errors import UnknownName
from nsimlib.manifests.shipped import read_shipped
from nsimlib.model.shown import Shown

__all__ = ["Fact", "fact", "facts"]


@dataclass(frozen=True, repr=False)
class Fact(Shown):
    """One checked statement. `article` is what the article claims where it is mistaken."""

    id: str
    says: str
    title: str
    link: str
    article: str = ""


def fact(number: str) -> Fact:
    """Return the fact of that number.

    Raises
    ------
    UnknownName
        If the register has no such number.

    Examples
    --------
    >>> fact("F1.10").link.startswith("https://")
    True
    """
    register = facts()
    if number not in register:
        raise UnknownName("fact", number, register)
    return register[number]


@lru_cache
def facts() -> dict[str, Fact]:
    """Return the whole register by number."""
    entries = cast("list[dict[str, Any]]", read_shipped("data", "facts.yaml"))
    return {entry["id"]: _fact(entry) for entry in entries}


def _fact(entry: dict[str, Any]) -> Fact:
    source = entry["source"]
    return Fact(
        entry["id"], entry["says"], source["title"], source["link"], entry.get("article", "")
    )
