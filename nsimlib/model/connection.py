"""A connection in its one-line notation: who asks whom, on which port.

::

    connection = ["reply of "] end " -> " destination ":" port "/" protocol
    port       = a number; for ICMP and ICMPv6 the type, so that a ping is 8/ICMP or 128/ICMPv6
    end        = namespace "/" name              a pod, else a workload, else a Service
               | namespace "/" kind "/" name     by kind: pod, deployment, service, ...
               | "node/" name
               | IPv4 address | "[" IPv6 address "]"
               | domain name                     one that the cluster's inventory has
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from nsimlib.errors import ConnectionSyntaxError
from nsimlib.model.addresses import Address, Family, parse_address
from nsimlib.model.ports import MAX_PORT, Port, Protocol

__all__ = [
    "ARROW",
    "Connection",
    "DomainName",
    "End",
    "NodeName",
    "ObjectName",
    "parse_end",
    "parse_port",
]

ARROW = " -> "
MAX_TYPE = 255
REPLY = "reply of "
NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")


class ObjectName(NamedTuple):
    """A pod, workload or Service of the cluster by name; `kind` is empty when it was not said."""

    namespace: str
    name: str
    kind: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.namespace, self.kind, self.name) if part)


class NodeName(NamedTuple):
    """A node by name."""

    name: str

    def __str__(self) -> str:
        return f"node/{self.name}"


class DomainName(NamedTuple):
    """A domain name, which reaches the addresses it has."""

    name: str

    def __str__(self) -> str:
        return self.name


End = ObjectName | NodeName | Address | DomainName


@dataclass(frozen=True, slots=True)
class Connection:
    """Who opens a connection to whom on which port; policies judge the opening (F1.14).

    >>> Connection.parse("shop/web -> [2001:db8::7]:443/TCP").destination.family.name
    'IPV6'
    >>> print(Connection.parse("shop/web -> kube-system/coredns:53/UDP"))
    shop/web -> kube-system/coredns:53/UDP
    """

    source: End
    destination: End
    port: Port
    #: asks about the answers to this connection instead
    reply: bool = False

    @classmethod
    def parse(cls, text: str) -> "Connection":
        """Return the connection that the notation says.

        Raises
        ------
        ConnectionSyntaxError
            With the place and what was expected there.
        """
        start = len(REPLY) if text.startswith(REPLY) else 0
        source, arrow, rest = text[start:].partition(ARROW)
        if not arrow:
            raise ConnectionSyntaxError(text, len(text), "' -> ' between the two ends")
        rest_at = start + len(source) + len(ARROW)
        destination, colon, port = rest.rpartition(":")
        if not colon or "]" in port:
            raise ConnectionSyntaxError(text, len(text), "':port/PROTOCOL' at the end")
        if ":" in destination and not destination.startswith("["):
            # Without brackets nobody can tell where such an address ends and the port begins.
            raise ConnectionSyntaxError(text, rest_at, "an IPv6 address in brackets")
        return cls(
            parse_end(source, text, start),
            parse_end(destination, text, rest_at),
            _port(text, rest_at + len(destination) + 1, port),
            reply=bool(start),
        )

    def __str__(self) -> str:
        ends = f"{_bracketed(self.source)}{ARROW}{_bracketed(self.destination)}:{self.port}"
        return REPLY + ends if self.reply else ends


def _bracketed(end: End) -> str:
    return f"[{end}]" if isinstance(end, Address) and end.family is Family.IPV6 else str(end)


def parse_end(end: str, text: str = "", at: int = 0) -> End:
    """Return the end that the notation says; `text` and `at` place it for an error message.

    Raises
    ------
    ConnectionSyntaxError
        If it is no end.
    """
    text = text or end
    try:
        return parse_address(end.removeprefix("[").removesuffix("]"))
    except ValueError:
        pass
    parts = end.split("/")
    if not all(NAME.fullmatch(part) for part in parts) or len(parts) > 3:
        raise ConnectionSyntaxError(text, at, "namespace/name, node/name, an address or a domain")
    match parts:
        case ["node", name]:
            return NodeName(name)
        case [namespace, name]:
            return ObjectName(namespace, name)
        case [namespace, kind, name]:
            return ObjectName(namespace, name, kind.lower())
    if "." not in end:
        raise ConnectionSyntaxError(text, at, "namespace/name: which namespace is it in?")
    return DomainName(end)


def parse_port(port: str) -> Port:
    """Return the port that a text such as `5432/TCP` says; without a protocol it is TCP.

    Raises
    ------
    ConnectionSyntaxError
        If it is no port.
    """
    return _port(port, 0, port)


def _port(text: str, at: int, port: str) -> Port:
    number, slash, name = port.partition("/")
    protocols = {protocol.value: protocol for protocol in Protocol}
    if slash and name not in protocols:
        raise ConnectionSyntaxError(text, at + len(number) + 1, f"one of {', '.join(protocols)}")
    protocol = protocols[name] if slash else Protocol.TCP
    is_number = number.isascii() and number.isdecimal()
    if protocol.has_ports and not (is_number and 1 <= int(number) <= MAX_PORT):
        raise ConnectionSyntaxError(text, at, f"a port number from 1 to {MAX_PORT}")
    if not (is_number and (protocol.has_ports or int(number) <= MAX_TYPE)):
        raise ConnectionSyntaxError(text, at, f"a type from 0 to {MAX_TYPE}, such as 8 for a ping")
    return Port(int(number), protocol)
