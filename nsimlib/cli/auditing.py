"""What is wrong or weak: `nsim audit`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import click

from nsimlib.audit import audit
from nsimlib.audit.model import Confidence, Severity
from nsimlib.audit.run import TRIES, Audit
from nsimlib.cli.commands import echo, load_input, main, paths_argument, records
from nsimlib.cli.files import write_file
from nsimlib.cni.choosing import AUTO
from nsimlib.cni.profile import profile_names
from nsimlib.views.audit_page import audit_page

FORMS: dict[str, Callable[[Audit], str]] = {
    "text": str,
    "json": lambda found: json.dumps(_as_json(found), indent=2),
    "markdown": Audit.to_markdown,
    "sarif": Audit.to_sarif,
    "junit": Audit.to_junit,
    "html": audit_page,
}
SEVERITIES = [each.word for each in sorted(Severity, reverse=True)]
NEVER = "never"
FILE = click.Path(dir_okay=False, path_type=Path)


@main.command("audit")
@paths_argument
@click.option(
    "--cni",
    default=AUTO,
    show_default=True,
    type=click.Choice((*profile_names(), AUTO)),
    help="The profile that settles what the Kubernetes text leaves open.",
)
@click.option("--format", "form", type=click.Choice([*FORMS]), default="text", show_default=True)
@click.option("-o", "--output", type=FILE, help="Write to a file.")
@click.option("--rule", "only", multiple=True, help="Only this rule, by id or slug; repeatable.")
@click.option(
    "--fail-on",
    default="high",
    show_default=True,
    type=click.Choice([*SEVERITIES, NEVER]),
    help="Exit with 1 if a finding is so severe, and certain or likely.",
)
@click.option(
    "--tries",
    default=TRIES,
    show_default=True,
    type=click.IntRange(0),
    help="How many patches a report tries, the worst findings first.",
)
@click.option("--expect", help="A file of expectations: which namespaces have one that denies.")
@click.option("--baseline", help="A file of findings that are accepted.")
@click.option("--write-baseline", type=FILE, help="A file that accepts all that is found now.")
@click.option("--reason", default="", help="Why --write-baseline accepts them.")
def audit_command(
    paths: tuple[str, ...],
    cni: str,
    form: str,
    output: Path | None,
    only: tuple[str, ...],
    fail_on: str,
    tries: int,
    expect: str | None,
    baseline: str | None,
    write_baseline: Path | None,
    reason: str,
) -> None:
    """Say what is wrong or weak in the policies at PATHS, and what would mend it.

    Objects that the API server would refuse are findings too. Exits with 0 if nothing is found that
    --fail-on names, 1 if something is.
    """
    if write_baseline and not reason:
        raise click.UsageError("--write-baseline needs a --reason: an accepted finding has one")
    given = load_input(paths, lenient=True)
    found = audit(given, cni=cni, only=only, baseline=baseline, expect=expect, tries=tries)
    for note in found.notes:
        echo(f"nsim: {note}", err=True)
    text = FORMS[form](found).rstrip("\n") + "\n"
    if output is None:
        echo(text, nl=False)
    else:
        write_file(output, text)
    if write_baseline:
        write_file(write_baseline, found.to_baseline(reason))
        return
    if fail_on != NEVER:
        severity = Severity[fail_on.upper()]
        sys.exit(1 if found.at_least(severity, Confidence.LIKELY) else 0)


def _as_json(found: Audit) -> dict[str, object]:
    rows = (
        {**row, "fingerprint": each.fingerprint}
        for row, each in zip(records(found.table()), found.findings, strict=True)
    )
    questions = [{"id": each.id, "message": each.message} for each in found.questions]
    return {"summary": found.summary, "findings": list(rows), "questions": questions}
