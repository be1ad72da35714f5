"""A connection at one moment: what is known, at which layer, and whether a rule can name it."""

from html import escape

from nsimlib.evaluation.layers import ASPECTS, Aspect, Moment, PacketLayers
from nsimlib.model.tables import Table
from nsimlib.views.catalogue import say
from nsimlib.views.html import html_of
from nsimlib.views.styles import CAPTION, CELL, COLOURS, RULED, TABLE, box, scrolling
from nsimlib.views.text import text_of

__all__ = ["layers_html", "layers_table"]

#: what nobody can name stands back, and says so in words as well
BACK = "opacity:.78"
HERE = "font-weight:600;border-bottom:3px solid #D55E00;padding:.1em .3em"
PASSED = "padding:.1em .3em"
WORD = "padding:0 .5em;border-radius:.6em;font-weight:600;white-space:nowrap"


def layers_table(of: PacketLayers, moment: Moment) -> Table:
    """Return what is known at a moment as a table.

    >>> import nsimlib as ns
    >>> found = ns.packet_layers(ns.scenario("one-packet"), "shop/web", "db.example",
    ...     "10.20.21.17:5432/TCP")
    >>> print(layers_table(found, Moment.NAME).rows[1])
    ('7', 'name', 'db.example', 'no field')
    """
    known = of.at(moment)
    rows = tuple(
        (_layer(each), each.name, known[each.name] or "-", each.field or say("layers.no-field"))
        for each in ASPECTS.values()
    )
    return Table(f"{of.connection}: {moment.value}", ("layer", "what", "value", "rule"), rows)


def layers_html(of: PacketLayers, moment: Moment) -> str:
    """Return the way of the packet with the moment on it, and what is known then."""
    way = " → ".join(
        f'<span style="{HERE if each is moment else PASSED}">{escape(each.value)}</span>'
        for each in of.order
    )
    known = of.at(moment)
    heads = (say("layers.layer"), say("layers.what"), say("layers.value"), say("layers.rule"))
    head = "".join(f'<th scope="col" style="{CELL};{RULED}">{each}</th>' for each in heads)
    rows = "".join(_row(each, known[each.name]) for each in ASPECTS.values())
    caption = f'<caption style="{CAPTION}">{escape(moment.value)}</caption>'
    table = f'<table style="{TABLE}">{caption}<tr>{head}</tr>{rows}</table>'
    told = f'<div role="status">{escape(_told(of, moment))}</div>'
    return box(f"<div>{way}</div>{told}{scrolling(table)}")


def _layer(of: Aspect) -> str:
    return str(of.layer) if of.layer else "-"


def _row(of: Aspect, value: str) -> str:
    can = bool(of.field)
    shade = COLOURS["allowed"] if can else "border:1px solid"
    word = escape(of.field or say("layers.no-field"))
    cells = (_layer(of), escape(of.name), f"<code>{escape(value)}</code>" if value else "-")
    drawn = "".join(f'<td style="{CELL};{RULED}">{cell}</td>' for cell in cells)
    named = f'<td style="{CELL};{RULED}"><span style="{shade};{WORD}">{word}</span></td>'
    return f'<tr style="background:none;{"" if can else BACK}">{drawn}{named}</tr>'


def _told(of: PacketLayers, moment: Moment) -> str:
    match moment:
        case Moment.NAME:
            return say("layers.name")
        case Moment.ADDRESS:
            return say("layers.address")
        case Moment.SENT:
            return say("layers.sent")
        case Moment.REWRITTEN:
            return say("layers.rewritten")
        case Moment.CHECKPOINT:
            return say("layers.checkpoint", outcome=of.verdict.outcome.value)
        case Moment.WIRE:
            return say("layers.wire")


@text_of.register
def _(of: PacketLayers) -> str:
    return text_of(layers_table(of, Moment.CHECKPOINT))


@html_of.register
def _(of: PacketLayers) -> str:
    return layers_html(of, Moment.CHECKPOINT)
