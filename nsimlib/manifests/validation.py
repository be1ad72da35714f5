"""What the API server refuses, in its own words: metadata, selectors, NetworkPolicy (F1.35-F1.46).

Nothing that it accepts is refused here: rules that never match, selectors that select nothing
and names that nobody has are legal (F1.47). They are the audit's business.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from nsimlib.manifests import networking_shapes, shapes
from nsimlib.manifests.cidrs import cidr_faults, read_cidr
from nsimlib.manifests.faults import Fault, forbidden, invalid, required, unsupported
from nsimlib.manifests.names import (
    label_key_errors,
    label_value_errors,
    name_errors,
    namespace_errors,
    port_name_errors,
    port_number_errors,
)
from nsimlib.manifests.nodes import Path

__all__ = ["label_faults", "metadata_faults", "network_policy_faults", "selector_faults"]

PROTOCOLS = ("TCP", "UDP", "SCTP")
TYPES = ("Ingress", "Egress")


def metadata_faults(
    meta: shapes.ObjectMeta, errors: Callable[[str], tuple[str, ...]] = name_errors
) -> Iterator[Fault]:
    """Yield what is wrong with the metadata of an object; `errors` judges its name."""
    if not (meta.name or meta.generateName):
        yield required(("metadata", "name"), "name or generateName is required")
    names = ("name", meta.name, errors), ("namespace", meta.namespace, namespace_errors)
    for key, name, rules in names:
        for error in rules(name) if name else ():
            yield replace(invalid(("metadata", key), name, error), harmless=True)
    for fault in label_faults(("metadata", "labels"), meta.labels):
        yield replace(fault, harmless=True)


def label_faults(path: Path, labels: shapes.Labels) -> Iterator[Fault]:
    """Yield what is wrong with labels; the server names no key in the path, the place is exact."""
    for key, value in labels.items():
        for error in label_key_errors(key):
            yield invalid(path, key, error, below=(key,))
        for error in label_value_errors(value):
            yield invalid(path, value, error, below=(key,))


def selector_faults(path: Path, selector: shapes.LabelSelector) -> Iterator[Fault]:
    """Yield what is wrong with a label selector (F1.35)."""
    yield from label_faults((*path, "matchLabels"), selector.matchLabels)
    for i, requirement in enumerate(selector.matchExpressions):
        yield from _requirement_faults((*path, "matchExpressions", i), requirement)


def _requirement_faults(path: Path, found: shapes.LabelSelectorRequirement) -> Iterator[Fault]:
    match found.operator, bool(found.values):
        case (("In" | "NotIn"), False):
            why = "must be specified when `operator` is 'In' or 'NotIn'"
            yield required((*path, "values"), why)
        case (("Exists" | "DoesNotExist"), True):
            why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield forbidden((*path, "values"), why)
        case (("In" | "NotIn" | "Exists" | "DoesNotExist"), _):
            pass
        case _:
            remedy = "Write In, NotIn, Exists or DoesNotExist."
            yield invalid(
                (*path, "operator"), found.operator, "not a valid selector operator", remedy
            )
    for error in label_key_errors(found.key):
        yield invalid((*path, "key"), found.key, error)
    for i, value in enumerate(found.values):
        for error in label_value_errors(value):
            yield invalid((*path, "values", i), value, error)


def network_policy_faults(policy: networking_shapes.NetworkPolicy) -> Iterator[Fault]:
    """Yield everything that the server refuses or warns about in a NetworkPolicy."""
    yield from metadata_faults(policy.metadata)
    yield from selector_faults(("spec", "podSelector"), policy.spec.podSelector)
    for i, ingress in enumerate(policy.spec.ingress):
        yield from _rule_faults(("spec", "ingress", i), ingress.ports, "from", ingress.from_)
    for i, egress in enumerate(policy.spec.egress):
        yield from _rule_faults(("spec", "egress", i), egress.ports, "to", egress.to)
    yield from _type_faults(("spec", "policyTypes"), policy.spec.policyTypes)


def _rule_faults(
    path: Path,
    ports: list[networking_shapes.NetworkPolicyPort],
    side: str,
    peers: list[networking_shapes.NetworkPolicyPeer],
) -> Iterator[Fault]:
    for i, port in enumerate(ports):
        yield from _port_faults((*path, "ports", i), port)
    for i, peer in enumerate(peers):
        yield from _peer_faults((*path, side, i), peer)


def _type_faults(path: Path, types: list[str]) -> Iterator[Fault]:
    if len(types) > len(TYPES):
        yield Fault(
            path,
            "Invalid value: [" + ",".join(f'"{each}"' for each in types) + "]: "
            "may not specify more than two policyTypes",
        )
        return
    for i, each in enumerate(types):
        if each not in TYPES:
            yield unsupported((*path, i), each, TYPES)


def _port_faults(path: Path, port: networking_shapes.NetworkPolicyPort) -> Iterator[Fault]:
    """What is wrong with an entry of `ports:` (F1.38-F1.40)."""
    if port.protocol is not None and port.protocol not in PROTOCOLS:
        yield unsupported((*path, "protocol"), port.protocol, PROTOCOLS)
    match port.port:
        case int() as number:
            for error in port_number_errors(number):
                yield invalid((*path, "port"), number, error)
        case str() as name:
            for error in port_name_errors(name):
                yield invalid((*path, "port"), name, error, _port_remedy(name))
    if port.endPort is not None:
        for error in _end_port_errors(port.endPort, port.port):
            yield invalid((*path, "endPort"), port.endPort, error)


def _end_port_errors(end: int, port: int | str | None) -> tuple[str, ...]:
    match port:
        case None:
            return ("may not be specified when `port` is not specified",)
        case str():
            return ("may not be specified when `port` is non-numeric",)
    order = ("must be greater than or equal to `port`",) if end < port else ()
    return order + port_number_errors(end)


def _port_remedy(name: str) -> str:
    if name.isdecimal():
        return f"Write {name} without quotes."
    first, dash, last = name.partition("-")
    if dash and first.isdecimal() and last.isdecimal():
        return f"Write a range as port: {first} and endPort: {last}."
    return ""


def _peer_faults(path: Path, peer: networking_shapes.NetworkPolicyPeer) -> Iterator[Fault]:
    """What is wrong with a peer: it must hold something, and a block stands alone (F1.4, F1.5)."""
    if peer.podSelector is not None:
        yield from selector_faults((*path, "podSelector"), peer.podSelector)
    if peer.namespaceSelector is not None:
        yield from selector_faults((*path, "namespaceSelector"), peer.namespaceSelector)
    if peer.ipBlock is not None:
        yield from _block_faults((*path, "ipBlock"), peer.ipBlock)
    is_selected = peer.podSelector is not None or peer.namespaceSelector is not None
    if peer.ipBlock is None and not is_selected:
        remedy = (
            f"Leave out `{path[-2]}` for every peer, or write podSelector: {{}} for all pods "
            "of the namespace, namespaceSelector: {} for all pods of all namespaces."
        )
        yield required(path, "must specify a peer", remedy)
    elif peer.ipBlock is not None and is_selected:
        remedy = "Two items of the list mean one or the other."
        yield forbidden(path, "may not specify both ipBlock and another peer", remedy)


def _block_faults(path: Path, block: networking_shapes.IPBlock) -> Iterator[Fault]:
    if not block.cidr:
        yield required((*path, "cidr"))
        return
    yield from cidr_faults((*path, "cidr"), block.cidr)
    if (whole := read_cidr(block.cidr)) is None:
        return
    for i, text in enumerate(block.except_):
        place = (*path, "except", i)
        yield from cidr_faults(place, text)
        part = read_cidr(text)
        if part and not (whole.range.covers(part.range) and whole.range != part.range):
            yield invalid(place, text, "must be a strict subset of `cidr`")
