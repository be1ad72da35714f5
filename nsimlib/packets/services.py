"""Services → translation on a node, as kube-proxy writes it: before policy looks (F2.19)."""

from collections.abc import Iterator

from nsimlib.evaluation.ends import backends
from nsimlib.model.addresses import Address, Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Service, ServicePort

__all__ = ["service_rules"]

TABLE = "services"
PRIORITY = {"prerouting": "dstnat", "output": "-100"}


def service_rules(cluster: Cluster) -> str:
    """Return the translation of all Services with IPv4 addresses, for `nft -f`.

    Of several pods behind a Service, each takes every so many connections in turn.
    """
    found = (
        f"ip daddr {address} {port.port.protocol.value.lower()} dport {port.port.number} {target}"
        for service in cluster.services
        for address in service.cluster_ips
        for port in service.ports
        if address.family is Family.IPV4 and (target := _target(cluster, service, port))
    )
    rules = "\n".join(found)
    chains = (
        f"chain {hook} {{ type nat hook {hook} priority {priority};\n{rules}\n}}"
        for hook, priority in PRIORITY.items()
    )
    return f"table ip {TABLE} {{\n" + "\n".join(chains) + "\n}\n"


def _target(cluster: Cluster, service: Service, port: ServicePort) -> str:
    ends = [f"{address} . {number}" for address, number in _ends(cluster, service, port)]
    if not ends:
        return ""
    turns = ", ".join(f"{number} : {end}" for number, end in enumerate(ends))
    return f"dnat to numgen inc mod {len(ends)} map {{ {turns} }}"


def _ends(cluster: Cluster, service: Service, port: ServicePort) -> Iterator[tuple[Address, int]]:
    for party, there in backends(cluster, service, port.port):
        yield from ((a, there.number) for a in party.addresses if a.family is Family.IPV4)
