"""Fixes as data: which object changes, at which path, and how.

A patch is applied to the text of an object (`documents`), and what it does is found out by judging
the cluster again (`trials`); nothing of that is decided here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from nsimlib.errors import Problem
from nsimlib.model.policy import NOWHERE, Policy, Source

__all__ = [
    "Action",
    "Change",
    "Patch",
    "Steps",
    "egress_policy",
    "ingress_policy",
    "line_of",
    "steps",
    "written",
]

Steps = tuple[str | int, ...]
STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


class Action(Enum):
    """What happens at a path."""

    #: the value is put there, in the place of what there is
    SET = "set"
    #: the value becomes one more entry of a list, at that position
    INSERT = "insert"
    REMOVE = "remove"
    #: the key gets another name, the value stays
    RENAME = "rename"
    #: the value is a new object
    CREATE = "create"
    #: the object goes
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one object, such as `NetworkPolicy shop/web`, read at `source`."""

    action: Action
    object: str
    path: Steps = ()
    value: Any = None
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class Patch:
    """Changes that belong together, made in their order; `says` is what they do, in a few words.

    >>> from nsimlib.model.policy import Policy
    >>> import nsimlib as ns
    >>> web = ns.scenario("shop").policy("shop/web-egress")
    >>> patch = Patch("Say it.").put(web, "spec.policyTypes", ["Egress"])
    >>> patch.changes[0].path
    ('spec', 'policyTypes')
    """

    says: str
    changes: tuple[Change, ...] = ()

    def put(self, of: Policy | Problem, path: str | Steps, value: Any) -> "Patch":
        """Return it with a value set at a path; what is missing on the way is made."""
        return self._with(Action.SET, of, path, value)

    def insert(self, of: Policy | Problem, path: str | Steps, value: Any) -> "Patch":
        """Return it with an entry put into a list: the path ends with the position."""
        return self._with(Action.INSERT, of, path, value)

    def remove(self, of: Policy | Problem, path: str | Steps) -> "Patch":
        """Return it with something taken out; what follows in a list moves up."""
        return self._with(Action.REMOVE, of, path)

    def rename(self, of: Policy | Problem, path: str | Steps, key: str) -> "Patch":
        """Return it with another key at a path."""
        return self._with(Action.RENAME, of, path, key)

    def create(self, manifest: Mapping[str, Any]) -> "Patch":
        """Return it with one more object."""
        meta = manifest["metadata"]
        key = "/".join(part for part in (meta.get("namespace"), meta["name"]) if part)
        change = Change(Action.CREATE, f"{manifest['kind']} {key}", value=manifest)
        return Patch(self.says, (*self.changes, change))

    def delete(self, policy: Policy) -> "Patch":
        """Return it with an object taken away."""
        return self._with(Action.DELETE, policy, ())

    def _with(
        self, action: Action, of: Policy | Problem, path: str | Steps, value: Any = None
    ) -> "Patch":
        if isinstance(of, Problem):
            name, source = of.about, Source(of.file, of.line)
        else:
            name, source = f"{of.kind} {of.key}", of.source
        way = steps(path) if isinstance(path, str) else path
        return Patch(self.says, (*self.changes, Change(action, name, way, value, source)))


def steps(*paths: str) -> Steps:
    """Return a path, or several one behind the other, as steps; a key with dots is one step more.

    >>> (*steps("spec.egress[0]", "to[1]"), "namespaceSelector")
    ('spec', 'egress', 0, 'to', 1, 'namespaceSelector')
    """
    found = (match for path in paths for match in STEP.finditer(path))
    return tuple(int(match[2]) if match[2] else match[1] for match in found)


def egress_policy(
    namespace: str, name: str, egress: Sequence[Mapping[str, Any]], selector: Any = None
) -> dict[str, Any]:
    """Return the manifest of a NetworkPolicy for egress; without a selector, for all pods.

    >>> egress_policy("shop", "default-deny-egress", [])["spec"]
    {'podSelector': {}, 'policyTypes': ['Egress']}
    """
    return _policy("Egress", namespace, name, egress, selector)


def ingress_policy(
    namespace: str, name: str, ingress: Sequence[Mapping[str, Any]], selector: Any = None
) -> dict[str, Any]:
    """Return the manifest of a NetworkPolicy for ingress; without a selector, for all pods."""
    return _policy("Ingress", namespace, name, ingress, selector)


def _policy(
    type: str, namespace: str, name: str, rules: Sequence[Mapping[str, Any]], selector: Any
) -> dict[str, Any]:
    spec = {"podSelector": selector or {}, "policyTypes": [type]}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {**spec, type.lower(): list(rules)} if rules else spec,
    }


def written(policy: Policy, path: str | Steps) -> Any:
    """Return what the author wrote at a path, None if it was left out.

    >>> import nsimlib as ns
    >>> web = ns.scenario("shop").policy("shop/web-egress")
    >>> written(web, "spec.policyTypes"), written(web, "spec.egress[9].ports")
    (['Egress'], None)
    """
    found: Any = policy.written.data if policy.written else None
    for step in steps(path) if isinstance(path, str) else path:
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int):
            found = found[step] if step < len(found) else None
        else:
            return None
    return found


def line_of(policy: Policy, path: Steps) -> int:
    """Return the line of a path, or of the nearest part above it whose line is known."""
    for end in range(len(path), 0, -1):
        if policy.written and (line := policy.written.line(path[:end])):
            return line
    return policy.source.line
