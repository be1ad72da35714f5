"""Work that interfaces leave to each other, switched off: frames as they would be on a wire.

Two ends of a link on one machine hand over packets of any length with checksums that nobody works
out. Whoever captures there sees frames that no wire could carry.
"""

import ctypes
import fcntl
import socket
import struct
from collections.abc import Iterable

__all__ = ["switch_off_offloads"]

SIOCETHTOOL = 0x8946
#: checksums, segmentation of TCP, of anything, and putting segments together again
SET_CHECKSUMS, SET_TSO, SET_GSO, SET_GRO = 0x17, 0x1F, 0x24, 0x2C


def switch_off_offloads(interfaces: Iterable[str]) -> None:
    """Switch it off for interfaces of the namespace that the calling thread is in."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for name in interfaces:
            for command in (SET_CHECKSUMS, SET_TSO, SET_GSO, SET_GRO):
                value = ctypes.create_string_buffer(struct.pack("=II", command, 0))
                request = struct.pack("16sP16x", name.encode(), ctypes.addressof(value))
                fcntl.ioctl(asking, SIOCETHTOOL, request)
