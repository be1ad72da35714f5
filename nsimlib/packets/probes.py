"""Probes: one packet each from one end to another, and what the kernel did with it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from nsimlib.errors import LabError
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.ends import paths
from nsimlib.model.addresses import Address, Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection, End, NodeName, ObjectName
from nsimlib.model.objects import External, Node, Party, Pod
from nsimlib.model.ports import Port, Protocol
from nsimlib.packets.addressing import can_be_sent, networked
from nsimlib.packets.helper import Helper
from nsimlib.packets.topology import Topology

__all__ = ["Probe", "all_pairs", "kernel_outcomes", "probes_of"]

NUMBERS = {
    Protocol.TCP: 6,
    Protocol.UDP: 17,
    Protocol.SCTP: 132,
    Protocol.ICMP: 1,
    Protocol.ICMPV6: 58,
}
ICMP = {Protocol.ICMP: Family.IPV4, Protocol.ICMPV6: Family.IPV6}
OUTCOMES = {"+": Outcome.ALLOWED, "-": Outcome.DENIED}


@dataclass(frozen=True, slots=True)
class Probe:
    """One packet that opens a connection: from whom to whom, by which addresses, to which port."""

    source: Party
    destination: Party
    source_address: Address
    destination_address: Address
    port: Port

    @property
    def connection(self) -> Connection:
        """The connection that it opens, as one would ask about it."""
        return Connection(_end(self.source), _end(self.destination), self.port)

    def __str__(self) -> str:
        by = "" if _is_plain(self) else f" ({self.source_address} -> {self.destination_address})"
        return f"{self.source} -> {_bracketed(self.destination)}:{self.port}{by}"


def _end(party: Party) -> End:
    match party:
        case Pod():
            return ObjectName(party.namespace.name, party.name, "pod")
        case Node():
            return NodeName(party.name)
        case _:
            return party.address


def _is_plain(probe: Probe) -> bool:
    return max(len(probe.source.addresses), len(probe.destination.addresses)) == 1


def _bracketed(party: Party) -> str:
    is_v6 = isinstance(party, External) and party.address.family is Family.IPV6
    return f"[{party}]" if is_v6 else str(party)


def probes_of(topology: Topology, connection: Connection) -> Iterator[Probe]:
    """Yield a probe for every way that a connection can go: each pod, each family.

    Raises
    ------
    LabError
        If no packet of the lab can take that way.
    UnknownName
        If an end is not there.
    """
    if connection.reply:
        raise LabError("probes", f"{connection}: policies judge the opening of a connection")
    for path in paths(topology.cluster, connection):
        ours, theirs = path.source_address, path.destination_address
        if path.is_translated:
            remedy = "Ask for the pods behind it."
            raise LabError("probes", f"{connection}: the lab translates no Service address", remedy)
        if ours is None or theirs is None or ours.family is not theirs.family:
            raise LabError("probes", f"{connection}: the ends share no address family")
        if not _is_in(ours.family, connection.port.protocol):
            continue
        probe = Probe(path.source, path.destination, ours, theirs, connection.port)
        if problem := _problem(topology, probe):
            raise LabError("probes", f"{probe}: {problem}")
        yield probe


def _problem(topology: Topology, probe: Probe) -> str:
    if topology.netns(probe.source) == topology.netns(probe.destination):
        return "the packet never leaves where it is, and no policy sees it"
    for address in (probe.source_address, probe.destination_address):
        if not can_be_sent(address):
            return f"{address} is no host's address"
    return ""


def all_pairs(
    topology: Topology, ports: Sequence[Port], outside: Iterable[Address]
) -> Iterator[Probe]:
    """Yield probes between every two ends of which one is a pod with a network of its own.

    Pods on their node's network are asked as that node: they have its addresses, and no more.
    """
    cluster = topology.cluster
    beyond = [External(address) for address in outside if not _is_known(cluster, address)]
    ends: list[Party] = [*networked(cluster), *cluster.nodes, *beyond]
    for source, destination in product(ends, ends):
        own = (isinstance(end, Pod) for end in (source, destination))
        if source is destination or not any(own):
            continue
        for ours, theirs in product(source.addresses, destination.addresses):
            if ours.family is theirs.family:
                those = (port for port in ports if _is_in(ours.family, port.protocol))
                yield from (Probe(source, destination, ours, theirs, port) for port in those)


def _is_in(family: Family, protocol: Protocol) -> bool:
    """Whether packets of a family can be of a protocol: each has an ICMP of its own."""
    return ICMP.get(protocol, family) is family


def _is_known(cluster: Cluster, address: Address) -> bool:
    known = cluster.pods_by_address, cluster.nodes_by_address, cluster.services_by_address
    return any(address in each for each in known)


def kernel_outcomes(
    helper: Helper, topology: Topology, probes: Sequence[Probe]
) -> dict[Probe, Outcome]:
    """Send all probes and return what the kernel did with each.

    Raises
    ------
    LabError
        If one was never sent: that is no verdict.
    """
    volleys: dict[tuple[str, str, int], dict[tuple[str, int], list[Probe]]] = {}
    for probe in probes:
        key = topology.netns(probe.source), str(probe.source_address), NUMBERS[probe.port.protocol]
        target = str(probe.destination_address), probe.port.number
        volleys.setdefault(key, {}).setdefault(target, []).append(probe)
    asked = {
        "volleys": [(*key, list(targets)) for key, targets in volleys.items()],
        "watched": topology.watched,
        "fence": topology.fence,
    }
    answer = helper.ask("probe", asked=asked)
    found: dict[Probe, Outcome] = {}
    for targets, signs in zip(volleys.values(), answer["signs"], strict=True):
        for those, sign in zip(targets.values(), signs, strict=True):
            if sign not in OUTCOMES:
                _raise_unsent(those[0], answer)
            found.update(dict.fromkeys(those, OUTCOMES[sign]))
    return found


def _raise_unsent(probe: Probe, answer: dict[str, Any]) -> None:
    why = answer["refused"].get(str(probe.destination_address), "it was lost on the way")
    count = sum(signs.count("?") for signs in answer["signs"])
    raise LabError("probes", f"{count} were never sent; the first: {probe}: {why}")
