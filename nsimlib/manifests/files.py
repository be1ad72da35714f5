"""Which files are read, and how their bytes become text."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from mmap import ACCESS_READ, mmap
from pathlib import Path

from nsimlib.errors import ManifestError, Problem
from nsimlib.manifests.listed import Data
from nsimlib.manifests.nodes import Flaw

__all__ = ["STDIN", "Input", "inputs", "text_of", "text_or_file"]

SUFFIXES = (".json", ".yaml", ".yml")
STDIN = "<stdin>"
TEXT = "<text>"
#: a larger file stays where it is, and only the parts that are looked at are in memory
LARGE = 1 << 24
UTF16 = (b"\xff\xfe", b"\xfe\xff")
UTF8_MARK = b"\xef\xbb\xbf"


def text_or_file(source: str, path: Path | None = None) -> tuple[str, str]:
    """Return the text that a source is or leads to, and the name for it in messages.

    A source with a line break is the text itself; any other is the file at it, or at `path`.

    Raises
    ------
    ManifestError
        If there is no such file, or it is not text.
    """
    if "\n" in source:
        return source, TEXT
    try:
        return text_of((path or Path(source)).read_bytes()), source
    except OSError as error:
        raise ManifestError([Problem(source, 0, 0, "", error.strerror or str(error))]) from None
    except Flaw as flaw:
        raise ManifestError([flaw.problem(source)]) from None


@dataclass(frozen=True, slots=True)
class Input:
    """A file to read, named as the user named it; `chosen` when the user named the file itself."""

    name: str
    path: Path | None
    chosen: bool

    def read(self) -> Data:
        """Return its content; the standard input has no path, and a large file is mapped."""
        if self.path is None:
            return sys.stdin.buffer.read()
        with self.path.open("rb") as file:
            is_large = self.path.stat().st_size > LARGE
            return mmap(file.fileno(), 0, access=ACCESS_READ) if is_large else file.read()


def inputs(*paths: str | os.PathLike[str]) -> Iterator[Input | Problem]:
    """Yield the files that paths lead to, each once, or the problem with a path."""
    seen: set[Path | None] = set()
    for path in map(Path, paths):
        for found in _expand(path):
            if isinstance(found, Problem):
                yield found
            elif (key := found.path and found.path.resolve()) not in seen:
                seen.add(key)
                yield found


def _expand(path: Path) -> Iterator[Input | Problem]:
    if str(path) == "-":
        yield Input(STDIN, None, chosen=True)
    elif path.is_dir():
        found = sorted(each for each in path.rglob("*") if _is_manifest(each, path))
        if not found:
            detail = f"recognized file extensions are [{' '.join(SUFFIXES)}]"
            yield Problem(str(path), 0, 0, "", detail, remedy="The folder has no such file.")
        for each in found:
            yield Input(str(each), each, chosen=False)
    elif path.exists():
        yield Input(str(path), path, chosen=True)
    else:
        yield _missing(path)


def _is_manifest(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return not hidden and path.suffix.lower() in SUFFIXES and path.is_file()


def _missing(path: Path) -> Problem:
    siblings = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    near = get_close_matches(path.name, siblings, n=1)
    remedy = f"Did you mean {path.parent / near[0]}?" if near else ""
    return Problem(str(path), 0, 0, "", f'the path "{path}" does not exist', remedy=remedy)


def text_of(data: Data) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with a byte order mark.

    Raises
    ------
    Flaw
        At the first byte that is not text.
    """
    data = bytes(data[:])
    encoding = "utf-16" if data.startswith(UTF16) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        detail = f"not text: byte {error.start} (0x{data[error.start]:02x}) is not UTF-8"
        raise Flaw(line, column, detail, "Save the file as UTF-8.") from None
