"""What a bet or a blank asks, and how the answer is found: by the library, not by its author.

An entry asks in one of three ways: by a `connection`, which the evaluator judges; by a `measure`,
which is a function below; or, where neither can tell, by a `fact` with the answer it gives.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.entry import datapath
from nsimlib.dns.chase import behind, chase
from nsimlib.dns.path import dns_path
from nsimlib.dns.plays import play
from nsimlib.errors import UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.hosts import host_reach
from nsimlib.evaluation.layers import ASPECTS, value_judged
from nsimlib.evaluation.reachability import reachability
from nsimlib.evaluation.verdict import DirectionVerdict, Verdict
from nsimlib.lessons.entries import Entry
from nsimlib.lessons.scenarios import policy_files, scenario
from nsimlib.model.addresses import AddressRange, Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.domains import PatternDialect, names
from nsimlib.model.objects import selects
from nsimlib.model.policy import Direction
from nsimlib.views.matched import matched_pods

__all__ = ["MEASURES", "Asked", "measured"]


def pods_selected(cluster: Cluster, policy: str) -> int:
    """How many pods the policy of that key is for."""
    found = cluster.policy(policy)
    return sum(selects(found.subject, pod, found.namespace) for pod in cluster.pods)


def sources_of(cluster: Cluster, destination: str) -> int:
    """How many workloads may open a connection to an address and port."""
    return len(reachability(cluster).sources_of(destination))


def addresses_reached(cluster: Cluster, source: str, port: str) -> int:
    """How many IPv4 addresses outside the cluster a workload may open connections to on a port."""
    found = reachability(cluster).destinations_of(source, port)
    ranges = (each for each in found if isinstance(each, AddressRange))
    return sum(1 + each.last - each.first for each in ranges if each.family is Family.IPV4)


def first_failure(_cluster: Cluster, scene: str, **settings: Any) -> str:
    """The second at which an application of a scene first fails, or `never`."""
    found = play(scene, **settings).outages
    return f"{found[0].start:g}" if found else "never"


def seconds_missing(_cluster: Cluster, **settings: Any) -> str:
    """For how many seconds a controller leaves the new address of a name denied."""
    return f"{behind(chase(**settings)).missing:g}"


def pattern_names(_cluster: Cluster, pattern: str, dialect: str, name: str) -> str:
    """Whether a pattern names a domain in a dialect: `yes` or `no`."""
    return "yes" if names(pattern, PatternDialect(dialect), name) else "no"


def hosts_reached(
    cluster: Cluster,
    source: str,
    port: str,
    cni: str = "calico",
    kinds: Sequence[str] = (),
    besides: Sequence[str] = (),
) -> int:
    """How many hosts a pod reaches on a port: of some kinds, or of all kinds besides some."""
    found = host_reach(cluster, source, [port], cni=cni).reached()
    return sum(each.kind not in besides and (not kinds or each.kind in kinds) for each in found)


def isolates(cluster: Cluster, policy: str) -> str:
    """The directions that a policy isolates, as it would be written: `Ingress, Egress`."""
    found = cluster.policy(policy).isolates
    return ", ".join(each.value for each in reversed(Direction) if each in found) or "none"


def end(cluster: Cluster, connection: str, direction: str) -> str:
    """How one end of a connection is judged."""
    return _end(cluster, connection, direction).outcome.value


def shut_door(cluster: Cluster, connection: str) -> str:
    """The doors that keep a connection from passing: `Egress`, `Ingress`, `both` or `neither`."""
    ends = why(cluster, connection).ends
    shut = [end.direction.value for end in ends if end.outcome is not Outcome.ALLOWED]
    return "both" if len(shut) > 1 else next(iter(shut), "neither")


def exposed(cluster: Cluster, destination: str) -> int:
    """How many workloads reach an endpoint, if each is asked by itself."""
    workloads = [str(each) for each in cluster.workloads]
    asked = (why(cluster, f"{each} -> {destination}") for each in workloads)
    return sum(each.outcome is Outcome.ALLOWED for each in asked)


def pods_reached(cluster: Cluster, source: str, port: str) -> int:
    """How many other workloads a workload may open connections to on a port."""
    return sum(row[-1] == Outcome.ALLOWED.value for row in matched_pods(cluster, source, port).rows)


def isolating(cluster: Cluster, connection: str, direction: str) -> int:
    """How many policies isolate that end of a connection."""
    return len(_end(cluster, connection, direction).isolating)


def nearest_miss(cluster: Cluster, connection: str) -> str:
    """The rule that comes nearest to allowing a connection, with its place."""
    return why(cluster, connection).near_misses[0].place


def outcome_under(cluster: Cluster, cni: str, pod: str, connection: str) -> str:
    """What becomes of a connection by the rules or maps that an enforcer has written."""
    return datapath(cni, cluster, pod).walk(connection).outcome.value


def address_judged(cluster: Cluster, cni: str, pod: str, connection: str) -> str:
    """The destination address that an enforcer's rules are compared with."""
    return str(_chains(cluster, cni, pod).walk(connection).path.destination_address)


