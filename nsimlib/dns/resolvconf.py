"""/etc/resolv.conf, as the two C libraries of containers read it (F5.7).

::

    nameserver 10.96.0.10
    search shop.svc.cluster.local svc.cluster.local cluster.local
    options ndots:5

is what a pod gets (F5.1). How many dots a name has decides whether it is tried as it stands first,
or with each suffix of the search list first; a dot at its end turns the search list off.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from nsimlib.model.addresses import Address, parse_address

__all__ = ["CLUSTER_DOMAIN", "Libc", "ResolvConf"]

CLUSTER_DOMAIN = "cluster.local"
#: more nameservers are not asked
MAX_NAMESERVERS = 3
#: options with a number, and those without, in the order of the fields
DEFAULTS = {"ndots": 1, "timeout": 5, "attempts": 2}
FLAGS = ("rotate", "use-vc", "edns0", "single-request")
LOCALHOST = parse_address("127.0.0.1")


class Libc(StrEnum):
    """The C library whose `getaddrinfo` looks a name up; Alpine images have musl (F5.33)."""

    GLIBC = "glibc"
    MUSL = "musl"

    @property
    def limits(self) -> dict[str, int]:
        """The largest number that each option can have."""
        timeout, attempts = (30, 5) if self is Libc.GLIBC else (60, 10)
        return {"ndots": 15, "timeout": timeout, "attempts": attempts}


@dataclass(frozen=True, slots=True)
class ResolvConf:
    """What the file says. musl knows the first five alone, and ignores the rest."""

    nameservers: tuple[Address, ...] = (LOCALHOST,)
    search: tuple[str, ...] = ()
    ndots: int = 1
    #: seconds: of one try in glibc, of all tries in musl (F5.10, F5.11)
    timeout: int = 5
    attempts: int = 2
    #: ask another nameserver first each time
    rotate: bool = False
    #: ask over TCP at once
    use_vc: bool = False
    #: take larger answers over UDP
    edns0: bool = False
    #: ask for AAAA only when A is answered
    single_request: bool = False

    @classmethod
    def cluster_first(
        cls, namespace: str, nameserver: Address, host_search: tuple[str, ...] = (), ndots: int = 5
    ) -> "ResolvConf":
        """Return what kubelet writes for a pod with the DNS policy ClusterFirst (F5.1)."""
        own = (f"{namespace}.svc.{CLUSTER_DOMAIN}", f"svc.{CLUSTER_DOMAIN}", CLUSTER_DOMAIN)
        return cls((nameserver,), (*own, *host_search), ndots)

    @classmethod
    def parse(cls, text: str, libc: Libc = Libc.GLIBC) -> "ResolvConf":
        r"""Return what a C library makes of a file: what it does not know it passes over.

        Of several `search` and `domain` lines the last counts, and numbers have a largest value:

        >>> conf = ResolvConf.parse("domain a.example\nsearch b.example\noptions ndots:99 rotate")
        >>> conf.search, conf.ndots, conf.rotate
        (('b.example',), 15, True)
        """
        nameservers: list[Address] = []
        search: tuple[str, ...] = ()
        options: list[str] = []
        for line in text.splitlines():
            match line.split():
                case ["nameserver", address, *_] if line[0] == "n":
                    nameservers += _address(address)
                case ["domain", domain, *_] if line[0] == "d":
                    search = (domain.removesuffix("."),)
                case ["search", *domains] if line[0] == "s":
                    search = tuple(domain.removesuffix(".") for domain in domains)
                case ["options", *words] if line[0] == "o":
                    options += words
        found = DEFAULTS | dict(_numbers(options, libc))
        ndots, timeout, attempts = (found[key] for key in DEFAULTS)
        flags = [libc is Libc.GLIBC and flag in options for flag in FLAGS]
        first = tuple(nameservers[:MAX_NAMESERVERS]) or (LOCALHOST,)
        return cls(first, search, ndots, timeout, attempts, *flags)

    def searches(self, name: str) -> bool:
        """Whether suffixes are tried for a name: not for one that ends with a dot."""
        return bool(self.search) and not name.endswith(".")

    def as_is_first(self, name: str) -> bool:
        """Whether a name is tried as it stands before the search list.

        A made-up database name is not; a real one has the region in it, and so is (F5.8):

        >>> conf = ResolvConf.cluster_first("shop", LOCALHOST)
        >>> conf.as_is_first("mydb.abc123.rds.amazonaws.com")
        False
        >>> conf.as_is_first("mydb.abc123.us-east-1.rds.amazonaws.com")
        True
        """
        return name.endswith(".") or name.count(".") >= self.ndots

    def __str__(self) -> str:
        """The file, without what is at its default."""
        options = {"ndots": self.ndots, "timeout": self.timeout, "attempts": self.attempts}
        words = [f"{key}:{value}" for key, value in options.items() if value != DEFAULTS[key]]
        flags = (self.rotate, self.use_vc, self.edns0, self.single_request)
        words += [word for word, is_set in zip(FLAGS, flags, strict=True) if is_set]
        lines = [f"nameserver {address}" for address in self.nameservers]
        lines += [f"search {' '.join(self.search)}"] if self.search else []
        return "\n".join([*lines, f"options {' '.join(words)}"] if words else lines)


def _address(text: str) -> list[Address]:
    try:
        return [parse_address(text)]
    except ValueError:
        return []


def _numbers(options: list[str], libc: Libc) -> Iterator[tuple[str, int]]:
    for option in options:
        key, _, value = option.partition(":")
        if key in libc.limits and value.isascii() and value.isdecimal():
            yield key, min(int(value), libc.limits[key])
