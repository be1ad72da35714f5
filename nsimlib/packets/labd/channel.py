"""Messages between the notebook and the helper: one JSON object a packet, and file descriptors.

A packet cannot be larger than a socket's buffer, so a long message goes into a nameless file of
which only the descriptor is passed.
"""

import json
import os
import socket
from typing import Any

__all__ = ["receive", "send"]

#: bytes of a message that still travels in the packet itself
INLINE = 32_768
MOST_DESCRIPTORS = 8
IN_FILE = b"@"


def send(
    channel: socket.socket, message: dict[str, Any], descriptors: tuple[int, ...] = ()
) -> None:
    """Send a message, and copies of file descriptors with it."""
    data = json.dumps(message).encode()
    if len(data) <= INLINE:
        socket.send_fds(channel, [data], descriptors)
        return
    held = os.memfd_create("message")
    with os.fdopen(held, "wb", closefd=False) as file:
        file.write(data)
    try:
        socket.send_fds(channel, [IN_FILE], (held, *descriptors))
    finally:
        os.close(held)


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Return the next message and its descriptors, or None where the other side is gone."""
    data, descriptors, _, _ = socket.recv_fds(channel, INLINE, MOST_DESCRIPTORS)
    if not data:
        return None
    if data == IN_FILE:
        with os.fdopen(descriptors.pop(0), "rb") as file:
            file.seek(0)
            data = file.read()
    found: dict[str, Any] = json.loads(data)
    return found, descriptors
