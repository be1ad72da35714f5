"""Expectations as people write them: which connections are to be allowed, and which denied.

::

    apiVersion: nsimlib.io/v1
    kind: Expectations
    allow: [shop/web -> shop/api:8080/TCP]
    deny: [shop/web -> 169.254.169.254:80/TCP]
    connections:
    - connection: shop/debug -> shop/api:8080/TCP
      outcome: denied
      determined_by: [shop/api-ingress]
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from nsimlib.errors import ManifestError, Problem
from nsimlib.manifests.decoding import decode
from nsimlib.manifests.faults import Fault, required, unsupported
from nsimlib.manifests.files import text_or_file
from nsimlib.manifests.nodes import Mapping, Node, text_at
from nsimlib.manifests.yaml_text import read_yaml

__all__ = ["Expected", "read_expectations"]

KIND = "Expectations"
OUTCOMES = ("allowed", "denied", "undetermined")


@dataclass(slots=True)
class Expected:
    """How one connection is to end; with `determined_by` also what is to settle it."""

    ignored: ClassVar[dict[str, object]] = {"note": str}
    connection: str = ""
    outcome: str = ""
    determined_by: list[str] | None = None


@dataclass(slots=True)
class Expectations:
    """The object in the file."""

    ignored: ClassVar[dict[str, object]] = {"apiVersion": str, "kind": str, "metadata": object}
    allow: list[str] = field(default_factory=list)
    deny: list[str] = field(default_factory=list)
    connections: list[Expected] = field(default_factory=list)


def read_expectations(source: str) -> tuple[Expected, ...]:
    """Return what a text, or the file at a path, expects; `source` with a line break is a text.

    Raises
    ------
    ManifestError
        With all that is wrong.
    """
    return tuple(_expected(*text_or_file(source)))


def _expected(text: str, file: str) -> Iterator[Expected]:
    problems: list[Problem] = []
    found: list[Expected] = []
    for document in read_yaml(text):
        problems += [flaw.problem(file) for flaw in document.flaws]
        if document.node is None:
            continue
        decoded = decode(document.node, Expectations, file)
        problems += decoded.problems
        problems += [
            fault.problem(file, document.node) for fault in _faults(document.node, decoded.shape)
        ]
        found += [Expected(connection, "allowed") for connection in decoded.shape.allow]
        found += [Expected(connection, "denied") for connection in decoded.shape.deny]
        found += decoded.shape.connections
    if not found and not problems:
        problems.append(Problem(file, 0, 0, "", "expects nothing"))
    if problems:
        raise ManifestError(problems)
    yield from found


def _faults(node: Node, shape: Expectations) -> Iterator[Fault]:
    kind = text_at(node, "kind") if isinstance(node, Mapping) else ""
    if kind != KIND:
        yield unsupported(("kind",), kind, [KIND])
    for number, each in enumerate(shape.connections):
        if not each.connection:
            yield required(("connections", number, "connection"))
        if each.outcome not in OUTCOMES:
            yield unsupported(("connections", number, "outcome"), each.outcome, list(OUTCOMES))
