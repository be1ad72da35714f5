"""Exceptions that keep nothing closed, because another rule allows what they take out."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from nsimlib.audit.blocks import common, end_text
from nsimlib.audit.context import Context, Group
from nsimlib.audit.model import Hit, Severity, Where, Witness
from nsimlib.audit.patches import Patch, Steps, steps, written
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.addresses import Address, AddressRange, parse_cidr
from nsimlib.model.objects import Pod
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import ALL_PORTS, NO_PORTS, Port, PortSet

__all__ = ["except_nullified"]


@dataclass(frozen=True, slots=True)
class Allow:
    """One block of one rule, or a rule for any peer."""

    policy: Policy
    rule: Rule
    peer: BlockPeer | None

    @property
    def path(self) -> Steps:
        """Where it stands."""
        return (*steps(self.rule.path), *steps(self.peer.path if self.peer else ""))

    @property
    def ports(self) -> PortSet:
        """The ports that it allows by number."""
        found = ALL_PORTS if self.rule.ports is None else NO_PORTS
        for port in self.rule.ports or ():
            found |= port.numbers()
        return found

    def __str__(self) -> str:
        return f"{self.policy.kind} {self.policy.key} {self.rule.path}"


@dataclass(slots=True)
class Undone:
    """Exceptions of one block that another rule undoes, and whose egress that concerns."""

    cidrs: list[str]
    is_meant: bool
    #: what shows it
    address: Address
    port: Port
    pods: list[Pod] = field(default_factory=list)


@rule(
    "NSIM-C408",
    "except-nullified",
    Severity.HIGH,
    follows=("NSIM-C403", "NSIM-T606"),
    facts=("F1.19", "F1.12"),
    references=("cilium/cilium#17129", "projectcalico/calico#4474"),
)
def except_nullified(context: Context) -> Iterator[Hit]:
    """What a block excepts, another rule allows to the same pods on the same ports.

    An exception makes its own block smaller, and denies nothing. Rules add up, so where another one
    holds the addresses, they are open. Where that one names a part of the exception on purpose, or
    other ports, it is a remark.
    """
    found = dict[tuple[object, ...], tuple[Allow, Allow, Undone]]()
    for group in context.groups(Direction.EGRESS):
        if group.isolating:
            for one, other in _pairs(group):
                undone = _undone(one, other)
                pods = [pod for pod in group.pods if undone and _opens(context, pod, undone)]
                if undone and pods:
                    key = (*one.policy.identity, one.path, *other.policy.identity, other.path)
                    found.setdefault(key, (one, other, undone))[2].pods.extend(pods)
    for one, other, undone in found.values():
        yield _nullified(context, one, other, undone)


def _pairs(group: Group) -> Iterator[tuple[Allow, Allow]]:
    """Every block with exceptions, with every other block, or rule for any peer, that applies."""
    allows = [
        Allow(policy, each, peer)
        for policy in group.policies
        for each in policy.rules_for(Direction.EGRESS)
        if each.action is Action.ALLOW
        for peer in (each.peers if each.peers is not None else (None,))
        if peer is None or isinstance(peer, BlockPeer)
    ]
    for one in allows:
        if one.peer and one.peer.block.except_:
            yield from ((one, other) for other in allows if other is not one)


def _undone(one: Allow, other: Allow) -> Undone | None:
    """What of the exceptions of one block another rule allows."""
    assert one.peer is not None
    held = [c for c in one.peer.block.except_ if _holds(other, parse_cidr(c))]
    if not held:
        return None
    whole = [c for c in held if _covers(other, parse_cidr(c))]
    shared = one.ports & other.ports
    is_meant = not whole or not shared
    if is_meant and (one.rule is other.rule or not (shared or one.policy is other.policy)):
        return None
    told = held if is_meant else whole
    for protocol, (number, _) in shared or other.ports:
        return Undone(told, is_meant, _within(other, told[0]), Port(number, protocol))
    return None


def _within(allow: Allow, cidr: str) -> Address:
    """An address of an exception that a rule allows; not the first, which names a network."""
    whole = parse_cidr(cidr)
    shared = next(common(allow.peer.block.ranges, whole)) if allow.peer else whole
    return Address(shared.family, min(shared.first + 1, shared.last))


def _opens(context: Context, pod: Pod, undone: Undone) -> bool:
    return undone.port in context.opens(pod, undone.address).allowed


def _holds(allow: Allow, cidr: AddressRange) -> bool:
    return allow.peer is None or any(each.overlaps(cidr) for each in allow.peer.block.ranges)


def _covers(allow: Allow, cidr: AddressRange) -> bool:
    return allow.peer is None or any(each.covers(cidr) for each in allow.peer.block.ranges)


def _nullified(context: Context, one: Allow, other: Allow, undone: Undone) -> Hit:
    pods, cidrs = undone.pods, listed(undone.cidrs)
    by = other.rule.path if one.policy is other.policy else f"{other.policy.key} {other.rule.path}"
    message = (
        f"{one}: except {cidrs} is for this rule alone: {by} allows part of it, or other ports, "
        f"to {listed(workloads(pods))}. Leave it if that is meant."
        if undone.is_meant
        else f"{one}: except {cidrs} has no effect for {listed(workloads(pods))}: {by} allows it. "
        "Except it there too, or deny it in an admin tier."
    )
    return Hit(
        (Where.of(other.policy, other.path), Where.of(one.policy, one.path)),
        message,
        severity=Severity.INFO if undone.is_meant else Severity.HIGH,
        confidence=context.confidence(pods),
        key=" ".join((one.policy.key, *undone.cidrs)),
        pods=workloads(pods),
        witness=Witness(
            f"{pods[0].key} -> {end_text(undone.address)}:{undone.port}", Outcome.ALLOWED
        ),
        fix=None if undone.is_meant else _excepting(other, undone.cidrs),
        advice="Narrow the rule that allows it; only an admin tier, or another dialect, denies.",
    )


def _excepting(allow: Allow, cidrs: list[str]) -> Patch | None:
    """Take the same out of the other block, if more than that is in it."""
    if allow.peer is None or allow.policy.kind != "NetworkPolicy":
        return None
    whole, missing = allow.peer.block.range, list(map(parse_cidr, cidrs))
    if whole in missing:
        return None
    path = (*allow.path, "ipBlock", "except")
    patch, known = Patch("Except it there too."), written(allow.policy, path)
    if known is None:
        return patch.put(allow.policy, path, cidrs)
    for number, cidr in enumerate(cidrs, len(known)):
        patch = patch.insert(allow.policy, (*path, number), cidr)
    return patch
