"""Notebooks to work with: `nsim lessons`."""

from pathlib import Path

import click

from nsimlib.cli.commands import main
from nsimlib.lessons.copies import copy_notebooks


@main.command("lessons")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def lessons_command(folder: Path) -> None:
    """Copy the notebooks into FOLDER, without outputs; what is already there is left alone."""
    for path, written in copy_notebooks(folder):
        click.echo(f"{'wrote' if written else 'kept'} {path}")
