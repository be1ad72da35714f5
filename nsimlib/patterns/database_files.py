"""Databases as people write them, with the file and line of whatever is wrong.

::

    apiVersion: nsimlib.io/v1
    kind: Database
    metadata: {name: orders}
    spec:
      title: Aurora cluster with a writer and readers
      port: 5432
      subnets: [10.20.21.0/24, 10.20.22.0/24]   # all of the subnet group (F5.25)
      because: A failover leads into another subnet of the group.
      facts: [F5.24, F5.25]
      endpoints:                                # the names that clients ask for (F3.27)
      - orders.cluster-abc123def456.us-east-1.rds.amazonaws.com
      autoscaled: false                         # whether instances come and go (F5.28)
      neighbours:                               # what is near and is to stay closed
      - {says: another database, address: 10.20.23.40}
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import ClassVar, Final

from nsimlib.errors import ManifestError, Problem, UnknownName
from nsimlib.manifests.cidrs import cidr_faults
from nsimlib.manifests.core import address_faults
from nsimlib.manifests.decoding import decode
from nsimlib.manifests.faults import Fault, invalid, required, unsupported
from nsimlib.manifests.files import text_or_file
from nsimlib.manifests.names import name_errors, port_number_errors
from nsimlib.manifests.nodes import Mapping, Node, Path, text_at
from nsimlib.manifests.shapes import ObjectMeta
from nsimlib.manifests.shipped import shipped, shipped_names
from nsimlib.manifests.validation import metadata_faults
from nsimlib.manifests.yaml_text import read_yaml
from nsimlib.model.addresses import parse_address
from nsimlib.patterns.databases import Database, Neighbour, Shape, shape_of

__all__ = ["pattern_names", "read_database"]

KIND: Final = "Database"
RDS: Final = ".rds.amazonaws.com"


def pattern_names() -> tuple[str, ...]:
    """Return the names of the databases that ship, each an example of one kind."""
    return shipped_names("data", "patterns")


def read_database(source: str) -> Database:
    """Return the database of a text, of the file at a path, or the one that ships by that name.

    A `source` with a line break is a text.

    Raises
    ------
    ManifestError
        With all that is wrong.
    UnknownName
        If it is neither a file nor the name of one that ships.

    Examples
    --------
    >>> read_database("rds-proxy").endpoints
    ('orders.proxy-abc123def456.us-east-1.rds.amazonaws.com',)
    """
    if "\n" in source:
        return _database(*text_or_file(source))
    path = FilePath(source)
    if source in pattern_names():
        path = shipped("data", "patterns", f"{source}.yaml")
    elif not (path.suffix or path.exists()):
        raise UnknownName("pattern", source, pattern_names())
    return _database(*text_or_file(source, path))


@dataclass(slots=True)
class NeighbourEntry:
    """One entry of `neighbours`."""

    ignored: ClassVar[dict[str, object]] = {}
    says: str = ""
    address: str = ""
    name: str = ""


@dataclass(slots=True)
class DatabaseSpec:
    """What the file says."""

    ignored: ClassVar[dict[str, object]] = {}
    title: str = ""
    port: int = 0
    subnets: list[str] = field(default_factory=list)
    endpoints: list[str] = field(default_factory=list)
    because: str = ""
    facts: list[str] = field(default_factory=list)
    autoscaled: bool = False
    neighbours: list[NeighbourEntry] = field(default_factory=list)


@dataclass(slots=True)
class DatabaseObject:
    """The object in the file."""

    ignored: ClassVar[dict[str, object]] = {"apiVersion": str, "kind": str}
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: DatabaseSpec = field(default_factory=DatabaseSpec)


def _database(text: str, file: str) -> Database:
    documents = list(read_yaml(text))
    problems = [flaw.problem(file) for document in documents for flaw in document.flaws]
    nodes = [document.node for document in documents if document.node is not None]
    if len(nodes) != 1 and not problems:
        problems.append(Problem(file, 0, 0, "", f"expected one {KIND}, found {len(nodes)} objects"))
    if problems:
        raise ManifestError(problems)
    decoded = decode(nodes[0], DatabaseObject, file)
    if not decoded.problems:
        faults = _faults(nodes[0], decoded.shape)
        decoded.problems += [each.problem(file, nodes[0]) for each in faults if not each.warns]
    if decoded.problems:
        raise ManifestError(decoded.problems)
    spec: DatabaseSpec = decoded.shape.spec
    return Database(
        name=decoded.shape.metadata.name,
        title=spec.title,
        port=spec.port,
        subnets=tuple(spec.subnets),
        endpoints=tuple(map(_plain, spec.endpoints)),
        because=spec.because,
        facts=tuple(spec.facts),
        autoscaled=spec.autoscaled,
        neighbours=tuple(
            Neighbour(each.says, parse_address(each.address), _plain(each.name))
            for each in spec.neighbours
        ),
    )


def _plain(name: str) -> str:
    return name.lower().rstrip(".")


def _faults(node: Node, found: DatabaseObject) -> Iterator[Fault]:
    kind = text_at(node, "kind") if isinstance(node, Mapping) else ""
    if kind != KIND:
        yield unsupported(("kind",), kind, [KIND])
    yield from metadata_faults(found.metadata)
    spec = found.spec
    for error in port_number_errors(spec.port):
        yield invalid(("spec", "port"), spec.port, error)
    if not spec.subnets:
        remedy = "List all subnets of the DB subnet group: a failover may lead into any (F5.25)."
        yield required(("spec", "subnets"), remedy=remedy)
    for number, subnet in enumerate(spec.subnets):
        yield from cidr_faults(("spec", "subnets", number), subnet)
    if not spec.endpoints:
        yield required(("spec", "endpoints"), remedy="List the names that clients ask for (F3.27).")
    for number, name in enumerate(spec.endpoints):
        yield from _endpoint_faults(("spec", "endpoints", number), _plain(name))
    for number, each in enumerate(spec.neighbours):
        yield from address_faults(("spec", "neighbours", number, "address"), each.address)


def _endpoint_faults(path: Path, name: str) -> Iterator[Fault]:
    for error in name_errors(name):
        yield invalid(path, name, error)
    if name.endswith(RDS) and shape_of(name) is Shape.ALIAS:
        why = "names of RDS have the account's id and the region in them, as in orders.abc123def456"
        yield invalid(path, name, f"{why}.us-east-1{RDS} (E4)")
