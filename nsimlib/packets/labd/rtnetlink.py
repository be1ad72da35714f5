"""Links, addresses, neighbours and routes, as requests to the kernel.

Interfaces have fixed numbers, so nothing is ever looked up by name.
"""

import socket
import struct
from ipaddress import ip_address, ip_network

from nsimlib.packets.labd.netlink import CREATE, Netlink, Request, attribute, attributes, nested
from nsimlib.packets.labd.plan import GATEWAYS, LOOPBACK, End

__all__ = ["address", "are_up", "neighbour", "open_routing", "route", "up", "veth"]

NEW_LINK, GET_LINK, NEW_ADDRESS, NEW_ROUTE, NEW_NEIGHBOUR = 16, 18, 20, 24, 28
ROUTING = 0
IFF_UP, IFF_LOWER_UP = 0x1, 0x10000
IFLA_ADDRESS, IFLA_NAME, IFLA_OPERSTATE, IFLA_LINKINFO, IFLA_NET_NS_FD = 1, 3, 16, 18, 28
IFLA_AF_SPEC, IFLA_INET_CONF, DEVCONF_FORWARDING = 26, 1, 1
INFO_KIND, INFO_DATA, VETH_PEER = 1, 2, 1
OPERSTATE_UP = 6
IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS = 1, 2, 8
#: an address that is there at once: nobody else has it
IFA_NO_DAD = 0x02
NDA_DESTINATION, NDA_LINK_ADDRESS = 1, 2
NUD_PERMANENT = 0x80
RTA_DESTINATION, RTA_INTERFACE, RTA_GATEWAY = 1, 4, 5
MAIN_TABLE, LOCAL_TABLE = 254, 255
STATIC, UNIVERSE, HOST = 4, 0, 254
UNICAST, LOCAL = 1, 2
#: the gateway is reached by the link, whatever its address
ONLINK = 4
LINK = struct.Struct("=BxHiII")


def open_routing() -> Netlink:
    """Return a socket to the routing part of the kernel."""
    return Netlink(ROUTING)


def veth(end: End, peer: End, peer_netns: int) -> Request:
    """Return the request for a pair of interfaces, the peer in the namespace of a descriptor.

    The peer has to be switched on by itself: the kernel refuses while there is but one of them.
    """
    inside = _interface(peer.number) + _about(peer)
    inside += attribute(IFLA_NET_NS_FD, struct.pack("=I", peer_netns))
    kind = attribute(INFO_KIND, b"veth"), nested(INFO_DATA, attribute(VETH_PEER, inside))
    body = _interface(end.number, IFF_UP) + _about(end) + nested(IFLA_LINKINFO, *kind)
    return Request(NEW_LINK, body, f"link {end.name}", CREATE)


def _interface(index: int, flags: int = 0) -> bytes:
    return LINK.pack(socket.AF_UNSPEC, 0, index, flags, flags)


def _about(end: End) -> bytes:
    mac = bytes.fromhex(end.mac.replace(":", ""))
    return attribute(IFLA_NAME, end.name.encode() + b"\0") + attribute(IFLA_ADDRESS, mac)


def up(index: int, forwards: bool = False) -> Request:
    """Return the request to switch an interface on, and to forward IPv4 packets that come by it.

    That a sysctl could do as well, but in a container one may not write any.
    """
    body = _interface(index, IFF_UP)
    if forwards:
        forwarding = attribute(DEVCONF_FORWARDING, struct.pack("=I", 1))
        about = nested(IFLA_INET_CONF, forwarding)
        body += nested(IFLA_AF_SPEC, nested(socket.AF_INET, about))
    return Request(NEW_LINK, body, f"interface {index}")


def address(index: int, text: str) -> Request:
    """Return the request to give an interface an address, as long as it can be."""
    found = ip_address(text)
    packed = attribute(IFA_LOCAL, found.packed) + attribute(IFA_ADDRESS, found.packed)
    flags = attribute(IFA_FLAGS, struct.pack("=I", IFA_NO_DAD)) if found.version == 6 else b""
    fixed = struct.pack("=BBBBI", _family(found.version), found.max_prefixlen, 0, UNIVERSE, index)
    return Request(NEW_ADDRESS, fixed + packed + flags, f"address {text}", CREATE)


def neighbour(index: int, text: str, mac: str) -> Request:
    """Return the request that says which link address somebody has, so that nobody asks."""
    found = ip_address(text)
    fixed = struct.pack("=BxxxiHBB", _family(found.version), index, NUD_PERMANENT, 0, 0)
    known = attribute(NDA_LINK_ADDRESS, bytes.fromhex(mac.replace(":", "")))
    body = fixed + attribute(NDA_DESTINATION, found.packed) + known
    return Request(NEW_NEIGHBOUR, body, f"neighbour {text}", CREATE)


def route(index: int, cidr: str, kind: str) -> Request:
    """Return the request for a route by an interface.

    `kind` is `via` for a way by the gateway, `first` for one that is looked up before all others,
    `local` for addresses that are ours though no interface has them.
    """
    network = ip_network(cidr)
    is_local = kind == "local"
    fixed = struct.pack(
        "=BBBBBBBBI",
        _family(network.version),
        network.prefixlen,
        0,
        0,
        MAIN_TABLE if kind == "via" else LOCAL_TABLE,
        STATIC,
        HOST if is_local else UNIVERSE,
        LOCAL if is_local else UNICAST,
        0 if is_local else ONLINK,
    )
    body = fixed + attribute(RTA_INTERFACE, struct.pack("=I", index))
    if network.prefixlen:
        body += attribute(RTA_DESTINATION, network.network_address.packed)
    if not is_local:
        gateway = ip_address(GATEWAYS[network.version == 6])
        body += attribute(RTA_GATEWAY, gateway.packed)
    return Request(NEW_ROUTE, body, f"route {cidr}", CREATE)


def _family(version: int) -> int:
    return socket.AF_INET6 if version == 6 else socket.AF_INET


def are_up(netlink: Netlink) -> bool:
    """Return whether every interface carries packets; until then the kernel drops them unseen."""
    return all(map(_carries, netlink.dump(Request(GET_LINK, _interface(0), "links"))))


def _carries(body: bytes) -> bool:
    _, _, index, flags, _ = LINK.unpack_from(body)
    state = dict(attributes(body[LINK.size :])).get(IFLA_OPERSTATE, b"\0")[0]
    return bool(flags & IFF_LOWER_UP) and (index == LOOPBACK or state == OPERSTATE_UP)
