"""What every dialect has in common: which rules there are, and which peers they may be about."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from nsimlib.model.objects import NetworkSet
from nsimlib.model.peers import Peer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort, Port, Protocol
from nsimlib.patterns.goals import KUBE_DNS, NODE_CACHE_BY_ADDRESS, Because, Goal

__all__ = ["Clause", "Drafted", "clauses_for", "drafted"]

#: where a cache on the node listens, wherever the pods of kube-dns do
AT_53: Final = (Port(53, Protocol.UDP), Port(53, Protocol.TCP))

Clause = tuple[Rule, Because]


class Drafted(NamedTuple):
    """An object, why it is as it is, and why each of its rules is there."""

    made: Policy | NetworkSet
    because: Because
    rules: tuple[Because, ...] = ()


def clauses_for(
    goal: Goal,
    dns_pods: Peer,
    node_cache: tuple[Peer, ...],
    target: tuple[Peer, ...],
    because: Because,
) -> list[Clause]:
    """Return DNS as this cluster has it, and the database, by the peers that a dialect has."""
    found = [(_allow(goal.dns_ports, (dns_pods,)), KUBE_DNS)]
    if goal.node_caches:
        found.append((_allow(AT_53, node_cache), NODE_CACHE_BY_ADDRESS))
    return [*found, (_allow((goal.port,), target), because)]


def _allow(ports: Iterable[Port], peers: tuple[Peer, ...]) -> Rule:
    meant = tuple(PolicyPort(port.protocol, port.number) for port in ports)
    return Rule(Direction.EGRESS, meant, peers)


def drafted(policy: Policy, because: Because, clauses: list[Clause]) -> Drafted:
    """Return a policy with its rules, and why all of it is there."""
    made = replace(policy, rules=tuple(rule for rule, _ in clauses))
    return Drafted(made, because, tuple(why for _, why in clauses))
