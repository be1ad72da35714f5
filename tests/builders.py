"""Model objects in one line, so that a test shows only what it is about.

Ports are written as texts: `"53/UDP"`, `"7078-7087/TCP"`, `"http/TCP"`, `"any/UDP"`, `"80/any"`.
"""

from collections.abc import Iterable
from dataclasses import replace

from nsimlib.model.addresses import IPBlock, parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import NAME_LABEL, ContainerPort, Namespace, Node, Pod
from nsimlib.model.peers import BlockPeer, Peer, PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort, Port, Protocol
from nsimlib.model.selectors import EVERYTHING, LabelSelector

EGRESS, INGRESS = Direction.EGRESS, Direction.INGRESS


def pod(
    key: str,
    *addresses: str,
    ports: str = "",
    node: str | None = None,
    host_network: bool = False,
    team: str = "",
    **labels: str,
) -> Pod:
    """Return a pod with ports such as `"http=8080/TCP dns=53/UDP"`, in a namespace of a team."""
    namespace, name = key.split("/")
    about = {NAME_LABEL: namespace} | ({"team": team} if team else {})
    return Pod(
        Namespace(namespace, about),
        name,
        labels,
        tuple(map(parse_address, addresses)),
        tuple(_declared(text) for text in ports.split()),
        node,
        host_network,
    )


def _declared(text: str) -> ContainerPort:
    name, _, port = text.rpartition("=")
    number, _, protocol = port.partition("/")
    return ContainerPort(name, Port(int(number), Protocol(protocol or "TCP")))


def node(name: str, *addresses: str, **labels: str) -> Node:
    """Return a node."""
    return Node(name, labels, tuple(map(parse_address, addresses)))


def policy_port(text: str) -> PolicyPort:
    """Return an entry of `ports:`."""
    port, _, protocol = text.partition("/")
    about = None if protocol == "any" else Protocol(protocol or "TCP")
    if port == "any":
        return PolicyPort(about)
    first, _, last = port.partition("-")
    if not first.isdecimal():
        return PolicyPort(about, port)
    return PolicyPort(about, int(first), int(last) if last else None)


def block(cidr: str, *except_: str) -> BlockPeer:
    """Return an `ipBlock` peer."""
    return BlockPeer(IPBlock(cidr, except_))


def pods(namespaces: dict[str, str] | None = None, **labels: str) -> PodPeer:
    """Return a peer with a podSelector; without `namespaces`, the policy's own is meant."""
    return PodPeer(None if namespaces is None else LabelSelector.of(namespaces), _selector(labels))


def _selector(labels: dict[str, str]) -> LabelSelector:
    return LabelSelector.of(labels) if labels else EVERYTHING


def rule(
    *peers: Peer,
    ports: str | None = None,
    direction: Direction = EGRESS,
    action: Action = Action.ALLOW,
    nobody: bool = False,
) -> Rule:
    """Return a rule; without peers it is for any, unless for `nobody`; `ports=""` means none."""
    entries = None if ports is None else tuple(map(policy_port, ports.split()))
    return Rule(direction, entries, peers or (() if nobody else None), action=action)


def policy(
    key: str,
    *rules: Rule,
    directions: Iterable[Direction] = (EGRESS,),
    isolates: bool = True,
    kind: str = "NetworkPolicy",
    order: float = 0.0,
    **labels: str,
) -> Policy:
    """Return a policy for the pods of its namespace that have the labels, with paths filled in.

    A key without a slash makes it cluster-scoped, for the pods of every namespace.
    """
    namespace, _, name = key.rpartition("/")
    subject = PodPeer(None if namespace else EVERYTHING, _selector(labels))
    about = frozenset(directions)
    isolated = about if isolates else frozenset()
    numbered = tuple(_numbered(each, rules) for each in rules)
    return Policy(kind, namespace or None, name, subject, about, isolated, numbered, order)


def _numbered(rule: Rule, rules: tuple[Rule, ...]) -> Rule:
    """The rule with the paths that a file would give it."""
    of_direction = [each for each in rules if each.direction is rule.direction]
    number = next(i for i, each in enumerate(of_direction) if each is rule)
    side = "to" if rule.direction is EGRESS else "from"
    ports = rule.ports and tuple(
        replace(port, path=f"ports[{i}]") for i, port in enumerate(rule.ports)
    )
    peers = rule.peers and tuple(
        replace(peer, path=f"{side}[{i}]") for i, peer in enumerate(rule.peers)
    )
    path = f"spec.{rule.direction.word}[{number}]"
    return replace(rule, ports=ports, peers=peers, path=path)


def cluster(*pods: Pod, policies: Iterable[Policy] = (), nodes: Iterable[Node] = ()) -> Cluster:
    """Return a cluster of these pods and their namespaces."""
    return Cluster(
        namespaces={pod.namespace.name: pod.namespace for pod in pods},
        pods=pods,
        nodes=tuple(nodes),
        policies=tuple(policies),
    )
