"""Put tables into a Markdown file, between markers that stay."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["put"]

README: Final = Path(__file__).with_name("README.md")


def put(marker: str, lines: Iterable[str], path: Path = README) -> bool:
    """Replace what stands between `<!-- marker -->` and `<!-- /marker -->`, if they are there."""
    text = path.read_text("utf-8") if path.exists() else ""
    opening, closing = f"<!-- {marker} -->", f"<!-- /{marker} -->"
    between = re.compile(f"{re.escape(opening)}.*?{re.escape(closing)}", re.DOTALL)
    if not between.search(text):
        return False
    body = "\n".join((opening, "", *lines, "", closing))
    path.write_text(between.sub(lambda _: body, text), "utf-8")
    return True
