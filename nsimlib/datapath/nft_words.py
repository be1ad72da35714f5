"""What nft calls a condition and a target, spelled as `nft list ruleset` prints it."""

from collections.abc import Callable, Mapping
from typing import Any

from nsimlib.datapath.matches import (
    WHOLE,
    AddressType,
    Comment,
    Conntrack,
    IcmpType,
    InSet,
    Interface,
    Mark,
    Match,
    Multiport,
    Net,
    PortSpan,
    Proto,
    Span,
)
from nsimlib.datapath.ruleset import Target
from nsimlib.errors import UnknownName
from nsimlib.model.addresses import Family
from nsimlib.model.ports import Protocol

__all__ = ["condition", "name_of_set", "verdict"]

ADDRESSES = {"src": "saddr", "dst": "daddr"}
PORTS = {"src": "sport", "dst": "dport"}
STATES = ("INVALID", "ESTABLISHED", "RELATED", "NEW", "UNTRACKED")
LEVELS = ("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug")
#: types of ICMP that have a name in nft
TYPES = {
    Protocol.ICMP: {
        0: "echo-reply",
        3: "destination-unreachable",
        8: "echo-request",
        11: "time-exceeded",
    },
    Protocol.ICMPV6: {
        1: "destination-unreachable",
        3: "time-exceeded",
        128: "echo-request",
        129: "echo-reply",
        130: "mld-listener-query",
        131: "mld-listener-report",
        132: "mld-listener-done",
        133: "nd-router-solicit",
        135: "nd-neighbor-solicit",
        136: "nd-neighbor-advert",
    },
}
#: what REJECT answers if nothing is said, and how iptables says that
PORT_UNREACHABLE = (
    "",
    "--reject-with icmp-port-unreachable",
    "--reject-with icmp6-port-unreachable",
)


def name_of_set(name: str) -> str:
    """Return the name of a set as nft takes it.

    >>> name_of_set("cali40s:TwSPtm330ezw8L_TsjzvdD8")
    'cali40s-TwSPtm330ezw8L_TsjzvdD8'
    """
    return name.replace(":", "-")


Matches = tuple[Match, ...]


def condition(match: Match, others: Matches, family: Family) -> str:
    """Return a condition in nft's words, empty where another one of the rule says it as well.

    Raises
    ------
    UnknownName
        If the condition is not known.
    """
    word = WORDS.get(type(match))
    if word is None or (isinstance(match, IcmpType) and match.code is not None):
        raise UnknownName("word in nft for", str(match), ())
    return word(match, others, family)


def _net(match: Net, _: Matches, family: Family) -> str:
    short = match.cidr.removesuffix(f"/{family.bits}")
    return f"{_ip(family)} {ADDRESSES[match.end]} {_no(match.negated)}{short}"


def _interface(match: Interface, _: Matches, __: Family) -> str:
    name = f"{match.name[:-1]}*" if match.name.endswith("+") else match.name
    return f'{match.way[0]}ifname {_no(match.negated)}"{name}"'


def _proto(match: Proto, others: Matches, _: Family) -> str:
    said = _is_said(match, others)
    return "" if said else f"meta l4proto {_no(match.negated)}{match.name}"


def _mark(match: Mark, _: Matches, __: Family) -> str:
    if match.mask == WHOLE:
        return f"meta mark {_no(match.negated)}{match.value:#010x}"
    sign = "!=" if match.negated else "=="
    return f"meta mark & {match.mask:#010x} {sign} {match.value:#010x}"


def _icmp(match: IcmpType, _: Matches, __: Family) -> str:
    word = "icmp" if match.protocol is Protocol.ICMP else "icmpv6"
    kind = TYPES[match.protocol].get(match.number, str(match.number))
    return f"{word} type {_no(match.negated)}{kind}"


def _address_type(match: AddressType, _: Matches, __: Family) -> str:
    return f"fib {ADDRESSES[match.end]} type {_no(match.negated)}local"


