"""What Cilium says about ports, types of ICMP and requests that it does not take (F3.10-F3.12)."""

from collections.abc import Iterator
from typing import Final

from nsimlib.manifests import cilium_shapes as shapes
from nsimlib.manifests.cilium_ports import ICMP_TYPES, OTHER_PROTOCOLS, is_port_name, port_number
from nsimlib.manifests.faults import Fault, unsupported, warning
from nsimlib.manifests.nodes import Path
from nsimlib.model.policy import Direction

__all__ = ["icmp_faults", "layer7_faults", "ports_faults"]

MOST: Final = 40
PROTOCOLS: Final = ("TCP", "UDP", "SCTP", "ANY")
ICMP: Final = ("ICMP", "ICMPV6", "ICMPv6")
BEYOND_A_BYTE: Final = 256


def icmp_faults(path: Path, icmp: shapes.ICMPRule) -> Iterator[Fault]:
    """Yield what is wrong with an entry of `icmps` (F3.11)."""
    if len(icmp.fields) > MOST:
        yield Fault(path, f"too many types, the max is {MOST}")
    for i, each in enumerate(icmp.fields):
        place = (*path, "fields", i)
        family, written = each.family or "IPv4", "" if each.type is None else str(each.type)
        if family not in ICMP_TYPES:
            yield Fault((*place, "family"), f"wrong family: {family}", family)
            continue
        is_number = written.isdecimal() and int(written) < BEYOND_A_BYTE
        if not is_number and written not in ICMP_TYPES[family]:
            says = f"ICMP type {written} not found in {family}"
            yield Fault((*place, "type"), says, written)


def ports_faults(path: Path, ports: list[shapes.PortProtocol]) -> Iterator[Fault]:
    """Yield what is wrong with the ports of an entry of `toPorts` (F3.10)."""
    if len(ports) > MOST:
        yield Fault(path, f"too many ports, the max is {MOST}")
    for i, each in enumerate(ports):
        if each.protocol in OTHER_PROTOCOLS:
            yield from _portless_faults((*path, i), each)
            continue
        if each.protocol in ICMP:
            remedy = "Write icmps: [{fields: [{type: 8}]}] in an item without toPorts."
            says = f'invalid protocol "{each.protocol}", must be {{ tcp | udp | sctp | any }}'
            yield Fault((*path, i, "protocol"), says, each.protocol, remedy)
        elif each.protocol and each.protocol not in PROTOCOLS:
            known = (*PROTOCOLS, *OTHER_PROTOCOLS)
            yield unsupported((*path, i, "protocol"), each.protocol, known)
        yield from _port_faults((*path, i, "port"), each.port)


def _portless_faults(path: Path, port: shapes.PortProtocol) -> Iterator[Fault]:
    says = 'needs the flag "enable-extended-ip-protocols", which is taken to be set'
    yield warning((*path, "protocol"), says)
    if port.port not in ("", "0"):
        yield Fault((*path, "port"), "port must be empty or 0", port.port)


def _port_faults(path: Path, port: str) -> Iterator[Fault]:
    if not port:
        yield Fault(path, "port must be specified", remedy='Write port: "0" for every port.')
    elif not is_port_name(port):
        try:
            port_number(port)
        except ValueError:
            first, dash, last = port.partition("-")
            remedy = f'Write port: "{first}" and endPort: {last}.' if dash else ""
            yield Fault(path, f'unable to parse port: "{port}"', port, remedy)


def layer7_faults(path: Path, entry: shapes.PortRule, direction: Direction) -> Iterator[Fault]:
    """Yield what is wrong with what an entry of `toPorts` says of requests (F3.12)."""
    rules, place = entry.rules or shapes.L7Rules(), (*path, "rules")
    if rules.dns and rules.http:
        yield Fault(place, "multiple L7 protocol rule types specified in single rule")
    if rules.dns and direction is Direction.INGRESS:
        yield Fault((*place, "dns"), "DNS rules are not allowed on ingress")
    elif rules.dns and not entry.ports:
        yield Fault((*place, "dns"), "port 53 must be specified for DNS rules")
    if rules.dns or rules.http:
        for i, port in enumerate(entry.ports):
            yield from _redirected_faults((*path, "ports", i), port, bool(rules.dns))
    if "" in entry.serverNames:
        yield Fault((*path, "serverNames"), "empty server name is not allowed")
    if entry.listener is not None:
        says = "what a listener of one's own lets through is not modelled, and taken to be all"
        yield warning((*path, "listener"), says)


def _redirected_faults(path: Path, port: shapes.PortProtocol, is_dns: bool) -> Iterator[Fault]:
    """What is wrong with a port that leads to a proxy."""
    number = int(port.port) if port.port.isdecimal() else None
    if number == 0:
        yield Fault((*path, "port"), "L7 rules can not be used when a port is 0", port.port)
    if not is_dns and port.protocol != "TCP":
        protocol = port.protocol or "ANY"
        says = f"L7 rules can only apply to TCP (not {protocol}) except for DNS rules"
        yield Fault((*path, "protocol"), says, protocol, "Write TCP.")
    if is_dns and number is not None and port.endPort > number:
        yield Fault((*path, "endPort"), "DNS rules do not support port ranges", str(port.endPort))
