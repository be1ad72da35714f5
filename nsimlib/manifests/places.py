"""nsimlib.io: Place, which gives names to parts of the world outside the cluster."""

from collections.abc import Iterable, Iterator

from nsimlib.manifests import place_shapes as shapes
from nsimlib.manifests.cidrs import cidr_faults, read_cidr
from nsimlib.manifests.core import address_faults
from nsimlib.manifests.faults import Fault, invalid
from nsimlib.manifests.kinds import Found, Kind, Kinds
from nsimlib.manifests.names import name_errors
from nsimlib.manifests.validation import metadata_faults
from nsimlib.model.addresses import parse_address
from nsimlib.model.objects import Place

__all__ = ["KINDS", "places"]


def places(found: Iterable[Found]) -> tuple[Place, ...]:
    """Return the places; domain names are compared in lower case and without the last dot."""
    return tuple(_place(each.name, each.shape.spec) for each in found)


def _place(name: str, spec: shapes.PlaceSpec) -> Place:
    return Place(
        name,
        spec.description,
        tuple(cidr.range for cidr in map(read_cidr, spec.cidrs) if cidr),
        {
            _domain(domain): tuple(map(parse_address, addresses))
            for domain, addresses in spec.names.items()
        },
    )


def _domain(name: str) -> str:
    return name.lower().rstrip(".")


def _place_faults(shape: shapes.Place) -> Iterator[Fault]:
    yield from metadata_faults(shape.metadata)
    for i, cidr in enumerate(shape.spec.cidrs):
        yield from cidr_faults(("spec", "cidrs", i), cidr)
    for domain, addresses in shape.spec.names.items():
        path = ("spec", "names", domain)
        for error in name_errors(_domain(domain)):
            yield invalid(("spec", "names"), domain, error, below=(domain,))
        for i, address in enumerate(addresses):
            yield from address_faults((*path, i), address)


KINDS: Kinds = {
    ("nsimlib.io", "Place"): Kind("Place", shapes.Place, _place_faults, namespaced=False)
}
