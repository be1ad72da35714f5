"""Databases of a cloud as policies have to see them: under which names, in which subnets.

The form of a name says what it leads to (F5.29), and the subnets say where that may be: a failover
leads into another one (F5.24), and an address is nobody's for long (F5.25).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from nsimlib.model.addresses import Address, parse_cidr

__all__ = ["Database", "Neighbour", "Shape", "shape_of"]

NAME = re.compile(
    r"[^.]+(?:\.endpoint)?\.(?:(?P<shape>cluster|cluster-ro|cluster-custom|proxy)-)?"
    r"(?P<group>[a-z0-9]+\.[a-z]+(?:-[a-z]+)+-\d+\.rds\.amazonaws\.com)"
)


class Shape(StrEnum):
    """What a name leads to, told by its form."""

    #: one instance, for as long as it lives
    INSTANCE = "instance"
    #: whichever instance is the writer now (F5.27)
    CLUSTER = "cluster"
    #: any of the readers, another for each connection (F5.27)
    READER = "cluster-ro"
    #: a choice of instances
    CUSTOM = "cluster-custom"
    #: a proxy, which stays where it is while the database behind it moves (F5.30)
    PROXY = "proxy"
    #: a name of somebody's own, which leads on by CNAME
    ALIAS = "alias"


def shape_of(name: str) -> Shape:
    """Return what a domain name leads to.

    A name below `rds.amazonaws.com` has its region in it, or it is none of RDS (F5.8):

    >>> [shape_of(f"orders.{rest}.rds.amazonaws.com").value
    ...  for rest in ("cluster-ro-abc123.us-east-1", "abc123.us-east-1", "abc123")]
    ['cluster-ro', 'instance', 'alias']
    """
    if (found := NAME.fullmatch(name)) is None:
        return Shape.ALIAS
    return Shape(found["shape"] or "instance")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What is near a database, is reached on the same port, and is to stay closed."""

    says: str
    address: Address
    name: str = ""


@dataclass(frozen=True, slots=True)
class Database:
    """What an application connects to: names, and the subnets that they may lead into.

    `because` says why the subnets are these, with `facts`. An `autoscaled` one has instances with
    names that nobody knows yet.
    """

    name: str
    title: str
    port: int
    subnets: tuple[str, ...]
    endpoints: tuple[str, ...]
    because: str = ""
    facts: tuple[str, ...] = ()
    autoscaled: bool = False
    neighbours: tuple[Neighbour, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """The domains that instances are named in; databases of one account share them (F5.29)."""
        found = (NAME.fullmatch(name) for name in self.endpoints)
        return tuple(dict.fromkeys(each["group"] for each in found if each))

    @property
    def patterns(self) -> tuple[str, ...]:
        """The names that a policy by name has to name; `*` stands for one label."""
        if not self.autoscaled:
            return self.endpoints
        kept = (name for name in self.endpoints if shape_of(name) is not Shape.INSTANCE)
        return (*kept, *(f"*.{group}" for group in self.groups))

    @property
    def dialled(self) -> tuple[str, ...]:
        """The names that clients ask for, one of an instance to come among them."""
        coming = (f"replica-to-come.{group}" for group in self.groups if self.autoscaled)
        return (*self.endpoints, *coming)

    def addresses_of(self, name: str) -> tuple[Address, ...]:
        """Return an address in each subnet, to stand for all that a name may ever lead to.

        Each name has its own, as far as a subnet has room: a rule for one is none for another.
        """
        count = self.dialled.index(name)
        ranges = map(parse_cidr, self.subnets)
        return tuple(
            Address(each.family, each.first + (middle + count) % size)
            for each in ranges
            for size in (each.last - each.first + 1,)
            for middle in (size // 2,)
        )

    def holds(self, address: Address) -> bool:
        """Whether an address is in one of the subnets."""
        return any(address in parse_cidr(subnet) for subnet in self.subnets)
