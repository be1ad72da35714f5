"""What the findings say on controls of others: evidence, and never an assessment."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from nsimlib.audit.findings import Finding
from nsimlib.audit.model import Need
from nsimlib.manifests.shipped import read_shipped
from nsimlib.model.tables import Table

__all__ = ["Control", "controls", "evidence_table"]

COLUMNS = ("control", "asks", "rules", "evidence", "besides")


@dataclass(frozen=True, slots=True)
class Control:
    """A control, what it asks for, and the rules without whose findings it is supported."""

    name: str
    asks: str
    rules: tuple[str, ...]
    besides: str


@lru_cache
def controls() -> tuple[Control, ...]:
    """Return the controls that `data/compliance.yaml` names."""
    entries = cast("list[dict[str, Any]]", read_shipped("data", "compliance.yaml"))
    return tuple(
        Control(each["control"], each["asks"], tuple(each["rules"]), each["besides"])
        for each in entries
    )


def evidence_table(
    findings: Iterable[Finding],
    accepted: Iterable[Finding],
    questions: Iterable[Finding],
    unasked: Mapping[Need, Iterable[str]],
) -> Table:
    """Return a row for each control: what its rules say, and what to lay beside it."""
    found = Counter(f.id for each in findings for f in (each, *each.consequences))
    taken = Counter(each.id for each in accepted)
    missing = {id: need for need, ids in unasked.items() for id in ids}
    missing |= {each.id: each.hit.needs[0] for each in questions}
    rows = tuple(
        (
            each.name,
            each.asks,
            ", ".join(each.rules),
            "; ".join(_said(each, found, taken, missing)),
            each.besides,
        )
        for each in controls()
    )
    return Table("Evidence for controls", COLUMNS, rows)


def _said(
    control: Control, found: Counter[str], taken: Counter[str], missing: Mapping[str, Need]
) -> Iterator[str]:
    against, kept = (sum(each[id] for id in control.rules) for each in (found, taken))
    lacking = [id for id in control.rules if id in missing]
    if against:
        says = "1 finding speaks" if against == 1 else f"{against} findings speak"
        yield f"{says} against it"
    if kept:
        yield f"accepted with a reason: {kept}"
    yield from (f"{id} needs {missing[id].value}" for id in lacking)
    if not control.rules:
        yield "nothing that an audit can show"
    elif not (against or kept or lacking):
        yield "supports it: nothing found"
