"""Reachability as a table, and as lines in the format of np-guard's `netpol-analyzer list`.

::

    shop/web[Deployment] => shop/api[Deployment] : TCP 8080
    0.0.0.0-255.255.255.255[External] => shop/web[Deployment] : All Connections
"""

from collections.abc import Iterator

from nsimlib.evaluation.reachability import Flow, Reachability
from nsimlib.model.addresses import AddressRange, Family
from nsimlib.model.objects import Workload
from nsimlib.model.ports import ALL_PORTS, PortSet, Protocol
from nsimlib.model.tables import Table

__all__ = ["flow_table", "list_lines"]


def flow_table(reach: Reachability) -> Table:
    """Return every pair with something allowed or open; ranges outside with their place.

    `some` are ports that only some pods of a workload may use, `open` those a missing fact decides.
    """
    rows = tuple(
        (
            _name(reach, flow.source),
            _name(reach, flow.destination),
            flow.every.allowed or "-",
            (flow.some.allowed - flow.every.allowed) or "-",
            flow.some.open or "-",
        )
        for flow in reach.flows()
    )
    columns = ("source", "destination", "ports", "some", "open")
    return Table(f"Who may open what to whom ({reach.profile.name})", columns, rows)


def _name(reach: Reachability, end: Workload | AddressRange) -> str:
    if isinstance(end, Workload):
        return str(end)
    places = reach.cluster.external(end.start).places
    return f"{end} ({places[0]})" if places else str(end)


def list_lines(reach: Reachability) -> list[str]:
    """Return one line for each pair with something allowed, sorted as bytes.

    Only IPv4 ranges are listed, as that format has no others; open questions are not allowed.
    """
    return sorted(line for flow in reach.flows() for line in _line(flow))


def _line(flow: Flow) -> Iterator[str]:
    ends = flow.source, flow.destination
    if flow.every.allowed and not any(_is_ipv6(end) for end in ends):
        yield f"{_peer(ends[0])} => {_peer(ends[1])} : {_connections(flow.every.allowed)}"


def _is_ipv6(end: Workload | AddressRange) -> bool:
    return isinstance(end, AddressRange) and end.family is Family.IPV6


def _peer(end: Workload | AddressRange) -> str:
    if isinstance(end, AddressRange):
        return f"{end.start}-{end.end}[External]"
    return f"{end.namespace}/{end.name}[{end.kind}]"


def _connections(ports: PortSet) -> str:
    if ports == ALL_PORTS:
        return "All Connections"
    protocols = sorted(Protocol, key=lambda protocol: protocol.value)
    return ",".join(f"{p.value} {_spans(ports, p)}" for p in protocols if ports.spans(p))


def _spans(ports: PortSet, protocol: Protocol) -> str:
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in ports.spans(protocol))
