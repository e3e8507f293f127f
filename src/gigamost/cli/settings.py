"""`config check` and `config show`: what is set, where it was set, and what is wrong with it."""

from pathlib import Path

import msgspec

from gigamost.cli.terminal import CommandError, mark, note, say, table
from gigamost.config import ConfigError, load
from gigamost.config.shown import effective, in_json
from gigamost.core.secret import Secret


def check(config: Path | None) -> None:
    try:
        settings = load(config=config)
    except ConfigError as error:
        raise CommandError(*error.problems) from error
    for warning in settings.warnings:
        mark("warn", warning)
    mark("ok", f"The configuration can be used ({len(settings.origins)} settings, mode {settings.mode})")


def show(config: Path | None, output: str) -> None:
    """Every setting with its source; a secret shows as stars."""
    settings = load(config=config)
    for warning in settings.warnings:
        note(warning)
    rows = effective(settings)
    if output == "json":
        shown = {path: {"value": value, "source": source} for path, (value, source) in rows.items()}
        say(msgspec.json.format(in_json(shown)).decode())
        return
    table(("setting", "value", "source"), [(path, _text(value), source) for path, (value, source) in rows.items()])


def _text(value: object) -> str:
    if value is None:
        return ""
    text = in_json(value).decode()
    return text.strip('"') if isinstance(value, str | Path | Secret) else text
