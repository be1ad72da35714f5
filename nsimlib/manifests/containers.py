"""What containers say besides their ports → the model, and back.

Of variables only those are kept that an audit asks for, and of most only that they are set: who
reads a cluster is to see nobody's keys or accounts.
"""

from typing import Any, Final
from urllib.parse import urlsplit

from nsimlib.manifests import shapes
from nsimlib.model.addresses import parse_address, parse_cidr
from nsimlib.model.objects import Pod, Traits
from nsimlib.model.ports import Port

__all__ = ["traits", "written_container"]

#: the agent of EKS Pod Identity, or of ECS, as its webhook writes it into a pod (F6.4)
AGENT: Final = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
LINK_LOCAL: Final = tuple(map(parse_cidr, ("169.254.0.0/16", "fd00:ec2::/32")))
#: these say whose credentials a pod has (F6.5)
SET: Final = ("AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ROLE_ARN")
#: these say how the AWS agent is set (F4.24, F4.28)
SETTINGS: Final = ("ENABLE_V4_EGRESS", "NETWORK_POLICY_ENFORCING_MODE")


def traits(spec: shapes.PodSpec) -> Traits:
    """Return what the containers of a pod say."""
    said = {each.name: each.value for one in spec.containers for each in one.env}
    kept = ((name, _kept(name, said[name])) for name in (AGENT, *SET, *SETTINGS) if name in said)
    return Traits(
        tuple(kept),
        tuple(
            (port.containerPort, port.hostPort)
            for one in spec.containers
            for port in one.ports
            if port.containerPort and port.hostPort
        ),
        any(one.securityContext.privileged for one in spec.containers),
    )


def _kept(name: str, value: str) -> str:
    if name in SETTINGS:
        return value
    return value if name == AGENT and _is_link_local(value) else ""


def _is_link_local(uri: str) -> bool:
    try:
        address = parse_address(urlsplit(uri).hostname or "")
    except ValueError:
        return False
    return any(address in each for each in LINK_LOCAL)


def written_container(pod: Pod) -> dict[str, Any]:
    """Return one container that says what all of a pod's do; empty if there is nothing to say."""
    of, on_host = pod.traits, dict(pod.traits.host_ports)
    found: dict[str, Any] = {}
    if pod.ports:
        found["ports"] = [_port(name, port, on_host.get(port.number)) for name, port in pod.ports]
    if of.variables:
        found["env"] = [{"name": name, "value": value} for name, value in of.variables]
    if of.privileged:
        found["securityContext"] = {"privileged": True}
    return found


def _port(name: str, port: Port, on_host: int | None) -> dict[str, Any]:
    named = {"name": name} if name else {}
    there = {"hostPort": on_host} if on_host else {}
    return {**named, "containerPort": port.number, **there, "protocol": port.protocol.value}
