"""Engines: who puts the policies of a cluster into the kernels of a lab."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from nsimlib.model.addresses import Address
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.packets.helper import Helper
from nsimlib.packets.topology import Topology

__all__ = ["Engine"]


class Engine(ABC):
    """An engine for one lab; making it raises `LabError` for what it cannot enforce.

    `name` is how one asks for it, `cni` the profile that reads policies as it does. `notes` say
    what of the policies is not in the kernel.
    """

    name: ClassVar[str]
    cni: ClassVar[str]

    def __init__(self, cluster: Cluster, topology: Topology) -> None:
        self.cluster, self.topology = cluster, topology
        self.notes: tuple[str, ...] = ()

    @property
    def own_addresses(self) -> tuple[Address, ...]:
        """Addresses that every node has besides its own."""
        return ()

    @abstractmethod
    def enforce(self, helper: Helper) -> None:
        """Put the policies into every node of the network that was built.

        Raises
        ------
        LabError
            With what the kernel's program says.
        """

    def stop(self) -> None:  # noqa: B027 - most keep nothing
        """Let go of what the engine keeps in this process."""

    def seen_on(self, node: str) -> Cluster:
        """Return the cluster as the engine knows it on a node now, for the model to judge."""
        del node
        return self.cluster

    @property
    def met(self) -> tuple[Address, ...]:
        """Addresses outside that it knows besides those that policies name."""
        return ()

    def resolved(self, connection: Connection) -> Iterable[Connection]:
        """Return the connections that one stands for, if its end is a name."""
        return (connection,)
