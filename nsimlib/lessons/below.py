"""What the page about chains and maps is asked: a pod, a connection of it, and its node's rules."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.counting import counted
from nsimlib.datapath.entry import datapath
from nsimlib.datapath.ruleset import Line
from nsimlib.datapath.walk import Hop, Walk
from nsimlib.errors import UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.ends import parties
from nsimlib.evaluation.engine import applies, why
from nsimlib.lessons.inquiry import load_input
from nsimlib.lessons.scenarios import scenario
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import parse_end
from nsimlib.model.objects import Namespace, Pod
from nsimlib.model.policy import Direction

__all__ = ["Below", "below_the_api"]

EXAMPLE = "shop"
EXAMPLE_POD, EXAMPLE_CONNECTION = "shop/web", "shop/web -> 10.96.0.10:53/UDP"
MADE_UP = Pod(Namespace("default", {"kubernetes.io/metadata.name": "default"}), "made-up", {})
#: addresses reserved for documentation stand for the world outside
OUTSIDE = {Family.IPV4: "203.0.113.10:443/TCP", Family.IPV6: "[2001:db8::10]:443/TCP"}


@dataclass(frozen=True)
class Below:
    """A pod with a connection, and what Calico has written on its node."""

    cluster: Cluster
    pod: str
    connection: str
    #: whether the input has no pod with a network of its own, so that one was added
    is_made_up: bool = False

    @cached_property
    def rules(self) -> Datapath:
        """The rules of the pod's node."""
        return datapath("calico", self.cluster, self.pod)

    @cached_property
    def walk(self) -> Walk:
        """The way of the connection through them."""
        return self.rules.walk(self.connection)

    @cached_property
    def counters(self) -> str:
        """What `iptables-save -c` prints on the node that decides, after three packets."""
        hops = self.walk.hops
        ends = (self.walk.path.source, self.walk.path.destination)
        there = [end.key for end in ends if isinstance(end, Pod) and hops and _is_on(end, hops[-1])]
        rules = datapath("calico", self.cluster, (there or [self.pod])[0])
        return counted(rules, self.connection, packets=3)

    @property
    def line(self) -> Line:
        """A line that a policy's entry caused, the last on the way; else the last on the way."""
        steps = [step.line for step in self.walk.steps] or list(self.rules.rules)
        caused = [line for line in steps if line.rule.origin and line.rule.origin.path]
        return (caused or steps)[-1]

    def __repr__(self) -> str:
        note = "; no pod in the input, this one is made up" if self.is_made_up else ""
        return f"{self.pod}; {self.connection} ({self.walk.outcome.value}){note}"


def below_the_api(
    dump: str | None = None, pod: str | None = None, connection: str | None = None
) -> Below:
    """Return what to look at; each answer that is not given has a default.

    Parameters
    ----------
    dump
        A file or folder; else `$NSIM_DUMP`, else the shop.
    pod
        A pod or workload; else one that a policy applies to.
    connection
        A connection of it; else one that is denied.

    Raises
    ------
    UnknownName
        If there is no such pod.

    Examples
    --------
    >>> below_the_api("shop")
    shop/web; shop/web -> 10.96.0.10:53/UDP (denied)
    """
    cluster = load_input(dump)
    if pod is None and connection is None and cluster == scenario(EXAMPLE):
        return Below(cluster, EXAMPLE_POD, EXAMPLE_CONNECTION)
    networked = [each for each in cluster.pods if not each.host_network]
    if not networked and pod is None:
        cluster, networked = replace(cluster, pods=(*cluster.pods, MADE_UP)), [MADE_UP]
    chosen = pod or _name(cluster, _most_interesting(cluster, networked))
    asked = connection or _denied(cluster, chosen)
    return Below(cluster, chosen, asked, MADE_UP in networked)


def _is_on(pod: Pod, hop: Hop) -> bool:
    return (pod.node or "") == hop.node


def _most_interesting(cluster: Cluster, pods: list[Pod]) -> Pod:
    """The first pod that an egress policy is for, else an ingress policy, else the first."""
    for direction in Direction:
        for pod in pods:
            if any(applies(policy, pod, direction) for policy in cluster.policies):
                return pod
    return pods[0]


def _name(cluster: Cluster, pod: Pod) -> str:
    """The name of the pod's workload, or its own where two workloads are called the same."""
    named = [each for each in cluster.workloads if str(each) == str(pod.owner)]
    return str(pod.owner) if len(named) == 1 else pod.key


def _denied(cluster: Cluster, name: str) -> str:
    """The first connection of the pod that Calico denies, else the first of all."""
    pod = parties(cluster, parse_end(name))[0]
    if not isinstance(pod, Pod):
        raise UnknownName("pod", name, (each.key for each in cluster.pods))
    asked = list(_questions(cluster, name, pod))
    denied = (each for each in asked if why(cluster, each, cni="calico").outcome is Outcome.DENIED)
    return next(denied, asked[0])


def _questions(cluster: Cluster, name: str, pod: Pod) -> Iterator[str]:
    """Connections from the pod, then some to it: one for each workload and the world outside."""
    family = _families(pod)[0]
    others = [
        each
        for each in cluster.pods
        if not each.host_network and each.owner != pod.owner and family in _families(each)
    ]
    firsts = {each.owner: each for each in reversed(others)}
    ends = [(_name(cluster, other), other) for other in reversed(firsts.values())]
    for end, other in ends:
        yield from (f"{name} -> {end}:{declared.port}" for declared in other.ports)
    yield f"{name} -> {OUTSIDE[family]}"
    for declared in pod.ports:
        yield from (f"{end} -> {name}:{declared.port}" for end, _ in ends)


def _families(pod: Pod) -> list[Family]:
    """Pods without an address are given one of IPv4."""
    return [address.family for address in pod.addresses] or [Family.IPV4]
