"""The parts of a zone file, in its own spelling; `zone_files` says what it looks like."""

from dataclasses import dataclass, field
from typing import ClassVar

__all__ = ["ChangeEntry", "RecordEntry", "RecordKey", "ZoneFile"]

Types = dict[str, object]


@dataclass(slots=True)
class RecordKey:
    """What tells one record set of a zone from another."""

    ignored: ClassVar[Types] = {}
    name: str = ""
    type: str = ""
    member: str = ""


@dataclass(slots=True)
class RecordEntry(RecordKey):
    """One record set."""

    ignored: ClassVar[Types] = {}
    ttl: int | None = None
    values: list[str] = field(default_factory=list)
    weight: int | None = None
    failover: str = ""
    healthy: bool = True


@dataclass(slots=True)
class ChangeEntry:
    """What is otherwise from a time on."""

    ignored: ClassVar[Types] = {}
    at: int | str | None = None
    because: str = ""
    upsert: list[RecordEntry] = field(default_factory=list)
    delete: list[RecordKey] = field(default_factory=list)


@dataclass(slots=True)
class ZoneFile:
    """The object in the file."""

    ignored: ClassVar[Types] = {"apiVersion": str, "kind": str}
    origin: str = ""
    view: str = ""
    negative_ttl: int = 0
    records: list[RecordEntry] = field(default_factory=list)
    changes: list[ChangeEntry] = field(default_factory=list)
