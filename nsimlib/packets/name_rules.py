"""Rules that names need besides the policies: questions to the proxy, and packets to the own node.

A question is led to the proxy before any policy looks, if a DNS rule of its pod allows it; it is
the node's own then. What else goes to kube-dns is translated to a pod behind it, as everywhere.
"""

from collections.abc import Iterator, Mapping

from nsimlib.model.addresses import Address, Family
from nsimlib.packets.addressing import PROXIES
from nsimlib.packets.grants import Rights
from nsimlib.packets.nftables import (
    HEADERS,
    POLICIES,
    RULE,
    TYPES,
    Statement,
    elements,
    of_family,
)

__all__ = ["local_statements", "name_statements"]

TABLE = "names"
#: which addresses kube-dns has, and the pods behind it
KubeDns = Mapping[Address, tuple[Address, ...]]


def local_statements() -> Iterator[Statement]:
    """Yield the policies on the way from a pod to its own node, which need a rule too (F3.16)."""
    hook = "type filter hook input priority filter; policy accept;"
    lines = (
        f"add chain inet {POLICIES} local {{ {hook} }}",
        f"add rule inet {POLICIES} local ct state established,related accept",
        f"add rule inet {POLICIES} local ct status dnat accept",
        f"add rule inet {POLICIES} local iifname vmap @senders",
    )
    yield Statement("\n".join(lines), 4 * RULE)


def name_statements(asking: Mapping[str, Rights], kube_dns: KubeDns) -> Iterator[Statement]:
    """Yield what leads the questions of a node's pods, by the interfaces of those that ask."""
    hook = "type nat hook prerouting priority dstnat; policy accept;"
    yield Statement(f"add table inet {TABLE}\nadd chain inet {TABLE} questions {{ {hook} }}", RULE)
    yield Statement(f"add map inet {TABLE} asking {{ type ifname : verdict; }}", RULE)
    for number, (interface, found) in enumerate(asking.items()):
        yield from _to_proxy(f"asking_{number}", found, kube_dns)
        yield from elements(TABLE, "asking", [f"{interface} : jump asking_{number}"])
    yield Statement(f"add rule inet {TABLE} questions iifname vmap @asking", RULE)
    for address, behind in kube_dns.items():
        to = next((each for each in behind if each.family is address.family), None)
        if to is not None:
            header = HEADERS[address.family]
            for protocol in ("udp", "tcp"):
                matched = f"{header} daddr {address} {protocol} dport 53"
                translated = f"dnat {header} to {to}"
                yield Statement(f"add rule inet {TABLE} questions {matched} {translated}", RULE)


def _to_proxy(name: str, found: Rights, kube_dns: KubeDns) -> Iterator[Statement]:
    yield Statement(f"add chain inet {TABLE} {name}", RULE)
    for family in Family:
        allowed = [text for grant in found.asked for text in of_family(grant, family)]
        for address, behind in kube_dns.items():
            if address.family is family and _is_allowed(found, behind):
                allowed += [f"{address} . udp . 53", f"{address} . tcp . 53"]
        if not allowed:
            continue
        about, of = f"{TYPES[family]} . inet_proto . inet_service", f"{name}_{family.version}"
        yield Statement(f"add set inet {TABLE} {of} {{ type {about}; flags interval; }}", RULE)
        yield from elements(TABLE, of, dict.fromkeys(allowed))
        header = HEADERS[family]
        matched = f"{header} daddr . meta l4proto . th dport @{of}"
        for protocol in ("udp", "tcp"):
            led = f"{protocol} dport 53 {matched} dnat {header} to {PROXIES[family]}"
            yield Statement(f"add rule inet {TABLE} {name} {led}", RULE)


def _is_allowed(found: Rights, behind: tuple[Address, ...]) -> bool:
    """Whether some pod behind kube-dns may be asked: the Service is translated first (F3.17)."""
    return any(address in grant.range for grant in found.asked for address in behind)
