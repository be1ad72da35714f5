"""Place in its own spelling; see `shapes`."""

from dataclasses import dataclass, field
from typing import ClassVar

from nsimlib.manifests.shapes import ObjectMeta, Types

__all__ = ["Place", "PlaceSpec"]


@dataclass(slots=True)
class PlaceSpec:
    ignored: ClassVar[Types] = {}
    description: str = ""
    cidrs: list[str] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Place:
    ignored: ClassVar[Types] = {"apiVersion": str, "kind": str}
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PlaceSpec = field(default_factory=PlaceSpec)
