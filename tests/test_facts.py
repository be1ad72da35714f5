"""The numbered facts: whatever is cited is there, and whatever is there is cited."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from nsimlib.manifests.shipped import read_shipped
from tests.conftest import ROOT

#: facts, errata of the article, and where plugins part
CITATION = re.compile(r"(?<![\w.])(?:F\d+\.\d+|[EX]\d+)(?![\w.]*\w)")
#: a row of them, `F1.32-F1.35`, cites what is between too
ROW = re.compile(r"\bF(\d+)\.(\d+)(?:-|\s+to\s+)F?(?:\1\.)?(\d+)\b")

ENTRIES = cast("list[dict[str, Any]]", read_shipped("data", "facts.yaml"))
KNOWN = [entry["id"] for entry in ENTRIES]


def citing() -> Iterator[Path]:
    """Every file that may cite: code, data, the sources of notebooks, and the front page."""
    yield from sorted((ROOT / "nsimlib").rglob("*.py"))
    yield from sorted(path for path in (ROOT / "data").rglob("*.yaml") if path.name != "facts.yaml")
    yield from sorted((ROOT / "notebooks" / "src").rglob("*.py"))
    yield ROOT / "README.md"


def citations(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    rows = {
        f"F{part}.{number}"
        for part, first, last in ROW.findall(text)
        for number in range(int(first), int(last) + 1)
    }
    return rows | set(CITATION.findall(text))


def order(number: str) -> tuple[str, list[int]]:
    return number[0], [int(part) for part in number[1:].split(".")]


def test_a_row_cites_all_that_is_in_it(tmp_path: Path) -> None:
    text = "as F1.32-F1.34 and E7 say, and not F1.1.1, XE5 or E5x"
    (tmp_path / "page").write_text(text, encoding="utf-8")
    assert citations(tmp_path / "page") == {"F1.32", "F1.33", "F1.34", "E7"}


@pytest.mark.parametrize(
    "path", [path for path in citing() if citations(path)], ids=lambda p: str(p.relative_to(ROOT))
)
def test_what_is_cited_is_in_the_register(path: Path) -> None:
    assert sorted(citations(path) - set(KNOWN), key=order) == []


def test_what_is_in_the_register_is_cited() -> None:
    uncited = set(KNOWN).difference(*map(citations, citing()))
    assert not uncited, f"nobody cites {', '.join(sorted(uncited, key=order))}"


def test_facts_are_sorted_and_unique() -> None:
    assert sorted(set(KNOWN), key=order) == KNOWN


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry["id"]))
def test_a_fact_is_a_sentence_with_a_source(entry: dict[str, Any]) -> None:
    article = {"article"} if entry["id"].startswith("E") else set()
    assert CITATION.fullmatch(entry["id"])
    assert entry.keys() == {"id", "says", "source"} | article
    assert re.fullmatch(r"[A-Z0-9`\[(].{20,}[.?)]", entry["says"], re.DOTALL)
    assert entry["source"].keys() == {"title", "link"}
    assert entry["source"]["link"].startswith("https://")
    assert entry["source"]["title"]
    assert all(entry[key].strip() for key in article)
