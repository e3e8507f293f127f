"""Settings for people's eyes: what is in force and where it came from, with stars for secrets."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from gigamost.config.fields import leaves
from gigamost.config.settings import Settings
from gigamost.core.secret import Secret

_LONG_QUOTED: Final = re.compile(r"(['\"])(?:(?!\1).){12,}\1")
_SHORTEST: Final = 4  # characters of a secret that can be told from ordinary text


def value_at(settings: Settings, path: str) -> Any:  # of the type of the setting at that path
    value: Any = settings
    for name in path.split("."):
        value = getattr(value, name)
    return value


def effective(settings: Settings) -> dict[str, tuple[object, str]]:
    """Every setting by its path: the value, and what the user wrote it as."""
    return {path: (value_at(settings, path), str(settings.origins.get(path, "default"))) for path, _ in leaves()}


def in_json(value: object) -> bytes:
    """A secret shows as stars."""
    return msgspec.json.encode(value, enc_hook=_text)


def without_secrets(problems: Sequence[str], settings: Settings) -> tuple[str, ...]:
    """Problems for a log: without the secrets of these settings, and without long texts in quotes: they may be new ones
    that stand in a wrong place."""
    secrets = sorted(_secrets(settings), key=len, reverse=True)
    return tuple(_redacted(line, secrets) for line in problems)


def _redacted(line: str, secrets: Sequence[str]) -> str:
    line = _LONG_QUOTED.sub(rf"\1{Secret.STARS}\1", line)
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            line = line.replace(secret, Secret.STARS)
    return line


def _secrets(settings: Settings) -> Iterator[str]:
    left: list[Any] = [settings]
    while left:
        value = left.pop()
        if isinstance(value, Secret):
            yield value.reveal()
        elif isinstance(value, msgspec.Struct):
            left += (getattr(value, name) for name in value.__struct_fields__)
        elif isinstance(value, dict):
            left += value.values()
        elif isinstance(value, tuple | list):
            left += value


def _text(value: object) -> str:
    """What stands for a value that JSON has no form for."""
    return Secret.STARS if isinstance(value, Secret) else str(value)
