"""What is below the API as text and as HTML; imported when some of it is first shown."""

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


@text_of.register
def _(found: Dropped) -> str:
    return str(found)


@text_of.register
def _(found: Datapath) -> str:
    return "\n".join(datapath_lines(found))


@text_of.register
def _(walk: Walk) -> str:
    return "\n".join(walk_lines(walk))


@text_of.register
def _(found: Drops) -> str:
    return "\n".join(drops_lines(found))


@text_of.register
def _(found: PolicyMap) -> str:
    return "\n".join(policy_map_lines(found))


@text_of.register
def _(found: Lookup) -> str:
    return "\n".join(lookup_lines(found))


@text_of.register
def _(found: MapDatapath) -> str:
    return "\n".join(maps_lines(found))


@text_of.register
def _(walk: MapWalk) -> str:
    return "\n".join(map_walk_lines(walk))
