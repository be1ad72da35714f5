"""Addresses for ends that have none in the input, where something needs one to be worked out.

A worked example: `web` has 10.244.1.5, the stand-in for a Deployment without pods has none. It is
given 100.64.0.1, which nobody has and no policy is likely to name.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from nsimlib.model.addresses import Address, AddressRange, parse_cidr
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Node, Pod

__all__ = ["ASSUMED", "free_in", "given"]

#: a range that policies have no reason to name
ASSUMED = parse_cidr("100.64.0.0/10")
P = TypeVar("P", Pod, Node)


def free_in(span: AddressRange, cluster: Cluster) -> Iterator[Address]:
    """Yield the addresses of a range that no pod and no node has; never its first and last."""
    ends: tuple[Pod | Node, ...] = (*cluster.pods, *cluster.nodes)
    taken = {address for each in ends for address in each.addresses}
    found = (Address(span.family, number) for number in range(span.first + 1, span.last))
    return (address for address in found if address not in taken)


def given(end: P, free: Iterator[Address]) -> P:
    """Return an end with an address: its own, else the next that is free."""
    return end if end.addresses else replace(end, addresses=(next(free),))
