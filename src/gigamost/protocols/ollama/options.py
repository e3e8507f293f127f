"""`options` of Ollama's requests: read by their own table of rules, each named by its path."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from gigamost.core.body import misfit
from gigamost.protocols.ollama import wire
from gigamost.protocols.ollama.rules import OPTIONS


def read_options(given: Mapping[str, Any] | UnsetType, ignored: list[str]) -> wire.Options:
    """Adds to `ignored` what cannot be honoured (`options.seed`). Raises GatewayError (400) for a wrong value."""
    if given is UNSET:
        return wire.Options()
    said = {name: _whole(value) for name, value in given.items() if value is not None}
    for name, value in said.items():
        rule = OPTIONS.get(name)
        if rule is None or (rule.fate == "ignored" and value not in rule.neutral):
            ignored.append(f"options.{name}")
    try:
        return msgspec.convert(said, wire.Options)
    except msgspec.ValidationError as error:
        raise misfit(error, "options") from None


def _whole(value: Any) -> Any:
    """Ollama reads 7.0 where it wants an integer, and some clients have floats only."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def stop_of(options: wire.Options) -> tuple[str, ...]:
    if options.stop is UNSET:
        return ()
    return tuple(filter(None, [options.stop] if isinstance(options.stop, str) else options.stop))


def limit_of(options: wire.Options) -> int | None:
    """Ollama's -1 (no limit) and -2 (as much as the context holds) are both what the model does by itself."""
    return options.num_predict if options.num_predict is not UNSET and options.num_predict > 0 else None
