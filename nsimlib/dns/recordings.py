"""Answers over time, as somebody recorded them: what `dig` prints, with a line for each time.

::

    while sleep 60; do
      date -u +'; %Y-%m-%dT%H:%M:%SZ'
      dig +noall +answer db.example A db.example AAAA
    done >> answers.txt

Record where the pods ask, since other resolvers may say something else (F5.32). What names lead to
is in the same file::

    ; 2026-03-01T08:00:00Z
    db.example.       300 IN CNAME orders.example.
    orders.example.     5 IN A     10.20.21.17
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from nsimlib.dns.records import LONGEST_CHAIN, Answer, Record, RecordType, canonical
from nsimlib.errors import ManifestError, Problem
from nsimlib.manifests.files import text_or_file
from nsimlib.model.addresses import Address, Family, parse_address

__all__ = ["History", "read_answers"]

TYPES = {Family.IPV4: RecordType.A, Family.IPV6: RecordType.AAAA}
TIME = re.compile(r"[;#]+\s*(\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d))\s*")
RECORD = re.compile(r"(?P<name>\S+)\s+(?P<ttl>\d+)\s+IN\s+(?P<type>A|AAAA|CNAME)\s+(?P<value>\S+)")
REMEDY = "Write a time such as '; 2026-03-01T08:00:00Z' above what `dig +noall +answer` prints"


def read_answers(recording: str | Path) -> tuple[Answer, ...]:
    """Return the answers of a recording, a file or its text; their `since` is a Unix time.

    Every name is taken for asked that no CNAME of the same time leads to. Questions without an
    answer leave no line, so they are not in it.

    Raises
    ------
    ManifestError
        If there is no such file, or a line is no record of an address or a CNAME, or has no time
        above it.
    """
    records, problems = dict[float, list[Record]](), list[Problem]()
    at: float | None = None
    whole, file = text_or_file(str(recording))
    for number, text in enumerate(whole.splitlines(), start=1):
        if time := TIME.fullmatch(text.strip()):
            at = datetime.fromisoformat(time[1]).astimezone(UTC).timestamp()
        elif text.strip() and not text.lstrip().startswith((";", "#")):
            record = _record(text.strip())
            if at is None or record is None:
                wrong = "no time above it" if record else "not a record of an address or a CNAME"
                problems.append(Problem(file, number, 1, "", wrong, text, REMEDY))
            else:
                records.setdefault(at, []).append(record)
    if problems:
        raise ManifestError(problems)
    return tuple(answer for at, found in records.items() for answer in _answers(at, found))


def _record(text: str) -> Record | None:
    found = RECORD.fullmatch(text)
    if found is None:
        return None
    kind, value = RecordType(found["type"]), found["value"]
    name, ttl = canonical(found["name"]), int(found["ttl"])
    if kind is RecordType.CNAME:
        return Record(name, kind, ttl, canonical(value))
    try:
        address = parse_address(value)
    except ValueError:
        return None
    return Record(name, kind, ttl, address) if TYPES[address.family] is kind else None


def _answers(at: float, records: list[Record]) -> Iterator[Answer]:
    """The answers of one time: chains put together, an answer for each family."""
    by_name: dict[str, dict[Record, None]] = {}
    for record in records:
        by_name.setdefault(record.name, {})[record] = None
    aliased = {record.value for record in records}
    for name in by_name:
        if name in aliased:
            continue
        chain = tuple(_chain(by_name, name))
        for kind in TYPES.values():
            kept = tuple(each for each in chain if each.type in (kind, RecordType.CNAME))
            if any(isinstance(each.value, Address) for each in kept):
                yield Answer(name, kind, records=kept, since=at, by="a recording")


def _chain(by_name: dict[str, dict[Record, None]], name: str) -> Iterator[Record]:
    for _ in range(LONGEST_CHAIN):
        found = by_name.get(name, {})
        yield from found
        leads = [each.value for each in found if isinstance(each.value, str)]
        if not leads:
            return
        name = leads[0]


class History:
    """When each address was last answered for a name, and what the newest answers hold.

    `recent` is for how many seconds before the newest answer for a name older ones are current too.
    """

    def __init__(self, answers: Iterable[Answer], recent: float = 0) -> None:
        self.seen: dict[str, dict[Address, float]] = {}
        self.times: tuple[float, ...] = ()
        newest: dict[tuple[str, str], float] = {}
        times = set[float]()
        for answer in answers:
            times.add(answer.since)
            if answer.addresses:
                key = canonical(answer.name), answer.type
                newest[key] = max(answer.since, newest.get(key, answer.since))
                of_name = self.seen.setdefault(key[0], {})
                for address in answer.addresses:
                    of_name[address] = max(answer.since, of_name.get(address, answer.since))
        self.times = tuple(sorted(times))
        self.current = {
            (name, address)
            for name, found in self.seen.items()
            for address, at in found.items()
            if at >= newest[name, TYPES[address.family]] - recent
        }

    def names(self, address: Address) -> tuple[str, ...]:
        """The names that ever had an address."""
        return tuple(sorted(name for name, found in self.seen.items() if address in found))
