"""The kernel's verdict in one call, also where this machine cannot give one."""

from collections.abc import Sequence
from dataclasses import dataclass

from nsimlib.errors import LabError
from nsimlib.model.cluster import Cluster
from nsimlib.packets.lab import Lab
from nsimlib.packets.verification import Row, Verification

__all__ = ["Unproven", "verify"]


@dataclass(frozen=True, repr=False)
class Unproven:
    """That no packet was sent, why, and what to try; false, for nothing is proven."""

    error: LabError

    @property
    def differences(self) -> tuple[Row, ...]:
        """None, since nothing was compared."""
        return ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"No packet was sent, so nothing is proven.\n{self.error}"


def verify(
    cluster: Cluster, *, ports: Sequence[str] | None = None, engine: str = "nftables", cni: str = ""
) -> Verification | Unproven:
    """Start a lab, hold the kernel against the model for all pairs, and stop the lab.

    Parameters
    ----------
    ports
        Ports such as `"5432/TCP"`; by default those where rules begin and end, and their
        neighbours.
    engine
        Who enforces: `"nftables"`, `"calico"` or `"fqdn"`, as for a `Lab`.
    cni
        The profile that the model is asked under; by default the one that reads as the engine does.
    """
    try:
        with Lab(cluster, engine, cni) as lab:
            return lab.verify(ports=ports)
    except LabError as error:
        return Unproven(error)
