"""A play of names and time, with real packets: its application looks up, connects and writes.

The time of a play does not pass by itself: it is set to when the next attempt begins, so minutes
take no longer than what happens in them, and a wait that was shortened counts for what it truly
takes. Where an agent of the lab keeps the time, with rules by name, it passes as it does.
"""

import socket
from collections.abc import Iterator
from itertools import cycle, groupby
from math import inf
from time import monotonic, sleep
from typing import NamedTuple

from nsimlib.dns.applications import Application
from nsimlib.dns.caches import ResolverCache
from nsimlib.dns.exchanges import Fate
from nsimlib.dns.glibc import CONNECT_SECONDS
from nsimlib.dns.simulation import Scene
from nsimlib.dns.timeline import Result
from nsimlib.errors import LabError
from nsimlib.packets.fqdn import FqdnEngine
from nsimlib.packets.scenes.clients import ANSWERED, NO_ANSWER, PATIENCE, look_up, talk
from nsimlib.packets.scenes.names import HURRIED_BY, hurried
from nsimlib.packets.scenes.servers import READ_ONLY, Servers
from nsimlib.packets.scenes.stage import Stage

__all__ = ["Met", "play_with_packets"]

PLAIN = "NetworkPolicy"
RETRIES = "net/ipv4/tcp_syn_retries"


class Met(NamedTuple):
    """What an application met, and at which address."""

    result: Result
    address: str

    def __str__(self) -> str:
        return f"{self.result.value} {self.address}".rstrip()


class _Held(NamedTuple):
    """A connection of the pool."""

    client: socket.socket
    address: str
    until: float


def play_with_packets(scene: Scene) -> tuple[Met, ...]:
    """Return what the application of a play meets, in its order; what it meets again counts once.

    Parameters
    ----------
    scene
        A play with one application, that glibc looks names up for, as `dns.plays.scene` has it.

    Raises
    ------
    LabError
        If there is something in it that the lab has no packets for, or no lab here.
    """
    _refuse(scene)
    policies = scene.cluster.policies
    by_name = any(each.kind != PLAIN for each in policies)
    about = {"engine": FqdnEngine.name, "names": scene.zones, "remembers": scene.parameters}
    with Stage(policies, **(about if by_name else {})) as stage:
        if not by_name:
            stage.answer_names(ResolverCache(scene.zones))
        stage.tune(stage.pod, RETRIES, 1)
        met = _Actor(stage, scene, _Passing() if by_name else _Told()).life()
        return tuple(each for each, _ in groupby(met))


def _refuse(scene: Scene) -> None:
    libcs = {each.libc for each in scene.applications}
    for is_there, what in (
        (scene.controllers, "no controller"),
        (scene.node_local or any(t.node_local for t in scene.turns), "no node-cache"),
        (scene.denied is not Fate.DROPPED, "no policy that rejects"),
        (len(scene.applications) != 1, "one application at a time"),
        (libcs != {"glibc"}, "no other C library than glibc"),
    ):
        if is_there:
            raise LabError("play", f"{scene.title}: the lab has {what}")


class _Told:
    """Time that is what it is told to be."""

    def __init__(self) -> None:
        self.now = 0.0

    def took(self, seconds: float) -> None:
        self.now += seconds

    def until(self, then: float) -> None:
        self.now = max(self.now, then)


class _Passing:
    """Time that passes by itself, whatever something truly takes."""

    def __init__(self) -> None:
        self._began = monotonic()

    @property
    def now(self) -> float:
        return monotonic() - self._began

    def took(self, seconds: float) -> None:
        del seconds

    def until(self, then: float) -> None:
        sleep(max(0.0, then - self.now))


class _Actor:
    """The application of a play, with real connections."""

    def __init__(self, stage: Stage, scene: Scene, time: _Told | _Passing) -> None:
        self.stage, self.scene, self.time = stage, scene, time
        self.application: Application = scene.applications[0]
        self.port = self.application.port.number
        self.servers = Servers(stage, scene.servers, self.port)
        self._turns = sorted(scene.turns, key=lambda turn: turn.at)
        self._believed, self._believed_until = "", -inf
        self._held: dict[int, _Held] = {}
        self._drops = 0

    def life(self) -> Iterator[Met]:
        """Try again and again until the play is over."""
        self.time.until(self.application.first)
        for slot in cycle(range(max(self.application.pool, 1))):
            following = self.time.now + self.application.every
            self._arrange()
            yield self._attempt(slot)
            if max(following, self.time.now) >= self.scene.lasts:
                break
            self.time.until(following)
        for held in self._held.values():
            held.client.close()

    def _arrange(self) -> None:
        """Have names, servers and policies be as they are now."""
        self.stage.now = self.time.now
        self.servers.at(self.time.now)
        while self._turns and self._turns[0].at <= self.time.now:
            self.stage.enforce(self._turns.pop(0).policies or ())
            self._drops = 0

    def _attempt(self, slot: int) -> Met:
        held = self._held.pop(slot, None)
        if held is None:
            return self._connect(slot)
        if held.until > self.time.now:
            met = self._write(slot, held, Result.REUSED)
            if met is not None:
                return met
        held.client.close()
        return self._connect(slot)

    def _connect(self, slot: int) -> Met:
        address = self._address()
        if not address:
            return Met(Result.NO_ADDRESS, "")
        self._arrange()
        client = self.stage.pod.socket()
        client.settimeout(PATIENCE)
        try:
            client.connect((address, self.port))
        except OSError as error:
            client.close()
            return Met(self._why_not(isinstance(error, TimeoutError), Result.DENIED), address)
        until = self.time.now + self.application.pool_lifetime
        met = self._write(slot, _Held(client, address, until), Result.CONNECTED)
        return met or Met(Result.UNANSWERED, address)

    def _write(self, slot: int, held: _Held, how: Result) -> Met | None:
        """Write over a connection, and keep it if it works; None if it is over."""
        tried = talk(held.client, b"write")
        if tried.outcome == ANSWERED:
            if self.application.pool:
                self._held[slot] = held
            else:
                held.client.close()
            refuses = self.application.writes and tried.said == READ_ONLY
            return Met(Result.READ_ONLY if refuses else how, held.address)
        if tried.outcome != NO_ANSWER:
            return None
        held.client.close()
        return Met(self._why_not(True, Result.CUT), held.address)

    def _why_not(self, is_silent: bool, dropped: Result) -> Result:
        """What silence means: a counter on the node tells a drop from a server that is gone."""
        if is_silent:
            self.time.took(self.application.connect_timeout)
        return dropped if self._dropped() else Result.UNANSWERED

    def _dropped(self) -> bool:
        before, self._drops = self._drops, self.stage.drops
        return self._drops > before

    def _address(self) -> str:
        """Look the name up, unless the application believes an earlier answer."""
        if self.time.now < self._believed_until:
            return self._believed
        self.stage.asked.clear()
        conf = hurried(self.stage.resolv_conf)
        found = look_up(self.stage.pod, self.application.asks, conf)
        if found.seconds > PATIENCE:
            over_udp = round(found.seconds) * HURRIED_BY
            self.time.took(CONNECT_SECONDS if self.stage.asked else over_udp)
            self._dropped()
        address = found.addresses[0] if found.addresses else ""
        if self.application.jvm_ttl is not None and address:
            kept = self.application.jvm_ttl
            self._believed = address
            self._believed_until = inf if kept < 0 else self.time.now + kept
        return address
