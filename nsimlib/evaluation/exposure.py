"""What policies permit to ends that are not in the cluster: the internet, and pods of tomorrow."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from nsimlib.errors import UnknownName
from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.naming import Names, merged, ports_text
from nsimlib.evaluation.pairs import Pairs
from nsimlib.model.addresses import AddressRange, cut, parse_cidr
from nsimlib.model.objects import NAME_LABEL, Namespace, Party, Pod, Workload
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import ALL_PORTS, PortSet
from nsimlib.model.tables import Table

__all__ = ["destinations_of", "exposure"]

WORDS = {Direction.INGRESS: "accepts from", Direction.EGRESS: "may open to"}
COLUMNS = ("who", "direction", "ports", "whom")
#: what is never on the internet: private, shared, link-local and loopback addresses
NOT_PUBLIC = tuple(
    map(
        parse_cidr,
        (
            *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *("172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7", "fe80::/10"),
        ),
    )
)
NEWCOMER = "a-new-namespace"


def destinations_of(
    pairs: Pairs, sources: tuple[Party, ...], port: str | None
) -> tuple[Workload | AddressRange, ...]:
    """Return what some of the sources may open, or might: workloads, and ranges outside."""
    wanted = ALL_PORTS if port is None else PortSet.of(port)
    found: list[Workload] = []
    for workload, pods in pairs.cluster.workloads.items():
        others = tuple(pod for pod in pods if (pod,) != sources)
        if _possible(pairs, sources, others) & wanted:
            found.append(workload)
    pieces = [
        piece
        for piece in pairs.universe.pieces[Direction.EGRESS]
        if _possible(pairs, sources, (pairs.cluster.external(piece.start),)) & wanted
    ]
    return *found, *merged(pieces)


def _possible(pairs: Pairs, ours: tuple[Party, ...], theirs: tuple[Party, ...]) -> PortSet:
    some = pairs.group(ours, theirs)[1]
    return some.allowed | some.open


def exposure(pairs: Pairs, whom: str) -> Table:
    """Return what is permitted to `"internet"` or to a `"new namespace"`.

    Raises
    ------
    UnknownName
        If it is asked for anything else.
    """
    rows = {"internet": _to_internet, "new namespace": _to_newcomers}
    if whom not in rows:
        raise UnknownName("exposure", whom, rows)
    return Table(f"Exposed to: {whom} ({pairs.profile.name})", COLUMNS, tuple(rows[whom](pairs)))


def _to_internet(pairs: Pairs) -> Iterator[tuple[str, ...]]:
    """Public addresses that are in no place of the inventory, by what they may use."""
    names = Names((pairs.cluster,), pairs.universe.families)
    known = [*NOT_PUBLIC, *(cidr for place in pairs.cluster.places for cidr in place.cidrs)]
    public = {
        direction: [
            piece
            for piece in pieces
            if any(not any(k.covers(part) for k in known) for part in cut(piece, known))
        ]
        for direction, pieces in pairs.universe.pieces.items()
    }
    for workload, pods in pairs.cluster.workloads.items():
        for direction, word in WORDS.items():
            found: dict[str, list[AddressRange]] = defaultdict(list)
            for piece in public[direction]:
                there = (pairs.cluster.external(piece.start),)
                found[_told(_between(pairs, direction, pods, there))].append(piece)
            everywhere = len(public[direction])
            for ports, ranges in found.items():
                where = "all of it" if len(ranges) == everywhere else names.text(merged(ranges))
                if ports:
                    yield str(workload), word, ports, where


def _to_newcomers(pairs: Pairs) -> Iterator[tuple[str, ...]]:
    """A pod without labels in a namespace with its name alone, and those that rules wait for."""
    namespace = Namespace(NEWCOMER, {NAME_LABEL: NEWCOMER})
    newcomer = Pod(namespace, "a-new-pod", {})
    cluster = pairs.cluster
    larger = replace(
        cluster,
        namespaces={**cluster.namespaces, NEWCOMER: namespace},
        pods=(*cluster.pods, newcomer),
    )
    then = Pairs(larger, pairs.profile)
    for workload, pods in cluster.workloads.items():
        for direction, word in WORDS.items():
            if ports := _told(_between(then, direction, pods, (newcomer,))):
                yield str(workload), word, ports, "any pod of a new namespace"
    for policy in filter(pairs.profile.enforces, cluster.policies):
        for rule in policy.rules:
            yield from _waiting(pairs, policy, rule)


def _waiting(pairs: Pairs, policy: Policy, rule: Rule) -> Iterator[tuple[str, ...]]:
    """The peers of a rule that select pods of which there is none yet."""
    if rule.direction not in policy.directions:
        return
    ports = "all ports" if rule.ports is None else ", ".join(map(str, rule.ports))
    for peer in rule.peers or ():
        if isinstance(peer, PodPeer) and not pairs.universe.selected(peer, policy.namespace):
            place = f"{policy.key} {rule.path}.{peer.path}"
            yield place, WORDS[rule.direction], ports, _whom(peer, policy)


def _between(
    pairs: Pairs, direction: Direction, pods: tuple[Pod, ...], there: tuple[Party, ...]
) -> tuple[Ports, Ports]:
    ends = (pods, there) if direction is Direction.EGRESS else (there, pods)
    return pairs.group(*ends)


def _told(ports: tuple[Ports, Ports]) -> str:
    """Say what all pods may use and, where they differ, what some may; nothing if nothing."""
    every, some = ports
    if not some.allowed and not some.open:
        return ""
    return ports_text(every) if every == some else f"some pods: {ports_text(some)}"


def _whom(peer: PodPeer, policy: Policy) -> str:
    pods = f"pods {peer.pods}" if peer.pods is not None and peer.pods.keys else "any pod"
    if peer.namespaces is None:
        return f"{pods} of namespace {policy.namespace}, none yet"
    spaces = f"namespaces {peer.namespaces}" if peer.namespaces.keys else "any namespace"
    return f"{pods} in {spaces}, none yet"
