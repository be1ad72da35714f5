"""Why policy has no say at one end of a connection, whatever the policies are."""

from nsimlib.cni.profile import Profile
from nsimlib.evaluation.doubts import itself
from nsimlib.evaluation.matching import is_judged, on_own_node
from nsimlib.evaluation.verdict import Exemption
from nsimlib.model.objects import Party, Pod, Service
from nsimlib.model.policy import Direction
from nsimlib.model.ports import Port, Protocol

__all__ = ["exempt_by", "exempt_port", "exemption_of"]

#: echo request, destination unreachable and time exceeded, in both families (F4.12)
PINGS = {
    *(Port(number, Protocol.ICMP) for number in (8, 3, 11)),
    *(Port(number, Protocol.ICMPV6) for number in (128, 1, 3)),
}
#: the question that each exemption answers, where it is the profile's
QUESTIONS = {
    Exemption.HOST_NETWORK: "host_network_pods",
    Exemption.ITSELF: "pod_to_itself",
    Exemption.ITSELF_BY_SERVICE: "pod_to_itself_by_service",
    Exemption.FROM_OWN_NODE: "node_to_own_pod",
    Exemption.TO_OWN_NODE: "pod_to_own_node",
}


def exemption_of(
    subject: Party,
    peer: Party,
    direction: Direction,
    profile: Profile,
    by: Service | None = None,
) -> Exemption | None:
    """Return why policy has no say at this end, or None if it has; `by` is the Service asked."""
    if not is_judged(subject, profile):
        return Exemption.HOST_NETWORK if isinstance(subject, Pod) else Exemption.NOT_A_POD
    if subject is peer and profile[itself(by)].value == "allowed":
        is_direct = itself(by) == "pod_to_itself"
        return Exemption.ITSELF if is_direct else Exemption.ITSELF_BY_SERVICE
    if not on_own_node(subject, peer):
        return None
    question = "node_to_own_pod" if direction is Direction.INGRESS else "pod_to_own_node"
    if profile[question].value != "allowed":
        return None
    inward = direction is Direction.INGRESS
    return Exemption.FROM_OWN_NODE if inward else Exemption.TO_OWN_NODE


def exempt_port(port: Port, profile: Profile) -> Exemption | None:
    """Return why policy has no say about a port, whoever the ends are (F4.12)."""
    passes = profile["icmp"].value == "pings-pass" and port in PINGS
    return Exemption.PING if passes else None


def exempt_by(exemption: Exemption | None, profile: Profile) -> tuple[str, ...]:
    """Return the facts that the profile rests an exemption on."""
    return profile[QUESTIONS[exemption]].facts if exemption in QUESTIONS else ()
