"""A plan, as the notebook sends it, → namespaces, links, addresses and routes in the kernel."""

from collections import defaultdict
from contextlib import suppress
from errno import ETIMEDOUT
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from nsimlib.packets.labd.netlink import Request
from nsimlib.packets.labd.netns import Namespaces
from nsimlib.packets.labd.plan import GATEWAYS, HOME, LOOPBACK, End
from nsimlib.packets.labd.rtnetlink import (
    address,
    are_up,
    neighbour,
    open_routing,
    route,
    up,
    veth,
)

__all__ = ["build"]

SYSCTLS = Path("/proc/sys")
#: for all links to carry packets, in seconds; it takes less than a thousandth of that
PATIENCE = 5.0


def build(namespaces: Namespaces, plan: dict[str, Any]) -> None:
    """Build what a plan says.

    `plan["netns"]` has for each namespace its `sysctls`, those that are mere `wishes`, whether it
    `forwards`, its `addresses` and `routes`; `plan["links"]` has pairs of ends. Interfaces get the
    gateways as neighbours, so that nobody asks for a link address and no packet waits for one.

    Raises
    ------
    OSError
        With what the kernel says and what it was about.
    """
    links = [tuple(End(*end) for end in pair) for pair in plan["links"]]
    for name, about in plan["netns"].items():
        if name != HOME:
            namespaces.make(name)
        with namespaces.entered(name):
            _set(about["sysctls"])
            with suppress(OSError):
                _set(about["wishes"])
    _link(namespaces, links)
    forwarding = {name for name, about in plan["netns"].items() if about["forwards"]}
    ends = _ends(links, GATEWAYS if plan["ipv6"] else GATEWAYS[:1], forwarding)
    for name, about in plan["netns"].items():
        with namespaces.entered(name), open_routing() as netlink:
            addresses = [address(*each) for each in about["addresses"]]
            routes = [route(*each) for each in about["routes"]]
            netlink.ask([up(LOOPBACK), *ends[name], *addresses, *routes])
    _wait_for_carrier(namespaces, list(plan["netns"]))


def _set(sysctls: dict[str, str]) -> None:
    for path, value in sysctls.items():
        (SYSCTLS / path).write_text(value, "ascii")


def _link(namespaces: Namespaces, links: list[tuple[End, ...]]) -> None:
    made = defaultdict[str, list[Request]](list)
    for end, peer in links:
        made[end.netns].append(veth(end, peer, namespaces.descriptor(peer.netns)))
    for name, requests in made.items():
        with namespaces.entered(name), open_routing() as netlink:
            netlink.ask(requests)


def _ends(
    links: list[tuple[End, ...]], gateways: tuple[str, ...], forwarding: set[str]
) -> dict[str, list[Request]]:
    """What each end of a link needs: to be on, and to know its gateway."""
    found = defaultdict[str, list[Request]](list)
    for one, other in links:
        for end, peer in ((one, other), (other, one)):
            known = (neighbour(end.number, each, peer.mac) for each in gateways)
            found[end.netns] += [up(end.number, end.netns in forwarding), *known]
    return found


def _wait_for_carrier(namespaces: Namespaces, names: list[str]) -> None:
    deadline = monotonic() + PATIENCE
    for name in names:
        with namespaces.entered(name), open_routing() as netlink:
            while not are_up(netlink):
                if monotonic() > deadline:
                    raise TimeoutError(ETIMEDOUT, "no carrier", f"links of {name}")
                sleep(0.001)
