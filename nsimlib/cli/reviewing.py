"""What changes, and whether it is as it must be: `nsim diff`, `nsim check`."""

import json
import sys
from pathlib import Path

import click

from nsimlib.cli.commands import (
    echo,
    lenient_option,
    load_input,
    main,
    paths_argument,
    reading_option,
    records,
    say_what_is_chosen,
)
from nsimlib.cli.files import write_file
from nsimlib.evaluation.difference import difference
from nsimlib.evaluation.expectations import expect


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
    earlier, later = (load_input((path,), lenient) for path in (before, after))
    say_what_is_chosen(later, cni)
    found = difference(earlier, later, cni=cni)
    if form == "json":
        news = {"added": found.workloads_added, "removed": found.workloads_removed}
        about = {f"workloads {word}": list(map(str, those)) for word, those in news.items()}
        echo(json.dumps({**about, "rows": records(found.to_table())}, indent=2))
    else:
        echo(str(found) if form == "text" else found.to_markdown().rstrip("\n"))
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
    cluster = load_input(paths, lenient)
    say_what_is_chosen(cluster, cni)
    report = expect(cluster, expectations, cni=cni)
    if junit is not None:
        write_file(junit, report.to_junit())
    for failure in report.failures:
        echo(f"{failure}\n")
    echo(report.summary)
    sys.exit(0 if report else 1)
