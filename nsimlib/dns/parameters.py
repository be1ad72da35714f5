"""How enforcers of name rules remember: the parameters of a real one, each with its option."""

from dataclasses import dataclass, fields

from nsimlib.dns.records import Rcode
from nsimlib.model.tables import Table

__all__ = ["CILIUM", "STRICT", "Parameters", "parameter_table"]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What an agent can be told, at Cilium's defaults; times in seconds.

    Connections are looked for at intervals that Cilium adapts, from 10 s to hours; it begins with 5
    minutes (cilium/cilium:pkg/defaults/defaults.go).
    """

    #: an answer counts for at least so long
    min_ttl: float = 0
    #: of a name, more addresses than these are forgotten, the oldest first
    max_addresses: int = 1000
    #: more expired addresses than these are not kept for the sake of open connections
    max_zombies: int = 10_000
    #: for how long a connection counts after it was last seen
    idle_grace: float = 0
    #: between two looks for what has expired; 0 is at once, whoever is connected
    sweep_interval: float = 60
    #: between two looks at the open connections
    scan_interval: float = 300
    #: how often connections are looked at before an expired address without any is forgotten
    scans: int = 2
    #: how long the proxy holds an answer back at most, while its addresses become allowed
    max_delay: float = 0.1
    #: how long that takes
    update_seconds: float = 0
    #: what the proxy says to a question that it does not let through
    reject: Rcode = Rcode.REFUSED
    #: whether a name counts that a CNAME leads to
    chain: bool = False


#: Cilium as it ships (F3.30)
CILIUM = Parameters()
#: what is asked of implementations: when the TTL ends, new connections end (F1.65)
STRICT = Parameters(max_addresses=100, sweep_interval=0, max_delay=0, chain=True)

OPTIONS = {
    "min_ttl": ("tofqdns-min-ttl", "F3.30"),
    "max_addresses": ("tofqdns-endpoint-max-ip-per-hostname", "F3.30, F3.33"),
    "max_zombies": ("tofqdns-max-deferred-connection-deletes", "F3.30, F3.33"),
    "idle_grace": ("tofqdns-idle-connection-grace-period", "F3.30"),
    "sweep_interval": ("", "F3.31"),
    "scan_interval": ("conntrack-gc-interval", ""),
    "scans": ("", ""),
    "max_delay": ("tofqdns-proxy-response-max-delay", "F3.30, F3.34"),
    "update_seconds": ("", "F3.34"),
    "reject": ("tofqdns-dns-reject-response-code", "F3.30, F3.36"),
    "chain": ("", "F3.27"),
}


def parameter_table(parameters: Parameters = CILIUM) -> Table:
    """Return what an agent was told: value, Cilium's option for it, and facts.

    >>> parameter_table().rows[1]
    ('max_addresses', 1000, 'tofqdns-endpoint-max-ip-per-hostname', 'F3.30, F3.33')
    """
    rows = (
        (field.name, getattr(parameters, field.name), *OPTIONS[field.name])
        for field in fields(parameters)
    )
    return Table(
        "What is remembered of names", ("parameter", "value", "option", "facts"), tuple(rows)
    )
