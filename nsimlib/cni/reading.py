"""Policies as their enforcer reads them, where that differs from what is written.

A worked example, for an enforcer that skips port names toward addresses (F4.30): a rule to pods
`app: db` and to 10.0.0.0/8, on ports `sql` and 443. It is read as two rules: to the pods on `sql`
and 443, and to 10.0.0.0/8 on 443 alone. Both keep the path and the line of the one that is written.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from nsimlib.cni.profile import Profile
from nsimlib.model.peers import BlockPeer, Peer, parts_of
from nsimlib.model.policy import Direction, Policy, Rule

__all__ = ["as_read", "is_by_address"]


def as_read(policies: tuple[Policy, ...], profile: Profile) -> tuple[Policy, ...]:
    """Return policies as the profile's enforcer reads them; those read as written are the same."""
    if profile["named_ports"].value != "not-for-blocks":
        return policies
    return tuple(
        _read(policy) if any(map(_is_mixed, policy.rules)) else policy for policy in policies
    )


def _read(policy: Policy) -> Policy:
    return replace(policy, rules=tuple(chain.from_iterable(map(_parted, policy.rules))))


def is_by_address(peer: Peer) -> bool:
    """Return whether a peer says something about addresses."""
    return any(isinstance(part, BlockPeer) for part in parts_of(peer))


def _is_mixed(rule: Rule) -> bool:
    """Whether a rule names ports by name toward addresses; to any peer is to all of them."""
    by_name = any(isinstance(port.port, str) for port in rule.ports or ())
    toward = rule.peers is None or any(map(is_by_address, rule.peers))
    return rule.direction is Direction.EGRESS and by_name and toward


def _parted(rule: Rule) -> Iterator[Rule]:
    if not _is_mixed(rule):
        yield rule
        return
    numbered = tuple(port for port in rule.ports or () if not isinstance(port.port, str))
    peers = rule.peers or ()
    if others := tuple(peer for peer in peers if not is_by_address(peer)):
        yield replace(rule, peers=others)
    by_address = None if rule.peers is None else tuple(filter(is_by_address, peers))
    yield replace(rule, ports=numbered, peers=by_address)
