"""Scenes by name, live or as they were recorded."""

from collections.abc import Callable

from nsimlib.errors import LabError, UnknownName
from nsimlib.packets.recordings import recorded_scene
from nsimlib.packets.scenes.database import database
from nsimlib.packets.scenes.dns_trap import dns_trap
from nsimlib.packets.scenes.drop_or_reject import drop_or_reject
from nsimlib.packets.scenes.failover import aurora_failover, stale_pool
from nsimlib.packets.scenes.idle_connection import idle_connection
from nsimlib.packets.scenes.metadata_hop_limit import metadata_hop_limit
from nsimlib.packets.scenes.path_mtu import path_mtu
from nsimlib.packets.scenes.played import Played
from nsimlib.packets.scenes.search_list import search_list
from nsimlib.packets.scenes.service_before_policy import service_before_policy
from nsimlib.packets.scenes.truncation import truncation
from nsimlib.packets.scenes.ttl_drop import ttl_drop

__all__ = ["SCENES", "lab_scene", "lab_scene_names"]

SCENES: dict[str, Callable[[], Played]] = {
    "drop-or-reject": drop_or_reject,
    "dns-trap": dns_trap,
    "search-list": search_list,
    "truncation": truncation,
    "ttl-drop": ttl_drop,
    "path-mtu": path_mtu,
    "metadata-hop-limit": metadata_hop_limit,
    "service-before-policy": service_before_policy,
    "idle-connection": idle_connection,
    "database": database,
    "aurora-failover": aurora_failover,
    "stale-pool": stale_pool,
}


def lab_scene_names() -> tuple[str, ...]:
    """Return the names of all scenes, in the order in which they are best seen.

    >>> lab_scene_names()[:2]
    ('drop-or-reject', 'dns-trap')
    """
    return tuple(SCENES)


def lab_scene(name: str) -> Played:
    """Play a scene in the packet lab, from its beginning to its end.

    Where this machine cannot, for it has no lab or no PostgreSQL, the scene as it was recorded is
    returned, and says so.

    Parameters
    ----------
    name
        Such as `"dns-trap"`; `lab_scene_names()` has them all.

    Raises
    ------
    UnknownName
        If there is no such scene.
    LabError
        If it cannot be played, and was not recorded.
    """
    if name not in SCENES:
        raise UnknownName("scene", name, SCENES)
    try:
        return SCENES[name]()
    except LabError as error:
        found = recorded_scene(name, error)
        if found is None:
            raise
        return found
