"""What each rule means for one subject: the ends that its peers match, and its ports there.

Of two subjects the same rule may mean different things: a port's name is looked up in the pod that
receives, and a peer may be asked for on the subject's own node.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from nsimlib.evaluation.allports import ports_meant, union_of
from nsimlib.evaluation.bits import Bits, bits, nobody
from nsimlib.evaluation.classes import port_names
from nsimlib.evaluation.logic import Truth, any_of
from nsimlib.evaluation.matching import Side, match_subject, numbers_of, resolve_port
from nsimlib.evaluation.peersets import PeerSets
from nsimlib.evaluation.universe import Matching, Universe
from nsimlib.model.objects import ContainerPort, Party, Pod
from nsimlib.model.peers import DomainPeer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort, PortSet

__all__ = ["Grant", "Grants", "Names"]

#: names that a subject's enforcer learns addresses of; None if it needs none
Names = tuple[DomainPeer, ...] | None


class Grant(NamedTuple):
    """What one rule means for some ends: whether its peers match them, and its ports there."""

    policy: Policy
    rule: Rule
    ends: Matching
    ports: PortSet


class _Known(NamedTuple):
    """The rules of a policy in one direction, and what they need to know of their subject.

    Policies are known by their identity, which is theirs only as long as they are kept.
    """

    policy: Policy
    rules: tuple[Rule, ...]
    #: whether some port has a name
    by_name: bool
    #: those that ask something of their policy's own end
    asking: list[tuple[Policy, Rule]]


class Grants:
    """Works out, and keeps, what rules mean in a universe."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self._peers = PeerSets(universe)
        self._named: dict[tuple[object, object], dict[PortSet, Bits]] = {}
        self._domains: dict[int, bool] = {}
        self._meant: dict[object, PortSet] = {}
        self._known: dict[Direction, dict[int, _Known]] = {direction: {} for direction in Direction}

    @cached_property
    def port_names(self) -> set[str]:
        """The names of ports that rules use."""
        return {name for name, _ in port_names(self.universe.vocabulary)}

    def all_ports(self) -> Iterator[PortSet]:
        """Yield every set of ports that an entry of a rule can mean."""
        for policy in self.universe.vocabulary:
            for rule in policy.rules:
                for port in rule.all_ports:
                    yield numbers_of(port, self.universe.profile)
                    yield from self._means(port) if isinstance(port.port, str) else ()

    def depends_on(
        self, direction: Direction, policies: Iterable[Policy], subject: Pod, names: Names = None
    ) -> tuple[object, ...]:
        """Return what of a subject counts for what the rules of these policies mean."""
        by_name, asking, named = False, [], False
        # Every subject comes by here, so what is known is looked up at once.
        seen = self._known[direction]
        for policy in policies:
            known = seen.get(id(policy)) or self._policy(direction, policy)
            by_name = by_name or known.by_name
            asking += known.asking
            named = named or (names is not None and self._by_domain(known))
        declared: tuple[ContainerPort, ...] = ()
        if by_name and direction is Direction.INGRESS:
            declared = tuple(port for port in subject.ports if port.name in self.port_names)
        own: tuple[Truth, ...] = ()
        if asking:
            side = Side(direction, subject, subject, (), self.universe.profile)
            own = tuple(_own(policy, rule, side) for policy, rule in asking)
        node = subject.node if self._peers.by_node else None
        return declared, names if named else None, node, own

    def _policy(self, direction: Direction, policy: Policy) -> _Known:
        known = self._known[direction]
        if id(policy) not in known:
            rules = policy.rules_for(direction)
            asking = [(policy, rule) for rule in rules if rule.subject is not None]
            known[id(policy)] = _Known(policy, rules, any(map(_by_name, rules)), asking)
        return known[id(policy)]

    def _by_domain(self, known: _Known) -> bool:
        """Whether some rule names a domain; asked of few, and long to find out."""
        if id(known) not in self._domains:
            peers = (peer for rule in known.rules for peer in rule.all_peers)
            self._domains[id(known)] = any(isinstance(peer, DomainPeer) for peer in peers)
        return self._domains[id(known)]

    def of(
        self, direction: Direction, policy: Policy, subject: Pod, names: Names
    ) -> Iterator[Grant]:
        """Yield what the rules of a policy mean for a subject, in their order."""
        known = self._policy(direction, policy)
        side = Side(direction, subject, subject, (), self.universe.profile, names)
        for rule in known.rules:
            own = True if rule.subject is None else _own(policy, rule, side)
            if own is not False:
                ends = self._peers.of(policy, rule, side)
                matching = ends if own else Matching(nobody(), ends.sure | ends.unsure)
                by_name = known.by_name and _by_name(rule)
                for those, ports in self._of_rule(rule, subject, matching, side, by_name=by_name):
                    yield Grant(policy, rule, those, ports)

    def _of_rule(
        self, rule: Rule, subject: Pod, ends: Matching, side: Side, *, by_name: bool
    ) -> Iterator[tuple[Matching, PortSet]]:
        """What a rule means on which of its ends."""
        if rule.direction is Direction.INGRESS or not by_name:
            # Rules are alike in what ports they name, far more than in whom.
            key = rule.ports, rule.except_ports, id(subject.ports) if by_name else 0
            if key not in self._meant:
                self._meant[key] = ports_meant(rule, side)
            yield ends, self._meant[key]
        elif rule.except_ports:
            for those, party in self._by_declared(ends):
                yield those, ports_meant(rule, replace(side, peer=party))
        else:
            yield from self._by_destination(rule.ports or (), ends)

    def _by_declared(self, ends: Matching) -> Iterator[tuple[Matching, Party]]:
        """The ends by the ports they declare, each part with one of them that speaks for it."""
        behind = len(self.universe.faces)
        parts: dict[object, list[int]] = {}
        for number in ends.sure | ends.unsure:
            pod = self.universe.faces[number].pod if number < behind else None
            named = pod and tuple(port for port in pod.ports if port.name in self.port_names)
            parts.setdefault(named or None, []).append(number)
        for numbers in parts.values():
            those, first = bits(numbers), numbers[0]
            external = self.universe.external(Direction.EGRESS, first) if first >= behind else None
            party = external or self.universe.faces[first].pod
            yield Matching(ends.sure & those, ends.unsure & those), party

    def _by_destination(
        self, ports: tuple[PolicyPort, ...], ends: Matching
    ) -> Iterator[tuple[Matching, PortSet]]:
        """A port's name means what the destination says, so one rule may mean many things."""
        yield ends, union_of(numbers_of(port, self.universe.profile) for port in ports)
        for port in ports:
            if isinstance(port.port, str):
                for meant, faces in self._means(port).items():
                    yield Matching(ends.sure & faces, ends.unsure & faces), meant

    def _means(self, port: PolicyPort) -> dict[PortSet, Bits]:
        """What a port's name means, and on which faces."""
        key = port.port, port.protocol
        if key not in self._named:
            found: dict[PortSet, list[int]] = {}
            for number, face in enumerate(self.universe.faces):
                if meant := resolve_port(port, face.pod, self.universe.profile):
                    found.setdefault(meant, []).append(number)
            self._named[key] = {meant: bits(faces) for meant, faces in found.items()}
        return self._named[key]


def _by_name(rule: Rule) -> bool:
    """Whether what the rule's ports mean depends on the destination."""
    return any(isinstance(port.port, str) for port in rule.all_ports)


def _own(policy: Policy, rule: Rule, side: Side) -> Truth:
    """Whether the subject is what a rule asks of its policy's own end, if it asks at all."""
    checks = match_subject(rule, policy, side)
    return True if checks is None else any_of(check.matched for check in checks)