def deciding_chain(cluster: Cluster, cni: str, pod: str, connection: str) -> str:
    """The chain of the line that decides about a connection."""
    step = _chains(cluster, cni, pod).walk(connection).deciding
    return step.line.chain if step else "none"


def caused_by(cluster: Cluster, cni: str, pod: str, line: str) -> str:
    """The rule of a policy that caused a line of the pod's node, by its place in the YAML."""
    origin = _chains(cluster, cni, pod).origin_of(line)
    return origin.path if origin and origin.path else "no rule"


def error_heard(cluster: Cluster, cni: str, pod: str, name: str) -> str:
    """What an application hears of a look-up instead of addresses; `none` if it has them."""
    error = dns_path(cluster, pod, name, cni=cni).lookup.error
    return error.partition(": ")[2] if error else "none"


def lookup_seconds(cluster: Cluster, cni: str, pod: str, name: str, libc: str = "glibc") -> str:
    """For how many seconds an application waits for a look-up."""
    return f"{dns_path(cluster, pod, name, cni=cni, libc=libc).lookup.seconds:g}"


def lookup_queries(cluster: Cluster, cni: str, pod: str, name: str) -> int:
    """How many questions a look-up sends."""
    return len(dns_path(cluster, pod, name, cni=cni).lookup.queries)


def can_be_named(_cluster: Cluster, aspect: str) -> str:
    """Whether a rule of a NetworkPolicy has a field for something: `yes` or `no`."""
    return "yes" if ASPECTS[aspect].field else "no"


def _chains(cluster: Cluster, cni: str, pod: str) -> Datapath:
    found = datapath(cni, cluster, pod)
    if not isinstance(found, Datapath):
        raise UnknownName("enforcer with chains", cni, ())
    return found


def _end(cluster: Cluster, connection: str, direction: str) -> DirectionVerdict:
    verdict = why(cluster, connection)
    return next(each for each in verdict.ends if each.direction is Direction(direction))


Measure = Callable[..., object]
#: what an entry can ask the library for by name; a lesson that asks for more adds it here
MEASURES: dict[str, Measure] = {
    "address_judged": address_judged,
    "addresses_reached": addresses_reached,
    "can_be_named": can_be_named,
    "caused_by": caused_by,
    "deciding_chain": deciding_chain,
    "end": end,
    "error_heard": error_heard,
    "exposed": exposed,
    "first_failure": first_failure,
    "hosts_reached": hosts_reached,
    "isolates": isolates,
    "isolating": isolating,
    "lookup_queries": lookup_queries,
    "lookup_seconds": lookup_seconds,
    "nearest_miss": nearest_miss,
    "outcome_under": outcome_under,
    "pattern_names": pattern_names,
    "pods_reached": pods_reached,
    "pods_selected": pods_selected,
    "seconds_missing": seconds_missing,
    "shut_door": shut_door,
    "sources_of": sources_of,
    "value_judged": value_judged,
}


def measured(cluster: Cluster, measure: str, arguments: Mapping[str, Any]) -> object:
    """Return what a measure says about a cluster.

    >>> import nsimlib as ns
    >>> asked = {"source": "shop/web", "port": "443/TCP"}
    >>> measured(ns.scenario("shop"), "addresses_reached", asked)
    256
    """
    if measure not in MEASURES:
        raise UnknownName("measure", measure, MEASURES)
    return MEASURES[measure](cluster, **arguments)


@dataclass(frozen=True)
class Asked:
    """A question to the library about a scenario with some of its policies switched on."""

    scenario: str
    policies: tuple[str, ...]
    reading: str = "spec"
    connection: str = ""
    measure: str = ""
    arguments: tuple[tuple[str, Any], ...] = ()
    fact: str = ""
    right: str = ""

    @classmethod
    def of(cls, entry: Entry, asking: Entry) -> "Asked":
        """Return what an entry, or a part of one, asks; a part overrides what the whole says."""
        whole = {**entry, **asking}
        asks = dict(whole.get("asks", {}))
        measure = asks.pop("measure", "")
        return cls(
            scenario=whole.get("scenario", entry["id"].partition("/")[0]),
            policies=tuple(whole.get("policies", ())),
            reading=whole.get("reading", "spec"),
            connection=whole.get("connection", ""),
            measure=measure,
            arguments=tuple(asks.items()),
            fact=whole.get("fact", ""),
            right=str(whole.get("right", "")),
        )

    @property
    def manifests(self) -> tuple[str, ...]:
        """The policies that are switched on, as texts."""
        files = policy_files(self.scenario) if self.policies else {}
        return tuple(files[name] for name in self.policies)

    @cached_property
    def cluster(self) -> Cluster:
        """The scenario with these policies."""
        return scenario(self.scenario).with_policies(*self.manifests)

    @cached_property
    def verdict(self) -> Verdict | None:
        """The evaluator's answer, if a connection is asked about."""
        if not self.connection:
            return None
        return why(self.cluster, self.connection, cni=self.reading)

    @cached_property
    def truth(self) -> str:
        """The answer, as it would be typed."""
        if self.verdict:
            return self.verdict.outcome.value
        if self.measure:
            return str(measured(self.cluster, self.measure, dict(self.arguments)))
        return self.right
