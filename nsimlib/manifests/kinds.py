"""What the readers of all API groups have in common: a kind, and an object found in the input."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from nsimlib.manifests import shapes
from nsimlib.manifests.faults import Fault
from nsimlib.manifests.nodes import Node
from nsimlib.model.policy import Policy, Source

__all__ = ["Found", "Kind", "Kinds", "group_of"]


@dataclass(slots=True)
class Found:
    """An object and its position in the input; the node is kept where lines matter later on."""

    kind: "Kind"
    shape: Any
    source: Source
    position: int
    node: Node | None = None

    @property
    def meta(self) -> shapes.ObjectMeta:
        """Its metadata."""
        meta: shapes.ObjectMeta = self.shape.metadata
        return meta

    @property
    def name(self) -> str:
        """Its name, or the beginning of the name that the server would generate."""
        return self.meta.name or self.meta.generateName

    @property
    def namespace(self) -> str:
        """Its namespace, `default` where none is written; empty for a cluster-scoped kind."""
        return (self.meta.namespace or "default") if self.kind.namespaced else ""

    @property
    def identity(self) -> tuple[str, str, str]:
        """What no two objects of a cluster share."""
        return self.kind.name, self.namespace, self.name

    def __str__(self) -> str:
        parts = (self.namespace, self.name)
        return f"{self.kind.name} {'/'.join(part for part in parts if part)}"


@dataclass(frozen=True, slots=True)
class Kind:
    """How objects of a kind are read: their shape, their faults, and the policy if they are one."""

    name: str
    shape: type
    faults: Callable[[Any], Iterable[Fault]]
    namespaced: bool = True
    policy: Callable[[Found], Policy] | None = None


#: readers by API group and kind
Kinds = dict[tuple[str, str], Kind]


def group_of(api_version: str) -> str:
    """Return the group of an apiVersion; the core group has no name.

    >>> group_of("networking.k8s.io/v1"), group_of("v1")
    ('networking.k8s.io', '')
    """
    return api_version.rpartition("/")[0]
