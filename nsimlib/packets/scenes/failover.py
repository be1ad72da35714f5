"""The plays of a failover, with real packets beside the simulation (F5.21, F5.22, F5.24)."""

from collections.abc import Iterable
from itertools import groupby
from time import monotonic

from nsimlib.dns.plays import play, scene
from nsimlib.dns.timeline import Attempt
from nsimlib.packets.scenes.played import Played, Script
from nsimlib.packets.scenes.plays import Met, play_with_packets

__all__ = ["aurora_failover", "order_of", "stale_pool"]

#: until the second at which nothing new happens any more
LASTS = 50
SHORTENED = "time that is told, not waited for"


def aurora_failover() -> Played:
    """Let the writer of a cluster move to another subnet, which the policy covers or does not."""
    title = "The writer moves to another subnet"
    return _played("aurora-failover", title, {"policies": "subnets"}, {"policies": "one-subnet"})


def stale_pool() -> Played:
    """Let a pool connect to the old writer after it came back as a replica."""
    title = "Connected, and to the wrong one"
    return _played("stale-pool", title, {}, {"pool_lifetime": 22})


def order_of(attempts: Iterable[Attempt]) -> tuple[Met, ...]:
    """Return what a simulated application meets, in its order; what it meets again counts once."""
    met = (Met(each.result, str(each.address or "")) for each in attempts)
    return tuple(each for each, _ in groupby(met))


def _played(name: str, title: str, *variants: dict[str, object]) -> Played:
    script = Script()
    for settings in variants:
        about = {"lasts": LASTS, **settings}
        began = monotonic()
        met = play_with_packets(scene(name, **about))  # type: ignore[arg-type]
        simulated = order_of(play(name, **about).attempts)  # type: ignore[arg-type]
        agrees = "as the simulation says" if met == simulated else f"simulated: {_told(simulated)}"
        what = ", ".join(f"{key} {value}" for key, value in settings.items()) or "as it ships"
        script.note(what, _told(met), agrees)
        script.took(what, monotonic() - began, SHORTENED, f"{LASTS} s")
    return script.played(name, title)


def _told(met: Iterable[Met]) -> str:
    return ", ".join(str(each) for each in met)
