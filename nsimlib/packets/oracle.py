"""The oracle's rules: they write down every probe where its path begins and where it ends.

A table of its own, before and after every policy, that knows nothing of policies. What is written
down at the end is dropped there, so that a probe is never answered. Connection tracking leaves
probes alone: they would fill its table and be lost unseen. See `labd.probing` for the reading.
"""

from collections.abc import Iterator

from nsimlib.packets.topology import FABRIC, UPLINK, WORLD

__all__ = ["oracle_rules"]

TABLE = "oracle"
PROBE = "dscp 1"
KEY = "saddr . {header} daddr . meta l4proto . th sport . th dport"
SIZE = 65535
#: before connection tracking and translation, and after all that filters
FIRST, LAST = -310, 350


def oracle_rules(netns: str) -> str:
    """Return the oracle of a node, or of the fabric, for `nft -f`."""
    return f"table inet {TABLE} {{\n" + "\n".join((*_sets(), *_chains(netns))) + "\n}\n"


def _sets() -> Iterator[str]:
    for name in ("sent", "arrived"):
        for version, kind in ((4, "ipv4_addr"), (6, "ipv6_addr")):
            key = f"{kind} . {kind} . inet_proto . inet_service . inet_service"
            yield f"set {name}{version} {{ type {key}; size {SIZE}; flags dynamic; }}"


def _chains(netns: str) -> Iterator[str]:
    if netns == FABRIC:
        yield _chain("prerouting", FIRST, f'iifname "{WORLD}"', "sent")
        yield _chain("postrouting", LAST, f'oifname "{WORLD}"', "arrived", "drop")
        return
    yield _chain("prerouting", FIRST, f'iifname != "{UPLINK}"', "sent")
    yield _chain("output", FIRST, 'oifname != "lo"', "sent")
    yield _chain("postrouting", LAST, f'oifname != "{UPLINK}"', "arrived", "drop")
    yield _chain("input", LAST, 'iifname != "lo"', "arrived", "drop")


def _chain(hook: str, priority: int, where: str, name: str, then: str = "") -> str:
    lines = [f"chain {hook} {{", f"type filter hook {hook} priority {priority};"]
    for version, header in ((4, "ip"), (6, "ip6")):
        probe = f"{header} {PROBE}"
        if not then:
            lines.append(f"{probe} notrack")
        key = f"{header} {KEY.format(header=header)}"
        lines.append(f"{where} {probe} add @{name}{version} {{ {key} }} {then}")
    return "\n".join((*lines, "}"))