def _ip(family: Family) -> str:
    return "ip" if family is Family.IPV4 else "ip6"


def _no(negated: bool) -> str:
    return "!= " if negated else ""


def _is_said(proto: Proto, others: Matches) -> bool:
    """Whether the ports or the type of ICMP name the protocol already."""
    return not proto.negated and any(
        isinstance(other, Multiport | PortSpan)
        or (isinstance(other, InSet) and len(other.ends) > 1)
        or (isinstance(other, IcmpType) and other.code is None)
        for other in others
    )


def _conntrack(match: Conntrack, _: Matches, __: Family) -> str:
    if set(match.states) <= set(STATES):
        known = [state.lower() for state in STATES if state in match.states]
        return f"ct state {_no(match.negated)}{','.join(known)}"
    return f"ct status {_no(match.negated)}{','.join(match.states).lower()}"


def _ports(match: Multiport | PortSpan, others: Matches, _: Family) -> str:
    protocol = match.protocol if isinstance(match, PortSpan) else _transport(others)
    spans = sorted(match.spans if isinstance(match, Multiport) else (match.span,))
    ports = ", ".join(map(_span, spans))
    ports = f"{{ {ports} }}" if len(spans) > 1 else ports
    return f"{protocol} {PORTS[match.end]} {_no(match.negated)}{ports}"


def _transport(others: Matches) -> str:
    """The protocol that the rule names, or any that has ports."""
    named = (other.name for other in others if isinstance(other, Proto) and not other.negated)
    return next(named, "th")


def _span(span: Span) -> str:
    first, last = span
    return str(first) if first == last else f"{first}-{last}"


def _in_set(match: InSet, others: Matches, family: Family) -> str:
    first, *rest = match.ends
    pair = f" . meta l4proto . {_transport(others)} {PORTS[rest[0]]}" if rest else ""
    return f"{_ip(family)} {ADDRESSES[first]}{pair} {_no(match.negated)}@{name_of_set(match.name)}"


def _comment(_: Comment, __: Matches, ___: Family) -> str:
    """Notes are said once, behind the verdict."""
    return ""


WORDS: Mapping[type, Callable[[Any, Matches, Family], str]] = {
    AddressType: _address_type,
    Comment: _comment,
    Conntrack: _conntrack,
    IcmpType: _icmp,
    InSet: _in_set,
    Interface: _interface,
    Mark: _mark,
    Multiport: _ports,
    Net: _net,
    PortSpan: _ports,
    Proto: _proto,
}


def verdict(target: Target | None) -> str:
    """Return a target in nft's words.

    Raises
    ------
    UnknownName
        If the target is not known.
    """
    if target is None:
        return ""
    if target.goto:
        return f"goto {target.name}"
    match target.name:
        case "ACCEPT" | "DROP" | "RETURN":
            return target.name.lower()
        case "REJECT" if target.options in PORT_UNREACHABLE:
            return "reject"
        case "MARK" if target.options.startswith("--set-xmark "):
            value, _, mask = target.options.removeprefix("--set-xmark ").partition("/")
            return _set_mark(int(value, 16), int(mask or hex(WHOLE), 16))
        case "LOG" if target.options.startswith("--log-prefix "):
            prefix, _, level = target.options.removeprefix("--log-prefix ").rpartition(
                " --log-level "
            )
            return f"log prefix {prefix} level {LEVELS[int(level)]}"
        case _ if not target.options:
            return f"jump {target.name}"
        case _:
            raise UnknownName("word in nft for", str(target), ())


def _set_mark(value: int, mask: int) -> str:
    """Bits that are set need not be cleared before."""
    kept = ~mask & WHOLE | value
    clear = "" if kept == WHOLE else f" & {kept:#010x}"
    return f"meta mark set meta mark{clear}" + (f" | {value:#010x}" if value else "")
