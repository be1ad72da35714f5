"""Files that only the lab has: a folder in memory, and a program's own /etc/resolv.conf."""

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

from nsimlib.packets.labd.syscalls import NEW_NS, NEW_USER, mount, unshare

__all__ = ["FOLDER", "become_ordinary", "lay", "make_folder"]

#: every system has it, and of what programs share there the lab needs nothing
FOLDER = "/dev/shm"
MS_BIND = 0x1000


def make_folder() -> str:
    """Mount a folder that lives in memory, is seen by the lab alone, and ends with it."""
    mount("tmpfs", FOLDER, "tmpfs", 0)
    return FOLDER


def lay(files: Mapping[str, str]) -> None:
    """Put texts in the place of files, for the calling process and its children alone.

    A file that is not there stays away, unless it is the first.
    """
    unshare(NEW_NS)
    for number, (path, text) in enumerate(files.items()):
        place = os.path.realpath(path)
        if number and not Path(place).exists():
            continue
        with NamedTemporaryFile("w", dir=FOLDER, encoding="utf-8") as file:
            file.write(text)
            file.flush()
            Path(file.name).chmod(0o644)
            mount(file.name, place, "", MS_BIND)


def become_ordinary(uid: int) -> None:
    """Be another user to oneself, where the lab's user is root: some programs refuse to run so.

    The files of the lab's user are one's own.
    """
    mapped = os.geteuid(), os.getegid()
    if mapped[0] != 0:
        return
    unshare(NEW_USER)
    about = Path("/proc/self")
    for file, own in zip(("uid_map", "gid_map"), mapped, strict=True):
        (about / file).write_text(f"{uid} {own} 1", "ascii")
