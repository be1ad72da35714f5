"""Which address and which port an enforcer sees of a connection, before it compares any rule.

A worked example: `shop/web` asks Service `db` at 10.96.0.7:80, which leads to port 5432 of pod
10.1.0.2. Seen behind the translation, every rule is compared with 10.1.0.2 and 5432. Seen in front
of it, an ipBlock is compared with 10.96.0.7 and 80. A selector still means pods and their ports;
the enforcer that looks there has a controller that adds Services to the rules whose own selector
the rule selects, with the port that leads to the rule's port (F4.29).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from nsimlib.cni.profile import Profile
from nsimlib.cni.reading import is_by_address
from nsimlib.evaluation.matching import Side
from nsimlib.evaluation.verdict import Path
from nsimlib.model.addresses import Address
from nsimlib.model.peers import DomainPeer, Peer
from nsimlib.model.policy import Direction, Rule
from nsimlib.model.ports import Port

__all__ = ["View", "Views", "views_of"]


class View(NamedTuple):
    """A side with the port that goes with the address seen there."""

    side: Side
    port: Port


class Views(NamedTuple):
    """What an enforcer compares: for selectors, and for addresses.

    They differ where it looks before a Service is translated.
    """

    behind: View
    in_front: View

    def of(self, rule: Rule) -> Iterator[tuple[View, tuple[Peer, ...] | None]]:
        """Yield the peers of a rule with what they are compared with."""
        if self.behind is self.in_front:
            yield self.behind, rule.peers
            return
        peers = rule.peers or ()
        by_address = tuple(peer for peer in peers if is_by_address(peer))
        others = tuple(peer for peer in peers if not is_by_address(peer))
        if by_address or rule.peers is None:
            yield self.in_front, None if rule.peers is None else by_address
        if others or rule.peers == ():
            yield self.behind, others


def views_of(
    path: Path, direction: Direction, profile: Profile, names: tuple[DomainPeer, ...] | None
) -> Views:
    """Return what the enforcer compares at one end; `names` are those that it learns (F3.21)."""
    if direction is Direction.INGRESS:
        side = Side(direction, path.destination, path.source, _known(path.source_address), profile)
        view = View(replace(side, learned=names), path.port)
        return Views(view, view)
    seen = _known(path.destination_address)
    side = Side(direction, path.source, path.destination, seen, profile, names)
    behind = View(side, path.port)
    if not path.is_translated or profile["service_translation"].value == "before":
        return Views(behind, behind)
    front = View(
        replace(side, addresses=_known(path.service_address)), path.service_port or path.port
    )
    if profile["service_translation"].value == "after":
        behind = View(replace(side, service=path.service), path.port)
    return Views(behind, front)


def _known(address: Address | None) -> tuple[Address, ...]:
    return () if address is None else (address,)
