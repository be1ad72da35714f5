"""What is allowed: `nsim why`, `nsim reach`, `nsim compare`."""

import csv
import io
import json
import sys
from collections.abc import Iterable

import click

from nsimlib.cli.commands import (
    EXIT_CODES,
    echo,
    lenient_option,
    load_input,
    main,
    paths_argument,
    reading_option,
    records,
    say_what_is_chosen,
)
from nsimlib.cni.choosing import AUTO
from nsimlib.cni.profile import profile_names
from nsimlib.evaluation.compare import compare
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.reachability import reachability
from nsimlib.explanation.reasons import Reason, explain
from nsimlib.views.listing import flow_table, list_lines
from nsimlib.views.rules import rules
from nsimlib.views.text import text_of


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
    verdict = why(load_input(paths, lenient), connection, cni=cni)
    shown = json.dumps(_as_json(explain(verdict)), indent=2) if form == "json" else str(verdict)
    echo(shown)
    sys.exit(EXIT_CODES[verdict.outcome])


def _as_json(reason: Reason) -> dict[str, object]:
    return {
        "text": reason.text,
        "mark": reason.mark.name.lower(),
        "facts": list(reason.facts),
        "source": str(reason.source) if reason.source and reason.source.file else None,
        "reasons": [_as_json(child) for child in reason.children],
    }


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
    cluster = load_input(paths, lenient or cni == "workloads")
    say_what_is_chosen(cluster, cni)
    reach = reachability(cluster, cni=cni)
    if form == "list":
        echo("".join(f"{line}\n" for line in list_lines(reach)), nl=False)
        return
    if form == "rules":
        for source, destination, ports in rules(reach).rows:
            echo(f"{source} -> {destination}: {ports}")
        return
    table = reach.matrix(port).to_table() if port else flow_table(reach)
    if form == "text":
        echo(text_of(reach.matrix(port)) if port else text_of(table))
    elif form == "json":
        echo(json.dumps(records(table), indent=2))
    else:
        echo(_as_csv(table.columns, table.rows), nl=False)


#: what a spreadsheet takes for the start of a formula
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _as_csv(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_no_formula, columns))
    writer.writerows(map(_no_formula, row) for row in rows)
    return text.getvalue()


def _no_formula(cell: object) -> object:
    """Return a cell that no spreadsheet computes: names in a dump are somebody else's."""
    is_one = isinstance(cell, str) and len(cell) > 1 and cell.startswith(FORMULA)
    return f"'{cell}" if is_one else cell


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
    cluster = load_input(paths, lenient)
    if connection is not None:
        judged = compare(cluster, connection, cnis=cnis)
        echo(judged.to_table().to_markdown() if form == "markdown" else str(judged))
        sys.exit(0 if judged.agree else 1)
    found = compare(cluster, cnis=cnis)
    echo(found.to_table().to_markdown() if form == "markdown" else str(found))
    sys.exit(1 if found else 0)
