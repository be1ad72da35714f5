"""The same question in several clusters: who answers in each, and whether policy permits it."""

from collections.abc import Mapping

from nsimlib.dns.path import DnsPath, dns_path
from nsimlib.model.cluster import Cluster
from nsimlib.model.tables import Table

__all__ = ["resolver_table"]

NAME = "db.example."


def resolver_table(
    layouts: Mapping[str, Cluster], policy: str, pod: str, *, cni: str = "spec"
) -> Table:
    """Return a row for each cluster: whom a pod asks, who answers, and how that ends.

    Parameters
    ----------
    layouts
        Clusters by name, which differ in who answers their pods.
    policy
        A manifest, in force in all of them.
    pod
        The pod or workload that asks.
    cni
        The profile that policies are judged by.

    Examples
    --------
    The rule of every guide fits the resolver of every guide:

    >>> import nsimlib as ns
    >>> lesson = ns.lesson("dns-is-traffic")
    >>> rule = lesson.policies["dns-to-pods"]
    >>> table = resolver_table(lesson.layouts, rule, "shop/web", cni="calico")
    >>> [row[3:] for row in table.rows]
    [('allowed', 'allowed'), ('denied', 'denied'), ('denied', 'denied'), ('denied', 'denied')]
    """
    found = {
        name: dns_path(each.with_policies(policy), pod, NAME, cni=cni)
        for name, each in layouts.items()
    }
    columns = ("resolver", "nameserver in resolv.conf", "who answers", "53/UDP", "53/TCP")
    rows = tuple((name, *_row(path)) for name, path in found.items())
    return Table(f"How {pod} asks for names, and how that ends", columns, rows)


def _row(path: DnsPath) -> tuple[str, ...]:
    udp, tcp = path.legs[:2]
    return str(path.layout.nameserver), _answers(path), udp.outcome.value, tcp.outcome.value


def _answers(path: DnsPath) -> str:
    verdict = path.legs[0].verdict
    if not verdict.cases:
        return "nobody"
    way = verdict.case.path
    return f"{way.destination}, at {way.destination_address}:{way.port.number}"
