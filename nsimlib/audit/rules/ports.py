"""Ports and protocols that mean more, less or something else than they seem to."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.patches import Patch, steps, written
from nsimlib.audit.registry import rule
from nsimlib.model.ports import PolicyPort

__all__ = ["protocol_omitted"]

#: ports of protocols that use UDP
UDP_PORTS: Final = (53, 123, 161, 500, 514, 4500, 4789, 8125)


@rule("NSIM-P504", "protocol-omitted", Severity.LOW, facts=("F1.7",))
def protocol_omitted(context: Context) -> Iterator[Hit]:
    """A port has no protocol, which means TCP.

    The API server fills in TCP. For a port on which others speak UDP, such as 53, the rule then
    allows what nobody uses. What a live cluster holds has the protocol already.
    """
    for policy, each in context.rules():
        if policy.kind != "NetworkPolicy":
            continue
        for number, port in enumerate(each.ports or ()):
            path = (*steps(each.path), "ports", number)
            entry = written(policy, path)
            if isinstance(entry, dict) and not entry.get("protocol"):
                is_udp = port.port in UDP_PORTS
                fix = Patch("Say TCP.").put(policy, (*path, "protocol"), "TCP")
                if is_udp:
                    also = {**entry, "protocol": "UDP"}
                    fix = Patch("Say TCP, and allow UDP.", fix.changes).insert(
                        policy, (*path[:-1], number + 1), also
                    )
                yield Hit(
                    (Where.of(policy, path),),
                    f"{policy.kind} {policy.key} {each.path}.ports[{number}]: "
                    f"port {_shown(port)} has no protocol, which means TCP"
                    + (", and others speak UDP there." if is_udp else ". Say so."),
                    severity=Severity.MEDIUM if is_udp else Severity.LOW,
                    key=str(port),
                    fix=fix,
                )


def _shown(port: PolicyPort) -> str:
    last = f"-{port.end_port}" if port.end_port else ""
    return f"{port.port}{last}" if port.port is not None else "any"
