"""Two entries where one was meant: what stands in two is OR, what stands in one is AND."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.examples import between, first_port
from nsimlib.audit.model import Confidence, Hit, Need, Severity, Where, Witness
from nsimlib.audit.nobody import places
from nsimlib.audit.patches import Patch, steps, written
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed
from nsimlib.model.objects import Pod
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import ALL_PORTS, PortSet
from nsimlib.model.selectors import EVERYTHING

__all__ = ["and_or_split_peer", "split_rule"]

#: says that two peers are meant as two
OR_MEANT: Final = "nsimlib.io/or-peers"
DNS: Final = 53


@rule(
    "NSIM-S201",
    "and-or-split-peer",
    Severity.HIGH,
    facts=("F1.2",),
    references=("projectcalico/calico#5170", "redhat-appstudio/infra-deployments#7039"),
)
def and_or_split_peer(context: Context) -> Iterator[Hit]:
    """A list has a peer by namespace and one by pod labels, where one peer with both was meant.

    A dash too many: two peers are all pods of those namespaces, and besides these the pods with
    the labels in the policy's own namespace. It is told where pods with the labels are in the
    namespaces named, and not where they are in the policy's own. An annotation
    `nsimlib.io/or-peers` says that it is meant so.
    """
    for policy, each in context.rules():
        if policy.kind != "NetworkPolicy" or written(policy, ("metadata", "annotations", OR_MEANT)):
            continue
        peers = [peer for peer in each.peers or () if isinstance(peer, PodPeer)]
        for labels in (
            p for p in peers if p.namespaces is None and p.pods not in (None, EVERYTHING)
        ):
            spaces = [p for p in peers if p.pods is None and p.namespaces not in (None, EVERYTHING)]
            apart = sorted((abs(_index(labels) - _index(p)), _index(p), p) for p in spaces)
            found = (_split(context, policy, each, p, labels, far) for far, _, p in apart)
            yield from (hit for hit in found if hit)


def _index(peer: PodPeer) -> int:
    return next((step for step in steps(peer.path) if isinstance(step, int)), 0)


def _split(
    context: Context, policy: Policy, of: Rule, space: PodPeer, labels: PodPeer, far: int
) -> Hit | None:
    own, both = policy.namespace, PodPeer(space.namespaces, labels.pods)
    meant, local = context.selected(both, own), context.selected(labels, own)
    spaces = {each.name for each in places(context, space, own)}
    known = bool(spaces.intersection(context.given.pods_by_namespace))
    elsewhere = known or (bool(local) and context.has(Need.PODS))
    if not meant and (far > 1 or elsewhere):
        return None
    counts = (context.alike(context.selected(space, own)), context.alike(local))
    told = f" ({counts[0]} and {counts[1]} pods), {context.alike(meant)} if joined" if meant else ""
    at = f"{policy.kind} {policy.key} {of.path}"
    return Hit(
        (Where.of(policy, f"{of.path}.{space.path}"), Where.of(policy, f"{of.path}.{labels.path}")),
        f"{at}: two peers are OR, all pods of namespaces {space.namespaces} and local pods "
        f"{labels.pods}{told}. Join them in one item if both were to hold.",
        confidence=Confidence.LIKELY if meant else Confidence.MAYBE,
        key=f"{space.namespaces} {labels.pods}",
        witness=_besides(context, policy, of, space, both) if meant else None,
        fix=_joined(policy, of, space, labels),
        advice="Join the two in one item, or annotate the policy with nsimlib.io/or-peers.",
    )


def _besides(
    context: Context, policy: Policy, of: Rule, space: PodPeer, both: PodPeer
) -> Witness | None:
    """A connection with a pod of the namespaces that has not the labels."""
    meant = context.selected(both, policy.namespace)
    others = (p for p in context.selected(space, policy.namespace) if p not in meant)
    pairs = ((pod, end) for end in others for pod in context.subjects(policy)[:1])
    found = (between(context, pod, end, of.direction, _ports(of)) for pod, end in pairs)
    return next((each for each in found if each), None)


def _ports(of: Rule) -> PortSet:
    found = ALL_PORTS - ALL_PORTS
    for port in of.ports or ():
        found |= port.numbers()
    return ALL_PORTS if of.ports is None else found


def _joined(policy: Policy, of: Rule, space: PodPeer, labels: PodPeer) -> Patch:
    first, second = (steps(of.path, each.path) for each in (space, labels))
    selector = written(policy, (*second, "podSelector"))
    return (
        Patch("Make one peer of the two.")
        .put(policy, (*first, "podSelector"), selector)
        .remove(policy, second)
    )


@rule(
    "NSIM-S202",
    "split-rule",
    Severity.HIGH,
    facts=("F1.6",),
    references=("cozystack/cozystack#2773",),
)
def split_rule(context: Context) -> Iterator[Hit]:
    """A rule has peers and no ports, and the one beside it ports and no peers.

    One rule was meant: as two, the first allows those peers on all ports, and the second anybody on
    those ports. It is likely where the peers listen on these ports, and low where the peers are all
    of the policy's namespace. Ports of DNS are left to D305.
    """
    for policy in context.policies:
        for direction in Direction:
            rules = policy.rules_for(direction) if direction in policy.directions else ()
            for one, other in pairwise(rules):
                for peers, ports in ((one, other), (other, one)):
                    if _is_split(peers, ports):
                        yield _two(context, policy, peers, ports)


def _is_split(peers: Rule, ports: Rule) -> bool:
    """Whether the one has peers alone and the other ports alone."""
    plain = all(r.action is Action.ALLOW and not r.layer7 and not r.subject for r in (peers, ports))
    halves = bool(peers.peers) and peers.ports is None and ports.peers is None and bool(ports.ports)
    return plain and halves and any(port.port != DNS for port in ports.ports or ())


def _two(context: Context, policy: Policy, peers: Rule, ports: Rule) -> Hit:
    own = policy.namespace
    pods = [
        pod
        for peer in peers.peers or ()
        if isinstance(peer, PodPeer)
        for pod in context.selected(peer, own)
    ]
    listens = any(_listens(pod, ports) for pod in pods)
    is_own = all(
        isinstance(p, PodPeer) and p.namespaces is None and p.pods in (None, EVERYTHING)
        for p in peers.peers or ()
    )
    if policy.kind == "NetworkPolicy":
        whole = written(policy, (*steps(ports.path), "ports"))
        fix = Patch("Make one rule of the two.").put(policy, (*steps(peers.path), "ports"), whole)
        fix = fix.remove(policy, ports.path)
    else:
        fix = None
    return Hit(
        (Where.of(policy, peers.path), Where.of(policy, ports.path)),
        f"{policy.kind} {policy.key}: {peers.path} allows its peers on all ports, and {ports.path} "
        f"anybody on {listed(map(str, ports.ports or ()))}. Make one rule of them if both were to "
        "hold.",
        severity=Severity.LOW if is_own else None,
        confidence=Confidence.LIKELY if listens else Confidence.MAYBE,
        key=" ".join(sorted(map(str, ports.ports or ()))),
        witness=_off_the_ports(context, policy, peers, ports, pods),
        fix=fix,
        advice="Put the peers and the ports into one rule.",
    )


def _listens(pod: Pod, ports: Rule) -> bool:
    return any(
        each.port in (declared.port.number, declared.name) or declared.port in each.numbers()
        for declared in pod.ports
        for each in ports.ports or ()
    )


def _off_the_ports(
    context: Context, policy: Policy, peers: Rule, ports: Rule, pods: list[Pod]
) -> Witness | None:
    """A connection with a peer on a port that was hardly meant."""
    rest = ALL_PORTS - _ports(ports)
    for pod in context.subjects(policy)[:1]:
        for end in (each for each in pods if each != pod and first_port(rest)):
            if found := between(context, pod, end, peers.direction, rest):
                return found
    return None
