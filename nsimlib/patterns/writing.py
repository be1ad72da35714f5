"""Drafted objects → manifests with the reasons as comments, and the same reasons as a table."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final

from nsimlib.manifests import dump, loads
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import NetworkSet
from nsimlib.model.policy import Policy
from nsimlib.model.tables import Table
from nsimlib.patterns.clauses import Drafted
from nsimlib.patterns.goals import Because

__all__ = ["reasons_table", "written"]

WIDTH: Final = 100


def written(drafted: Sequence[Drafted]) -> str:
    """Return the manifests of drafted objects, each and each of its rules under its reason.

    Raises
    ------
    ManifestError
        If the API server would refuse one.
    """
    made = [each.made for each in drafted]
    text = dump(
        Cluster(
            policies=tuple(each for each in made if isinstance(each, Policy)),
            network_sets=tuple(each for each in made if isinstance(each, NetworkSet)),
        )
    )
    notes = dict(_notes(text, drafted))
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if number in notes:
            lines += _comment(notes[number], len(line) - len(line.lstrip()))
        lines.append(line)
    return "\n".join(lines) + "\n"


def _notes(text: str, drafted: Sequence[Drafted]) -> Iterator[tuple[int, Because]]:
    """The lines of the text that have a reason: where an object begins, and where a rule does."""
    lines = text.splitlines()
    heads = (number for number, line in enumerate(lines, 1) if line.startswith("apiVersion:"))
    yield from zip(heads, (each.because for each in drafted), strict=True)
    reasons = (each.rules for each in drafted if each.rules)
    for policy, whys in zip(loads(text).policies, reasons, strict=True):
        for rule, why, before in zip(policy.rules, whys, (None, *whys), strict=False):
            if why != before:
                yield rule.line, why


def _comment(because: Because, indent: int) -> list[str]:
    start = f"{' ' * indent}# "
    return wrap(str(because), WIDTH, initial_indent=start, subsequent_indent=start)


def reasons_table(policies: Sequence[Policy], drafted: Sequence[Drafted]) -> Table:
    """Return a row for each object and each rule; `policies` are the drafted ones as read back."""
    rows = tuple(_rows(iter(policies), drafted))
    return Table("Why each part is there", ("object", "rule", "why", "facts"), rows)


def _rows(policies: Iterator[Policy], drafted: Sequence[Drafted]) -> Iterator[tuple[str, ...]]:
    for each in drafted:
        if isinstance(each.made, NetworkSet):
            yield _row(str(each.made), "", each.because)
            continue
        policy = next(policies)
        name = f"{policy.kind} {policy.key}"
        yield _row(name, "", each.because)
        for rule, why in zip(policy.rules, each.rules, strict=True):
            yield _row(name, rule.path, why)


def _row(name: str, rule: str, because: Because) -> tuple[str, ...]:
    return name, rule, because.says, ", ".join(because.facts)
