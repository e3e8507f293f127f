"""`.env` text as a mapping of names."""

from io import StringIO
from typing import Any

from dotenv import dotenv_values

from gigamost.cli.env_file import changed as set_in


def parsed(text: str) -> Any:
    return dict(dotenv_values(stream=StringIO(text), interpolate=False))


def dumped(value: Any) -> str:
    return set_in("", value)


def changed(text: str, new: Any) -> str:
    """The text with the names of `new` set; comments and everything else stay."""
    before = parsed(text)
    return set_in(text, {name: value for name, value in new.items() if before.get(name) != value})
