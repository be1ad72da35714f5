"""Files that are written whole, or stay as they were."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

__all__ = ["write_whole"]

#: whoever applies the file may be somebody else
READABLE = 0o644


def write_whole(path: Path, text: str) -> None:
    """Write a file so that whoever opens it finds the old text or the new one, never a part."""
    mode = path.stat().st_mode if path.exists() else READABLE
    with NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        draft = Path(file.name)
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            draft.chmod(mode)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
