"""A controller that chases names: it looks them up and writes what it hears as a NetworkPolicy.

A worked example, polled every 60 s with a grace of 90 s; the name moves at 100 s::

     60 s  hears 10.0.0.1              allows 10.0.0.1
    120 s  hears 10.0.0.2              allows both: 10.0.0.1 was heard 60 s ago
    180 s  hears 10.0.0.2              allows 10.0.0.2: 10.0.0.1 was heard 120 s ago

From 100 s to 120 s the new address is missing, and until 180 s the old one is stale. `windows` says
how long both can last.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from math import ceil
from typing import NamedTuple

from nsimlib.dns.records import Answer, RecordType, Source, canonical
from nsimlib.model.addresses import Address, IPBlock
from nsimlib.model.connection import parse_port
from nsimlib.model.peers import EVERY_POD, BlockPeer, PodPeer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort
from nsimlib.model.selectors import LabelSelector
from nsimlib.model.tables import Table

__all__ = [
    "Controller",
    "Reconciled",
    "Target",
    "Windows",
    "ask",
    "reconcile",
    "window_table",
    "windows",
]

EGRESS = Direction.EGRESS


@dataclass(frozen=True, slots=True)
class Target:
    """What a controller keeps open: some names on some ports, for the pods of one NetworkPolicy.

    `grace` is for how many seconds an address stays after it was last heard, so that clients that
    believe it still are not cut off.
    """

    namespace: str
    name: str
    subject: PodPeer
    names: tuple[str, ...]
    ports: tuple[PolicyPort, ...]
    grace: float = 0

    @classmethod
    def of(
        cls,
        policy: str,
        app: Mapping[str, str],
        names: Iterable[str],
        port: str,
        grace: float = 0,
    ) -> "Target":
        """Return the target for pods by their labels, with `policy` as namespace/name.

        >>> Target.of("shop/db", {"app": "api"}, ["db.example"], "5432/TCP").ports[0].port
        5432
        """
        namespace, _, name = policy.rpartition("/")
        subject, opened = PodPeer(pods=LabelSelector.of(app)), parse_port(port)
        ports = (PolicyPort(opened.protocol, opened.number),)
        return cls(namespace or "default", name, subject, tuple(names), ports, grace)

    @property
    def key(self) -> str:
        """The namespace and name of its policy."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a controller has open, and when it last heard each address."""

    target: Target
    seen: Mapping[Address, float] = field(default_factory=dict)

    @classmethod
    def of(cls, target: Target, policies: Iterable[Policy], now: float) -> "Reconciled":
        """Return what policies of an earlier run have open, all of it as if it was heard now."""
        peers = (
            peer
            for policy in policies
            if policy.key == target.key
            for rule in policy.rules
            for peer in rule.peers or ()
        )
        ranges = (peer.block.range for peer in peers if isinstance(peer, BlockPeer))
        return cls(target, {each.start: now for each in ranges if each.first == each.last})

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The NetworkPolicy with a block for each address; none as long as none is known.

        A policy without blocks would deny everything, which nobody asked for (F1.16).
        """
        if not self.seen:
            return ()
        blocks = (IPBlock(f"{each}/{each.family.bits}") for each in sorted(self.seen))
        peers = tuple(BlockPeer(block, f"to[{n}]") for n, block in enumerate(blocks))
        rule = Rule(EGRESS, self.target.ports, peers, path="spec.egress[0]")
        only = frozenset({EGRESS})
        about = self.target
        return (
            Policy(
                "NetworkPolicy", about.namespace, about.name, about.subject, only, only, (rule,)
            ),
        )


@dataclass(frozen=True, slots=True)
class Controller:
    """A target that is looked up every `interval` seconds.

    `apply_seconds` is how long it takes until what was written is enforced (F1.28).
    """

    target: Target
    interval: float
    apply_seconds: float = 0


def ask(target: Target, source: Source, now: float) -> tuple[Answer, ...]:
    """Return what a source says of the names of a target, of both families."""
    kinds = RecordType.A, RecordType.AAAA
    return tuple(source.answer(name, kind, now) for name in target.names for kind in kinds)


def reconcile(current: Reconciled, answers: Iterable[Answer], now: float) -> Reconciled:
    """Return what is to be open after some answers: what they say, and what is in its grace.

    As long as some name of the target has no answer with an address, nothing is taken away: to deny
    what worked because DNS does not work would make one outage into two.

    >>> from nsimlib.dns.zone_files import shipped_zones
    >>> from nsimlib.model.peers import EVERY_POD
    >>> zones, name = shipped_zones("rds"), "orders.abc123def456.us-east-1.rds.amazonaws.com"
    >>> target = Target("shop", "db", EVERY_POD, (name,), ())
    >>> before = reconcile(Reconciled(target), ask(target, zones, 0), 0)
    >>> print(*before.seen, *reconcile(before, ask(target, zones, 90), 90).seen)
    10.20.21.17 10.20.22.18
    """
    answers, target = tuple(answers), current.target
    heard = {address: now for answer in answers for address in answer.addresses}
    found = {canonical(answer.name) for answer in answers if answer.addresses}
    failed = any(answer.failed for answer in answers)
    if not failed and {canonical(name) for name in target.names} <= found:
        kept = {each: at for each, at in current.seen.items() if now - at < target.grace}
    else:
        kept = dict(current.seen)
    return replace(current, seen={**kept, **heard})


class Windows(NamedTuple):
    """For how many seconds after a name moved policy is behind.

    `missing`: the new address is denied. `stale`: the old one is allowed. `cut`: clients that were
    told the old one, and believe it still, are denied it.
    """

    missing: float
    stale: float
    cut: float


def window_table(
    intervals: Iterable[float],
    ttls: Iterable[float],
    *,
    grace: float = 0,
    apply_seconds: float = 0,
    client_cache: float = 0,
) -> Table:
    """Return the windows of controllers by polling interval and TTL, at worst; all in seconds.

    A short interval does not help beyond the TTL: the resolver gives the old answer until then.

    >>> print(window_table([5, 60], [5, 60], apply_seconds=2))
    Windows of a controller, in seconds: grace 0, apply 2
    interval  TTL  missing  stale  cut
    5         5    7        7      3
    5         60   62       62     58
    60        5    62       62     3
    60        60   62       62     58
    """
    target = Target("", "", EVERY_POD, (), (), grace)
    rows = (
        (
            f"{interval:g}",
            f"{ttl:g}",
            *(
                f"{seconds:g}"
                for seconds in windows(
                    Controller(target, interval, apply_seconds), ttl, client_cache=client_cache
                )
            ),
        )
        for interval, ttl in product(tuple(intervals), tuple(ttls))
    )
    title = f"Windows of a controller, in seconds: grace {grace:g}, apply {apply_seconds:g}"
    return Table(title, ("interval", "TTL", *Windows._fields), tuple(rows))


def windows(
    controller: Controller, ttl: float, *, change: float | None = None, client_cache: float = 0
) -> Windows:
    """Return the windows of a controller, at worst or for a name that moves at a time.

    Parameters
    ----------
    controller
        It polls first at 0 s.
    ttl
        For how many seconds its own resolver keeps an answer. One that others ask as well, as the
        pods do CoreDNS, may have had it for as long already: `nsimlib.dns.chase` plays that.
    change
        When the name moves; without it, the windows are the longest that a time can make them.
    client_cache
        For how many seconds clients believe an answer beyond its TTL (F5.20).

    Examples
    --------
    Polling every 60 s is twelve times too slow for a TTL of 5 s:

    >>> from nsimlib.model.peers import EVERY_POD
    >>> target = Target("shop", "db", EVERY_POD, ("db.example",), ())
    >>> windows(Controller(target, interval=60, apply_seconds=2), ttl=5)
    Windows(missing=62, stale=62, cut=3)
    """
    interval = controller.interval
    renewed = interval * max(1, ceil(ttl / interval))
    # The last poll that heard the old address comes one interval before the first that does not.
    leaves = interval * max(1, ceil(controller.target.grace / interval)) - interval
    shortest = leaves + controller.apply_seconds
    late = renewed if change is None else renewed * ceil(change / renewed) - change
    believed = ttl + client_cache
    behind = late + controller.apply_seconds
    kept = shortest if change is None else late + shortest
    return Windows(behind, late + shortest, max(0, believed - kept))
