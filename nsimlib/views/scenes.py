"""A scene as HTML: what was done, what came of it, and why, in the order of the events."""

from html import escape

from nsimlib.packets.scenes.played import Event, Played
from nsimlib.views.html import fact_link
from nsimlib.views.styles import CAPTION, CELL, INK, RULED, TABLE, box, code_block, scrolling

__all__ = ["scene_html"]

COLUMNS = ("", "what is done", "what comes of it", "because", "facts")
NUMBER = f"{CELL};{RULED};white-space:nowrap"


def scene_html(played: Played) -> str:
    """Return a scene as a table; where it is a recording, that is said above it."""
    banner = code_block(played.banner) if played.banner else ""
    caption = f'<caption style="{CAPTION}">{escape(played.title)}</caption>'
    rows = [_cells(number, event) for number, event in enumerate(played.events, 1)]
    # A column that says nothing is left out.
    kept = [column for column in range(len(COLUMNS)) if any(row[column] for row in rows)]
    head = "".join(f'<th scope="col" style="{NUMBER}">{COLUMNS[column]}</th>' for column in kept)
    body = "".join(_row([row[column] for column in kept]) for row in rows)
    table = f'<table style="{TABLE};color:{INK}">{caption}<tr>{head}</tr>{body}</table>'
    return box(banner + scrolling(table))


def _cells(number: int, event: Event) -> tuple[str, ...]:
    texts = (str(number), event.what, event.outcome, event.because)
    return (*map(escape, texts), " ".join(map(fact_link, event.facts)))


def _row(cells: list[str]) -> str:
    first, *others = cells
    drawn = "".join(f'<td style="{CELL};{RULED}">{cell}</td>' for cell in others)
    return f'<tr style="background:none"><td style="{NUMBER}">{first}</td>{drawn}</tr>'
