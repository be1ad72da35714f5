"""A scene as HTML: what was done, what came of it, and why, in the order of the events."""

from html import escape

from nsimlib.packets.scenes.played import Event, Played
from nsimlib.views.html import fact_link
from nsimlib.views.styles import CAPTION, CELL, INK, RULED, TABLE, box, code_block, scrolling

__all__ = ["html_of"]

COLUMNS = ("", "what is done", "what comes of it", "because", "facts")


def html_of(played: Played) -> str:
    """Return a scene as a table; where it is a recording, that is said above it."""
    banner = code_block(played.banner) if played.banner else ""
    caption = f'<caption style="{CAPTION}">{escape(played.title)}</caption>'
    style = f"{CELL};{RULED};white-space:nowrap"
    head = "".join(f'<th scope="col" style="{style}">{title}</th>' for title in COLUMNS)
    rows = "".join(_row(number, event) for number, event in enumerate(played.events, 1))
    table = f'<table style="{TABLE};color:{INK}">{caption}<tr>{head}</tr>{rows}</table>'
    return box(banner + scrolling(table))


def _row(number: int, event: Event) -> str:
    texts = (str(number), event.what, event.outcome, event.because)
    cells = (*map(escape, texts), " ".join(map(fact_link, event.facts)))
    drawn = "".join(f'<td style="{CELL};{RULED}">{cell}</td>' for cell in cells)
    return f'<tr style="background:none">{drawn}</tr>'
