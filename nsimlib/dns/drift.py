"""What answers say against what policies allow: addresses that a rule misses, blocks nobody needs.

A policy is about a name if one of its blocks covers an address that the name has or had. Where
another address of that name is not allowed to the same pods on the same port, the policy drifts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from nsimlib.cni.choosing import profile_for
from nsimlib.cni.profile import Profile
from nsimlib.dns.recordings import History
from nsimlib.dns.records import Answer
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.ends import party_at
from nsimlib.evaluation.engine import applies, evaluate
from nsimlib.evaluation.evidence import place_of
from nsimlib.model.addresses import Address, IPBlock
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection, ObjectName
from nsimlib.model.objects import External
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import Port, Protocol
from nsimlib.model.tables import Table, Tabled

__all__ = ["Block", "Coverage", "Drift", "Standing", "drift"]

EGRESS = Direction.EGRESS
#: what is asked about where a rule allows every port
ANY_PORT = Port(443, Protocol.TCP)


class Standing(Enum):
    """How a block of one address stands to the answers."""

    CURRENT = "current"
    #: some name had the address, and none has it now
    FORMER = "former"
    #: the address belongs to other names than it once did
    REASSIGNED = "reassigned"
    #: no answer has it
    UNKNOWN = "never answered"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Whether pods may reach one address of a name, and by which rules or why not.

    `seen` is when the last answer with the address was true; `current` whether newer ones have it.
    """

    policy: str
    workload: str
    name: str
    address: Address
    port: Port
    seen: float
    current: bool
    outcome: Outcome
    places: tuple[str, ...]
    #: what the policy allows on the port
    blocks: tuple[IPBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A block of one address in a rule, and the names that have it: ever, and in newest answers.

    `seen` is when the last answer with the address was true.
    """

    place: str
    block: IPBlock
    standing: Standing
    names: tuple[str, ...]
    names_now: tuple[str, ...]
    seen: float | None


@dataclass(frozen=True, repr=False)
class Drift(Tabled):
    """What of the answers policies cover, and what of the policies answers bear out.

    `times` are those of the answers: how long, and how often, somebody has looked.
    """

    coverage: tuple[Coverage, ...]
    blocks: tuple[Block, ...]
    times: tuple[float, ...] = ()

    @property
    def missed(self) -> tuple[Coverage, ...]:
        """Current addresses that are not allowed."""
        return tuple(
            each for each in self.coverage if each.current and each.outcome is not Outcome.ALLOWED
        )

    @property
    def stale(self) -> tuple[Block, ...]:
        """Blocks of one address that no name has now, or another name than once."""
        return tuple(each for each in self.blocks if each.standing is not Standing.CURRENT)

    def to_table(self) -> Table:
        """Return a row for each address of a name, and for each block of one address."""
        covered = (
            (
                each.policy,
                each.workload,
                f"{each.name}:{each.port}",
                str(each.address),
                "current" if each.current else "former",
                "covered" if each.outcome is Outcome.ALLOWED else each.outcome.value,
                ", ".join(each.places),
            )
            for each in self.coverage
        )
        alone = (
            (each.place, "", ", ".join(each.names), str(each.block), each.standing.value, "", "")
            for each in self.stale
        )
        columns = ("policy", "workload", "name", "address", "is", "rule", "by")
        title = f"Addresses missed: {len(self.missed)}, blocks out of date: {len(self.stale)}"
        return Table(title, columns, (*covered, *alone))


def drift(
    cluster: Cluster, answers: Iterable[Answer], *, cni: str = "spec", recent: float = 0
) -> Drift:
    """Return how the policies of a cluster stand to answers, recorded over time or asked just now.

    Parameters
    ----------
    cluster
        Its policies are those that are compared.
    answers
        Of any names and times; `since` of each says when it was true. Those that hold no address
        say nothing here.
    cni
        The profile that policies are judged by.
    recent
        For how many seconds before the newest answer for a name older ones count as current too:
        names with weights give another answer each time (F5.31).

    Examples
    --------
    The rule was written for one subnet of the database, which has moved to the other:

    >>> from nsimlib.dns.plays import scene
    >>> from nsimlib.dns.truth import recorded
    >>> play = scene("aurora-failover", policies="one-subnet")
    >>> found = drift(play.cluster, recorded(play.zones, [play.applications[0].asks], [0, 60]))
    >>> [(str(each.address), each.places) for each in found.missed]
    [('10.20.22.18', ('shop/allow-dns', 'shop/orders'))]
    """
    history = History(answers, recent)
    compared = _Comparison(cluster.resolved, history, profile_for(cluster, cni))
    return Drift(tuple(compared.coverage()), tuple(compared.blocks()), history.times)


class _Comparison:
    """One comparison of a cluster's policies with a history."""

    def __init__(self, cluster: Cluster, history: History, profile: Profile) -> None:
        self.cluster, self.history, self.profile = cluster, history, profile

    def coverage(self) -> Iterator[Coverage]:
        """Yield how every policy stands to the names that it is about."""
        for policy in self._enforced():
            for name, port in self._about(policy):
                for workload in self._subjects(policy):
                    for address, seen in sorted(self.history.seen[name].items()):
                        asked = Connection(workload, address, port)
                        verdict = evaluate(self.cluster, asked, self.profile)
                        yield Coverage(
                            policy.key,
                            f"{workload.namespace}/{workload.name}",
                            name,
                            address,
                            port,
                            seen,
                            (name, address) in self.history.current,
                            verdict.outcome,
                            tuple(dict.fromkeys(map(place_of, verdict.determining))),
                            _allowed(policy, port),
                        )

    def blocks(self) -> Iterator[Block]:
        """Yield how every block of one address stands to the answers; those inside have none."""
        for policy in self._enforced():
            for rule in _allowing(policy):
                for block in _blocks(rule):
                    if block.range.first == block.range.last and self._is_outside(block):
                        yield self._standing(f"{policy.key} {rule.path}", block)

    def _enforced(self) -> Iterator[Policy]:
        for policy in self.cluster.policies:
            if EGRESS in policy.directions and self.profile.enforces(policy):
                yield policy

    def _about(self, policy: Policy) -> Iterator[tuple[str, Port]]:
        """The names of which a block of the policy covers an address, each with a port of it."""
        found = dict.fromkeys(
            (name, port)
            for name, addresses in self.history.seen.items()
            for rule in _allowing(policy)
            if any(block.contains(address) for block in _blocks(rule) for address in addresses)
            for port in _ports(rule)
        )
        yield from found

    def _subjects(self, policy: Policy) -> Iterator[ObjectName]:
        """The workloads that the policy is for; replicas are alike."""
        pods = (pod for pod in self.cluster.pods if applies(policy, pod, EGRESS))
        owners = dict.fromkeys(pod.owner for pod in pods)
        yield from (ObjectName(each.namespace, each.name, each.kind.lower()) for each in owners)

    def _is_outside(self, block: IPBlock) -> bool:
        """Whether an address is nobody's that the cluster or its inventory knows by itself."""
        address = block.range.start
        own = {each for place in self.cluster.places for each in place.cidrs if each == block.range}
        is_service = address in self.cluster.services_by_address
        return not (own or is_service) and isinstance(party_at(self.cluster, address), External)

    def _standing(self, place: str, block: IPBlock) -> Block:
        address = block.range.start
        names = self.history.names(address)
        now = tuple(name for name in names if (name, address) in self.history.current)
        if not names:
            return Block(place, block, Standing.UNKNOWN, (), (), None)
        standing = Standing.CURRENT if now else Standing.FORMER
        if now and now != names:
            standing = Standing.REASSIGNED
        seen = max(self.history.seen[name][address] for name in names)
        return Block(place, block, standing, names, now, seen)


def _allowing(policy: Policy) -> Iterator[Rule]:
    return (rule for rule in policy.rules_for(EGRESS) if rule.action is Action.ALLOW)


def _blocks(rule: Rule) -> Iterator[IPBlock]:
    return (peer.block for peer in rule.all_peers if isinstance(peer, BlockPeer))


def _allowed(policy: Policy, port: Port) -> tuple[IPBlock, ...]:
    """The blocks that a policy allows on a port."""
    rules = (rule for rule in _allowing(policy) if port in _ports(rule))
    return tuple(dict.fromkeys(block for rule in rules for block in _blocks(rule)))


def _ports(rule: Rule) -> Iterator[Port]:
    """A port of each entry; one for all ports, and none for names, which nothing outside has."""
    if rule.ports is None:
        yield ANY_PORT
    for entry in rule.ports or ():
        if not isinstance(entry.port, str):
            yield Port(entry.port or ANY_PORT.number, entry.protocol or ANY_PORT.protocol)
