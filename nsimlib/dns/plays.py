"""Scenes that ship, to be played with other settings: `data/plays/*.yaml`.

::

    title: what one sees
    cluster: shop                      # a scenario; its own policies do not count
    zones: aurora                      # a zone file that ships, or one written here
    lasts: 5m
    application: {pod: shop/api, asks: db.example, port: 5432/TCP, every: 1s}
    servers: {10.20.21.17: {20s: down, 25s: read-only}}
    policies:                          # one of these is in force, from `in_force` on
      subnets: |
        apiVersion: networking.k8s.io/v1
        ...
    default: {cilium: by-name, otherwise: subnets}
    controller: {with: controlled, name: orders, names: [db.example], interval: 60s}
    tried: [{jvm_ttl: 5}, {pool: 0}]   # changes that may have helped, for `cures`
    expected:                          # what the tests hold it to
    - {cni: calico, policies: subnets, outages: [[20, 31]], because: is down}
"""

from dataclasses import replace
from typing import cast

from nsimlib.dns.exchanges import Fate
from nsimlib.dns.settings import Data, checked
from nsimlib.dns.simulation import Scene, simulate
from nsimlib.dns.staging import (
    applications_of,
    bare_cluster,
    controllers_of,
    parameters_of,
    servers_of,
    turns_of,
    zones_of,
)
from nsimlib.dns.timeline import Timeline
from nsimlib.errors import SettingError, UnknownName
from nsimlib.manifests.reading import read_policies
from nsimlib.manifests.shipped import read_shipped, shipped_names
from nsimlib.model.policy import Policy

__all__ = ["chosen_policies", "play", "play_data", "play_names", "policies_of", "scene"]

#: the entry of `default` for enforcers that are not in it
OTHERWISE = "otherwise"
TIMES = ("in_force", "lasts")


def play_names() -> tuple[str, ...]:
    """Return the names of the scenes that ship."""
    return shipped_names("data", "plays")


def play_data(name: str) -> Data:
    """Return what the file of a scene says: its story, policies, and what is expected of it.

    Raises
    ------
    UnknownName
        If there is no such scene.
    """
    return cast("Data", read_shipped("data", "plays", f"{name}.yaml"))


def chosen_policies(data: Data, cni: str, policies: str = "") -> str:
    """Return which policies of a scene are in force: those asked for, or meant for the CNI."""
    return policies or cast("str", data["default"].get(cni, data["default"][OTHERWISE]))


def policies_of(data: Data, chosen: str) -> tuple[Policy, ...]:
    """Return the policies of one entry of a scene, with those that are always there."""
    text = f"{data.get('always', '')}\n---\n{data['policies'][chosen]}"
    return read_policies(text) if text.strip("-\n ") else ()


def play(
    name: str,
    *,
    cni: str = "calico",
    policies: str = "",
    applications: int = 1,
    seed: int = 0,
    **settings: object,
) -> Timeline:
    """Return what happens in a scene that ships.

    Parameters
    ----------
    name
        Such as `"aurora-failover"`; `play_names()` has them all.
    cni
        The profile that policies are judged by.
    policies
        Which of the scene's policies are in force; by default those meant for the enforcer.
    applications
        How many there are, each of which begins at a time of its own.
    seed
        Draws those times, and which answer weighted names give.
    settings
        Anything of the scene, its applications, its controller or its agents that is to be
        otherwise, such as `jvm_ttl=60`, `interval=30`, `min_ttl=8` or `ttl=60`; times in seconds.

    Raises
    ------
    UnknownName
        If there is no such scene, profile, policies or setting.
    SettingError
        If a setting cannot have its value.

    Examples
    --------
    The policy covers one subnet of the two that the database may be in (F5.24), and nobody comes to
    change it:

    >>> for outage in play("aurora-failover", policies="one-subnet").outages:
    ...     print(outage.start, outage.end, *outage.because, sep="; ")
    20.0; 360.0; 10.20.21.17 is down; no rule of shop/allow-dns, shop/orders allows 10.20.22.18
    """
    return simulate(
        scene(name, cni=cni, policies=policies, applications=applications, seed=seed, **settings)
    )


def scene(
    name: str,
    *,
    cni: str = "calico",
    policies: str = "",
    applications: int = 1,
    seed: int = 0,
    **settings: object,
) -> Scene:
    """Return the scene that `play` plays, to look at it or to change it further."""
    data = play_data(name)
    said = checked(settings)
    if applications < 1:
        raise SettingError("applications", applications, "1 or more")
    chosen = chosen_policies(data, cni, policies)
    if chosen not in data["policies"]:
        raise UnknownName(f"policies of {name}", chosen, data["policies"])
    manifests = policies_of(data, chosen)
    cluster = bare_cluster(data["cluster"])
    times = {"in_force": 0.0, **checked({key: data[key] for key in TIMES if key in data}), **said}
    return Scene(
        title=f"{name}, {cni}, {chosen}",
        cluster=replace(cluster, policies=() if times["in_force"] else manifests),
        zones=zones_of(data["zones"], seed, said.get("ttl")),
        lasts=times["lasts"],
        cni=cni,
        applications=tuple(applications_of(data["application"], said, applications, seed)),
        servers=tuple(servers_of(data.get("servers", {}))),
        turns=tuple(turns_of(data, said, times["in_force"], manifests)),
        controllers=tuple(controllers_of(data.get("controller", {}), said, chosen)),
        parameters=parameters_of(cluster, cni, said),
        denied=said.get("denied", Fate.DROPPED),
        node_local=said.get("node_local", False),
    )
