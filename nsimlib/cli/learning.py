"""Notebooks to work with, what a learner has done in them, and whether a machine is ready."""

import sys
from pathlib import Path

import click

from nsimlib.cli.commands import echo, main
from nsimlib.lessons.certificate import certificate, progress_table
from nsimlib.lessons.copies import copy_notebooks
from nsimlib.lessons.progress import progress_in, start_progress
from nsimlib.lessons.selftest import selftest
from nsimlib.lessons.syllabus import TRACKS

FOLDER = click.Path(file_okay=False, path_type=Path)


@main.command("lessons")
@click.argument("folder", type=FOLDER)
@click.option("--track", type=click.Choice(list(TRACKS)), help="Only the lessons of this track.")
@click.option("--instructor", is_flag=True, help="With solutions, and notes for who teaches.")
def lessons_command(folder: Path, track: str | None, instructor: bool) -> None:
    """Copy the notebooks into FOLDER, without outputs; what is already there is left alone."""
    for path, written in copy_notebooks(folder, track, instructor):
        echo(f"{'wrote' if written else 'kept'} {path}")
    start_progress(folder)


@main.command("progress")
@click.argument("folder", type=FOLDER)
def progress_command(folder: Path) -> None:
    """Show what was done in the lessons of FOLDER."""
    echo(progress_table(done=progress_in(folder)))


@main.command("certificate")
@click.argument("folder", type=FOLDER)
@click.argument("name")
def certificate_command(folder: Path, name: str) -> None:
    """Write FOLDER/certificate.md for NAME: what is solved so far, checked on this machine only."""
    made = certificate(name, progress_in(folder))
    echo(made.save(folder / "certificate.md"))


@main.command("selftest")
@click.option("--lab/--no-lab", default=True, help="Whether to try the packet lab too.")
def selftest_command(lab: bool) -> None:
    """Try what the lessons need on this machine, and print a report to copy.

    Exits with 0 if the machine is ready, 1 if not; the packet lab and a browser are extras.
    """
    found = selftest(lab)
    echo(str(found))
    sys.exit(0 if found else 1)
