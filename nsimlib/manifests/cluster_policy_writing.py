"""ClusterNetworkPolicy → the `spec` that reads back as it."""

from typing import Any

from nsimlib.manifests.admin_writing import WriteSelector, admin_peers, subject_spec
from nsimlib.model.peers import AllOf, Peer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort

__all__ = ["cluster_policy_spec"]

Manifest = dict[str, Any]
ACTIONS = {Action.ALLOW: "Accept", Action.DENY: "Deny", Action.PASS: "Pass"}


def cluster_policy_spec(policy: Policy, selector: WriteSelector) -> Manifest:
    """Return the `spec` of a ClusterNetworkPolicy; `selector` writes a label selector.

    Raises
    ------
    TypeError
        If a rule failed closed: no manifest says what it says.
    """
    spec: Manifest = {
        "tier": policy.tier,
        "priority": int(policy.order),
        "subject": subject_spec(policy.subject, selector),
    }
    for direction in Direction:
        if rules := policy.rules_for(direction):
            spec[direction.word] = [_rule(rule, selector) for rule in rules]
    return spec


def _rule(rule: Rule, selector: WriteSelector) -> Manifest:
    if not rule.peers:
        raise TypeError(f"no ClusterNetworkPolicy says any or no peer: {rule.path}")
    side = "to" if rule.direction is Direction.EGRESS else "from"
    written: Manifest = {"name": rule.name} if rule.name else {}
    written["action"] = ACTIONS[rule.action]
    written[side] = admin_peers(tuple(map(_as_written, rule.peers)), selector)
    if rule.ports:
        written["protocols"] = [_port(port) for port in rule.ports]
    return written


def _as_written(peer: Peer) -> Peer:
    """A domain name stands with an open question in a rule that does not accept."""
    return peer.parts[0] if isinstance(peer, AllOf) else peer


def _port(port: PolicyPort) -> Manifest:
    if isinstance(port.port, str) or port.protocol is None:
        return {"destinationNamedPort": port.port}
    number: Manifest = {"number": port.port}
    if port.end_port is not None:
        number = {"range": {"start": port.port, "end": port.end_port}}
    return {port.protocol.value.lower(): {"destinationPort": number}}
