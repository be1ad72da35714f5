"""Rules of Calico's policies → the model: both ends, protocols and ports, and what is taken out.

A rule says several things of each end, all of which have to hold (F2.4), and what then happens: a
denial and a pass as well as an Allow, or just a line in a log (F2.3). A worked example, in a policy
of namespace shop::

    source: {selector: app == 'web'}
    destination: {selector: role == 'db', notNets: [10.0.9.0/24]}

as an egress rule has one peer, all of: pods and network sets of shop with `role == 'db'`, and not
10.0.9.0/24. Of its own end it asks for pods of shop with `app == 'web'`.
"""

from collections.abc import Iterable, Iterator

from nsimlib.manifests import calico_shapes as shapes
from nsimlib.manifests.calico_ports import except_ports, ports
from nsimlib.manifests.calico_selectors import (
    both,
    parse_selector,
    prefixed,
    selects_outside,
)
from nsimlib.manifests.cidrs import read_cidr
from nsimlib.model.addresses import Family, IPBlock, parse_address
from nsimlib.model.expressions import Comparator, Compare, Expression
from nsimlib.model.peers import (
    AllOf,
    AnyOf,
    BlockPeer,
    Not,
    Peer,
    PodPeer,
    ServicePeer,
    UnknownPeer,
)
from nsimlib.model.policy import Action, Direction, Layer7, Rule
from nsimlib.model.selectors import EVERYTHING

__all__ = [
    "ACCOUNT_LABEL",
    "calico_rule",
    "read_net",
    "written_selector",
]

ACCOUNT = "projectcalico.org/serviceaccount"
ACCOUNT_LABEL = "pcsa."

#: peers of which one has to match
AnyPeer = tuple[Peer, ...]


def calico_rule(
    rule: shapes.Rule, direction: Direction, namespace: str | None, path: str, line: int
) -> Rule:
    """Return the rule that a valid one says, in a policy of a namespace or of none."""
    sides = (
        ("source", "destination") if direction is Direction.EGRESS else ("destination", "source")
    )
    own, other = (tuple(_end(getattr(rule, side), side, namespace)) for side in sides)
    return Rule(
        direction,
        ports=tuple(ports(rule)) or None,
        peers=_joined((*other, *_services(rule, direction, namespace), *_around(rule)), sides[1]),
        action=Action(rule.action),
        path=path,
        line=line,
        except_ports=tuple(except_ports(rule)),
        subject=_joined(own, sides[0]),
        layer7=Layer7(http=tuple(_http(rule.http))) if rule.http else None,
    )


def _joined(conditions: tuple[AnyPeer, ...], side: str) -> AnyPeer | None:
    """All conditions in one peer; where there is just one, its alternatives are the peers."""
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return (AllOf(tuple(map(_alternatives, conditions)), side),)


def _alternatives(peers: AnyPeer) -> Peer:
    if len(peers) == 1:
        return peers[0]
    return AnyOf(peers, peers[0].path.partition("[")[0])


def _end(entity: shapes.EntityRule, side: str, namespace: str | None) -> Iterator[AnyPeer]:
    """What is asked of one end, its ports and Services apart."""
    if selected := _selected(entity, side, namespace):
        yield (selected,)
    if entity.notSelector:
        # It takes out what it names in every namespace, also in a policy of one.
        path = f"{side}.notSelector"
        yield (Not(_anywhere(parse_selector(entity.notSelector), path), path),)
    if entity.nets:
        yield tuple(_blocks(entity.nets, f"{side}.nets"))
    if entity.notNets:
        taken_out = tuple(_blocks(entity.notNets, f"{side}.notNets"))
        yield (Not(_alternatives(taken_out), f"{side}.notNets"),)
    if entity.domains:
        names = " or ".join(entity.domains)
        what = f"it has the domain name {names}, which open source Calico cannot tell"
        yield (UnknownPeer(what, f"{side}.domains", ("F2.12",), tuple(entity.domains)),)


def _selected(entity: shapes.EntityRule, side: str, namespace: str | None) -> Peer | None:
    """The pods and network sets that the selectors select together.

    A policy of a namespace means this namespace as soon as it selects anything, be it by
    `notSelector` alone, unless a `namespaceSelector` says otherwise.
    """
    chosen = both((_accounts(entity.serviceAccounts), written_selector(entity.selector)))
    if entity.namespaceSelector:
        spaces = parse_selector(entity.namespaceSelector)
        return PodPeer(spaces, chosen, side, True, selects_outside(spaces))
    if namespace is not None and (chosen or entity.notSelector):
        return PodPeer(None, chosen, side, with_sets=True)
    return _anywhere(chosen, side) if chosen else None


def _anywhere(chosen: Expression, path: str) -> PodPeer:
    return PodPeer(EVERYTHING, chosen, path, with_sets=True, with_global_sets=True)


def written_selector(text: str) -> Expression | None:
    """Return the expression of a field, None where it is left out."""
    return parse_selector(text) if text else None


def _accounts(match: shapes.ServiceAccountMatch | None) -> Expression | None:
    """What is asked of a pod's account, as an expression over the pod's labels."""
    if match is None:
        return None
    labels = prefixed(parse_selector(match.selector), ACCOUNT_LABEL) if match.selector else None
    names = Compare(ACCOUNT, Comparator.IN, tuple(sorted(set(match.names))))
    return both((labels, names if match.names else None))


def read_net(text: str) -> str | None:
    """Return the CIDR that an entry of `nets` stands for; a bare address stands for itself."""
    if cidr := read_cidr(text):
        return cidr.text
    try:
        return parse_address(text).cidr
    except ValueError:
        return None


def _blocks(nets: Iterable[str], path: str) -> Iterator[BlockPeer]:
    for i, net in enumerate(nets):
        yield BlockPeer(IPBlock(read_net(net) or ""), f"{path}[{i}]")


def _services(rule: shapes.Rule, direction: Direction, namespace: str | None) -> Iterator[AnyPeer]:
    """Those behind a Service: as destination on their own ports, as source on any (F2.4)."""
    outward = direction is Direction.EGRESS
    side, entity = ("destination", rule.destination) if outward else ("source", rule.source)
    if entity.services:
        where = entity.services.namespace or namespace
        name, path = entity.services.name, f"{side}.services"
        yield (ServicePeer(where, name, path=path, with_ports=outward),)


def _around(rule: shapes.Rule) -> Iterator[AnyPeer]:
    """Conditions on the packet that are no end's own, most of which no connection answers."""
    if rule.ipVersion is not None:
        everything = Family(rule.ipVersion).everything.cidrs[0]
        yield (BlockPeer(IPBlock(everything), "ipVersion", meets_all=True),)
    for field, sent in (("ports", rule.source.ports), ("notPorts", rule.source.notPorts)):
        if sent:
            negation = "" if field == "ports" else "not "
            what = f"its source port is {negation}{' or '.join(map(str, sent))}"
            yield (UnknownPeer(what, f"source.{field}", (), tuple(map(str, sent))),)
    for field, icmp in (("icmp", rule.icmp), ("notICMP", rule.notICMP)):
        if icmp is not None and icmp.code is not None:
            negation = "" if field == "icmp" else "not "
            what = f"it is {negation}of type {icmp.type} and code {icmp.code}"
            yield (UnknownPeer(what, field, (), (str(icmp.type), str(icmp.code))),)


def _http(match: shapes.HTTPMatch) -> Iterator[str]:
    yield from (f"method {method}" for method in match.methods)
    for path in match.paths:
        yield f"path {path.exact}" if path.exact else f"path beginning with {path.prefix}"
