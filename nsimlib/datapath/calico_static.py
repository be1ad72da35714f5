"""The chains that are the same on every node, whatever the policies (F2.22, F2.33).

Chains for host endpoints are there and empty: hosts have no policies here.
"""

from collections.abc import Iterable, Iterator

from nsimlib.datapath.calico_endpoints import FROM_POD, TO_POD
from nsimlib.datapath.calico_rules import RETURN, is_set, set_mark
from nsimlib.datapath.calico_settings import ACCEPT, ALL_BITS, Settings
from nsimlib.datapath.calico_spelling import Draft, finished
from nsimlib.datapath.matches import Conntrack, IcmpType, Interface, Mark, Proto
from nsimlib.datapath.ruleset import Chain, Target
from nsimlib.model.addresses import Family
from nsimlib.model.ports import Protocol

__all__ = ["INTERFACES", "static_chains"]

INTERFACES = "cali+"
TO_HOST = "cali-wl-to-host"
FORWARD, INPUT, OUTPUT = "cali-FORWARD", "cali-INPUT", "cali-OUTPUT"
FROM_HOST, TO_HOST_END = "cali-from-host-endpoint", "cali-to-host-endpoint"
FORWARD_FROM, FORWARD_TO = "cali-from-hep-forward", "cali-to-hep-forward"
BLOCKED = "cali-cidr-block"
EMPTY = (FROM_HOST, TO_HOST_END, FORWARD_FROM, FORWARD_TO, BLOCKED)
GO = Target("ACCEPT")
#: listeners to multicast and neighbour discovery, without which a pod has no IPv6 (F2.38)
ROUTING = (130, 131, 132, 133, 135, 136)


def static_chains(family: Family, settings: Settings) -> Iterator[Chain]:
    """Yield them, those that the kernel calls first."""
    for name, own, behind in (
        ("INPUT", INPUT, ()),
        ("FORWARD", FORWARD, _appended()),
        ("OUTPUT", OUTPUT, ()),
    ):
        yield _hooked(name, own, behind)
    yield finished(FORWARD, tuple(_forward()))
    yield finished(INPUT, tuple(_input()))
    yield finished(OUTPUT, tuple(_output()))
    yield finished(TO_HOST, tuple(_to_host(family, settings)))
    yield from (Chain(name) for name in EMPTY)


def _hooked(name: str, own: str, behind: Iterable[Draft]) -> Chain:
    """A chain of the kernel's: Calico's rule is inserted before all others, some come behind.

    What is appended is hashed as if it had a chain of its own.
    """
    inserted = finished(name, (Draft(target=Target(own)),), "ACCEPT")
    appended = finished(f"{name}*appends*", tuple(behind))
    return Chain(name, (*inserted.rules, *appended.rules), "ACCEPT")


def _appended() -> tuple[Draft, ...]:
    """The one place where what policy let through is accepted (F2.23)."""
    accepted = Draft((is_set(ACCEPT),), GO, ("Policy explicitly accepted packet.",))
    return accepted, Draft(target=set_mark(ACCEPT, ACCEPT))


def _forward() -> Iterator[Draft]:
    yield Draft(target=set_mark(0, ALL_BITS & ~ACCEPT))
    yield Draft((Mark(0, ACCEPT),), Target(FORWARD_FROM))
    yield Draft((Interface("in", INTERFACES),), Target(FROM_POD))
    yield Draft((Interface("out", INTERFACES),), Target(TO_POD))
    yield Draft(target=Target(FORWARD_TO))
    yield Draft(target=Target(BLOCKED))


def _input() -> Iterator[Draft]:
    yield Draft((Interface("in", INTERFACES),), Target(TO_HOST, goto=True))
    yield from _host_endpoint(Draft(target=Target(FROM_HOST)))


def _output() -> Iterator[Draft]:
    """What the node itself sends to its pods is no policy's business (F1.24)."""
    first, *rest = _host_endpoint(Draft((Conntrack(("DNAT",), negated=True),), Target(TO_HOST_END)))
    yield first
    yield Draft((Interface("out", INTERFACES),), RETURN)
    yield from rest


def _host_endpoint(jump: Draft) -> Iterator[Draft]:
    yield Draft((is_set(ACCEPT),), GO)
    yield Draft(target=set_mark(0, ALL_BITS))
    yield jump
    yield Draft((is_set(ACCEPT),), GO, ("Host endpoint policy accepted packet.",))


def _to_host(family: Family, settings: Settings) -> Iterator[Draft]:
    """From a pod to its own node: the pod's egress policy first, then the setting (F2.16)."""
    if family is Family.IPV6:
        for number in ROUTING:
            matches = (Proto("ipv6-icmp"), IcmpType(Protocol.ICMPV6, number))
            yield Draft(matches, GO, by_number=True)
    yield Draft(target=Target(FROM_POD))
    note = ("Configured DefaultEndpointToHostAction",)
    yield Draft(target=Target(settings.endpoint_to_host), notes=note)
