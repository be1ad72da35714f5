"""The core group and discovery.k8s.io: namespaces, nodes, Services and where they lead."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nsimlib.manifests import shapes
from nsimlib.manifests.faults import Fault, invalid, required, unsupported
from nsimlib.manifests.kinds import Found, Kind, Kinds
from nsimlib.manifests.names import namespace_errors, port_number_errors
from nsimlib.manifests.nodes import Path
from nsimlib.manifests.validation import metadata_faults
from nsimlib.model.addresses import Address, parse_address
from nsimlib.model.objects import NAME_LABEL, Namespace, Node, Service, ServicePort
from nsimlib.model.ports import Port, Protocol

__all__ = ["KINDS", "address_faults", "namespaces", "nodes", "port_faults", "services"]

BAD_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
#: as the server sorts them for pods and Services
PROTOCOLS = ("SCTP", "TCP", "UDP")
#: addresses of a node that other machines can use; the rest are names
NODE_ADDRESSES = ("InternalIP", "ExternalIP")
SERVICE_NAME = "kubernetes.io/service-name"

Endpoints = tuple[tuple[str, Address, Port], ...]


def namespaces(declared: Iterable[Found], mentioned: Iterable[str]) -> dict[str, Namespace]:
    """Return the namespaces by name, with the label that the control plane adds (F1.36).

    Those that objects merely mention are made, as they exist where these objects exist.
    """
    labels = {found.name: found.meta.labels for found in declared}
    for name in mentioned:
        labels.setdefault(name, {})
    return {name: Namespace(name, {**labels[name], NAME_LABEL: name}) for name in sorted(labels)}


def nodes(found: Iterable[Found]) -> tuple[Node, ...]:
    """Return the nodes with the addresses they answer on."""
    return tuple(
        Node(
            node.name,
            node.meta.labels,
            tuple(
                dict.fromkeys(
                    parse_address(each.address)
                    for each in node.shape.status.addresses
                    if each.type in NODE_ADDRESSES
                )
            ),
        )
        for node in found
    )


class _Key(NamedTuple):
    namespace: str
    name: str


def services(
    found: Iterable[Found], slices: Iterable[Found], endpoints: Iterable[Found]
) -> tuple[Service, ...]:
    """Return the Services; where no EndpointSlice says where one leads, older Endpoints do."""
    known = {
        _Key(each.namespace, each.name): _subsets(each.shape.subsets) for each in endpoints
    } | _by_service(slices)
    return tuple(_service(each, known.get(_Key(each.namespace, each.name))) for each in found)


def _service(found: Found, endpoints: Endpoints | None) -> Service:
    spec: shapes.ServiceSpec = found.shape.spec
    addresses = [ip for ip in spec.clusterIPs or [spec.clusterIP] if ip not in ("", "None")]
    return Service(
        found.namespace,
        found.name,
        tuple(map(parse_address, addresses)),
        tuple(
            ServicePort(
                each.name,
                Port(each.port, Protocol(each.protocol or "TCP")),
                # A target port of 0 or "" is none at all.
                each.targetPort or each.port,
            )
            for each in spec.ports
        ),
        spec.selector or None,
        found.meta.labels,
        endpoints,
        headless="None" in (spec.clusterIP, *spec.clusterIPs),
    )


def _by_service(slices: Iterable[Found]) -> dict[_Key, Endpoints]:
    found: dict[_Key, Endpoints] = {}
    for each in slices:
        if service := each.meta.labels.get(SERVICE_NAME):
            key = _Key(each.namespace, service)
            found[key] = found.get(key, ()) + tuple(_slice(each.shape))
    return found


def _slice(shape: shapes.EndpointSlice) -> Iterator[tuple[str, Address, Port]]:
    """The ready endpoints; unknown readiness counts as ready."""
    if shape.addressType == "FQDN":
        return
    ready = [each for each in shape.endpoints if each.conditions.ready is not False]
    for port in shape.ports:
        for endpoint in ready:
            for address in endpoint.addresses:
                yield port.name, parse_address(address), _port(port)


def _subsets(subsets: list[shapes.EndpointSubset]) -> Endpoints:
    return tuple(
        (port.name, parse_address(address.ip), _port(port))
        for subset in subsets
        for port in subset.ports
        for address in subset.addresses
    )


def _port(port: shapes.EndpointPort) -> Port:
    return Port(port.port, Protocol(port.protocol or "TCP"))


def address_faults(path: Path, text: str) -> Iterator[Fault]:
    """Yield a fault if the text is no address."""
    try:
        parse_address(text)
    except ValueError:
        yield invalid(path, text, BAD_ADDRESS)


def port_faults(path: Path, number: int, protocol: str, field: str) -> Iterator[Fault]:
    """Yield what is wrong with a port of a container, a Service or an endpoint."""
    if not number:
        yield required((*path, field))
    else:
        for error in port_number_errors(number):
            yield invalid((*path, field), number, error)
    if protocol and protocol not in PROTOCOLS:
        yield unsupported((*path, "protocol"), protocol, PROTOCOLS)


def _namespace_faults(shape: shapes.Namespace) -> Iterator[Fault]:
    yield from metadata_faults(shape.metadata, namespace_errors)


def _node_faults(shape: shapes.Node) -> Iterator[Fault]:
    yield from metadata_faults(shape.metadata)
    for i, each in enumerate(shape.status.addresses):
        if each.type in NODE_ADDRESSES:
            yield from address_faults(("status", "addresses", i, "address"), each.address)


def _service_faults(shape: shapes.Service) -> Iterator[Fault]:
    yield from metadata_faults(shape.metadata, namespace_errors)
    spec = shape.spec
    for i, ip in enumerate(spec.clusterIPs):
        if ip not in ("", "None"):
            yield from address_faults(("spec", "clusterIPs", i), ip)
    if spec.clusterIP not in ("", "None") and not spec.clusterIPs:
        yield from address_faults(("spec", "clusterIP"), spec.clusterIP)
    for i, port in enumerate(spec.ports):
        yield from port_faults(("spec", "ports", i), port.port, port.protocol, "port")


def _account_faults(shape: shapes.ServiceAccount) -> Iterator[Fault]:
    yield from metadata_faults(shape.metadata)


def _slice_faults(shape: shapes.EndpointSlice) -> Iterator[Fault]:
    yield from metadata_faults(shape.metadata)
    for i, port in enumerate(shape.ports):
        yield from port_faults(("ports", i), port.port, port.protocol, "port")
    if shape.addressType == "FQDN":
        return
    for i, endpoint in enumerate(shape.endpoints):
        for j, address in enumerate(endpoint.addresses):
            yield from address_faults(("endpoints", i, "addresses", j), address)


def _endpoints_faults(shape: shapes.Endpoints) -> Iterator[Fault]:
    yield from metadata_faults(shape.metadata)
    for i, subset in enumerate(shape.subsets):
        for j, port in enumerate(subset.ports):
            yield from port_faults(("subsets", i, "ports", j), port.port, port.protocol, "port")
        for j, address in enumerate(subset.addresses):
            yield from address_faults(("subsets", i, "addresses", j, "ip"), address.ip)


KINDS: Kinds = {
    ("", "Namespace"): Kind("Namespace", shapes.Namespace, _namespace_faults, namespaced=False),
    ("", "Node"): Kind("Node", shapes.Node, _node_faults, namespaced=False),
    ("", "Service"): Kind("Service", shapes.Service, _service_faults),
    ("", "ServiceAccount"): Kind("ServiceAccount", shapes.ServiceAccount, _account_faults),
    ("", "Endpoints"): Kind("Endpoints", shapes.Endpoints, _endpoints_faults),
    ("discovery.k8s.io", "EndpointSlice"): Kind(
        "EndpointSlice", shapes.EndpointSlice, _slice_faults
    ),
}
