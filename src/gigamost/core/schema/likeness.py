"""When two JSON values are the same, or read the same, and what type a value has."""

from typing import Any

import msgspec


class Number(float):
    """A JSON number with a fraction or an exponent that remembers how it was written: 1.10 stays 1.10, 1e400 too."""

    def __new__(cls, text: str) -> "Number":
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    @staticmethod
    def raw(value: object) -> msgspec.Raw:
        """The encoder's hook."""
        if isinstance(value, Number):
            return msgspec.Raw(value.text.encode())
        raise TypeError(f"{type(value).__name__} is not a JSON value")


def kinds_of(value: object) -> tuple[str, ...]:
    """The JSON types that a value has: 5.0 is an integer as well (JSON Schema since draft 6)."""
    match value:
        case None:
            return ("null",)
        case bool():
            return ("boolean",)
        case int():
            return ("integer", "number")
        case float():
            return ("number", "integer") if value.is_integer() else ("number",)
        case str():
            return ("string",)
        case list():
            return ("array",)
        case _:
            return ("object",)


def fits_type(value: object, types: tuple[str, ...]) -> bool:
    return any(kind in types for kind in kinds_of(value))


def is_option(value: object, options: list[Any]) -> bool:
    """Whether JSON equality holds with one of them; True and 1 are different."""
    return any(option == value and isinstance(option, bool) is isinstance(value, bool) for option in options)


def same_reading(option: object, value: object) -> bool:
    """Whether two scalars are written alike, in any case: "RED" and "red", "2" and 2."""
    reading = _reading(option)
    return bool(reading) and reading == _reading(value)


def _reading(value: object) -> str:
    match value:
        case str():
            return value.strip().casefold()
        case bool():
            return str(value).casefold()
        case Number():
            return value.text
        case int() | float():
            return repr(value)
        case _:
            return ""
