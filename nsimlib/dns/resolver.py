"""One name, one call of `getaddrinfo`: which questions go where, and how long that takes."""

from nsimlib.dns.exchanges import Nameservers
from nsimlib.dns.glibc import look_up_with_glibc
from nsimlib.dns.lookups import BOTH, Lookup, Types
from nsimlib.dns.musl import look_up_with_musl
from nsimlib.dns.resolvconf import Libc, ResolvConf
from nsimlib.errors import UnknownName

__all__ = ["look_up"]


def look_up(
    name: str,
    conf: ResolvConf,
    servers: Nameservers,
    *,
    libc: str = Libc.GLIBC,
    now: float = 0,
    types: Types = BOTH,
) -> Lookup:
    """Return how a name is looked up.

    Parameters
    ----------
    name
        As the application writes it; a dot at the end matters.
    conf
        The resolv.conf of the pod.
    servers
        Who answers at the addresses of its nameservers.
    libc
        `"glibc"` or `"musl"`.
    now
        When it begins, in seconds.
    types
        What is asked for: A and AAAA, together, unless the application wants one family.

    Raises
    ------
    UnknownName
        If there is nobody at the address of a nameserver, or no such C library.

    Examples
    --------
    A short name costs eight questions in a pod, six of them for names that do not exist; the name
    of a database, which is longer, costs two (F5.8):

    >>> from nsimlib.dns.exchanges import Nameserver
    >>> from nsimlib.dns.zone_files import shipped_zones
    >>> conf = ResolvConf.cluster_first("shop", ResolvConf().nameservers[0])
    >>> servers = {conf.nameservers[0]: Nameserver(shipped_zones("alias"))}
    >>> look_up("db.corp.example", conf, servers)
    db.corp.example: 10.20.21.17; 0 s, 8 queries
    ...
    >>> look_up("orders.abc123def456.us-east-1.rds.amazonaws.com", conf, servers)
    orders.abc123def456.us-east-1.rds.amazonaws.com: 10.20.21.17; 0 s, 2 queries
    ...
    """
    if libc not in list(Libc):
        raise UnknownName("C library", libc, Libc)
    for address in conf.nameservers:
        if address not in servers:
            raise UnknownName("nameserver", str(address), map(str, servers))
    ask = look_up_with_musl if libc == Libc.MUSL else look_up_with_glibc
    return ask(conf, servers, name, now, types)
