"""Who answers at the addresses that names lead to, and when not: the other half of a failover."""

from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum

from nsimlib.model.addresses import Address

__all__ = ["Server", "Service"]


class Service(Enum):
    """What a client gets at an address."""

    SERVING = "serving"
    #: a database that is a replica: it accepts connections and refuses to write
    READ_ONLY = "read-only"
    #: the machine is gone: packets come to nothing
    DOWN = "down"
    #: the machine is there and nobody listens
    REFUSING = "refusing"


@dataclass(frozen=True, slots=True)
class Server:
    """An address and what is there: `changes` hold from their very second, serving until then."""

    address: Address
    changes: tuple[tuple[float, Service], ...] = ()

    def at(self, now: float) -> Service:
        """Return what is there at a time."""
        passed = bisect_right([at for at, _ in self.changes], now)
        return self.changes[passed - 1][1] if passed else Service.SERVING

    def lost(self, opened: float, now: float) -> bool:
        """Whether a connection that was opened earlier is no more: the server has been away."""
        away = Service.DOWN, Service.REFUSING
        return any(opened < at <= now and service in away for at, service in self.changes)
