"""What a scene file says → the parts of a scene, with some settings otherwise.

`plays` says what such a file looks like. It is our own and not checked like a manifest; settings
are the caller's, and are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any

from nsimlib.cni.choosing import profile_for
from nsimlib.dns.applications import Application
from nsimlib.dns.controller import Controller, Target
from nsimlib.dns.parameters import CILIUM, STRICT, Parameters
from nsimlib.dns.servers import Server, Service
from nsimlib.dns.settings import OF_AGENT, OF_APPLICATION, OF_CONTROLLER, Data, checked
from nsimlib.dns.simulation import Turn
from nsimlib.dns.zone_files import read_zones, shipped_zones
from nsimlib.dns.zone_validation import seconds
from nsimlib.dns.zones import RecordSet, Zone, Zones
from nsimlib.manifests.reading import load
from nsimlib.manifests.shipped import shipped
from nsimlib.model.addresses import parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy

__all__ = [
    "applications_of",
    "bare_cluster",
    "controllers_of",
    "parameters_of",
    "servers_of",
    "turns_of",
    "zones_of",
]


@lru_cache
def bare_cluster(name: str) -> Cluster:
    """Return the cluster of a scenario without its policies."""
    folder = shipped("data", "scenarios", name)
    cluster = load(
        *(path for path in sorted(folder.glob("*.yaml")) if path.name != "expected.yaml")
    )
    return replace(cluster, policies=())


def zones_of(written: str, seed: int, ttl: float | None) -> Zones:
    """Return the zones of a shipped file or of a text, with one TTL everywhere if one is given."""
    zones = read_zones(written) if "\n" in written else shipped_zones(written)
    if ttl is not None:
        zones = replace(zones, zones=tuple(_with_ttl(zone, ttl) for zone in zones.zones))
    return replace(zones, seed=seed)


def _with_ttl(zone: Zone, ttl: float) -> Zone:
    """The zone with one TTL everywhere."""

    def renewed(sets: Iterable[RecordSet]) -> tuple[RecordSet, ...]:
        return tuple(replace(each, ttl=ttl) for each in sets)

    changes = tuple(replace(each, upsert=renewed(each.upsert)) for each in zone.changes)
    return replace(zone, records=renewed(zone.records), changes=changes)


def applications_of(data: Data, settings: Data, count: int, seed: int) -> Iterator[Application]:
    """Yield one application, or several of which each begins at a time of its own."""
    said = checked(data) | _among(settings, OF_APPLICATION)
    application = Application(**said)
    if count == 1:
        yield application
        return
    for number in range(1, count + 1):
        first = application.first + Random(f"{seed} {number}").uniform(0, application.every)
        yield replace(application, name=f"{application.pod} {number:03}", first=first)


def servers_of(data: Data) -> Iterator[Server]:
    """Yield the servers that are not always there."""
    for address, changes in data.items():
        passed = ((seconds(at) or 0, Service(service)) for at, service in changes.items())
        yield Server(parse_address(address), tuple(sorted(passed, key=lambda each: each[0])))


def turns_of(
    data: Data, settings: Data, in_force: float, manifests: tuple[Policy, ...]
) -> Iterator[Turn]:
    """Yield what comes later on: policies, and node-cache."""
    if in_force:
        names = ", ".join(policy.key for policy in manifests) or "nothing"
        yield Turn(in_force, f"policy comes in force: {names}", policies=manifests)
    if "node_local" in data and "node_local" not in settings:
        at = seconds(data["node_local"]) or 0
        yield Turn(at, "node-cache comes on every node", node_local=True)


def controllers_of(data: Data, settings: Data, chosen: str) -> Iterator[Controller]:
    """Yield the controller, if the chosen policies are those it writes."""
    if not data or data["with"] != chosen:
        return
    times = checked(_among(data, OF_CONTROLLER)) | _among(settings, OF_CONTROLLER)
    policy = f"{data['namespace']}/{data['name']}"
    target = Target.of(policy, data["labels"], data["names"], data["port"], times["grace"])
    yield Controller(target, times["interval"], times["apply_seconds"])


def parameters_of(cluster: Cluster, cni: str, settings: Data) -> Parameters:
    """Return how the agents of a CNI remember names."""
    learns = profile_for(cluster, cni)["learns_names_from_dns"].value
    return replace(CILIUM if learns else STRICT, **_among(settings, OF_AGENT))


def _among(settings: Data, names: Iterable[str]) -> dict[str, Any]:
    return {name: settings[name] for name in names if name in settings}
