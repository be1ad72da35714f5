"""What is below the API as text and as HTML; imported when some of it is first shown."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from nsimlib.datapath.blame import Dropped, Drops
from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.cilium_map import Lookup, PolicyMap
from nsimlib.datapath.lookups import MapDatapath, MapWalk
from nsimlib.datapath.walk import Walk
from nsimlib.views.blame import dropped_html, drops_html, drops_lines
from nsimlib.views.datapath import datapath_html, datapath_lines
from nsimlib.views.html import html_of
from nsimlib.views.maps import (
    lookup_html,
    lookup_lines,
    map_walk_html,
    map_walk_lines,
    maps_html,
    maps_lines,
    policy_map_html,
    policy_map_lines,
)
from nsimlib.views.text import text_of
from nsimlib.views.walk import walk_html, walk_lines

__all__ = ["html_of", "text_of"]

for shows in (
    datapath_html,
    walk_html,
    drops_html,
    dropped_html,
    maps_html,
    map_walk_html,
    policy_map_html,
    lookup_html,
):
    html_of.register(shows)


TEXTS: dict[type, Callable[[Any], Iterable[str]]] = {
    Datapath: datapath_lines,
    Drops: drops_lines,
    Lookup: lookup_lines,
    MapDatapath: maps_lines,
    MapWalk: map_walk_lines,
    PolicyMap: policy_map_lines,
    Walk: walk_lines,
}


def _text(lines: Callable[[Any], Iterable[str]], shown: object) -> str:
    return "\n".join(lines(shown))


for kind, lines in TEXTS.items():
    text_of.register(kind, partial(_text, lines))
text_of.register(Dropped, str)
