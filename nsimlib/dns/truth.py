"""What is true of a name, whoever asks and whatever is believed elsewhere."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from nsimlib.dns.lanes import Lane, LaneKind, Recorder
from nsimlib.dns.records import LONGEST_CHAIN, Answer, RecordType, Source
from nsimlib.dns.zones import RecordSet, Zones
from nsimlib.model.addresses import Address

__all__ = ["possible", "recorded", "truth"]


def possible(zones: Zones, name: str, now: float) -> frozenset[Address]:
    """Return every address that a name may lead to at a time.

    Of weighted record sets, all that may be drawn count:

    >>> from nsimlib.dns.zone_files import shipped_zones
    >>> print(*sorted(possible(shipped_zones("multi-region"), "reads.shop.example", 0)))
    10.20.21.17 10.40.21.9
    """
    kinds = RecordType.A, RecordType.AAAA
    return frozenset(each for kind in kinds for each in _reached(zones, name, kind, now, 0))


def truth(zones: Zones, name: str) -> Lane:
    """Return the addresses that a name has, from change to change of the zones."""
    recorder = Recorder()
    times = {change.at for zone in zones.zones for change in zone.changes if change.at > 0}
    for at in (0.0, *sorted(times)):
        recorder.note(LaneKind.TRUE, "", name, at, possible(zones, name, at))
    (lane,) = recorder.lanes()
    return lane


def recorded(source: Source, names: Iterable[str], times: Iterable[float]) -> tuple[Answer, ...]:
    """Return what a source says of names at times, as somebody would have recorded it."""
    asked = product(times, names, (RecordType.A, RecordType.AAAA))
    return tuple(source.answer(name, kind, at) for at, name, kind in asked)


def _reached(
    zones: Zones, name: str, kind: RecordType, now: float, depth: int
) -> Iterator[Address]:
    zone = zones.zone_of(name)
    if zone is None or depth > LONGEST_CHAIN:
        return
    held = zone.at(now).by_name
    sets = held.get((name, kind)) or held.get((name, RecordType.CNAME), [])
    for value in (value for each in _drawable(sets) for value in each.values):
        if isinstance(value, str):
            yield from _reached(zones, value, kind, now, depth + 1)
        else:
            yield value


def _drawable(sets: Sequence[RecordSet]) -> Sequence[RecordSet]:
    """The sets of one name and type that an answer may hold, as `zones` has it."""
    healthy = [each for each in sets if each.healthy] or sets
    if not sets or (sets[0].weight is None and sets[0].primary is None):
        return sets[:1]
    if sets[0].primary is not None:
        return [max(healthy, key=lambda each: bool(each.primary))]
    return [each for each in healthy if each.weight] or healthy
