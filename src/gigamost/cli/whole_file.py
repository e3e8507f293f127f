"""A file written whole or not at all, and the backup that is made of it before."""

import os
import tempfile
import time
from pathlib import Path


def replace(file: Path, text: str, *, like: Path | None = None) -> None:
    """The whole text at once, or the file as it was. It is for its owner only, or as readable as `like` is."""
    target = file.resolve()  # a link stays one
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            out.write(text)
        if like is not None and like.exists():
            draft.chmod(like.stat().st_mode & 0o777)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def back_up(file: Path, text: str) -> Path:
    """`text` is what stands in the file; the copy is as readable as the file is."""
    backup = file.with_name(f"{file.name}.bak-{time.strftime('%Y%m%d-%H%M%S')}")
    replace(backup, text, like=file)
    return backup
