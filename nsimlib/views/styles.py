"""What all HTML is made with: colours that go with words, boxes, badges, code.

Styles are inline and colours come in pairs, since a page that shows a stored notebook drops style
sheets. All text is escaped: names in a dump are somebody else's. Signs that would act are shown.
"""

import re
from html import escape

from nsimlib.errors import visible

__all__ = [
    "CAPTION",
    "CELL",
    "COLOURS",
    "FAINT",
    "GROUND",
    "INK",
    "RULED",
    "TABLE",
    "badge",
    "box",
    "code_block",
    "prose",
    "scrolling",
]

INK = "var(--jp-content-font-color1, currentColor)"
FAINT = "var(--jp-border-color2, #888)"
#: pairs of ground and ink that colour-blind eyes tell apart (Okabe and Ito), on any theme
COLOURS = {
    "allowed": "background:#0072B2;color:#fff",
    "denied": "background:#D55E00;color:#000",
    "partly": "background:#56B4E9;color:#000",
    "open": "background:#F0E442;color:#000",
    "undetermined": "background:#F0E442;color:#000",
    "isolated": "background:#E69F00;color:#000",
    "solved": "background:#009E73;color:#000",
}
TABLE = "border-collapse:collapse;margin:.4em 0;font-size:inherit"
CELL = "padding:.25em .7em;text-align:left;vertical-align:top"
RULED = f"border-bottom:1px solid {FAINT}"
CAPTION = "text-align:left;white-space:nowrap;font-weight:600;padding:.2em 0;caption-side:top"
GROUND = "var(--jp-cell-editor-background, rgba(128,128,128,.12))"


def badge(word: str) -> str:
    """Return a word on the colour that goes with it."""
    style = f"{COLOURS[word]};padding:0 .5em;border-radius:.6em;font-weight:600;white-space:nowrap"
    return f'<span style="{style}">{escape(word)}</span>'


def box(content: str) -> str:
    """Return content in the theme's ink, wrapped where it must be."""
    style = f"color:{INK};line-height:1.55;overflow-wrap:anywhere"
    return f'<div class="nsimlib" style="{style}">{visible(content)}</div>'


def prose(text: str) -> str:
    """Return a sentence with its `code` in code font."""
    return CODE.sub(r"<code>\1</code>", escape(text))


CODE = re.compile(r"`([^`]+)`")


def code_block(text: str) -> str:
    """Return a text such as a manifest as it was written."""
    style = f"background:{GROUND};color:{INK};padding:.5em .8em;margin:.4em 0;line-height:1.35"
    style += f";border:1px solid {FAINT}"
    written = escape(text.rstrip().lstrip("\n"))
    return f'<pre style="{style};white-space:pre-wrap">{written}</pre>'


def scrolling(content: str) -> str:
    """Return content that scrolls where it is too wide."""
    return f'<div style="overflow-x:auto">{content}</div>'
