"""One connection on its way: what is known when, at which layer, and what a rule can name.

A name becomes an address, the address of a Service becomes a pod's, and somewhere on that way an
enforcer looks. What stands in the packet there is what rules are compared with.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from nsimlib.cni.profile import load_profile
from nsimlib.errors import UnknownName
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.verdict import Path, Verdict
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.objects import Pod
from nsimlib.model.shown import Shown

__all__ = ["ASPECTS", "Aspect", "Moment", "PacketLayers", "packet_layers", "value_judged"]

#: what the system takes for the port of the source; any high number would do
SOURCE_PORT: Final = "41234"
UNKNOWN: Final = ""


class Aspect(NamedTuple):
    """Something about a connection: its layer, 0 where it is in no packet, and whose field it is.

    `field` is that of a NetworkPolicy's rule which names it, empty if there is none.
    """

    name: str
    layer: int
    field: str = ""
    facts: tuple[str, ...] = ()


ASPECTS: Final = {
    each.name: each
    for each in (
        Aspect("statement", 7, facts=("F1.15",)),
        Aspect("name", 7, facts=("E10",)),
        Aspect("protocol", 4, "ports.protocol", ("F1.7",)),
        Aspect("destination port", 4, "ports.port", ("F1.8",)),
        Aspect("source port", 4, facts=("F1.6",)),
        Aspect("destination address", 3, "to.ipBlock", ("F1.17",)),
        Aspect("source address", 3, "podSelector, as a pod", ("F1.1",)),
        Aspect("MAC address", 2, facts=("E8",)),
        Aspect("Service", 0, facts=("F1.15",)),
        Aspect("destination labels", 0, "to.podSelector", ("F1.2",)),
        Aspect("destination namespace", 0, "to.namespaceSelector", ("F1.2",)),
    )
}


class Moment(Enum):
    """When one looks, in order."""

    NAME = "the application has a name"
    ADDRESS = "DNS has answered"
    SENT = "the first packet leaves the pod"
    REWRITTEN = "the Service's address is replaced"
    CHECKPOINT = "the policy is asked"
    WIRE = "the packet is on the wire"


@dataclass(frozen=True, repr=False)
class PacketLayers(Shown):
    """What is known of a connection moment by moment; a value that nobody knows yet is empty."""

    connection: str
    verdict: Verdict
    #: in their order, with all that is known then
    moments: tuple[tuple[Moment, dict[str, str]], ...]

    @property
    def order(self) -> tuple[Moment, ...]:
        """The moments in the order in which they come under this enforcer."""
        return tuple(moment for moment, _ in self.moments)

    def at(self, moment: Moment) -> dict[str, str]:
        """Return what is known at a moment, by the name of its aspect."""
        return dict(self.moments)[moment]


def packet_layers(
    cluster: Cluster, source: str, name: str, destination: str, *, cni: str = "calico"
) -> PacketLayers:
    """Return what is known of a connection to a name, moment by moment.

    Parameters
    ----------
    source
        The pod that connects.
    name
        The name that its application is given.
    destination
        What DNS says, with the port: `10.96.0.40:5432/TCP`.
    cni
        The profile, which says whether a Service's address is replaced before policy looks.

    Raises
    ------
    UnknownName
        If the pod, the profile or who has the address is not known.

    Examples
    --------
    Calico is asked about the pod behind the Service, on the pod's port (F2.19):

    >>> import nsimlib as ns
    >>> cluster = ns.scenario("one-packet")
    >>> found = packet_layers(cluster, "shop/web", "orders", "10.96.0.40:5432/TCP")
    >>> seen = found.at(Moment.CHECKPOINT)
    >>> seen["destination address"], seen["destination port"], seen["name"]
    ('10.244.2.20', '6432', 'orders')
    """
    connection = f"{source} -> {destination}"
    verdict = why(cluster, connection, cni=cni)
    path = verdict.case.path
    order = list(Moment)
    if not path.service or load_profile(cni)["service_translation"].value == "after":
        # Who looks at the pod's interface looks before the node has changed anything.
        order.remove(Moment.REWRITTEN)
        place = order.index(Moment.WIRE) if path.service else len(order)
        order[place:place] = [Moment.REWRITTEN] if path.service else []
    moments = tuple((m, _known(path, name, order.index(m), order)) for m in order)
    return PacketLayers(connection, verdict, moments)


def _known(path: Path, name: str, at: int, order: list[Moment]) -> dict[str, str]:
    """What is known at a place in the order; labels are known to the enforcer alone."""

    def since(moment: Moment) -> bool:
        return moment in order and at >= order.index(moment)

    sent = path.service_address or path.destination_address
    port = path.service_port or path.port
    rewritten = since(Moment.REWRITTEN)
    target = path.destination if isinstance(path.destination, Pod) else None
    checked = since(Moment.CHECKPOINT) and target is not None
    known = {
        "name": name,
        "statement": "SELECT …, later" if since(Moment.WIRE) else UNKNOWN,
        "Service": path.service.key if path.service and not rewritten else UNKNOWN,
    }
    if since(Moment.ADDRESS):
        known["destination address"] = str(path.destination_address if rewritten else sent)
        known["destination port"] = str((path.port if rewritten else port).number)
        known["protocol"] = port.protocol.value
    if since(Moment.SENT):
        known |= {"source address": str(path.source_address), "source port": SOURCE_PORT}
        known["MAC address"] = "of the next hop"
    if checked and target is not None:
        labels = (f"{key}={value}" for key, value in target.labels.items())
        known["destination labels"] = ", ".join(labels)
        known["destination namespace"] = target.namespace.name
    return {each: known.get(each, UNKNOWN) for each in ASPECTS}


def value_judged(cluster: Cluster, connection: str, value: str, cni: str = "calico") -> str:
    """Return one of the values that rules are compared with.

    Parameters
    ----------
    value
        `source`, `destination`, `port` or `protocol`.

    Raises
    ------
    UnknownName
        If it is none of these.
    """
    parsed = Connection.parse(connection)
    destination = connection.partition(" -> ")[2]
    layers = packet_layers(cluster, str(parsed.source), "", destination, cni=cni)
    seen = layers.at(Moment.CHECKPOINT)
    values = {
        "source": seen["source address"],
        "destination": seen["destination address"],
        "port": seen["destination port"],
        "protocol": seen["protocol"],
    }
    if value not in values:
        raise UnknownName("value", value, values)
    return values[value]
