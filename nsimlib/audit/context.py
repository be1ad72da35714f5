"""What rules ask: the cluster, who is selected and isolated, what a class of pods may open.

Nothing here goes through pairs of pods. Pods that no policy can tell apart are one class (see
`evaluation.reachability`), and `groups` are the classes that the same policies isolate.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, reduce

from nsimlib.audit.model import Confidence, Need
from nsimlib.audit.owners import has_word
from nsimlib.audit.resolvers import Resolvers, resolvers_of
from nsimlib.audit.standins import completed
from nsimlib.cni.choosing import profile_for
from nsimlib.cni.profile import Profile
from nsimlib.errors import Problem
from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.bits import Bits
from nsimlib.evaluation.reachability import Reachability
from nsimlib.manifests.expectations import Expected
from nsimlib.model.addresses import Address
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import NO_PORTS, Protocol

__all__ = ["Context", "Group"]

#: the DaemonSet of the AWS VPC CNI
AGENT = "aws-node"
#: the kinds whose objects meet a need
KINDS = {
    Need.PODS: ("Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"),
    Need.NAMESPACES: ("Namespace",),
    Need.SERVICES: ("Service",),
    Need.NODES: ("Node",),
    Need.INVENTORY: ("Place",),
}
#: what a cluster made by hand has of each
HELD = {
    Need.PODS: "pods",
    Need.NAMESPACES: "namespaces",
    Need.SERVICES: "services",
    Need.NODES: "nodes",
    Need.INVENTORY: "places",
}


@dataclass(frozen=True, slots=True)
class Group:
    """Pods of one namespace to which the same policies apply in one direction.

    `isolating` are those of the `policies` that isolate. `classes` are the numbers of its pods'
    classes in the universe, `pods` one of each class.
    """

    namespace: str
    direction: Direction
    policies: tuple[Policy, ...]
    isolating: tuple[Policy, ...]
    classes: tuple[int, ...]
    pods: tuple[Pod, ...]


class Context:
    """One cluster under one profile, as rules see it; worked out when it is first asked for.

    `given` is the cluster as it was read. `cluster` also has the stand-ins.
    """

    def __init__(
        self,
        given: Cluster,
        cni: str = "spec",
        *,
        today: date | None = None,
        expected: tuple[Expected, ...] | None = None,
    ) -> None:
        self.given, self.cni = given, cni
        self.today, self.expected = today or date.today(), expected
        self.known = completed(given)

    def after(self, cluster: Cluster) -> "Context":
        """Return the context of a cluster in which other policies or problems are; work is kept."""
        context = Context(cluster, self.cni, today=self.today, expected=self.expected)
        both = replace(self.cluster, policies=cluster.policies, report=cluster.report)
        context.known = replace(self.known, cluster=both)
        vars(context)["reach"] = self.reach.after(both)
        return context

    @property
    def cluster(self) -> Cluster:
        """The cluster with the stand-ins for what the input leaves out."""
        return self.known.cluster

    @cached_property
    def reach(self) -> Reachability:
        """All pairs, compiled once."""
        return Reachability(self.cluster, profile_for(self.given, self.cni))

    @property
    def profile(self) -> Profile:
        """Who enforces, with the tiers that the cluster has."""
        return self.reach.profile

    @cached_property
    def resolvers(self) -> Resolvers:
        """Who answers names."""
        return resolvers_of(self.reach)

    def asks_dns(self, pod: Pod) -> dict[Protocol, bool]:
        """Return by which protocols a pod may, or might, ask for names."""
        return self.resolvers.asked(self.opens, pod)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the API server would refuse; those objects are in no other question."""
        return self.given.report.problems

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What the API server accepts with a warning."""
        return self.given.report.warnings

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        """The policies that the profile enforces, resolved and as their enforcer reads them."""
        return tuple(filter(self.profile.enforces, self.reach.cluster.policies))

    def has(self, need: Need) -> bool:
        """Whether the input has what a rule needs."""
        if need is Need.PROFILE:
            return self.profile.name not in ("spec", "workloads")
        if need is Need.EXPECTATIONS:
            return self.expected is not None
        if need is Need.AGENT:
            return self.agent is not None
        if need is Need.OWNERS:
            return any(map(has_word, self.given.policies))
        kinds = {kind for kind, _ in self.given.report.objects}
        return bool(kinds.intersection(KINDS[need]) if kinds else getattr(self.given, HELD[need]))

    @cached_property
    def agent(self) -> Mapping[str, str] | None:
        """How the AWS agent is set, by the variables of its DaemonSet; None if that is not known.

        Those that are left out have their defaults (F4.24).
        """
        agents = (p for p in self.given.pods if p.owner.name == AGENT)
        found = next(agents, None)
        return None if found is None else dict(found.traits.variables)

    def rules(self, direction: Direction | None = None) -> Iterator[tuple[Policy, Rule]]:
        """Yield the rules that have an effect, each with its policy."""
        for policy in self.policies:
            for rule in policy.rules:
                if rule.direction in policy.directions and direction in (None, rule.direction):
                    yield policy, rule

    def confidence(self, pods: Iterable[Pod]) -> Confidence:
        """How sure is what is said of pods: of those that stand in, likely."""
        invented = any(pod.key in self.known.invented for pod in pods)
        return Confidence.LIKELY if invented else Confidence.CERTAIN

    def selected(self, peer: PodPeer, namespace: str | None) -> tuple[Pod, ...]:
        """Return a pod of each class that a peer, or a policy's subject, selects by labels.

        Whoever is on its node's network is left out where the enforcer cannot select it (F1.27).
        """
        return self._pods(self.reach.universe.selected(peer, namespace))

    def subjects(self, policy: Policy) -> tuple[Pod, ...]:
        """Return a pod of each class to which a policy applies."""
        return self.selected(policy.subject, policy.namespace)

    def _pods(self, faces: Bits) -> tuple[Pod, ...]:
        universe = self.reach.universe
        classes = faces if universe.one_face_each else universe.classes_of(faces)
        return tuple(universe.classes[number].pod for number in classes)

    def members(self, pods: Iterable[Pod]) -> Iterator[Pod]:
        """Yield all pods of the classes that these stand for."""
        universe = self.reach.universe
        return (each for pod in pods for each in universe.classes[universe.class_of[pod]].members)

    def alike(self, pods: Iterable[Pod]) -> int:
        """Return how many pods there are in the classes that these stand for."""
        universe = self.reach.universe
        return sum(len(universe.classes[universe.class_of[pod]].members) for pod in pods)

    def groups(self, direction: Direction) -> tuple[Group, ...]:
        """Return the pods that policies can judge, by what applies to them in a direction."""
        if direction not in self._groups:
            self._groups[direction] = tuple(self._grouped(direction))
        return self._groups[direction]

    @cached_property
    def _groups(self) -> dict[Direction, tuple[Group, ...]]:
        return {}

    def _grouped(self, direction: Direction) -> Iterator[Group]:
        universe, found = self.reach.universe, defaultdict[object, list[int]](list)
        applying = self.reach.rows.applying[direction]
        for number, each in enumerate(universe.classes):
            if universe.faces_of[number][0] in universe.judged:
                ids = tuple(map(id, applying[number]))
                found[each.pod.namespace.name, ids].append(number)
        for numbers in found.values():
            policies = tuple(filter(self.profile.enforces, applying[numbers[0]]))
            isolating = tuple(p for p in policies if self.profile.isolates(p, direction))
            pods = tuple(universe.classes[number].pod for number in numbers)
            namespace = pods[0].namespace.name
            yield Group(namespace, direction, policies, isolating, tuple(numbers), pods)

    def opens(self, pod: Pod, to: Pod | Address) -> Ports:
        """Return what a pod's own egress policies let it open to a pod, or an address outside.

        Whether the other end lets it in is not asked.
        """
        return self._through(Direction.EGRESS, pod, to)

    def lets_in(self, pod: Pod, whom: Pod | Address) -> Ports:
        """Return what a pod's own ingress policies let somebody open."""
        return self._through(Direction.INGRESS, pod, whom)

    def is_closed(self, pod: Pod, direction: Direction) -> bool:
        """Whether a pod's policies let it open, or let in, nothing at all."""
        return self.reach.rows.cells[direction][self.reach.universe.class_of[pod]] == ()

    def free_name(self, namespace: str, name: str) -> str:
        """Return a name that no policy of the namespace has yet."""
        taken = {each.name for each in self.given.policies if each.namespace == namespace}
        names = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
        return next(each for each in names if each not in taken)

    def _through(self, direction: Direction, pod: Pod, end: Pod | Address) -> Ports:
        universe, rows = self.reach.universe, self.reach.rows
        if isinstance(end, Pod):
            ends: tuple[int, ...] = universe.faces_of[universe.class_of[end]]
        elif end.family in universe.families:
            ends = (universe.piece_at(direction, end),)
        else:
            ends = ()
        number = universe.class_of[pod]
        found = [rows.ports(*rows.through(direction, number, each)) for each in ends]
        return reduce(Ports.either, found, Ports(NO_PORTS))
