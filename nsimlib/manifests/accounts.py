"""The accounts that pods run as."""

from collections.abc import Iterable
from typing import Final

from nsimlib.manifests import shapes
from nsimlib.manifests.kinds import Found
from nsimlib.model.objects import ServiceAccount

__all__ = ["ROLE", "Accounts"]

#: an annotation from which IRSA makes variables of the pods when they start (F6.5)
ROLE: Final = "eks.amazonaws.com/role-arn"


class Accounts:
    """The accounts of a cluster; one without an object has no labels and no role."""

    def __init__(self, found: Iterable[Found]) -> None:
        self._known = {(each.namespace, each.name): _account(each) for each in found}

    def by(self, found: Found, spec: shapes.PodSpec) -> ServiceAccount:
        """Return the account that a pod, or the pods of a workload, run as."""
        key = found.namespace, spec.serviceAccountName or ServiceAccount().name
        if key not in self._known:
            self._known[key] = ServiceAccount(key[1])
        return self._known[key]


def _account(found: Found) -> ServiceAccount:
    has_role = ROLE in found.shape.metadata.annotations
    return ServiceAccount(found.name, found.meta.labels, has_role)
