"""A dump that may be shown to others: `nsim redact`."""

import json
from pathlib import Path

import click

from nsimlib.cli.commands import echo, load_input, main, paths_argument
from nsimlib.cli.files import write_file
from nsimlib.redaction.redact import redact

FILE = click.Path(dir_okay=False, path_type=Path)


@main.command("redact")
@paths_argument
@click.option("-o", "--output", type=FILE, help="Write to a file.")
@click.option(
    "--key",
    envvar="NSIM_REDACTION_KEY",
    help="A secret; the same one gives the same pseudonyms. Made up if left out, and told.",
)
@click.option("--legend", type=FILE, help="Write what stands for what: for you, not to be shared.")
def redact_command(
    paths: tuple[str, ...], output: Path | None, key: str | None, legend: Path | None
) -> None:
    """Write the dump at PATHS with pseudonyms for what is yours; every verdict stays the same."""
    found = redact(load_input(paths, lenient=True), key)
    for note in found.notes:
        echo(f"nsim: {note}", err=True)
    if key is None:
        echo(f"nsim: the key for more dumps of this cluster: {found.key}", err=True)
    if legend:
        write_file(legend, json.dumps(found.legend, indent=2, ensure_ascii=False) + "\n")
    if output is None:
        echo(found.yaml, nl=False)
    else:
        write_file(output, found.yaml)
