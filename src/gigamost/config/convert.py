"""One raw value to the type of its setting, or one line about why it is not of that type."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

from gigamost.config.fields import Field
from gigamost.config.origin import Node
from gigamost.core.secret import Secret

Value = TypeVar("Value")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_FALSE_TRUE = {"false": False, "no": False, "off": False, "0": False, "true": True, "yes": True, "on": True, "1": True}
_WANTED = {int: "a whole number", float: "a number of seconds"}


class MisfitError(Exception):
    """The value does not fit; the text completes `<where> ...`."""


def convert(node: Node, field: Field) -> Any:  # of the field's own type, which is known at run time only
    """Raises MisfitError. Text is read as environments write it: `yes`, `60`, `a,b`."""
    raw = node.value.strip() if isinstance(node.value, str) else node.value
    if isinstance(raw, str) and raw.startswith(("tcp://", "udp://")) and node.origin.kind in ("environment", ".env"):
        raise MisfitError(_injected(raw))
    if isinstance(raw, dict | list) and field.bare not in _LISTS:
        raise MisfitError(f"is a {'mapping' if isinstance(raw, dict) else 'list'}, wanted one value")
    if get_origin(field.bare) is Literal:
        return _choice(raw, get_args(field.bare))
    return _READERS[field.bare](raw, field)


def expand(node: Node, look_up: Callable[[str], str | None]) -> Node:
    """A text that is a reference as a whole, `${NAME}`, becomes that variable's value. Raises MisfitError when it has
    none."""
    found = _REFERENCE.fullmatch(node.value.strip()) if isinstance(node.value, str) else None
    if found is None:
        return node
    value = look_up(found[1])
    if not value:
        raise MisfitError(f"refers to ${{{found[1]}}}, which is not set")
    return Node(value, node.origin)


def _shown(raw: object) -> str:
    """The value, unless it is so long that it may be a secret in the wrong place."""
    text = repr(raw)
    return text if len(text) <= 40 else f"a text of {len(str(raw))} characters"


def _injected(raw: str) -> str:
    return (
        f"{raw} was put there by the container platform (a Kubernetes service link), not by you: set "
        "`enableServiceLinks: false` for the pod, rename the Service, or set the variable yourself"
    )


def _choice(raw: object, choices: tuple[str, ...]) -> str:
    for choice in choices:
        if str(raw).casefold() == choice.casefold():
            return choice
    raise MisfitError(f"is {_shown(raw)}, wanted one of {', '.join(choices)}")


def _boolean(raw: object, _: Field) -> bool:
    try:
        return _FALSE_TRUE[str(raw).casefold()]
    except KeyError:
        raise MisfitError(f"is {_shown(raw)}, wanted true or false") from None


def _number(raw: object, field: Field) -> int | float:
    try:
        number: int | float = msgspec.convert(raw, field.bare, strict=False)
    except msgspec.ValidationError:
        raise MisfitError(f"is {_shown(raw)}, wanted {_WANTED[field.bare]}") from None
    if isinstance(raw, bool) or not math.isfinite(number):
        raise MisfitError(f"is {_shown(raw)}, wanted {_WANTED[field.bare]}")
    return _constrained(number, field)


def _text(raw: object, field: Field) -> str:
    if not isinstance(raw, str):
        raise MisfitError(f"is {_shown(raw)}, wanted text: put it in quotes")
    return _constrained(raw, field)


def _constrained(value: Value, field: Field) -> Value:
    try:
        msgspec.convert(value, field.constrained)
    except msgspec.ValidationError as error:
        raise MisfitError(f"is {_shown(value)}: {error}") from None
    return value


def _secret(raw: object, _: Field) -> Secret:
    if not isinstance(raw, str):
        raise MisfitError("is not text: put it in quotes")
    if not raw:
        raise MisfitError("is empty: give the secret, or leave the setting out")
    return Secret(raw)


def _path(raw: object, _: Field) -> Path:
    if not isinstance(raw, str):
        raise MisfitError(f"is {_shown(raw)}, wanted a path: put it in quotes")
    return Path(raw).expanduser()


def _texts(raw: object, field: Field) -> tuple[str, ...]:
    if isinstance(raw, str):
        return tuple(item.strip() for item in raw.split(",") if item.strip())
    if not isinstance(raw, list) or not all(isinstance(node, Node) and isinstance(node.value, str) for node in raw):
        raise MisfitError("is no list of texts")
    return tuple(node.value.strip() for node in raw)


def _secrets(raw: object, field: Field) -> tuple[Secret, ...]:
    return tuple(_secret(text, field) for text in _texts(raw, field))


_LISTS = (tuple[str, ...], tuple[Secret, ...])
_READERS: dict[Any, Callable[[Any, Field], Any]] = {
    bool: _boolean,
    int: _number,
    float: _number,
    str: _text,
    Secret: _secret,
    Path: _path,
    tuple[str, ...]: _texts,
    tuple[Secret, ...]: _secrets,
}
