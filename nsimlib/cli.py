"""The command line: the library's questions with exit codes fit for CI.

Exit codes of `nsim why`: 0 allowed, 1 denied, 3 undetermined; of `nsim diff`: 0 no change, 1
changes; of `nsim compare`: 0 all agree, 1 not; of `nsim check`: 0 all met, 1 not. Any command: 2
for a call or an input that cannot be read.
"""

import csv
import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from nsimlib.cni.choosing import AUTO, guess
from nsimlib.cni.profile import profile_names
from nsimlib.errors import NsimError
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.compare import compare
from nsimlib.evaluation.difference import difference
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.expectations import expect
from nsimlib.evaluation.reachability import reachability
from nsimlib.explanation.reasons import Reason, explain
from nsimlib.lessons.copies import copy_notebooks
from nsimlib.lessons.scenarios import scenario, scenario_names
from nsimlib.manifests import load
from nsimlib.model.cluster import Cluster
from nsimlib.model.tables import Table
from nsimlib.views.listing import flow_table, list_lines
from nsimlib.views.rules import rules
from nsimlib.views.summary import warnings_of
from nsimlib.views.text import text_of

__all__ = ["main"]

EXIT_CODES = {Outcome.ALLOWED: 0, Outcome.DENIED: 1, Outcome.UNDETERMINED: 3}
BAD_INPUT = 2

paths_argument = click.argument("paths", nargs=-1, required=True)
reading_option = click.option(
    "--cni",
    "--reading",
    "cni",
    default="spec",
    show_default=True,
    type=click.Choice((*profile_names(), AUTO)),
    help="The profile that settles what the Kubernetes text leaves open; auto takes the one that "
    "the manifests suggest.",
)
lenient_option = click.option(
    "--lenient", is_flag=True, help="Leave out what the API server would refuse, and go on."
)


