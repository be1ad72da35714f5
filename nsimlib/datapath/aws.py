"""The maps of the AWS VPC CNI's agent for one pod, and how a packet is looked up (F4.23-F4.31).

The program sits at the pod's interface, in front of kube-proxy: what a pod sends to a Service has
the Service's address there (F4.29). It asks, in this order (F8.4): the state of the pod, its own
table of connections, the longest prefix of the other end's address, the entries of that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from nsimlib.cni.profile import Profile
from nsimlib.cni.reading import as_read
from nsimlib.datapath.aws_maps import L4, MAX_ENTRIES, Item, Prefix, items, prefixes_of
from nsimlib.datapath.lookups import Answer, Asked, Visit
from nsimlib.datapath.packet import State
from nsimlib.datapath.ruleset import Origin
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import applies
from nsimlib.model.addresses import Address, IPBlock
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.ports import Port

__all__ = ["AwsPod", "PodState"]


class PodState(Enum):
    """What the pod-state map holds for one direction, in the standard mode (F4.24)."""

    #: no policy is about this direction, so everything passes
    DEFAULT_ALLOW = "default allow"
    POLICIES_APPLIED = "policies applied"


@dataclass(frozen=True)
class AwsPod:
    """The maps of one pod: its state, and prefixes with what they allow, for each direction."""

    cluster: Cluster
    pod: Pod
    profile: Profile

    @cached_property
    def _policies(self) -> tuple[Policy, ...]:
        enforced = (each for each in self.cluster.policies if self.profile.enforces(each))
        return as_read(tuple(enforced), self.profile)

    def state(self, direction: Direction) -> PodState:
        """Return what the pod-state map says."""
        isolated = any(applies(each, self.pod, direction) for each in self._policies)
        return PodState.POLICIES_APPLIED if isolated else PodState.DEFAULT_ALLOW

    @cached_property
    def _whole(self) -> dict[Direction, tuple[Prefix, ...]]:
        return {each: prefixes_of(self._items(each)) for each in Direction}

    def prefixes(self, direction: Direction) -> tuple[Prefix, ...]:
        """Return the prefixes of one direction, each with as many entries as it can have."""
        return tuple(
            Prefix(each.range, each.entries[:MAX_ENTRIES]) for each in self._whole[direction]
        )

    def _items(self, direction: Direction) -> Iterator[Item]:
        if self.state(direction) is PodState.DEFAULT_ALLOW:
            return
        for policy in self._policies:
            if applies(policy, self.pod, direction):
                for rule in policy.rules_for(direction):
                    origin = Origin(policy, direction, rule)
                    yield from items(origin, rule, self.pod, self.cluster, self.profile)
        if direction is Direction.INGRESS:
            yield from self._own_node()

    def _own_node(self) -> Iterator[Item]:
        for node in self.cluster.nodes:
            if node.name == self.pod.node:
                for address in node.addresses:
                    yield Item(IPBlock(address.cidr), (L4(),), None, "the pod's own node (F1.24)")

    def save(self) -> str:
        """Return the maps as text, in a layout of our own."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"# maps of {self.pod} on node {self.pod.node or '?'}"
        for direction in Direction:
            yield f"pod_state {direction.word}: {self.state(direction).value}"
        for direction in Direction:
            for prefix in self.prefixes(direction):
                yield f"{direction.word} {prefix}"
                if not prefix.entries:
                    yield "    nothing: what wider prefixes allow ends here"
                for what, item in prefix.entries:
                    why = "; ".join(filter(None, (str(item.origin or ""), item.note)))
                    yield f"    {what!s:<16} # {why}"

    def left_out(self) -> Iterator[tuple[Origin, str]]:
        """Yield the entries of policies that found no place."""
        for prefixes in self._whole.values():
            for prefix in prefixes:
                for what, item in prefix.entries[MAX_ENTRIES:]:
                    if item.origin is not None:
                        why = f"{prefix} has {MAX_ENTRIES} entries already, without {what} (F4.25)"
                        yield item.origin, why

    def ask(self, asked: Asked) -> Answer:
        """Return what the maps say of a packet."""
        visits: list[Visit] = []
        outcome = self._decide(asked, visits)
        return Answer(asked, tuple(visits), outcome)

    def _decide(self, asked: Asked, visits: list[Visit]) -> Outcome:
        state = self.state(asked.direction)
        decides = state is PodState.DEFAULT_ALLOW
        visits.append(Visit(f"pod_state: {state.value} (F4.24)", decides))
        if decides:
            return Outcome.ALLOWED
        # Errors about a connection are not tied to it (F4.27).
        known = asked.reply or asked.state is State.ESTABLISHED
        way = "reverse" if asked.reply else "forward"
        found = f"found, {way}" if known else "no such connection, forward nor reverse"
        visits.append(Visit(f"the agent's table of connections: {found} (F4.26)", known))
        if known:
            return Outcome.ALLOWED
        address, port = _seen(asked)
        if address is None:
            visits.append(Visit("the address that the program sees is not known", False))
            return Outcome.UNDETERMINED
        return self._by_prefix(asked.direction, address, port, visits)

    def _by_prefix(
        self, direction: Direction, address: Address, port: Port, visits: list[Visit]
    ) -> Outcome:
        holding = [each for each in self.prefixes(direction) if address in each.range]
        longest = min(holding, key=lambda each: each.range.last - each.range.first, default=None)
        if longest is None:
            visits.append(Visit(f"no prefix holds {address}: dropped (F4.25)", True))
            return Outcome.DENIED
        visits.append(Visit(f"{longest} is the longest prefix that holds {address}", True))
        for what, item in longest.entries:
            note = f"  ({item.note})" if item.note else ""
            visits.append(Visit(f"{longest} {what}{note}", what.holds(port), item.origin))
            if what.holds(port):
                return Outcome.ALLOWED
        visits.append(Visit(f"no entry of {longest} is for {port}: dropped (F4.25)", True))
        return Outcome.DENIED


def _seen(asked: Asked) -> tuple[Address | None, Port]:
    """The other end as the program sees it: in front of the translation of a Service (F4.29)."""
    path = asked.path
    if asked.direction is Direction.INGRESS:
        return path.source_address, path.port
    if path.is_translated:
        return path.service_address, path.service_port or path.port
    return path.destination_address, path.port
