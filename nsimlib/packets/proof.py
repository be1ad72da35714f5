"""The kernel's word in one call, also where this machine cannot give it."""

from collections.abc import Sequence
from dataclasses import dataclass

from nsimlib.errors import LabError
from nsimlib.evaluation.verdict import Verdict
from nsimlib.model.cluster import Cluster
from nsimlib.packets.capturing import Capture
from nsimlib.packets.lab import Lab
from nsimlib.packets.recordings import fingerprint, recorded_capture, recorded_proof
from nsimlib.packets.verification import Row, Verification

__all__ = ["Unproven", "capture", "verify"]


@dataclass(frozen=True, repr=False)
class Unproven:
    """That no packet was sent, why, and what to try; false, for nothing is proven.

    `recorded` is what came of the same question elsewhere, if it was recorded.
    """

    error: LabError
    recorded: str = ""

    @property
    def differences(self) -> tuple[Row, ...]:
        """None, since nothing was compared."""
        return ()

    @property
    def example(self) -> Verdict | None:
        """No difference explained, either."""
        return None

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        head = "No packet was sent, so nothing is proven."
        return f"{head}\n{self.recorded or self.error}"


def verify(
    cluster: Cluster, *, ports: Sequence[str] | None = None, engine: str = "nftables", cni: str = ""
) -> Verification | Unproven:
    """Start a lab, hold the kernel against the model for all pairs, and stop the lab.

    Where there is no lab, it is said why, and what was recorded of that very question is shown.

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
        key = fingerprint(cluster, "verify", engine, cni, tuple(ports or ()))
        found = recorded_proof(key, error)
        return Unproven(error, "" if found is None else "\n".join((found[1].banner, found[0])))


def capture(
    cluster: Cluster, connection: str, *, question: bytes = b"", answer: bytes = b""
) -> Capture:
    """Start a lab, open a connection in it, and return every frame that its pod saw.

    Where there is no lab, what was recorded of that very connection is returned and says so.

    Parameters
    ----------
    connection
        Over TCP or UDP, opened by a pod.
    question, answer
        What client and server say.

    Raises
    ------
    LabError
        If there is no lab and no recording, or nothing can be captured of the connection.
    """
    try:
        with Lab(cluster) as lab:
            return lab.capture(connection, question, answer)
    except LabError as error:
        key = fingerprint(cluster, "capture", connection, question, answer)
        found = recorded_capture(key, error)
        if found is None:
            raise
        return found
