"""What Calico's validator refuses in a rule: actions, protocols, and what must go with them."""

from collections.abc import Iterator
from typing import Final

from nsimlib.manifests import calico_shapes as shapes
from nsimlib.manifests.calico_end_validation import entity_faults, net_faults, service_faults
from nsimlib.manifests.calico_ports import PROTOCOLS, named_protocol
from nsimlib.manifests.cidrs import read_cidr
from nsimlib.manifests.faults import Fault, forbidden, invalid, required, unsupported
from nsimlib.manifests.nodes import Path
from nsimlib.model.addresses import Family
from nsimlib.model.policy import Action, Direction
from nsimlib.model.ports import Protocol

__all__ = ["rule_faults"]

UDP_LITE = "UDPLite"
MAX_PROTOCOL, MAX_TYPE, MAX_CODE = 255, 254, 255
ICMP: Final = {Protocol.ICMP: Family.IPV4, Protocol.ICMPV6: Family.IPV6}
NEEDS_PORTS = "rules that specify ports must set protocol to TCP or UDP or SCTP"
NEEDS_ICMP = "rules that specify ICMP fields must set protocol to ICMP"
NEEDS_TCP = "rules that specify HTTP fields must set protocol to TCP or empty"
SIDES = ("source", "destination")


def rule_faults(
    path: Path, rule: shapes.Rule, direction: Direction, namespace: str
) -> Iterator[Fault]:
    """Yield what is wrong with a rule, in a policy of a namespace or of none."""
    actions = [action.value for action in Action]
    if rule.action not in actions:
        yield unsupported((*path, "action"), rule.action, actions)
    yield from _protocol_faults((*path, "protocol"), rule.protocol)
    yield from _protocol_faults((*path, "notProtocol"), rule.notProtocol)
    yield from _version_faults(path, rule)
    for field, icmp in (("icmp", rule.icmp), ("notICMP", rule.notICMP)):
        if icmp is not None:
            yield from _icmp_faults((*path, field), icmp)
    yield from _together(path, rule)
    if rule.http is not None:
        yield from _http_faults((*path, "http"), rule, direction)
    for side in SIDES:
        yield from entity_faults((*path, side), getattr(rule, side))
        yield from service_faults((*path, side), getattr(rule, side), side, direction, namespace)
    yield from _family_faults(path, rule)


def _protocol_faults(path: Path, protocol: int | str | None) -> Iterator[Fault]:
    match protocol:
        case int() if not 1 <= protocol <= MAX_PROTOCOL:
            yield invalid(path, protocol, "protocol number invalid")
        case str() if protocol.isdecimal():
            yield from _protocol_faults(path, int(protocol))
        case str() if protocol not in (*PROTOCOLS, UDP_LITE):
            known = (*PROTOCOLS, UDP_LITE)
            folded = {name.casefold(): name for name in known}
            names = f"one of {', '.join(known)}, or a number"
            remedy = f"Write {folded.get(protocol.casefold(), names)}."
            yield invalid(path, protocol, "protocol name invalid", remedy)


def _version_faults(path: Path, rule: shapes.Rule) -> Iterator[Fault]:
    place, version = (*path, "ipVersion"), rule.ipVersion
    if version is None:
        return
    if version not in list(Family):
        yield invalid(place, version, "must be 4 or 6")
        return
    for protocol, family in ICMP.items():
        named = {named_protocol(each)[0] for each in (rule.protocol, rule.notProtocol)}
        if protocol in named and version != family:
            name = protocol.value.lower()
            why = f"must set ipversion to '{family.value}' with protocol {name}"
            yield invalid(place, version, why)


def _icmp_faults(path: Path, icmp: shapes.ICMPFields) -> Iterator[Fault]:
    limits = (("type", icmp.type, MAX_TYPE), ("code", icmp.code, MAX_CODE))
    for field, number, most in limits:
        if number is not None and not 0 <= number <= most:
            yield invalid((*path, field), number, f"must be between 0 and {most}, inclusive")
    if icmp.code is not None and icmp.type is None:
        yield invalid((*path, "code"), icmp.code, "ICMP code specified without an ICMP type")


def _together(path: Path, rule: shapes.Rule) -> Iterator[Fault]:
    """What fields of a rule ask of its protocol."""
    protocol, _ = named_protocol(rule.protocol)
    if rule.icmp is not None and protocol not in ICMP:
        yield forbidden((*path, "icmp"), NEEDS_ICMP)
    if rule.http is not None and rule.protocol is not None and protocol is not Protocol.TCP:
        yield forbidden((*path, "protocol"), NEEDS_TCP)
    if protocol is not None and protocol.has_ports:
        return
    for side in SIDES:
        for field in ("ports", "notPorts"):
            if getattr(getattr(rule, side), field):
                yield forbidden((*path, side, field), NEEDS_PORTS, "Add protocol: TCP.")


def _http_faults(path: Path, rule: shapes.Rule, direction: Direction) -> Iterator[Fault]:
    http = rule.http or shapes.HTTPMatch()
    if direction is Direction.EGRESS:
        yield forbidden(path, "not allowed in egress rule")
    if rule.action != Action.ALLOW.value:
        yield forbidden(path, "only valid for Allow rules")
    if len(set(http.methods)) < len(http.methods):
        methods = " ".join(http.methods)
        yield invalid((*path, "methods"), methods, f"Invalid methods (duplicates): [{methods}]")
    for i, each in enumerate(http.paths):
        place, text = (*path, "paths", i), each.exact or each.prefix
        if each.exact and each.prefix:
            yield forbidden(place, "Invalid path match. Both 'exact' and 'prefix' are set")
        elif not text:
            yield required(place, "Invalid path match. Either 'exact' or 'prefix' must be set")
        elif not text.startswith("/") or set(text) & set("? #"):
            why = f"Invalid path {text}. (must start with `/` and not contain `?` or `#`"
            yield invalid(place, text, why)


def _family_faults(path: Path, rule: shapes.Rule) -> Iterator[Fault]:
    """What is wrong with the CIDRs of a rule, which are of one family in both of its ends."""
    seen: set[Family] = set()
    for side in SIDES:
        for field in ("nets", "notNets"):
            place = (*path, side, field)
            nets: list[str] = getattr(getattr(rule, side), field)
            yield from net_faults(place, nets)
            families = {cidr.range.family for cidr in map(read_cidr, nets) if cidr}
            if rule.ipVersion is not None and families - {rule.ipVersion}:
                yield forbidden(place, "rule IP version doesn't match CIDR version")
            if families and len(seen | families) > 1:
                yield forbidden(place, "rule contains both IPv4 and IPv6 CIDRs")
            seen |= families
