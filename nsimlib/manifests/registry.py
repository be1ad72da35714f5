"""All kinds that are read. A new API group is a module with `KINDS`, added here."""

from typing import Final

from nsimlib.manifests import admin, apps, calico, cilium, cluster_policy, core, networking, places
from nsimlib.manifests.kinds import Kinds

__all__ = ["KINDS"]

KINDS: Final[Kinds] = (
    admin.KINDS
    | apps.KINDS
    | calico.KINDS
    | cilium.KINDS
    | cluster_policy.KINDS
    | core.KINDS
    | networking.KINDS
    | places.KINDS
)
