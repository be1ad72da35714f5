"""Zones as people write them, with the file and line of whatever is wrong.

::

    apiVersion: nsimlib.io/v1
    kind: Zone
    origin: shop.example          # the names below it; "." is the root
    view: vpc                     # optional: who sees this zone; everyone if left out
    negative_ttl: 60              # how long "no such name" may be kept, the SOA minimum
    records:
    - {name: db.shop.example, type: CNAME, ttl: 300, values: [orders.example]}
    - {name: api.shop.example, type: A, ttl: 60, member: east, weight: 3, values: [192.0.2.1]}
    - {name: api.shop.example, type: A, ttl: 60, member: west, weight: 1, values: [192.0.2.2]}
    changes:
    - at: 30s
      because: the health check of east fails
      upsert:                     # comes, or replaces the set of this name, type and member
      - {name: api.shop.example, type: A, ttl: 60, member: east, weight: 3, healthy: false,
         values: [192.0.2.1]}
      delete:
      - {name: db.shop.example, type: CNAME}

Instead of `weight`, two sets of a name may have `failover: primary` and `failover: secondary`. A
file may hold several zones, one document each.
"""

from nsimlib.dns.records import RecordType, canonical
from nsimlib.dns.zone_shapes import RecordEntry, RecordKey, ZoneFile
from nsimlib.dns.zone_validation import seconds, zone_faults
from nsimlib.dns.zones import Change, RecordSet, Zone, Zones
from nsimlib.errors import ManifestError, Problem
from nsimlib.manifests.decoding import decode
from nsimlib.manifests.files import text_or_file
from nsimlib.manifests.shipped import shipped, shipped_names
from nsimlib.manifests.yaml_text import read_yaml
from nsimlib.model.addresses import parse_address

__all__ = ["read_zones", "shipped_zones", "zone_names"]


def zone_names() -> tuple[str, ...]:
    """Return the names of the zone files that ship."""
    return shipped_names("data", "dns")


def shipped_zones(name: str, *, seed: int = 0) -> Zones:
    """Return the zones of a shipped file.

    Raises
    ------
    UnknownName
        If no such file ships.

    Examples
    --------
    The writer's name leads to another instance after the failover, and neither was renamed:

    >>> zones = shipped_zones("aurora")
    >>> writer = "orders.cluster-abc123def456.us-east-1.rds.amazonaws.com"
    >>> [zones.answer(writer, now=now).chain[-1].partition(".")[0] for now in (29, 60)]
    ['orders-1', 'orders-2']
    """
    return read_zones(str(shipped("data", "dns", f"{name}.yaml")), seed=seed)


def read_zones(source: str, *, seed: int = 0) -> Zones:
    """Return the zones of a text, or of the file at a path; `source` with a line break is a text.

    Raises
    ------
    ManifestError
        With all that is wrong.
    """
    return Zones(_zones(*text_or_file(source)), seed=seed)


def _zones(text: str, file: str) -> tuple[Zone, ...]:
    problems: list[Problem] = []
    found: list[ZoneFile] = []
    for document in read_yaml(text):
        problems += [flaw.problem(file) for flaw in document.flaws]
        if document.node is None:
            continue
        decoded = decode(document.node, ZoneFile, file)
        problems += decoded.problems
        if decoded.usable:
            faults = zone_faults(document.node, decoded.shape)
            problems += [fault.problem(file, document.node) for fault in faults]
        found.append(decoded.shape)
    if not found and not problems:
        problems.append(Problem(file, 0, 0, "", "holds no zone"))
    if problems:
        raise ManifestError(problems)
    return tuple(map(_zone, found))


def _zone(entry: ZoneFile) -> Zone:
    return Zone(
        canonical(entry.origin),
        tuple(map(_record_set, entry.records)),
        entry.negative_ttl,
        entry.view,
        tuple(
            Change(
                seconds(change.at) or 0,
                change.because,
                tuple(map(_record_set, change.upsert)),
                tuple(map(_key, change.delete)),
            )
            for change in entry.changes
        ),
    )


def _record_set(entry: RecordEntry) -> RecordSet:
    kind = RecordType(entry.type)
    values = (canonical(v) if kind is RecordType.CNAME else parse_address(v) for v in entry.values)
    primary = entry.failover == "primary" if entry.failover else None
    return RecordSet(
        canonical(entry.name),
        kind,
        entry.ttl or 0,
        tuple(values),
        entry.member or entry.failover,
        entry.weight,
        primary,
        entry.healthy,
    )


def _key(entry: RecordKey) -> tuple[str, RecordType, str]:
    return canonical(entry.name), RecordType(entry.type), entry.member
