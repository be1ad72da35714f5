"""Enforcers that look packets up in maps of a pod: what was looked at, in order, at both ends.

There are no chains to walk here. Each pod has maps of its own, a packet is looked up in those of
its source as it leaves and in those of its destination as it arrives, and one entry decides.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from nsimlib.cni.profile import Profile
from nsimlib.datapath.packet import State
from nsimlib.datapath.ruleset import Origin
from nsimlib.errors import UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.ends import paths
from nsimlib.evaluation.matching import is_judged
from nsimlib.evaluation.verdict import Path
from nsimlib.model.addresses import Address
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.objects import Party, Pod
from nsimlib.model.policy import Direction
from nsimlib.model.shown import Shown

__all__ = ["WORST", "Answer", "Asked", "MapDatapath", "MapWalk", "MapWriter", "Visit"]

#: what decides between the ways that a connection can go: the first that is denied is shown
WORST = (Outcome.DENIED, Outcome.UNDETERMINED, Outcome.ALLOWED)


@dataclass(frozen=True, slots=True)
class Visit:
    """One thing that was looked at: in words, whether it holds, and what of a policy caused it."""

    text: str
    met: bool
    origin: Origin | None = None

    def __str__(self) -> str:
        origin = f"  # {self.origin}" if self.origin else ""
        return f"{'+' if self.met else ' '} {self.text}{origin}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A packet at one end of its way; a `reply` comes the other way round."""

    path: Path
    direction: Direction
    state: State = State.NEW
    reply: bool = False

    @property
    def subject(self) -> Party:
        """Whose maps are looked at."""
        outward = self.direction is Direction.EGRESS
        return self.path.source if outward else self.path.destination

    @property
    def peer(self) -> Party:
        """The other end."""
        outward = self.direction is Direction.EGRESS
        return self.path.destination if outward else self.path.source


@dataclass(frozen=True, slots=True)
class Answer:
    """What the maps of one pod say of a packet; the last visit decides."""

    asked: Asked
    visits: tuple[Visit, ...]
    outcome: Outcome

    def __str__(self) -> str:
        head = f"{self.asked.direction.word} of {self.asked.subject}:"
        return "\n".join((head, *map(str, self.visits), self.outcome.value))


class MapWriter(Protocol):
    """The maps of one pod."""

    def __init__(self, cluster: Cluster, pod: Pod, profile: Profile) -> None: ...

    def save(self) -> str:
        """Return the maps as text."""

    def ask(self, asked: Asked, /) -> Answer:
        """Return what they say of a packet."""

    def left_out(self) -> Iterator[tuple[Origin, str]]:
        """Yield what of the policies is not in them, and why."""


@dataclass(frozen=True, repr=False)
class MapWalk(Shown):
    """One way of a connection past the maps of both ends; it ends at the first that denies it."""

    path: Path
    answers: tuple[Answer, ...]

    @property
    def steps(self) -> tuple[Visit, ...]:
        """Everything that was looked at, in order."""
        return tuple(visit for each in self.answers for visit in each.visits)

    @property
    def outcome(self) -> Outcome:
        """Whether the packet comes through."""
        return min((each.outcome for each in self.answers), key=WORST.index, default=WORST[-1])

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The entries of policies that let it through or denied it."""
        found = (each.visits[-1].origin for each in self.answers if each.visits)
        return tuple(dict.fromkeys(each for each in found if each is not None))


@dataclass(frozen=True, repr=False)
class MapDatapath(Shown):
    """The maps of a pod, and those of whoever it talks to.

    `assumed` are the addresses of pods that have none in the input.
    """

    cluster: Cluster
    pod: str
    profile: Profile
    writer: type[MapWriter]
    assumed: Mapping[str, Address]
    _pods: dict[str, MapWriter] = field(default_factory=dict, init=False, compare=False)

    def save(self) -> str:
        """Return the maps of the pod as text."""
        pod = next(pod for pod in self.cluster.pods if pod.key == self.pod)
        if not is_judged(pod, self.profile):
            return f"{pod} is on its node's network: it has no maps\n"
        return self._maps(pod).save()

    def left_out(self) -> tuple[tuple[Origin, str], ...]:
        """Return what of the policies is not in the maps, and why."""
        pod = next(pod for pod in self.cluster.pods if pod.key == self.pod)
        return tuple(self._maps(pod).left_out()) if is_judged(pod, self.profile) else ()

    def walk(self, connection: Connection | str, *, state: State = State.NEW) -> MapWalk:
        """Return the walk of a connection; of several ways it can go, one that is denied first.

        Raises
        ------
        ConnectionSyntaxError, UnknownName
            If the connection cannot be read, or names something that is not there.
        """
        walks = self.walks(connection, state=state)
        if not walks:
            raise UnknownName("way for the connection", str(connection), ())
        return min(walks, key=lambda walk: WORST.index(walk.outcome))

    def walks(
        self, connection: Connection | str, *, state: State = State.NEW
    ) -> tuple[MapWalk, ...]:
        """Return a walk for each way the connection can go: each pod, each backend, each family."""
        asked = Connection.parse(connection) if isinstance(connection, str) else connection
        return tuple(
            MapWalk(path, tuple(self._answers(path, state, reply=asked.reply)))
            for path in paths(self.cluster, asked)
        )

    def _answers(self, path: Path, state: State, *, reply: bool) -> Iterator[Answer]:
        if path.source is path.destination and not path.is_translated:
            # What a pod sends to its own address never leaves it.
            return
        directions = (Direction.EGRESS, Direction.INGRESS)
        for direction in reversed(directions) if reply else directions:
            asked = Asked(path, direction, state, reply)
            if isinstance(asked.subject, Pod) and is_judged(asked.subject, self.profile):
                found = self._maps(asked.subject).ask(asked)
                yield found
                if found.outcome is Outcome.DENIED:
                    return

    def _maps(self, pod: Pod) -> MapWriter:
        if pod.key not in self._pods:
            self._pods[pod.key] = self.writer(self.cluster, pod, self.profile)
        return self._pods[pod.key]
