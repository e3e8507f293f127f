"""`.env` with some names set: every other line stays as it is, the file is for its owner only, a backup is kept."""

import time
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from gigamost.cli.terminal import CommandError
from gigamost.cli.whole_file import replace


def set_names(file: Path, values: Mapping[str, str | None]) -> Path | None:
    """None removes a name. Returns the backup, None when there was no file. Raises CommandError."""
    try:
        before = file.read_text(encoding="utf-8-sig") if file.exists() else ""
        backup = None
        if before:
            backup = file.with_name(f"{file.name}.bak-{time.strftime('%Y%m%d-%H%M%S')}")
            replace(backup, before)
            backup.chmod(0o600)
        replace(file, changed(before, values))
        file.chmod(0o600)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from error
    return backup


def changed(text: str, values: Mapping[str, str | None]) -> str:
    """The text with `values` where their names stood first, else at its end."""
    left = dict(values)
    lines = []
    for binding in parse_stream(StringIO(text)):
        if binding.key is None or binding.key not in values:
            lines.append(binding.original.string)
            continue
        value = left.pop(binding.key, None)
        if value is not None:
            head = binding.original.string
            blank = head[: len(head) - len(head.lstrip())]
            lines.append(f"{blank}{binding.key}={_quoted(value)}\n")
    kept = "".join(lines)
    if kept and not kept.endswith("\n"):
        kept += "\n"
    return kept + "".join(f"{name}={_quoted(value)}\n" for name, value in left.items() if value is not None)


def _quoted(value: str) -> str:
    """As python-dotenv reads it back: bare where that is safe, else in single quotes."""
    if value and all(character.isalnum() or character in "+/=_-.:@" for character in value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
