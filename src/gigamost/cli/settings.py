"""`config check` and `config show`: what is set, where it was set, and what is wrong with it."""

from pathlib import Path
from typing import Any

import msgspec

from gigamost.cli.terminal import CommandError, mark, note, say, table
from gigamost.config import ConfigError, Settings, load
from gigamost.config.fields import leaves
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
    rows = {path: (value_at(settings, path), str(settings.origins.get(path, "default"))) for path, _ in leaves()}
    if output == "json":
        shown = {path: {"value": value, "source": source} for path, (value, source) in rows.items()}
        say(msgspec.json.format(msgspec.json.encode(shown, enc_hook=redacted)).decode())
        return
    table(("setting", "value", "source"), [(path, _text(value), source) for path, (value, source) in rows.items()])


def value_at(settings: Settings, path: str) -> Any:  # of the type of the setting at that path
    value: Any = settings
    for name in path.split("."):
        value = getattr(value, name)
    return value


def redacted(value: object) -> str:
    """What stands for a value that JSON has no form for."""
    return Secret.STARS if isinstance(value, Secret) else str(value)


def _text(value: object) -> str:
    if value is None:
        return ""
    text = msgspec.json.encode(value, enc_hook=redacted).decode()
    return text.strip('"') if isinstance(value, str | Path | Secret) else text
