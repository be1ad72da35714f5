"""What is wrong with a zone, in the words that the API server has for such things."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from nsimlib.dns.records import RecordType, below, canonical
from nsimlib.dns.zone_shapes import ChangeEntry, RecordEntry, RecordKey, ZoneFile
from nsimlib.manifests.faults import Fault, forbidden, invalid, required, unsupported
from nsimlib.manifests.names import name_errors
from nsimlib.manifests.nodes import Mapping, Node, Path, text_at
from nsimlib.model.addresses import parse_address

__all__ = ["seconds", "zone_faults"]

KIND = "Zone"
FAILOVER = ("primary", "secondary")
#: the largest that Route 53 takes
MAX_WEIGHT = 255
TIME = re.compile(r"(?=.)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")

Key = tuple[str, str, str]
Held = dict[Key, tuple[Path, RecordEntry]]


def seconds(at: int | str | None) -> float | None:
    """Return the seconds that a time such as `1m30s`, or a bare number, says; None if it says none.

    >>> seconds("1m30s"), seconds(5), seconds("soon")
    (90.0, 5, None)
    """
    if not isinstance(at, str):
        return at
    if (found := TIME.fullmatch(at)) is None:
        return None
    units = zip(found.groups(), (3600, 60, 1), strict=True)
    return sum(float(number or 0) * unit for number, unit in units)


def zone_faults(node: Node, zone: ZoneFile) -> Iterator[Fault]:
    """Yield all that is wrong with a zone."""
    kind = text_at(node, "kind") if isinstance(node, Mapping) else ""
    if kind != KIND:
        yield unsupported(("kind",), kind, [KIND])
    if not zone.origin:
        yield required(("origin",), remedy='Write the domain that the names are in, or ".".')
    elif canonical(zone.origin):
        yield from _name_faults(("origin",), zone.origin)
    yield from _at_least_0(("negative_ttl",), zone.negative_ttl)
    held: Held = {}
    for path, entry in _entries(("records",), zone.records):
        yield from _record_faults(path, entry, zone.origin)
        if _key(entry) in held:
            yield Fault(path, f"Duplicate value: {' '.join(_key(entry)).strip()}")
        held[_key(entry)] = path, entry
    yield from _group_faults(held)
    for number, change in enumerate(zone.changes):
        yield from _change_faults(("changes", number), change, zone.origin, held)


def _entries(path: Path, entries: Sequence[RecordEntry]) -> Iterator[tuple[Path, RecordEntry]]:
    yield from (((*path, number), entry) for number, entry in enumerate(entries))


def _key(entry: RecordKey) -> Key:
    member = entry.member
    if isinstance(entry, RecordEntry):
        member = member or entry.failover
    return canonical(entry.name), entry.type, member


def _change_faults(path: Path, change: ChangeEntry, origin: str, held: Held) -> Iterator[Fault]:
    if change.at is None:
        yield required((*path, "at"), remedy="Write when it happens, such as 30s.")
    elif seconds(change.at) is None:
        yield invalid((*path, "at"), change.at, "must be a time such as 30s or 1m30s")
    for number, gone in enumerate(change.delete):
        if held.pop(_key(gone), None) is None:
            name = " ".join(_key(gone)).strip()
            yield invalid(
                (*path, "delete", number), name, "there is no such record set at that time"
            )
    for place, entry in _entries((*path, "upsert"), change.upsert):
        yield from _record_faults(place, entry, origin)
        held[_key(entry)] = place, entry
    changed = {canonical(entry.name) for entry in change.upsert}
    yield from _group_faults({key: each for key, each in held.items() if key[0] in changed})


def _record_faults(path: Path, entry: RecordEntry, origin: str) -> Iterator[Fault]:
    yield from _name_faults((*path, "name"), entry.name)
    if not below(canonical(entry.name), canonical(origin)):
        why = f"must be {canonical(origin)} or a name below it"
        yield invalid((*path, "name"), entry.name, why)
    if entry.ttl is None:
        yield required((*path, "ttl"))
    else:
        yield from _at_least_0((*path, "ttl"), entry.ttl)
    if entry.type not in list(RecordType):
        yield unsupported((*path, "type"), entry.type, list(RecordType))
    else:
        yield from _value_faults((*path, "values"), RecordType(entry.type), entry.values)
    if entry.failover and entry.failover not in FAILOVER:
        yield unsupported((*path, "failover"), entry.failover, FAILOVER)
    if entry.weight is not None and not 0 <= entry.weight <= MAX_WEIGHT:
        yield invalid((*path, "weight"), entry.weight, f"must be from 0 to {MAX_WEIGHT}")
    if entry.weight is not None and entry.failover:
        yield forbidden((*path, "failover"), "may not be specified beside weight")


def _value_faults(path: Path, kind: RecordType, values: Sequence[str]) -> Iterator[Fault]:
    if not values:
        yield required(path)
    if kind is RecordType.CNAME and len(values) > 1:
        yield forbidden(path, "a CNAME leads to one name")
    for number, value in enumerate(values):
        if kind.family is None:
            yield from _name_faults((*path, number), value)
        else:
            yield from _address_faults((*path, number), kind, value)


def _address_faults(path: Path, kind: RecordType, value: str) -> Iterator[Fault]:
    try:
        family = parse_address(value).family
    except ValueError:
        family = None
    if family is None or family is not kind.family:
        version = kind.family.version if kind.family else ""
        yield invalid(path, value, f"must be an IPv{version} address")


def _name_faults(path: Path, name: str) -> Iterator[Fault]:
    yield from (invalid(path, name, error) for error in name_errors(canonical(name)))


def _at_least_0(path: Path, number: int) -> Iterator[Fault]:
    if number < 0:
        yield invalid(path, number, "must be greater than or equal to 0")


def _group_faults(held: Held) -> Iterator[Fault]:
    """What record sets say of each other: those of one name and type are chosen among one way."""
    kinds: dict[str, set[str]] = {}
    groups: dict[tuple[str, str], list[tuple[Path, RecordEntry]]] = {}
    for (name, kind, _), each in held.items():
        kinds.setdefault(name, set()).add(kind)
        groups.setdefault((name, kind), []).append(each)
    for (name, kind), group in groups.items():
        path, last = group[-1]
        if kind == RecordType.CNAME and len(kinds[name]) > 1:
            yield forbidden(path, f"{name} has other records, and a CNAME stands alone")
        ways = {_way(entry) for _, entry in group}
        if len(ways) > 1 or (ways == {"simple"} and len(group) > 1):
            why = (
                f"{name} {kind} has several record sets, so each needs a weight or a failover role"
            )
            yield forbidden(path, why)
        if ways == {"failover"} and max(Counter(e.failover for _, e in group).values()) > 1:
            yield forbidden(
                (*path, "failover"), f"{name} {kind} has two with the role {last.failover}"
            )


def _way(entry: RecordEntry) -> str:
    if entry.failover:
        return "failover"
    return "simple" if entry.weight is None else "weighted"
