"""Files that commands write: whole, or as they were; what fails is a message."""

from pathlib import Path

import click

from nsimlib.manifests.saving import write_whole

__all__ = ["write_file"]


def write_file(path: Path, text: str) -> None:
    """Write a file in the place of the one that was there.

    Raises
    ------
    FileError
        If it cannot be written; then it is as it was.
    """
    try:
        write_whole(path, text)
    except OSError as error:
        raise click.FileError(str(path), hint=error.strerror or str(error)) from None
