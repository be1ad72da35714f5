"""The words of a plan, for the notebook that writes it and the helper that builds it."""

from typing import NamedTuple

__all__ = ["GATEWAYS", "HOME", "LOOPBACK", "End"]

#: the namespace the helper itself lives in
HOME = "fabric"
#: the number of lo in every namespace
LOOPBACK = 1
#: whom every route goes by; Calico's pods have the first as well
GATEWAYS = ("169.254.1.1", "fe80::1")


class End(NamedTuple):
    """One end of a link: whose it is, and what the interface is called there."""

    netns: str
    name: str
    number: int
    mac: str