class Commands(click.Group):
    """Turns errors raised on purpose into a message and the exit code for bad input."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except NsimError as error:
            click.echo(f"nsim: {error}", err=True)
            ctx.exit(BAD_INPUT)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nsimlib")
def main() -> None:
    """Understand, teach and audit Kubernetes egress policies."""


@main.command("why")
@paths_argument
@click.argument("connection")
@reading_option
@lenient_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def why_command(
    paths: tuple[str, ...], connection: str, cni: str, lenient: bool, form: str
) -> None:
    """Say whether CONNECTION is allowed in the manifests at PATHS, and exactly why.

    CONNECTION is written `shop/web -> kube-system/coredns:53/UDP`. PATHS are files, folders, - for
    standard input, or the name of a scenario that ships, such as shop. Exits with 0 if allowed, 1
    if denied, 3 if a fact is missing.
    """
    verdict = why(_load(paths, lenient), connection, cni=cni)
    shown = json.dumps(_as_json(explain(verdict)), indent=2) if form == "json" else str(verdict)
    click.echo(shown)
    sys.exit(EXIT_CODES[verdict.outcome])


@main.command("compare")
@paths_argument
@click.option(
    "--cni",
    "cnis",
    multiple=True,
    required=True,
    type=click.Choice((AUTO, *profile_names())),
    help="An enforcer; name two or more, the others are held against the first.",
)
@click.option("--ask", "connection", help="One connection instead of all of them.")
@lenient_option
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text")
def compare_command(
    paths: tuple[str, ...], cnis: tuple[str, ...], connection: str | None, lenient: bool, form: str
) -> None:
    """Say on which connections of the manifests at PATHS enforcers do not agree, and why.

    Exits with 1 if they part on any, with 0 if they agree.
    """
    cluster = _load(paths, lenient)
    if connection is not None:
        judged = compare(cluster, connection, cnis=cnis)
        click.echo(judged.to_table().to_markdown() if form == "markdown" else str(judged))
        sys.exit(0 if judged.agree else 1)
    found = compare(cluster, cnis=cnis)
    click.echo(found.to_table().to_markdown() if form == "markdown" else str(found))
    sys.exit(1 if found else 0)


@main.command("reach")
@paths_argument
@reading_option
@lenient_option
@click.option("--port", help="Only this port, such as 5432/TCP, as a matrix.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "csv", "list", "rules"]), default="text"
)
def reach_command(
    paths: tuple[str, ...], cni: str, lenient: bool, port: str | None, form: str
) -> None:
    """List who may open what to whom in the manifests at PATHS, the world outside included.

    With `--reading workloads --format list` the lines are those of netpol-analyzer; like it, that
    reading goes on where the API server would refuse something, and says so. `--format rules` takes
    pods that are treated alike together, and names them by their labels.
    """
    cluster = _load(paths, lenient or cni == "workloads")
    _say_what_is_chosen(cluster, cni)
    reach = reachability(cluster, cni=cni)
    if form == "list":
        click.echo("".join(f"{line}\n" for line in list_lines(reach)), nl=False)
        return
    if form == "rules":
        for source, destination, ports in rules(reach).rows:
            click.echo(f"{source} -> {destination}: {ports}")
        return
    table = reach.matrix(port).to_table() if port else flow_table(reach)
    if form == "text":
        click.echo(text_of(reach.matrix(port)) if port else text_of(table))
    elif form == "json":
        click.echo(json.dumps(_records(table), indent=2))
    else:
        click.echo(_as_csv(table.columns, table.rows), nl=False)


@main.command("diff")
@click.argument("before")
@click.argument("after")
@reading_option
@lenient_option
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text")
def diff_command(before: str, after: str, cni: str, lenient: bool, form: str) -> None:
    """Say which connections are added, removed and changed from BEFORE to AFTER.

    Both are files, folders or scenarios, each with all that it is about: pods and policies. Exits
    with 0 if no connection changes, 1 if some do.
    """
    earlier, later = (_load((path,), lenient) for path in (before, after))
    _say_what_is_chosen(later, cni)
    found = difference(earlier, later, cni=cni)
    if form == "json":
        news = {"added": found.workloads_added, "removed": found.workloads_removed}
        about = {f"workloads {word}": list(map(str, those)) for word, those in news.items()}
        click.echo(json.dumps({**about, "rows": _records(found.to_table())}, indent=2))
    else:
        click.echo(str(found) if form == "text" else found.to_markdown().rstrip("\n"))
    sys.exit(1 if found else 0)


@main.command("check")
@paths_argument
@click.argument("expectations", type=click.Path(exists=True, dir_okay=False))
@reading_option
@lenient_option
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML.")
def check_command(
    paths: tuple[str, ...], expectations: str, cni: str, lenient: bool, junit: Path | None
) -> None:
    """Check that connections in the manifests at PATHS end as the file EXPECTATIONS says.

    Each that does not is explained. Exits with 0 if all do, 1 if not.
    """
    cluster = _load(paths, lenient)
    _say_what_is_chosen(cluster, cni)
    report = expect(cluster, expectations, cni=cni)
    if junit is not None:
        junit.write_text(report.to_junit(), encoding="utf-8")
    for failure in report.failures:
        click.echo(f"{failure}\n")
    click.echo(report.summary)
    sys.exit(0 if report else 1)


@main.command("lessons")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def lessons_command(folder: Path) -> None:
    """Copy the notebooks into FOLDER, without outputs; what is already there is left alone."""
    for path, written in copy_notebooks(folder):
        click.echo(f"{'wrote' if written else 'kept'} {path}")


def _say_what_is_chosen(cluster: Cluster, cni: str) -> None:
    """Say why a profile was taken where the output has no place for it."""
    if cni == AUTO:
        click.echo(f"nsim: the reading was chosen: {guess(cluster).conclusion}", err=True)


def _load(paths: tuple[str, ...], lenient: bool) -> Cluster:
    if len(paths) == 1 and paths[0] in scenario_names() and not Path(paths[0]).exists():
        return scenario(paths[0])
    cluster = load(*paths, strict=not lenient)
    for warning in warnings_of(cluster.report):
        click.echo(f"nsim: {warning}", err=True)
    return cluster


def _records(table: Table) -> list[dict[str, str]]:
    return [dict(zip(table.columns, map(str, row), strict=True)) for row in table.rows]


def _as_json(reason: Reason) -> dict[str, object]:
    return {
        "text": reason.text,
        "mark": reason.mark.name.lower(),
        "facts": list(reason.facts),
        "source": str(reason.source) if reason.source and reason.source.file else None,
        "reasons": [_as_json(child) for child in reason.children],
    }


def _as_csv(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
