"""Rules of Cilium's policies → the model: whom they mean; `cilium_ports` says on which ports.

What the API calls one rule is one of the model's, unless requests are limited on some of its ports.
A worked example::

    toEndpoints: [{matchLabels: {k8s-app: kube-dns}}]
    toPorts:
    - ports: [{port: "53", protocol: ANY}]
      rules: {dns: [{matchPattern: "*"}]}
    - ports: [{port: "9153"}]

is two rules, `egress[0].toPorts[0]` whose names a proxy sees and `egress[0].toPorts[1]`.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from nsimlib.manifests import cilium_shapes as shapes
from nsimlib.manifests.cilium_ports import domain_names, traffic
from nsimlib.manifests.cilium_selectors import endpoint_peer, entity_peer, plain_selector
from nsimlib.manifests.shapes import LabelSelector
from nsimlib.manifests.structs import as_data
from nsimlib.model.addresses import IPBlock, parse_address
from nsimlib.model.peers import (
    AllOf,
    AnyOf,
    BlockPeer,
    Entity,
    EntityPeer,
    NodePeer,
    Peer,
    ServicePeer,
    UnknownPeer,
)
from nsimlib.model.policy import Action, Direction, Rule

__all__ = ["PEERS", "SIDES", "AnyRule", "cilium_rules"]

AnyRule = shapes.IngressRule | shapes.IngressDenyRule | shapes.EgressRule | shapes.EgressDenyRule

#: fields that select nothing when they are there and empty (F3.6); the others are then not there
NONE_IF_EMPTY: Final = ("Endpoints", "CIDR", "CIDRSet", "Entities", "Nodes")
SIDES: Final = {Direction.EGRESS: "to", Direction.INGRESS: "from"}


def cilium_rules(
    rule: AnyRule,
    direction: Direction,
    action: Action,
    namespace: str | None,
    path: str,
    line: int,
) -> Iterator[Rule]:
    """Yield the rules that a valid one says, in a policy of a namespace or of none."""
    peers = _peers(rule, direction, namespace)
    if peers is None and not (rule.toPorts or rule.icmps):
        # Nothing at all is nobody, and still isolates (F3.2).
        peers = ()
    for part, ports, layer7 in traffic(rule.toPorts, rule.icmps):
        yield Rule(direction, ports, peers, action, path + part, line, layer7=layer7)


def _peers(rule: AnyRule, direction: Direction, namespace: str | None) -> tuple[Peer, ...] | None:
    """Whom the rule means by the one field that says so (F3.5), None if none does."""
    side = SIDES[direction]
    said = {name: getattr(rule, side + name, None) for name in PEERS}
    if [] in (said[name] for name in NONE_IF_EMPTY):
        return ()
    for name, read in PEERS.items():
        if said[name]:
            named = ((f"{side}{name}[{i}]", each) for i, each in enumerate(said[name] or ()))
            return tuple(peer for path, each in named for peer in read(each, path, namespace))
    return None


def _endpoints(written: LabelSelector, path: str, namespace: str | None) -> Iterator[Peer]:
    yield endpoint_peer(written, namespace, path)


def _cidr(written: str, path: str, _: str | None) -> Iterator[Peer]:
    """A block; a bare address is one of one address (F3.18)."""
    bits = "" if "/" in written else f"/{parse_address(written).family.bits}"
    yield BlockPeer(IPBlock(written + bits), path)


def _cidr_set(written: shapes.CIDRRule, path: str, _: str | None) -> Iterator[Peer]:
    if written.cidr:
        yield BlockPeer(IPBlock(written.cidr, tuple(written.except_)), path)
        return
    named = written.cidrGroupRef or plain_selector(written.cidrGroupSelector or LabelSelector())
    data = {key: value for key, value in as_data(written).items() if value}
    yield _outside(f"it is in the CIDR group {named}", data, path)


def _entities(written: str, path: str, _: str | None) -> Iterator[Peer]:
    yield entity_peer(written, path)


def _nodes(written: LabelSelector, path: str, _: str | None) -> Iterator[Peer]:
    """Nodes other than the subject's own: their labels refine `remote-node`."""
    nodes = NodePeer(plain_selector(written), path)
    yield AllOf((EntityPeer(Entity.REMOTE_NODE, path), nodes), path)


def _services(written: shapes.Service, path: str, _: str | None) -> Iterator[Peer]:
    """Services by name or by label, of any namespace where none is said (F3.9)."""
    if (by_name := written.k8sService) is not None:
        yield ServicePeer(by_name.namespace or None, by_name.serviceName, path=path)
    if (by_label := written.k8sServiceSelector) is not None:
        labels = plain_selector(by_label.selector)
        yield ServicePeer(by_label.namespace or None, labels=labels, path=path)


def _groups(written: shapes.Groups, path: str, _: str | None) -> Iterator[Peer]:
    """Security groups of AWS, whose addresses only AWS knows (F3.9)."""
    groups = written.aws
    named = (*groups.securityGroupsIds, *groups.securityGroupsNames)
    named = named or tuple(f"{key}={value}" for key, value in groups.labels.items())
    what = f"it is in the AWS security group {' or '.join(named) or 'of ' + groups.region}"
    yield _outside(what, as_data(written), path)


def _outside(what: str, written: dict[str, Any], path: str) -> Peer:
    """Addresses that nothing here tells; like all blocks they are outside the cluster (F3.14)."""
    unknown = UnknownPeer(what, path, ("F3.9",), (json.dumps(written),))
    return AllOf((EntityPeer(Entity.WORLD, path), unknown), path)


def _domains(written: shapes.FQDNSelector, path: str, _: str | None) -> Iterator[Peer]:
    names = tuple(domain_names(written, path))
    yield from names or (AnyOf((), path),)


#: readers of entries by the name of their field after `to` or `from`
PEERS: Final[dict[str, Callable[[Any, str, str | None], Iterator[Peer]]]] = {
    "Endpoints": _endpoints,
    "CIDR": _cidr,
    "CIDRSet": _cidr_set,
    "Entities": _entities,
    "Services": _services,
    "Groups": _groups,
    "Nodes": _nodes,
    "FQDNs": _domains,
}
