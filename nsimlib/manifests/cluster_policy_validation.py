"""What the API server refuses in a ClusterNetworkPolicy (F1.57-F1.64)."""

import re
from collections.abc import Iterator, Sequence

from nsimlib.manifests import admin_shapes
from nsimlib.manifests import cluster_policy_shapes as shapes
from nsimlib.manifests.admin_validation import (
    ONE_FIELD,
    SIDES,
    peer_faults,
    priority_faults,
    subject_faults,
    too_many,
)
from nsimlib.manifests.cidrs import read_cidr
from nsimlib.manifests.faults import Fault, invalid, required, unsupported, warning
from nsimlib.manifests.nodes import Path
from nsimlib.manifests.validation import metadata_faults
from nsimlib.model.ports import MAX_PORT

__all__ = ["cluster_policy_faults"]

TIERS = ("Admin", "Baseline")
ACTIONS = ("Accept", "Deny", "Pass")
MOST = 25
MAX_NAME = 100
PROTOCOLS = ("tcp", "udp", "sctp")
LABEL = "[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?"
DOMAIN = re.compile(rf"(\*\.)?({LABEL}\.)+{LABEL}\.?")
# The server's sentence is the regular expression, which helps nobody.
BAD_DOMAIN = "should be a domain name, or '*.' and one (e.g. 'example.com' or '*.example.com')"
NO_NAMED_PORTS = (
    "networks/nodes/domainNames peer cannot be set with namedPorts "
    "since there are no namedPorts for networks/nodes/domainNames"
)
Rule = shapes.EgressRule | shapes.IngressRule


def cluster_policy_faults(policy: shapes.ClusterPolicy) -> Iterator[Fault]:
    """Yield what is wrong with a ClusterNetworkPolicy."""
    spec = policy.spec
    yield from metadata_faults(policy.metadata)
    if not spec.tier:
        yield required(("spec", "tier"))
    elif spec.tier not in TIERS:
        yield unsupported(("spec", "tier"), spec.tier, TIERS)
    yield from priority_faults(spec.priority)
    yield from subject_faults(spec.subject)
    yield from _pod_selector_faults(("spec", "subject"), spec.subject.pods)
    sides: tuple[tuple[str, str, Sequence[Rule]], ...] = (
        ("egress", "to", spec.egress),
        ("ingress", "from", spec.ingress),
    )
    for field, side, rules in sides:
        yield from too_many(("spec", field), rules, MOST)
        for number, rule in enumerate(rules):
            yield from _rule_faults(("spec", field, number), side, rule)


def _rule_faults(path: Path, side: str, rule: Rule) -> Iterator[Fault]:
    peers: list[admin_shapes.AdminPeer] = getattr(rule, SIDES[side])
    if len(rule.name) > MAX_NAME:
        yield Fault((*path, "name"), f"Too long: may not be more than {MAX_NAME} bytes", rule.name)
    if not rule.action:
        yield required((*path, "action"))
    elif rule.action not in ACTIONS:
        remedy = "Allow of v1alpha1 is Accept here." if rule.action == "Allow" else ""
        yield unsupported((*path, "action"), rule.action, ACTIONS, remedy)
    if not peers:
        yield required((*path, side), "should have at least 1 items")
    yield from too_many((*path, side), peers, MOST)
    for number, peer in enumerate(peers):
        yield from _peer_faults((*path, side, number), side, peer)
        if peer.domainNames and rule.action in ("Deny", "Pass"):
            says = f"domainNames is only supported for Accept rules, and this is a {rule.action}"
            yield warning((*path, side, number, "domainNames"), f"{says} (F1.64)")
    if rule.protocols is not None:
        yield from _protocols_faults(path, rule.protocols, peers)


def _peer_faults(path: Path, side: str, peer: admin_shapes.AdminPeer) -> Iterator[Fault]:
    yield from peer_faults(path, side, peer, cidr_faults=_network_faults)
    yield from _pod_selector_faults(path, peer.pods)
    for name in ("networks", "domainNames"):
        entries: list[str] = getattr(peer, name)
        for number, entry in enumerate(entries):
            if entry in entries[:number]:
                yield Fault((*path, name, number), f'Duplicate value: "{entry}"', entry)
    yield from too_many((*path, "domainNames"), peer.domainNames, MOST)
    for number, domain in enumerate(peer.domainNames):
        if not DOMAIN.fullmatch(domain):
            yield invalid((*path, "domainNames", number), domain, BAD_DOMAIN)


def _network_faults(path: Path, cidr: str) -> Iterator[Fault]:
    """Stricter than an ipBlock: no leading zeros, no IPv4 inside IPv6; host bits are fine."""
    found = read_cidr(cidr)
    if found is None or found.text != cidr:
        yield invalid(path, cidr, "Invalid CIDR format provided")


def _pod_selector_faults(path: Path, pods: admin_shapes.NamespacedPod | None) -> Iterator[Fault]:
    if pods is not None and pods.podSelector is None:
        yield required((*path, "pods", "podSelector"), remedy="Write podSelector: {} for all pods.")


def _protocols_faults(
    path: Path, entries: list[shapes.ProtocolEntry], peers: list[admin_shapes.AdminPeer]
) -> Iterator[Fault]:
    place = (*path, "protocols")
    if not entries:
        remedy = "Leave it out for all traffic."
        yield required(place, "should have at least 1 items", remedy)
    yield from too_many(place, entries, MOST)
    for number, entry in enumerate(entries):
        yield from _entry_faults((*place, number), entry)
    without_names = any(peer.networks or peer.nodes or peer.domainNames for peer in peers)
    if without_names and any(entry.destinationNamedPort for entry in entries):
        yield invalid(path, "object", NO_NAMED_PORTS)


def _entry_faults(path: Path, entry: shapes.ProtocolEntry) -> Iterator[Fault]:
    matches = {name: getattr(entry, name) for name in PROTOCOLS}
    written = sum(match is not None for match in matches.values())
    if written + bool(entry.destinationNamedPort) != 1:
        yield required(path, ONE_FIELD)
    for name, match in matches.items():
        if match is not None and match.destinationPort is None:
            yield required((*path, name), "should have at least 1 properties", _all_ports(name))
        elif match is not None:
            yield from _port_faults((*path, name, "destinationPort"), match.destinationPort)


def _all_ports(protocol: str) -> str:
    return (
        f"All of {protocol.upper()} is destinationPort: {{range: {{start: 1, end: {MAX_PORT}}}}}."
    )


def _port_faults(path: Path, port: shapes.DestinationPort) -> Iterator[Fault]:
    if (port.number is None) == (port.range is None):
        yield required(path, ONE_FIELD)
    if port.number is not None:
        yield from _number_faults((*path, "number"), port.number)
    if port.range is not None:
        place = (*path, "range")
        yield from _number_faults((*place, "start"), port.range.start)
        yield from _number_faults((*place, "end"), port.range.end)
        if port.range.start >= port.range.end:
            yield invalid(place, "object", "Start port must be less than End port")


def _number_faults(path: Path, number: int) -> Iterator[Fault]:
    if number < 1:
        yield invalid(path, number, "should be greater than or equal to 1")
    elif number > MAX_PORT:
        yield invalid(path, number, f"should be less than or equal to {MAX_PORT}")
