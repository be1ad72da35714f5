"""A second evaluator: flat, slow, and written from the sentences of the API alone.

It reads NetworkPolicies as the bare text does, for one pair of addresses; None is an address that
is not known. It shares no code with `nsimlib.evaluation`, which has to agree with it.
"""

from ipaddress import ip_address, ip_network

from nsimlib.model.addresses import Address
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Node, Party, Pod
from nsimlib.model.peers import BlockPeer, Peer, PodPeer
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.ports import PolicyPort, Port
from nsimlib.model.selectors import Labels, Selector

Ends = tuple[Party, Party]
Addresses = tuple[Address | None, Address | None]
Answer = tuple[str, frozenset[str]]


def reference(cluster: Cluster, ends: Ends, addresses: Addresses, port: Port) -> Answer:
    """A connection is allowed when the source may send it and the destination may take it."""
    answers = [judge(cluster, direction, ends, addresses, port) for direction in Direction]
    worst = min((each[0] for each in answers), key=("denied", "undetermined", "allowed").index)
    return worst, frozenset().union(*(why for outcome, why in answers if outcome == worst))


def judge(
    cluster: Cluster, direction: Direction, ends: Ends, addresses: Addresses, port: Port
) -> Answer:
    """A pod is non-isolated until a policy selects it; then only what a rule lists is allowed."""
    far = 1 if direction is Direction.EGRESS else 0
    subject, peer, address = ends[1 - far], ends[far], addresses[far]
    if not isinstance(subject, Pod) or subject.host_network or subject == peer:
        return "allowed", frozenset()
    isolating = [each for each in cluster.policies if isolates(each, subject, direction)]
    host = peer.node if isinstance(peer, Pod) and peer.host_network else None
    own_node = (peer.name if isinstance(peer, Node) else host) == subject.node is not None
    if not isolating or (own_node and direction is Direction.INGRESS):
        return "allowed", frozenset()
    found: dict[bool | None, set[str]] = {True: set(), False: set(), None: set()}
    for policy, rule in ((each, rule) for each in isolating for rule in each.rules_for(direction)):
        if rule.ports is None or any(is_port(entry, port, ends[1]) for entry in rule.ports):
            entries = (None,) if rule.peers is None else rule.peers
            met = [each is None or is_peer(each, policy, peer, address) for each in entries]
            met_by = True if True in met else None if None in met else False
            found[met_by].add(f"{policy.key} {rule.path}")
    if found[True]:
        return "allowed", frozenset(found[True])
    outcome = "undetermined" if found[None] or own_node else "denied"
    return outcome, frozenset(found[None] or {policy.key for policy in isolating})


def isolates(policy: Policy, pod: Pod, direction: Direction) -> bool:
    """A policy isolates the pods of its namespace that it selects, for its policy types."""
    here = policy.kind == "NetworkPolicy" and policy.namespace == pod.namespace.name
    return here and direction in policy.isolates and chosen(policy.subject.pods, pod.labels)


def is_port(entry: PolicyPort, port: Port, destination: Party) -> bool:
    """A name is looked up in the destination pod; a number may begin a range that has its end."""
    if isinstance(entry.port, str):
        declared = destination.ports if isinstance(destination, Pod) else ()
        return entry.protocol is port.protocol and (entry.port, port) in declared
    last = entry.end_port or entry.port or 65535
    return entry.protocol is port.protocol and (entry.port or 1) <= port.number <= last


def is_peer(entry: Peer, policy: Policy, peer: Party, address: Address | None) -> bool | None:
    """A block holds addresses but for its exceptions; selectors hold pods, and both must."""
    if isinstance(entry, BlockPeer) and address is not None:
        cidrs = entry.block.cidr, *entry.block.except_
        inside, *excepted = (ip_address(str(address)) in ip_network(cidr, False) for cidr in cidrs)
        return inside and not any(excepted)
    if not isinstance(entry, PodPeer):
        return None
    if not isinstance(peer, Pod) or peer.host_network or not chosen(entry.pods, peer.labels):
        return False
    own = peer.namespace.name == policy.namespace
    return own if entry.namespaces is None else chosen(entry.namespaces, peer.namespace.labels)


def chosen(selector: Selector | None, labels: Labels) -> bool:
    """All requirements are ANDed; an empty selector, or one left out beside another, has none."""
    for each in getattr(selector, "requirements", ()):
        value = labels.get(each.key)
        listed = value is not None and value in each.values
        present = {"Exists": value is not None, "DoesNotExist": value is None}
        if not (present | {"In": listed, "NotIn": not listed})[each.operator.value]:
            return False
    return True
