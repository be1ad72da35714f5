"""What the readers of all API groups have in common: a kind, and an object found in the input."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, SupportsInt

from nsimlib.manifests import shapes
from nsimlib.manifests.faults import Fault
from nsimlib.manifests.nodes import Node, Path, locate
from nsimlib.manifests.plain import plain, said
from nsimlib.manifests.structs import as_data
from nsimlib.model.policy import Policy, Source

__all__ = ["Found", "Kind", "Kinds", "Placed", "group_of"]

#: lines by path
Placed = dict[Path, int]


@dataclass(slots=True)
class Found:
    """An object and its position in the input.

    Where lines matter later on its node is kept, or what was placed while it was read without.
    """

    kind: "Kind"
    shape: Any
    file: str
    starts: SupportsInt
    position: int
    node: Node | None = None
    placed: Placed = field(default_factory=dict)
    _data: dict[str, Any] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def source(self) -> Source:
        """Where it begins."""
        return Source(self.file, int(self.starts))

    def line(self, path: Path) -> int:
        """Return the line of one of its parts, 0 if it is not known."""
        return locate(self.node, path).line if self.node else self.placed.get(path, 0)

    @property
    def data(self) -> dict[str, Any]:
        """The object as plain data; of a dump, what has a value."""
        if self._data is None:
            self._data = plain(self.node) if self.node else said(as_data(self.shape))
        assert self._data is not None
        return self._data

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
    """How objects of a kind are read: their shape, their faults, and the policy if they are one.

    `policy` returns None for an object that is a policy, though not one for pods; `policies` is for
    a kind whose objects hold several.
    """

    name: str
    shape: type
    faults: Callable[[Any], Iterable[Fault]]
    namespaced: bool = True
    policy: Callable[[Found], Policy | None] | None = None
    policies: Callable[[Found], Iterable[Policy]] | None = None

    @property
    def holds_policies(self) -> bool:
        """Whether its objects are policies."""
        return bool(self.policy or self.policies)

    def policies_in(self, found: Found) -> Iterator[Policy]:
        """Yield the policies for pods that an object holds."""
        if self.policies is not None:
            yield from (replace(policy, written=found) for policy in self.policies(found))
        elif self.policy is not None and (policy := self.policy(found)):
            yield replace(policy, written=found)

    @property
    def is_closed(self) -> bool:
        """Whether a field that its shape does not declare is an error."""
        return hasattr(self.shape, "ignored")


#: readers by API group and kind
Kinds = dict[tuple[str, str], Kind]


def group_of(api_version: str) -> str:
    """Return the group of an apiVersion; the core group has no name.

    >>> group_of("networking.k8s.io/v1"), group_of("v1")
    ('networking.k8s.io', '')
    """
    return api_version.rpartition("/")[0]
