"""JSON types, and objects whose known fields have theirs."""

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import jsonschema_rs

from gigamost.emulator.refusal import Rule

Raw = dict[str, Any]  # a client's JSON as it came: any shape, that is what is being judged
Shape = Callable[[object], bool]
Fields = Mapping[str, Shape]


def text(value: object) -> bool:
    return isinstance(value, str)


def flag(value: object) -> bool:
    return isinstance(value, bool)


def integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def number(value: object) -> bool:
    return integer(value) or isinstance(value, float)


def array(value: object) -> bool:
    return isinstance(value, list)


def texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def is_object(value: object) -> TypeGuard[Raw]:
    return isinstance(value, dict)


def nullable(shape: Shape) -> Shape:
    return lambda value: value is None or shape(value)


def is_schema(value: Raw) -> bool:
    """A JSON Schema that compiles. `$schema` is left out: a dialect of one's own would have to be fetched."""
    try:
        jsonschema_rs.validator_for({name: item for name, item in value.items() if name != "$schema"})
    except ValueError:
        return False
    return True


def refers(schema: object) -> bool:
    """Whether a schema has a `$ref` anywhere; a property may have that name."""
    if is_object(schema):
        references = ("$ref", "$dynamicRef", "$recursiveRef")
        return any(isinstance(schema.get(name), str) for name in references) or any(map(refers, schema.values()))
    return isinstance(schema, list) and any(map(refers, schema))


def fit(value: object, fields: Fields, required: tuple[str, ...], rule: Rule) -> Raw:
    """The same value, now known to be an object with the required fields and of the right types. Raises `rule`."""
    if not is_object(value) or any(name not in value for name in required):
        raise rule.refuse()
    if any(name in value and not shape(value[name]) for name, shape in fields.items()):
        raise rule.refuse()
    return value


def only(value: object, known: Fields, where: str, rule: Rule) -> None:
    """Raises `rule` for a field that is not known; `where` is the path of the object, with a dot at its end."""
    for name in value if is_object(value) else ():
        if name not in known:
            raise rule.refuse(field=where + name)
