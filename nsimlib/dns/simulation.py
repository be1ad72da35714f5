"""A scene, and what happens in it: everybody acts on one clock, and the timeline is what is left.

::

    zones and servers change at their times          (nobody has to do anything for that)
    clients look names up, connect, and try again    applications
    agents learn addresses and forget them           agents
    controllers look names up and write policies     controller
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from nsimlib.cni.choosing import profile_for
from nsimlib.dns.applications import Application, Client
from nsimlib.dns.asking import Asking
from nsimlib.dns.clock import Life
from nsimlib.dns.controller import Controller, Reconciled, ask, reconcile
from nsimlib.dns.enforcement import Watch
from nsimlib.dns.exchanges import Fate
from nsimlib.dns.layout import Layout, layout_of
from nsimlib.dns.parameters import CILIUM, STRICT, Parameters
from nsimlib.dns.servers import Server
from nsimlib.dns.timeline import Attempt, Note, Timeline
from nsimlib.dns.world import World
from nsimlib.dns.zones import Zones
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy

__all__ = ["Scene", "Turn", "simulate"]


@dataclass(frozen=True)
class Turn:
    """Policies that come in force at a time, or node-cache that comes on every node."""

    at: float
    because: str
    policies: tuple[Policy, ...] | None = None
    node_local: bool | None = None


@dataclass(frozen=True)
class Scene:
    """Who acts, and on what; times in seconds.

    `cluster` holds the policies that are in force at first. `watches` are compared with the truth
    beside those of the applications. `denied` is what becomes of packets that policy denies.
    `parameters` are those of the agents, by default those that fit the CNI profile.
    """

    title: str
    cluster: Cluster
    zones: Zones
    lasts: float
    cni: str = "spec"
    applications: tuple[Application, ...] = ()
    servers: tuple[Server, ...] = ()
    turns: tuple[Turn, ...] = ()
    controllers: tuple[Controller, ...] = ()
    watches: tuple[Watch, ...] = ()
    parameters: Parameters | None = None
    denied: Fate = Fate.DROPPED
    node_local: bool = False


def simulate(scene: Scene) -> Timeline:
    """Return what happens in a scene; the same scene always gives the same timeline."""
    return _Simulation(scene).run()


class _Simulation:
    """One run."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        profile = profile_for(scene.cluster, scene.cni)
        learns = profile["learns_names_from_dns"].value
        watches = (*(each.watch for each in scene.applications), *scene.watches)
        parameters = scene.parameters or (CILIUM if learns else STRICT)
        layout = self._layout(scene.node_local)
        self.world = World(scene.cluster, profile, scene.zones, layout, parameters, watches)
        self.asking = Asking(self.world, scene.denied)
        self.attempts: list[Attempt] = []
        self.policies = scene.cluster.policies
        self.written: dict[str, tuple[Policy, ...]] = {}

    def run(self) -> Timeline:
        """Let everybody act until the end."""
        clock, scene = self.world.clock, self.scene
        servers = {server.address: server for server in scene.servers}
        for turn in sorted(scene.turns, key=lambda turn: turn.at):
            clock.call(turn.at, partial(self._take, turn))
        for controller in scene.controllers:
            clock.start(self._controlling(controller))
        for application in scene.applications:
            clock.start(Client(application, self.asking, servers, self.attempts.append).life())
        clock.run(scene.lasts)
        # An attempt is reported when it ends; those that take long end after later ones.
        attempts = sorted(self.attempts, key=lambda each: (each.at, each.application))
        lanes = (*self.world.truths.values(), *self.world.recorder.lanes())
        notes = sorted(note for note in self._notes() if note.at < scene.lasts)
        return Timeline(scene.title, scene.lasts, tuple(attempts), lanes, tuple(notes))

    def _layout(self, node_local: bool) -> Layout:
        return layout_of(self.scene.cluster, node_local=node_local)

    def _take(self, turn: Turn) -> None:
        if turn.node_local is not None:
            self.world.layout = self._layout(turn.node_local)
        if turn.policies is not None:
            self.policies = turn.policies
            self._enforce()

    def _enforce(self) -> None:
        written = (policy for some in self.written.values() for policy in some)
        ours = replace(self.scene.cluster, policies=self.policies)
        self.world.enforcer.enforce(ours.with_policies(*written))

    def _controlling(self, controller: Controller) -> Life:
        """Poll at 0 s and after every interval; what is written counts some seconds later."""
        clock, polls = self.world.clock, 0
        current = Reconciled(controller.target)
        while True:
            answers = ask(controller.target, self.asking.source, clock.now)
            before, current = current, reconcile(current, answers, clock.now)
            if before.seen.keys() != current.seen.keys():
                clock.call(controller.apply_seconds, partial(self._apply, current))
            polls += 1
            yield polls * controller.interval - clock.now

    def _apply(self, reconciled: Reconciled) -> None:
        self.written[reconciled.target.name] = reconciled.policies
        self._enforce()

    def _notes(self) -> Iterator[Note]:
        yield from (Note(turn.at, turn.because) for turn in self.scene.turns)
        for zone in self.scene.zones.zones:
            yield from (Note(change.at, change.because) for change in zone.changes)
        for server in self.scene.servers:
            for at, service in server.changes:
                yield Note(at, f"{server.address} is {service.value}")
