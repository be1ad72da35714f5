"""The agent of a node on real time: what it learns goes into sets of the node's kernel."""

import socket
from collections.abc import Mapping

from nsimlib.dns.agents import Agent
from nsimlib.dns.parameters import Parameters
from nsimlib.dns.records import Answer
from nsimlib.model.addresses import Address, Family
from nsimlib.model.peers import DomainPeer
from nsimlib.packets.helper import Helper
from nsimlib.packets.labd.conntrack import destinations
from nsimlib.packets.labd.netlink import Netlink
from nsimlib.packets.labd.setdump import NETFILTER, Change, change
from nsimlib.packets.nftables import POLICIES, name_set
from nsimlib.packets.real_time import RealTime

__all__ = ["Learner"]

#: the number of a name in policies, and an address that is allowed by it
Allowed = tuple[int, Address]


class Learner(Agent):
    """The simulation's agent, with a kernel for its world.

    It speaks to the kernel itself, for the helper may be busy with a program that waits for what is
    learned here. Make it in the thread of its time.
    """

    def __init__(
        self,
        helper: Helper,
        netns: str,
        parameters: Parameters,
        time: RealTime,
        names: Mapping[DomainPeer, int],
    ) -> None:
        self._names, self._held = names, dict[Allowed, float | None]()
        opened = helper.open_socket(netns, socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
        self._netlink = Netlink(NETFILTER, opened)
        super().__init__(parameters, time, self._fill)

    def hear(self, answer: Answer, at: float) -> None:
        """Learn from an answer; what is known already is known for longer."""
        super().hear(answer, at)
        if slow := self.memory.parameters.update_seconds:
            self.clock.call(slow, self._fill)
        else:
            self._fill()

    def alive(self, now: float) -> frozenset[Address]:
        """Return the addresses that the kernel tracks connections to."""
        del now
        return frozenset(map(_address, destinations(self._netlink)))

    def close(self) -> None:
        """Leave the kernel alone."""
        self._netlink.socket.close()

    def _fill(self) -> None:
        """Make the sets hold what is known, for as long as it is sure to be."""
        wanted = self._wanted()
        gone = (Change(*_element(each), present=False) for each in self._held.keys() - wanted)
        new = (
            Change(*_element(each), seconds=None if until is None else until - self.clock.now)
            for each, until in wanted.items()
            if each not in self._held or self._held[each] != until
        )
        changes = [*gone, *new]
        self._held = wanted
        if changes:
            change(self._netlink, POLICIES, changes)

    def _wanted(self) -> dict[Allowed, float | None]:
        """What is allowed by name, and until when; None where looks at connections decide that."""
        found: dict[Allowed, float | None] = {}
        is_timed = not self.memory.parameters.sweep_interval
        for address, names in self.memory.names.items():
            for peer, number in self._names.items():
                meant = [name for name in names if peer.names(name)]
                if meant:
                    ends = (self.memory.expiry[name, address] for name in meant)
                    found[number, address] = max(ends) if is_timed else None
        return found


def _element(allowed: Allowed) -> tuple[str, bytes]:
    number, address = allowed
    return name_set(number, address.family), address.value.to_bytes(address.family.bits // 8, "big")


def _address(packed: bytes) -> Address:
    family = Family.IPV4 if len(packed) == 4 else Family.IPV6
    return Address(family, int.from_bytes(packed, "big"))
