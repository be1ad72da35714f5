"""What Cilium says about rules that it does not take: whom they mean (F3.5, F3.8, F3.18, F3.25)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any, Final, cast

from nsimlib.manifests import cilium_shapes as shapes
from nsimlib.manifests.cilium_port_validation import icmp_faults, layer7_faults, ports_faults
from nsimlib.manifests.cilium_rules import PEERS, SIDES, AnyRule
from nsimlib.manifests.cilium_selectors import ENTITIES, RESERVED, plain_key
from nsimlib.manifests.faults import Fault, warning
from nsimlib.manifests.nodes import Path
from nsimlib.manifests.shapes import LabelSelector, LabelSelectorRequirement
from nsimlib.manifests.validation import selector_faults
from nsimlib.model.addresses import AddressRange, parse_address, parse_cidr
from nsimlib.model.policy import Direction

__all__ = ["endpoint_faults", "section_faults"]

LONGEST_NAME: Final = 255
NAME_CHARACTERS: Final = re.compile("[-a-zA-Z0-9_.]+")
PATTERN_CHARACTERS: Final = re.compile("[-a-zA-Z0-9_.*]+")
SOURCE: Final = re.compile("[a-z-]+:")
APART: Final = "Two items of the list mean one or the other."


def section_faults(path: Path, section: str, rule: AnyRule) -> Iterator[Fault]:
    """Yield what is wrong with an entry of one of the four sections of a rule."""
    direction = Direction.EGRESS if section.startswith("egress") else Direction.INGRESS
    yield from _peer_faults(path, SIDES[direction], rule)
    if rule.icmps and rule.toPorts:
        says = "the ICMPs block may only be present without ToPorts. "
        whole = f"{says}Define a separate rule to use ToPorts"
        yield Fault((*path, "icmps"), whole, remedy=APART)
    for i, icmp in enumerate(rule.icmps):
        yield from icmp_faults((*path, "icmps", i), icmp)
    entries = cast("list[shapes.PortRule]", rule.toPorts)
    for i, entry in enumerate(entries):
        place = (*path, "toPorts", i)
        yield from ports_faults((*place, "ports"), entry.ports)
        if not section.endswith("Deny"):
            yield from layer7_faults(place, entry, direction)
            for j, name in enumerate(entry.rules.dns if entry.rules else ()):
                yield from _dns_faults((*place, "rules", "dns", j), name)
    if getattr(rule, "authentication", None) is not None:
        says = "mutual authentication is not modelled, and taken to succeed"
        yield warning((*path, "authentication"), says)


def _peer_faults(path: Path, side: str, rule: AnyRule) -> Iterator[Fault]:
    fields = {name: getattr(rule, side + name, None) or [] for name in PEERS}
    said = [f"{side.capitalize()}{name}" for name, entries in fields.items() if entries]
    for one, other in combinations(said, 2):
        yield Fault(path, f"combining {one} and {other} is not supported yet", remedy=APART)
    if fields["Nodes"]:
        says = 'needs the flag "enable-node-selector-labels", which is taken to be set'
        yield warning((*path, f"{side}Nodes"), says)
    checks: dict[str, Callable[[Path, Any], Iterator[Fault]]] = {
        "Endpoints": endpoint_faults,
        "Nodes": endpoint_faults,
        "CIDR": _cidr_faults,
        "CIDRSet": _cidr_set_faults,
        "Entities": _entity_faults,
        "FQDNs": _name_faults,
    }
    for name, check in checks.items():
        for i, entry in enumerate(fields[name]):
            yield from check((*path, side + name, i), entry)


def endpoint_faults(path: Path, selector: LabelSelector) -> Iterator[Fault]:
    """Yield what is wrong with a selector, the sources of its keys aside."""
    bare = LabelSelector(
        {_bare(key): value for key, value in selector.matchLabels.items()},
        [
            LabelSelectorRequirement(_bare(each.key), each.operator, each.values)
            for each in selector.matchExpressions
        ],
    )
    written = {_bare(key): key for key in selector.matchLabels}
    for fault in selector_faults(path, bare):
        yield replace(fault, below=tuple(written.get(str(key), key) for key in fault.below))


def _bare(key: str) -> str:
    """The key without its source, whatever that is."""
    return SOURCE.sub("", plain_key(key), count=1)


def _cidr_faults(path: Path, written: str) -> Iterator[Fault]:
    if not written:
        yield Fault(path, "IP must be specified")
    elif _range(written) is None and not _is_address(written):
        yield Fault(path, f'unable to parse CIDR: "{written}"', written)


def _cidr_set_faults(path: Path, written: shapes.CIDRRule) -> Iterator[Fault]:
    """The one of three must be there; exceptions lie in the block, and may be all of it (F3.18)."""
    said = (written.cidr, written.cidrGroupRef, written.cidrGroupSelector is not None)
    one_of = "one of cidr, cidrGroupRef, or cidrGroupSelector"
    match sum(map(bool, said)):
        case 0:
            yield Fault(path, f"{one_of} is required")
        case 1:
            pass
        case _:
            yield Fault(path, f"more than {one_of} may not be set")
    if not written.cidr:
        return
    whole = _range(written.cidr)
    if whole is None:
        remedy = f"Write {written.cidr}/32." if _is_address(written.cidr) else ""
        says = f'unable to parse CIDRRule "{written.cidr}"'
        yield Fault((*path, "cidr"), says, written.cidr, remedy)
    for i, text in enumerate(written.except_):
        part = _range(text)
        if part is None:
            yield Fault((*path, "except", i), f'unable to parse CIDR: "{text}"', text)
        elif whole is not None and not whole.covers(part):
            says = f"allow CIDR prefix {written.cidr} does not contain exclude CIDR prefix {text}"
            yield Fault((*path, "except", i), says, text)


def _range(text: str) -> AddressRange | None:
    try:
        return parse_cidr(text)
    except ValueError:
        return None


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except ValueError:
        return False
    return True


def _entity_faults(path: Path, name: str) -> Iterator[Fault]:
    if name not in ENTITIES:
        plain = name.lower().replace("_", "-").removeprefix(RESERVED)
        remedy = f"Write {plain}." if plain in ENTITIES else f"There are {', '.join(ENTITIES)}."
        yield Fault(path, f"unsupported entity: {name}", name, remedy)


def _name_faults(path: Path, selector: shapes.FQDNSelector) -> Iterator[Fault]:
    if selector.matchName and selector.matchPattern:
        says = "only one of MatchName or MatchPattern is allowed in an FQDNSelector"
        yield Fault(path, says)
    yield from _dns_faults(path, selector)


def _dns_faults(path: Path, selector: shapes.FQDNSelector) -> Iterator[Fault]:
    """What is wrong with the characters of a name or a pattern (F3.25)."""
    fields = (
        ("matchName", selector.matchName, NAME_CHARACTERS, ". and -"),
        ("matchPattern", selector.matchPattern, PATTERN_CHARACTERS, "., - and *"),
    )
    for field, text, characters, others in fields:
        if text and not characters.fullmatch(text):
            called = field[0].upper() + field[1:]
            says = f'Invalid characters in {called}: "{text}". Only 0-9, a-z, A-Z and {others}'
            has_star = field == "matchName" and "*" in text
            remedy = "Write it as matchPattern." if has_star else ""
            yield Fault((*path, field), f"{says} characters are allowed", text, remedy)
        elif len(text) > LONGEST_NAME:
            yield Fault(
                (*path, field), f"Too long: may not be more than {LONGEST_NAME} bytes", text
            )
