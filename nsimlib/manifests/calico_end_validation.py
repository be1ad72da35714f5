"""What Calico's validator refuses in one end of a rule: selectors, ports, Services and CIDRs."""

from collections.abc import Iterable, Iterator

from nsimlib.errors import SelectorSyntaxError
from nsimlib.manifests import calico_shapes as shapes
from nsimlib.manifests.calico_selectors import parse_selector
from nsimlib.manifests.cidrs import cidr_remedy, read_cidr
from nsimlib.manifests.faults import Fault, forbidden, invalid, required, warning
from nsimlib.manifests.names import port_name_errors, port_number_errors
from nsimlib.manifests.nodes import Path
from nsimlib.model.policy import Direction

__all__ = [
    "GLOBAL_ONLY_FOR_NAMESPACES",
    "domain_notes",
    "entity_faults",
    "expression_faults",
    "net_faults",
    "service_faults",
]

GLOBAL_ONLY_FOR_NAMESPACES = "global() can only be used in an EntityRule namespaceSelector"
GLOBAL_STANDS_ALONE = "global() cannot be combined with other selectors"
ENTERPRISE = (
    "is a field of Calico Enterprise: open source Calico has no rules by domain name (F2.12)"
)


def expression_faults(path: Path, text: str, why_not_global: str = "") -> Iterator[Fault]:
    """Yield a fault if a text is no selector, or has a `global()` that is out of place."""
    try:
        parse_selector(text)
    except SelectorSyntaxError as error:
        yield invalid(path, text, str(error))
        return
    if why_not_global and "global(" in text:
        yield invalid(path, text, why_not_global)


def entity_faults(path: Path, entity: shapes.EntityRule) -> Iterator[Fault]:
    """Yield what is wrong with `source` or `destination`, Services apart."""
    yield from expression_faults((*path, "selector"), entity.selector, GLOBAL_ONLY_FOR_NAMESPACES)
    yield from expression_faults((*path, "notSelector"), entity.notSelector)
    spaces = entity.namespaceSelector
    alone = "".join(spaces.split()) == "global()"
    yield from expression_faults(
        (*path, "namespaceSelector"), spaces, "" if alone else GLOBAL_STANDS_ALONE
    )
    if entity.serviceAccounts is not None:
        place = (*path, "serviceAccounts", "selector")
        yield from expression_faults(place, entity.serviceAccounts.selector)
    for field in ("ports", "notPorts"):
        for i, port in enumerate(getattr(entity, field)):
            yield from _port_faults((*path, field, i), port)
    yield from domain_notes((*path, "domains"), entity.domains)


def domain_notes(path: Path, domains: list[str]) -> Iterator[Fault]:
    """Yield a note about names, which open source Calico does not have."""
    if domains:
        yield warning(path, ENTERPRISE)


def _port_faults(path: Path, port: int | str) -> Iterator[Fault]:
    first, colon, last = str(port).partition(":")
    if not first.isdecimal() or (colon and not last.isdecimal()):
        for error in port_name_errors(str(port)):
            remedy = "Write a range as first:last." if "-" in first else ""
            yield invalid(path, port, error, remedy)
        return
    numbers = [int(number) for number in (first, last) if number]
    if any(port_number_errors(number) for number in numbers):
        why = "port range invalid, port number must be between 1 and 65535"
        yield invalid(path, port, why)
    elif numbers != sorted(numbers):
        low, high = numbers
        why = f"minimum port number ({low}) is greater than maximum port number ({high})"
        yield invalid(path, port, f"{why} in port range")


def service_faults(
    path: Path, entity: shapes.EntityRule, side: str, direction: Direction, namespace: str
) -> Iterator[Fault]:
    """Yield what is wrong with the Services of an end, in a policy of a namespace or of none."""
    services, place = entity.services, (*path, "services")
    if services is None:
        return
    if (side == "destination") != (direction is Direction.EGRESS):
        yield forbidden(place, f"not allowed in {direction.word} rule {side}")
    if not services.name:
        yield required((*place, "name"), "must specify a service name")
    if not (services.namespace or namespace):
        yield required((*place, "namespace"), "must specify a namespace")
    yield from _beside_services(path, entity)
    for field in ("ports", "notPorts"):
        if side == "destination" and getattr(entity, field):
            why = f"cannot specify {field.lower()} with a service selector"
            yield forbidden((*path, field), why)


def _beside_services(path: Path, entity: shapes.EntityRule) -> Iterator[Fault]:
    others = {
        "NamespaceSelector": entity.namespaceSelector,
        "Selector/NotSelector": entity.selector or entity.notSelector,
        "ServiceAccounts": entity.serviceAccounts,
        "Nets/NotNets": entity.nets or entity.notNets,
    }
    for name, value in others.items():
        if value:
            why = f"cannot specify {name} and Services on the same rule"
            yield forbidden((*path, "services"), why)


def net_faults(path: Path, nets: Iterable[str]) -> Iterator[Fault]:
    """Yield what is wrong with CIDRs, which have no bits behind their prefix."""
    for i, net in enumerate(nets):
        cidr = read_cidr(net)
        if cidr is None:
            yield invalid((*path, i), net, "invalid CIDR", cidr_remedy(net))
        elif cidr.network != net:
            yield invalid((*path, i), net, "invalid CIDR", f"Write {cidr.network}.")
