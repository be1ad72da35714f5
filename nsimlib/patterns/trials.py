"""What a policy toward a database is tried with: the connections it is for, and those it is not.

The names of the database may lead to any address of its subnets, and one of each subnet stands for
all. So what holds here holds after a failover into another subnet too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from nsimlib.cni.profile import Profile
from nsimlib.dns.layout import Layout
from nsimlib.dns.path import Leg, dns_path
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import evaluate
from nsimlib.evaluation.verdict import Path, Verdict
from nsimlib.model.addresses import Family, parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection, DomainName, End, ObjectName, parse_end
from nsimlib.model.domains import PatternDialect, names
from nsimlib.model.objects import Place, Pod
from nsimlib.model.ports import MAX_PORT, Port, Protocol
from nsimlib.model.selectors import LabelSelector
from nsimlib.patterns.databases import Neighbour
from nsimlib.patterns.goals import Goal

__all__ = ["Trial", "tried"]

#: addresses that no application of the cluster needs to connect to its database
OUTSIDE: Final = (
    ("the metadata service (F6.1)", "169.254.169.254", Port(80)),
    ("the metadata service over IPv6 (F6.1)", "fd00:ec2::254", Port(80)),
    ("the internet", "198.51.100.7", Port(443)),
    ("the internet over IPv6", "2001:db8::7", Port(443)),
    ("a DNS server outside (E17)", "198.51.100.53", Port(53, Protocol.UDP)),
)


@dataclass(frozen=True, slots=True)
class Trial:
    """One connection: what it stands for, how it should end, and how it does.

    Where `wanted` is None, the rules cannot tell it from what they are for.
    """

    says: str
    wanted: Outcome | None
    verdict: Verdict

    @property
    def found(self) -> Outcome:
        """How it ends."""
        return self.verdict.outcome

    @property
    def is_met(self) -> bool:
        """Whether it ends as it should."""
        return self.wanted in (None, self.found)


def tried(
    cluster: Cluster,
    source: str,
    goal: Goal,
    layout: Layout,
    profile: Profile,
    patterns: PatternDialect | None,
) -> tuple[Trial, ...]:
    """Return all trials of an application's connections in a cluster.

    `patterns` is the dialect of its rules by name, None if they are by address.
    """
    known = replace(cluster, places=(*cluster.places, _place(goal)))
    path = dns_path(known, source, goal.database.dialled[0], cni=profile.name, layout=layout)
    looked_up = (
        Trial(f"DNS, from {leg.role.value}", Outcome.ALLOWED, _asked(leg, layout))
        for leg in islice(path.legs, 2)
    )
    asking = parse_end(source)
    asked = (
        Trial(says, wanted, evaluate(known, Connection(asking, destination, port), profile))
        for says, wanted, destination, port in _attempts(known, goal, patterns)
    )
    return (*looked_up, *asked)


def _asked(leg: Leg, layout: Layout) -> Verdict:
    """The verdict for the address in resolv.conf: nobody asks a node at its other addresses."""
    family = layout.nameserver.family
    asked = (each for each in leg.verdict.cases if _family(each.path) in (None, family))
    return replace(leg.verdict, cases=tuple(asked))


def _family(path: Path) -> Family | None:
    return path.destination_address.family if path.destination_address else None


def _place(goal: Goal) -> Place:
    """What the names lead to, as a place of the world outside."""
    near = {each.name: (each.address,) for each in goal.database.neighbours if each.name}
    own = {name: goal.database.addresses_of(name) for name in goal.database.dialled}
    return Place(f"tried: {goal.name}", names=near | own)


Attempt = tuple[str, Outcome | None, End, Port]


def _attempts(cluster: Cluster, goal: Goal, patterns: PatternDialect | None) -> Iterator[Attempt]:
    denied, port = Outcome.DENIED, goal.port
    for name in goal.database.dialled:
        yield "the database", Outcome.ALLOWED, DomainName(name), port
        other = Port(port.number % MAX_PORT + 1, port.protocol)
        yield "another port of the database (E48)", denied, DomainName(name), other
    for each in goal.database.neighbours:
        wanted = None if _as_near(goal, each, patterns) else denied
        yield each.says, wanted, each.address, port
    families = _families(cluster, goal)
    for says, text, at in OUTSIDE:
        if (address := parse_address(text)).family in families:
            yield says, denied, address, at
            if at.number == 443:
                yield f"{says}, on the port of the database", denied, address, port
    for says, pod, at in _pods_near(cluster, goal):
        yield says, denied, _end(pod), at


def _as_near(goal: Goal, each: Neighbour, patterns: PatternDialect | None) -> bool:
    """Whether rules as wide as these cannot tell a neighbour from the database."""
    if patterns is None:
        return goal.database.holds(each.address)
    return any(names(pattern, patterns, each.name) for pattern in goal.database.patterns)


def _families(cluster: Cluster, goal: Goal) -> set[Family]:
    """The families that the application can use; both where its addresses are not known."""
    pods = (pod for pod in cluster.pods if pod.namespace == goal.namespace and _is_app(goal, pod))
    return {address.family for pod in pods for address in pod.addresses} or set(Family)


def _is_app(goal: Goal, pod: Pod) -> bool:
    return LabelSelector.of(goal.app).matches(pod.labels)


def _pods_near(cluster: Cluster, goal: Goal) -> Iterator[tuple[str, Pod, Port]]:
    """A pod of another application, and one beside the pods of kube-dns."""
    others = [
        pod
        for pod in cluster.pods
        if not (pod.host_network or _is_app(goal, pod) or goal.dns.selects(pod))
    ]
    for pod in others[:1]:
        yield "a pod of another application", pod, goal.port
    beside = (pod for pod in others if pod.namespace.name == goal.dns.namespace)
    for pod in islice(beside, 1):
        yield "a pod beside those of kube-dns (E40)", pod, Port(53, Protocol.UDP)


def _end(pod: Pod) -> ObjectName:
    """A pod by name; one that stands for a workload without live pods goes by that."""
    if pod.from_template:
        return ObjectName(pod.owner.namespace, pod.owner.name, pod.owner.kind.lower())
    return ObjectName(pod.namespace.name, pod.name, "pod")
