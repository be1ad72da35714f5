"""Every pod and node with an address that the lab can give it; what had none gets one.

What was assumed is named in notes.
"""

from dataclasses import replace
from typing import TypeVar

from nsimlib.errors import LabError
from nsimlib.model.addresses import Address, Family, parse_address, parse_cidr
from nsimlib.model.assumed import ASSUMED, free_in, given
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Node, Party, Pod
from nsimlib.packets.labd.plan import GATEWAYS

__all__ = [
    "FENCE",
    "LAB_NODE",
    "PROXIES",
    "addressed",
    "can_be_sent",
    "ends_of",
    "networked",
    "of_one_family",
    "outside_of",
]

#: where pods are that run on no node; it is no node of the cluster
LAB_NODE = "lab"
#: what the lab itself talks to: the dummy address of RFC 7600
FENCE = "192.0.0.8"
#: where the DNS proxy of every node listens: an anycast and a discard address, which no pod has
PROXIES = {Family.IPV4: parse_address("192.0.0.9"), Family.IPV6: parse_address("100::53")}
#: addresses that are the lab's own, and nobody may have
OWN = frozenset((*map(parse_address, (*GATEWAYS, FENCE)), *PROXIES.values()))
#: of these the kernel sends nothing to another host, or takes nothing from it
UNSENDABLE = tuple(
    parse_cidr(cidr)
    for cidr in (
        "0.0.0.0/32",
        "127.0.0.0/8",
        "224.0.0.0/4",
        "255.255.255.255/32",
        "::/127",
        "::ffff:0:0/96",
        "fe80::/10",
        "ff00::/8",
    )
)
#: blocks that are given to nobody on the internet (RFC 5737, RFC 3849)
DOCUMENTATION = parse_cidr("192.0.2.0/24"), parse_cidr("2001:db8::/32")
P = TypeVar("P", Pod, Node)


def addressed(cluster: Cluster) -> tuple[Cluster, tuple[str, ...]]:
    """Return the cluster as the lab builds it, and notes on what was assumed.

    Raises
    ------
    LabError
        If two ends have one address, or an end has one that no packet can have.
    """
    free = free_in(ASSUMED, cluster)
    pods = tuple(each if each.host_network else given(each, free) for each in cluster.pods)
    nodes = tuple(given(each, free) for each in cluster.nodes)
    built = replace(cluster, pods=pods, nodes=nodes)
    _check(built)
    told = zip(ends_of(cluster), ends_of(built), strict=True)
    notes = [f"{after} is given {after.addresses[0]}" for was, after in told if was is not after]
    return built, tuple(notes)


def _check(cluster: Cluster) -> None:
    owners: dict[Address, Party] = {}
    ends: tuple[Party, ...] = (*networked(cluster), *cluster.nodes)
    for end in ends:
        for address in end.addresses:
            other = owners.setdefault(address, end)
            if other is not end:
                raise LabError("addresses", f"{other} and {end} both have {address}")
            if not can_be_sent(address):
                raise LabError("addresses", f"{end} has {address}, which is no host's address")


def ends_of(cluster: Cluster) -> tuple[Pod | Node, ...]:
    """Return all pods and nodes."""
    return (*cluster.pods, *cluster.nodes)


def networked(cluster: Cluster) -> tuple[Pod, ...]:
    """Return the pods that have a network of their own."""
    return tuple(pod for pod in cluster.pods if not pod.host_network)


def can_be_sent(address: Address) -> bool:
    """Return whether a packet from or to this address gets from one host to another.

    >>> from nsimlib.model.addresses import parse_address
    >>> can_be_sent(parse_address("224.0.0.1")), can_be_sent(parse_address("169.254.169.254"))
    (False, True)
    """
    return address not in OWN and not any(address in each for each in UNSENDABLE)


def outside_of(cluster: Cluster) -> dict[Family, Address]:
    """Return an address of each family that nobody in the cluster has."""
    return {span.family: next(free_in(span, cluster)) for span in DOCUMENTATION}


def of_one_family(cluster: Cluster, family: Family) -> Cluster:
    """Return the cluster with the addresses of one family alone."""

    def cut(end: P) -> P:
        return replace(end, addresses=tuple(a for a in end.addresses if a.family is family))

    return replace(
        cluster, pods=tuple(map(cut, cluster.pods)), nodes=tuple(map(cut, cluster.nodes))
    )
