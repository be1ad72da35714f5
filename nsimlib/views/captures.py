"""Frames as HTML: each layer within the one that carries it, with its bytes."""

from html import escape

from nsimlib.packets.capturing import Capture
from nsimlib.packets.frames import Frame, Layer
from nsimlib.views.html import html_of
from nsimlib.views.styles import CELL, FAINT, GROUND, INK, RULED, TABLE, box, code_block, scrolling

__all__: list[str] = []

#: marks the side of a layer, from the outside in; each has its name, too
EDGES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
HEAD = f"{CELL};{RULED};white-space:nowrap"
MONO = "font-family:monospace;white-space:nowrap"
#: of a payload, so many bytes are shown
SHOWN = 64


@html_of.register
def _(capture: Capture) -> str:
    banner = code_block(capture.banner) if capture.banner else ""
    head = f"<div><code>{escape(capture.connection)}</code>: {escape(capture.ended)}</div>"
    titles = "".join(
        f'<th scope="col" style="{HEAD}">{title}</th>'
        for title in ("", "direction", "from, to, kind", "bytes")
    )
    rows = "".join(_row(number, frame) for number, frame in enumerate(capture.frames))
    table = f'<table style="{TABLE};color:{INK}"><tr>{titles}</tr>{rows}</table>'
    return box(banner + head + scrolling(table))


def _row(number: int, frame: Frame) -> str:
    way = "-> sent" if frame.sent else "<- received"
    cells = str(number), way, frame.summary, str(len(frame.raw))
    return "".join(
        ("<tr>", *(f'<td style="{CELL};{MONO}">{escape(c)}</td>' for c in cells), "</tr>")
    )


@html_of.register
def _(frame: Frame) -> str:
    way = "Sent" if frame.sent else "Received"
    inner = ""
    for layer, edge in reversed(list(zip(frame.layers, EDGES, strict=False))):
        inner = _layer(layer, edge, inner)
    return box(f"<div>{way}, {len(frame.raw)} bytes, from the outside in:</div>{inner}")


def _layer(layer: Layer, edge: str, inner: str) -> str:
    """A layer with what it carries inside."""
    style = (
        f"border:1px solid {FAINT};border-left:.5em solid {edge};padding:.3em .6em;margin:.4em 0"
    )
    head = f"<b>{escape(layer.title)}</b>"
    rows = "".join(
        f'<tr><td style="{CELL}">{escape(each.name)}</td>'
        f'<td style="{CELL}">{escape(each.value[:SHOWN])}</td>'
        f'<td style="{CELL};{MONO};background:{GROUND}">{_hex(each.raw)}</td></tr>'
        for each in layer.fields
    )
    table = scrolling(f'<table style="{TABLE};color:{INK}">{rows}</table>')
    return f'<div style="{style};margin:.4em 0">{head}{table}{inner}</div>'


def _hex(raw: bytes) -> str:
    more = " ..." if len(raw) > SHOWN else ""
    return raw[:SHOWN].hex(" ") + more
